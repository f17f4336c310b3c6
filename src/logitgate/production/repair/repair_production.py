"""Repairing production: restore the alias by the ledger, adopt a champion, start a new chain."""

from __future__ import annotations

from dataclasses import replace

from ...errors import ConflictError, ProjectError
from ...tracking.store import Store
from ..ledger.entries import Act, Kind, Reason
from ..ledger.state import State, because, state_of
from ..promotion.intents import settle
from ..promotion.other_aliases import show_the_way_back
from ..promotion.promotion import BEFORE, MOVE, show_the_history
from ..promotion.rollback import LONGEST_REASON, RollbackRequest, actor, look_at_files, roll_back, stated
from ..promotion.transaction import PromotionRequest, PromotionResult, Transaction, carry_out
from ..registry import aliases, ledger_store, registry
from ..registry.registry import CHAMPION


def put_back(store: Store, model: str) -> PromotionResult:
    """Let the alias name again what the ledger has in production.

    Raises
    ------
    ConflictError
        When the ledger has nothing there, or the version is gone.
    DataError, UnavailableError
        As `promotion.promote`.
    """
    request = PromotionRequest(model, _reason("repair", "the alias was put back where the ledger has it"))
    return carry_out(store, request, (*BEFORE, choose_what_the_ledger_says, *MOVE))


def replace_the_missing(store: Store, model: str) -> None:
    """Roll back from a champion that is gone; without a target, record that nothing is in production.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As `production.roll_back`.
    """
    ledger, now = look_at_files(store, model)
    if state_of(ledger, now) not in (State.VERSION_GONE, State.FILES_DAMAGED):
        return
    if ledger.rollback_target() is not None:
        roll_back(store, model, RollbackRequest(f"the champion {because(ledger, now)}"[:LONGEST_REASON]))
        return
    request = PromotionRequest(model, _reason("repair", f"the champion {because(ledger, now)}"))
    carry_out(store, request, (*BEFORE, take_the_champion_away, show_the_way_back, show_the_history))


def adopt(store: Store, model: str, reason: str) -> PromotionResult:
    """Record in the ledger a champion that was set outside logitgate.

    Raises
    ------
    ProjectError
        When no reason is given.
    ConflictError
        When there is none.
    UnavailableError
        When the store cannot be reached.
    """
    request = PromotionRequest(model, _reason("adoption", stated(reason)))
    return carry_out(
        store,
        request,
        (*BEFORE, choose_what_is_there, write_the_adoption, show_the_way_back, show_the_history),
    )


def begin_a_new_chain(store: Store, model: str, reason: str) -> str:
    """Start a new chain of the ledger after damage, and return what was lost.

    Raises
    ------
    ProjectError
        When no reason is given, or the chain is whole.
    UnavailableError
        When the store cannot be reached.
    """
    breaks = ledger_store.read(store, model).breaks
    if not breaks:
        rule = "is whole, so no new chain is needed"
        raise ProjectError(f"ledger of {model}", rule, "leave --new-chain out")
    lost = f"lost: {'; '.join(breaks)}"
    request = PromotionRequest(model, _reason("new chain", f"{stated(reason)} ({lost})"))
    carry_out(store, request, (settle, write_the_new_chain, show_the_way_back, show_the_history))
    return lost


def choose_what_the_ledger_says(now: Transaction) -> Transaction:
    """Take the version that the ledger has in production."""
    recorded = now.ledger.in_production
    if recorded is None:
        rule, remedy = "has nothing in production", "adopt what is there, or train one that passes"
        raise ConflictError(f"ledger of {now.request.model}", rule, remedy)
    version = registry.released(now.store, now.request.model, recorded)
    is_there = now.champion is not None and now.champion.release.is_same(recorded)
    request = replace(now.request, version=version, judged_against=now.champion)
    return replace(now, request=request, is_finished=is_there and _names_the_way_back(now))


def choose_what_is_there(now: Transaction) -> Transaction:
    """Take the version that carries the alias."""
    if now.champion is None:
        remedy = "train one that passes, or set the alias"
        raise ConflictError(f"champion of {now.request.model}", "is none, so nothing can be adopted", remedy)
    is_ours = now.champion.release.is_same(now.ledger.in_production)
    request = replace(now.request, version=now.champion)
    return replace(now, request=request, is_finished=is_ours)


def write_the_adoption(now: Transaction) -> Transaction:
    """Record the adoption of the champion."""
    recorded = now.ledger.in_production
    before = recorded.version if recorded else None
    return now.wrote(now.about(Kind.FOUND, now.version.release, before, now.request.reason))


def take_the_champion_away(now: Transaction) -> Transaction:
    """Let no version carry the alias, and write down that nothing is in production."""
    recorded = now.ledger.in_production
    aliases.take_away(now.store, now.request.model, CHAMPION)
    before = recorded.version if recorded else None
    return now.wrote(now.about(Kind.FOUND, None, before, now.request.reason))


def write_the_new_chain(now: Transaction) -> Transaction:
    """Start the new chain with what is in production now."""
    there = now.champion.release if now.champion else None
    return now.wrote(now.about(Kind.CHAIN, there, None, now.request.reason))


def _names_the_way_back(now: Transaction) -> bool:
    """Return whether the alias `previous` is where it should be."""
    there, back = (
        registry.by_alias(now.store, now.request.model, registry.PREVIOUS),
        now.ledger.rollback_target(),
    )
    if there is None or back is None:
        return there is None and back is None
    return there.release.is_same(back.release)


def _reason(act: Act, text: str) -> Reason:
    return Reason(act, actor(), text[:LONGEST_REASON])
