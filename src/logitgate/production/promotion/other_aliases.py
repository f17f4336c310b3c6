"""The aliases beside the champion's: `previous` shows the way back, `candidate` what awaits approval."""

from __future__ import annotations

from dataclasses import replace

from ..ledger.entries import Entry, Kind
from ..ledger.ledger import Ledger
from ..registry import aliases
from ..registry.registry import CANDIDATE, PREVIOUS
from .transaction import Transaction


def move_the_previous(now: Transaction) -> Transaction:
    """Set the alias `previous` to the rollback target, or remove it where there is none."""
    if now.intent is not None:
        let_previous_follow(now, now.intent)
    return now


def drop_the_candidate(now: Transaction) -> Transaction:
    """Take the alias `candidate` away: what awaits approval was judged against the champion of before."""
    aliases.take_away(now.store, now.request.model, CANDIDATE)
    return now


def show_the_way_back(now: Transaction) -> Transaction:
    """Set the alias `previous` to the rollback target by the ledger as it is now."""
    _let_previous_be(now, now.ledger)
    return now


def let_previous_follow(now: Transaction, intent: Entry) -> None:
    """Set the alias `previous` as the ledger will say it when the intent is done."""
    _let_previous_be(now, now.ledger.followed_by(replace(intent, kind=Kind.DONE)))


def _let_previous_be(now: Transaction, ledger: Ledger) -> None:
    back = ledger.rollback_target()
    if back is not None:
        aliases.put(now.store, now.request.model, PREVIOUS, back.version)
    else:
        aliases.take_away(now.store, now.request.model, PREVIOUS)
