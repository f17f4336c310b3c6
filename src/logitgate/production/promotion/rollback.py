"""Rolling back, rehearsing a rollback, and reading ledger and registry at one moment."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, replace

from ...errors import ConflictError, LogitgateError, ProjectError, RefusedError, UnavailableError
from ...findings import Verdict
from ...redaction import redacted
from ...tracking.store import Store
from ..ledger.entries import Kind, Reason, Release
from ..ledger.history import audit
from ..ledger.ledger import Ledger
from ..ledger.state import GONE, Production, State, because, remedy, state_of
from ..registry import ledger_store, registry
from ..registry.registry import CHAMPION, PREVIOUS, ModelVersion
from .intents import settle
from .promotion import BEFORE, MOVE, note_what_was_found, prove_the_files, see_the_lock, show_the_history
from .transaction import PromotionRequest, PromotionResult, Step, Transaction, carry_out

ACTOR = "LOGITGATE_ACTOR"
"""Environment variable that names who acts, such as a person or a scheduled job; default: the user."""

LONGEST_REASON = 500
"""Characters of a reason that the ledger keeps."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """What a rollback asks for.

    Parameters
    ----------
    because : str
        Why, in a sentence.
    to : int, optional
        A version; default: the last one that its gates promoted and that was not itself rolled back from.
    is_forced : bool
        Whether to accept a version that is no sound rollback target, or a ledger whose chain is broken.
    """

    because: str
    to: int | None = None
    is_forced: bool = False
    away_from: Release | None = None
    """The version that was judged; production is not changed when another one is there."""


def roll_back(store: Store, model: str, wanted: RollbackRequest) -> PromotionResult:
    """Put a version that was in production back there.

    Done twice it changes nothing the second time; to go further back, name the version.

    Raises
    ------
    ProjectError
        When no reason is given.
    ConflictError
        When there is none to go back to, or it never was in production and is not forced, or another version
        is in production than the one to go away from.
    DataError, UnavailableError
        As `promotion.promote`.
    """
    reason = Reason("rollback", actor(), stated(wanted.because))
    begin = (settle,) if wanted.is_forced else BEFORE
    return carry_out(
        store,
        PromotionRequest(model, reason),
        (*begin, _seer(wanted), note_what_was_found, _chooser(wanted), *MOVE),
    )


def rehearse(store: Store, model: str, to: int | None) -> PromotionResult:
    """Do all that a rollback does but move the alias, and write into the ledger that it would have worked.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As the rollback would.
    """
    reason = Reason("rehearsal", actor(), "a rollback was rehearsed")
    steps = (
        *BEFORE,
        _chooser(RollbackRequest("", to)),
        prove_the_files,
        see_the_lock,
        write_the_rehearsal,
        show_the_history,
    )
    return carry_out(store, PromotionRequest(model, reason), steps)


def stated(because: str) -> str:
    """Return a person's reason, as it is kept.

    Raises
    ------
    ProjectError
        When it is empty.
    """
    if not because.strip():
        raise ProjectError("--reason", "is empty", "say why, for those who read the history")
    return because.strip()[:LONGEST_REASON]


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
    """Return the ledger and how the registry agrees with it, both of the same moment; files are not read.

    Raises
    ------
    ConflictError, UnavailableError
        As `look`.
    """
    ledger, now = look(store, model)
    return ledger, Verdict(audit(ledger, now))


def look(store: Store, model: str) -> tuple[Ledger, Production]:
    """Return the ledger and the state of the registry, both of the same moment.

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
    return ledger, now


def look_at_files(store: Store, model: str) -> tuple[Ledger, Production]:
    """Look, and load champion and previous version as well: what is wrong with their files is `damage`.

    Raises
    ------
    ConflictError, UnavailableError
        As `look`.
    """
    from ..registry import model_files

    ledger, now = look(store, model)
    damage: dict[Release, str] = {}
    for release in (now.champion, now.previous):
        if (
            release is None or not release.digest
        ):  # not recorded by logitgate: the digest of its files is unknown
            continue
        try:
            model_files.load(store, registry.released(store, model, release))
        except UnavailableError:
            raise
        except LogitgateError as error:
            damage[release] = f"its files are not what was registered ({error.subject} {error.rule})"
    return ledger, replace(now, damage=damage)


