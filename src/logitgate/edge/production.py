"""What is in production and was before: rolling back, rehearsing it, holding the registry to the ledger."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, replace

from ..errors import ConflictError, ProjectError
from ..findings import Verdict
from ..history import Production, audit
from ..ledger import Kind, Ledger, Reason
from . import ledger_store, registry
from .promotion import (
    BEFORE,
    MOVE,
    note_what_was_found,
    prove_the_files,
    see_the_lock,
    settle,
    show_the_history,
)
from .registry import CHAMPION, PREVIOUS, ModelVersion
from .store import Store
from .transaction import Moved, Request, Step, Transaction, carry_out

ACTOR = "LOGITGATE_ACTOR"
"""Environment variable that names who acts, such as a person or a scheduled job; default: the user."""

_LONGEST_REASON = 500
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Return:
    """What a rollback asks for.

    Parameters
    ----------
    because : str
        Why, in a sentence.
    to : int, optional
        A version; default: the last one that was in production and was not itself rolled back from.
    is_forced : bool
        Whether a version may be taken that never was in production, or a ledger whose chain is broken.
    """

    because: str
    to: int | None = None
    is_forced: bool = False


def roll_back(store: Store, model: str, wanted: Return) -> Moved:
    """Put a version that was in production back there.

    Done twice it changes nothing the second time; to go further back, name the version.

    Raises
    ------
    ProjectError
        When no reason is given.
    ConflictError
        When there is none to go back to, or it never was in production and is not forced.
    DataError, UnavailableError
        As `promotion.promote`.
    """
    if not wanted.because.strip():
        raise ProjectError("--reason", "is empty", "say why, for those who read the history")
    reason = Reason("rollback", actor(), wanted.because.strip()[:_LONGEST_REASON])
    begin = (settle,) if wanted.is_forced else BEFORE
    return carry_out(store, Request(model, reason), (*begin, note_what_was_found, _chooser(wanted), *MOVE))


def rehearse(store: Store, model: str, to: int | None) -> Moved:
    """Do all that a rollback does but move the alias, and write into the ledger that it would have worked.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As the rollback would.
    """
    reason = Reason("rehearsal", actor(), "a rollback was rehearsed")
    steps = (
        *BEFORE,
        _chooser(Return("", to)),
        prove_the_files,
        see_the_lock,
        write_the_rehearsal,
        show_the_history,
    )
    return carry_out(store, Request(model, reason), steps)


def actor() -> str:
    """Return who acts."""
    named = os.environ.get(ACTOR, "").strip()
    if named:
        return named[:200]
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def history(store: Store, model: str) -> tuple[Ledger, Verdict]:
    """Return the ledger and how the registry agrees with it, both of the same moment.

    Raises
    ------
    ConflictError
        When there are two ledgers.
    UnavailableError
        When the store cannot be reached, or production changes all the time.
    """
    ledger = ledger_store.read(store, model)
    for _ in range(_TRIES):
        now = _production(store, model)
        again = ledger_store.read(store, model)
        if again.head == ledger.head:
            break
        ledger = again
    return ledger, Verdict(audit(ledger, now))


def write_the_rehearsal(now: Transaction) -> Transaction:
    """Write down that the way back is open."""
    return now.wrote(now.entry(Kind.REHEARSED))


def _chooser(wanted: Return) -> Step:
    def choose_the_version(now: Transaction) -> Transaction:
        asked, rolls_back = now.asked, now.asked.reason.act == "rollback"
        if rolls_back and wanted.to is None and _is_rolled_back(now):
            return replace(now, asked=replace(asked, version=now.champion), is_finished=True)
        version = registry.numbered(now.store, asked.model, _number(now.ledger, wanted, asked.model))
        reason = _known_of(now.store, now.ledger, version, asked.reason)
        if rolls_back and version.version not in _promoted(now.ledger):
            reason = replace(reason, act="forced")
        chosen = replace(asked, version=version, judged_against=now.champion, reason=reason)
        return replace(now, asked=chosen, is_finished=rolls_back and version == now.champion)

    return choose_the_version


def _is_rolled_back(now: Transaction) -> bool:
    """Return whether a rollback has put the champion there; a second one is the same one come twice."""
    tenures = now.ledger.tenures()
    return now.champion is not None and tenures[-1].act == "rollback"


def _number(ledger: Ledger, wanted: Return, model: str) -> int:
    """Return the version to go back to, and refuse one that never was in production unless forced."""
    if wanted.to is None:
        back = ledger.way_back()
        if back is None:
            rule = "no earlier version was in production, so there is no way back"
            remedy = "name a version by --to and --force if it must be, or train one that passes"
            raise ConflictError(model, rule, remedy)
        return back.version
    if wanted.to not in _promoted(ledger) and not wanted.is_forced:
        rule = "was never promoted to production by its gates"
        raise ConflictError(f"{model} version {wanted.to}", rule, "name another one, or give --force")
    return wanted.to


def _promoted(ledger: Ledger) -> set[int]:
    return {tenure.version for tenure in ledger.tenures() if tenure.entry.kind is Kind.DONE}


def _known_of(store: Store, ledger: Ledger, version: ModelVersion, reason: Reason) -> Reason:
    """Add what was known of a version when it was last in production, or else its verdict."""
    known = [tenure.entry.reason for tenure in ledger.tenures() if tenure.version == version.version]
    if known:
        return replace(reason, verdict=known[-1].verdict, figures=known[-1].figures)
    return replace(reason, verdict=registry.tag(store, version, "verdict"))


def _production(store: Store, model: str) -> Production:
    champion, previous = (registry.by_alias(store, model, alias) for alias in (CHAMPION, PREVIOUS))
    return Production(
        champion.version if champion else None,
        previous.version if previous else None,
        {one.version: one.digest for one in registry.versions(store, model)},
    )