def see_that_the_champion_is_there(store: Store, model: str) -> None:
    """Refuse to go on when the champion that the ledger put into production is missing.

    Raises
    ------
    ConflictError
        When the champion's alias or version is gone.
    UnavailableError
        When this is not the registry of the ledger, or the store cannot be reached.
    """
    ledger, now = look(store, model)
    refuse_a_missing_champion(model, ledger, now)


def refuse_a_missing_champion(model: str, ledger: Ledger, now: Production) -> None:
    """Say which champion is missing, and what to do.

    Raises
    ------
    ConflictError
        When the champion's alias, version or files are gone.
    UnavailableError
        When this is not the registry of the ledger.
    """
    state = state_of(ledger, now)
    if state in (*GONE, State.FILES_DAMAGED):
        refusal = UnavailableError if state is State.OTHER_REGISTRY else ConflictError
        raise refusal(f"champion of {model}", because(ledger, now), remedy(ledger, now), state.value)


def see_whom_it_is_about(store: Store, model: str, judged: Release) -> None:
    """Refuse to act on production when it is not the version that was judged.

    Raises
    ------
    ConflictError
        When another version is there, or none.
    UnavailableError
        When the store cannot be reached.
    """
    _see_whom(registry.champion(store, model), model, judged)


def write_the_rehearsal(now: Transaction) -> Transaction:
    """Record in the ledger that the rollback would work."""
    return now.wrote(now.entry(Kind.REHEARSED))


def _seer(wanted: RollbackRequest) -> Step:
    def see_whom_it_is_about(now: Transaction) -> Transaction:
        if wanted.away_from is not None:
            _see_whom(now.champion, now.request.model, wanted.away_from)
        return now

    return see_whom_it_is_about


def _see_whom(champion: ModelVersion | None, model: str, judged: Release) -> None:
    if champion is None or not champion.release.is_same(judged):
        there = "none" if champion is None else f"version {champion.version} ({champion.digest[:12]})"
        rule = (
            f"is {there}, and version {judged.version} ({judged.digest[:12]}) was judged; nothing was changed"
        )
        raise ConflictError(f"champion of {model}", rule, "watch a window of the one that is there now")


def _chooser(wanted: RollbackRequest) -> Step:
    def choose_the_version(now: Transaction) -> Transaction:
        request, rolls_back = now.request, now.request.reason.act == "rollback"
        if rolls_back and wanted.to is None and now.champion is not None and now.ledger.is_rolled_back:
            return replace(now, request=replace(request, version=now.champion), is_finished=True)
        version = _wanted_version(now, wanted)
        reason = _known_of(now.store, now.ledger, version, request.reason)
        if rolls_back and not now.ledger.is_sound(version.release):
            reason = replace(reason, act="forced")
        chosen = replace(request, version=version, judged_against=now.champion, reason=reason)
        return replace(now, request=chosen, is_finished=rolls_back and version == now.champion)

    return choose_the_version


def _wanted_version(now: Transaction, wanted: RollbackRequest) -> ModelVersion:
    """Return the version to restore, and refuse an unsound one unless forced."""
    model = now.request.model
    if wanted.to is None:
        back = now.ledger.rollback_target()
        if back is None:
            rule = (
                "no earlier version that its gates promoted is left, so there is no version to roll back to"
            )
            remedy = "name a version by --to and --force if it must be, or train one that passes"
            raise RefusedError(model, rule, remedy)
        return registry.released(now.store, model, back.release)
    version = registry.numbered(now.store, model, wanted.to)
    if not wanted.is_forced and not now.ledger.is_sound(version.release):
        rule = "was never promoted to production by its gates, or was rolled back from"
        raise RefusedError(str(version), rule, "name another one, or give --force")
    return version


def _known_of(store: Store, ledger: Ledger, version: ModelVersion, reason: Reason) -> Reason:
    """Add what was known of a version when it was last in production, or else its verdict."""
    known = [one.entry.reason for one in ledger.tenures() if version.release.is_same(one.release)]
    if known:
        return replace(reason, verdict=known[-1].verdict, figures=known[-1].figures)
    return replace(reason, verdict=registry.tag(store, version, "verdict"))


def _production(store: Store, model: str) -> Production:
    champion, previous = (registry.by_alias(store, model, alias) for alias in (CHAMPION, PREVIOUS))
    return Production(
        champion.release if champion else None,
        previous.release if previous else None,
        {one.version: one.release for one in registry.versions(store, model)},
        redacted(store.registry_uri),
    )
