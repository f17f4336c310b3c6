"""Changing production: first release, promotion and rollback are one transaction, a tuple of steps.

Whatever step it dies at, the next transaction of the model finishes or abandons what was begun: the intent
stands in the ledger before the alias moves, and the alias shows how far the change came.
"""

from __future__ import annotations

from dataclasses import replace

from ...errors import ConflictError, DataError, UnavailableError
from ...tracking.store import Store
from ..ledger.entries import Kind, Reason
from ..ledger.ledger import Ledger
from ..registry import aliases, ledger_store, registry
from ..registry.registry import CHAMPION, ModelVersion
from .intents import see_that_it_is_young, settle, write_the_intent
from .other_aliases import drop_the_candidate, move_the_previous
from .transaction import PromotionRequest, PromotionResult, Step, Transaction, carry_out


def promote(store: Store, request: PromotionRequest) -> PromotionResult:
    """Put a version into production, unless production is no longer what the version was judged against.

    Raises
    ------
    ConflictError
        When the champion is another one or has vanished, the version or its files were changed, another
        process is promoting, or the ledger is broken.
    DataError
        When the golden rows get other answers than they got when the version was judged.
    UnavailableError
        When the store or the lock cannot be reached, or the lock was lost on the way.
    """
    return carry_out(store, request, PROMOTION)


def see_the_chain(now: Transaction) -> Transaction:
    """Refuse to write on in a ledger that was changed from outside."""
    if now.ledger.breaks:
        rule = f"its chain is broken ({now.ledger.breaks[0]})"
        remedy = (
            "see `logitgate history PROJECT --verify`, go on by `logitgate doctor PROJECT --new-chain "
            "--reason TEXT`; `rollback --to VERSION --force` still works"
        )
        raise ConflictError(f"ledger of {now.request.model}", rule, remedy)
    return now


def see_the_champion(now: Transaction) -> Transaction:
    """Refuse to take a model whose champion has vanished for one that was never released."""
    recorded = now.ledger.champion
    if now.champion is None and recorded is not None:
        rule = f"is none, but version {recorded} by the ledger: it was deleted, or its alias was"
        remedy = "see `logitgate doctor PROJECT`, put it right by its --repair, then judge again"
        raise ConflictError(f"champion of {now.request.model}", rule, remedy)
    return now


def note_what_was_found(now: Transaction) -> Transaction:
    """Write down a champion that no entry has put there."""
    champion, recorded = now.champion, now.ledger.in_production
    if recorded is None if champion is None else champion.release.is_same(recorded):
        return now
    rule = f"found in production; {_named(recorded.version if recorded else None)} by the ledger"
    release, reason = champion.release if champion else None, Reason("discovery", "unknown", rule)
    return now.wrote(now.about(Kind.FOUND, release, recorded.version if recorded else None, reason))


def compare_the_champion(now: Transaction) -> Transaction:
    """Refuse a version that was judged against another champion than the one that is there."""
    request, there = now.request, now.champion
    if there is not None and there == request.version:
        # By an attempt whose answer was lost; or by hand, which the ledger is still to learn.
        return replace(now, is_finished=there.release.is_same(now.ledger.in_production))
    if there != request.judged_against and not (
        request.judged_against is None and stands_in(there, now.ledger)
    ):
        expected = request.judged_against.version if request.judged_against else None
        now_there = _named(there.version if there else None)
        rule = f"is {now_there}, but {request.version} was judged against {_named(expected)}"
        remedy = "train again, so that it is judged against what is there now"
        raise ConflictError(f"champion of {request.model}", rule, remedy)
    return now


def stands_in(champion: ModelVersion | None, ledger: Ledger) -> bool:
    """Return whether an adopted champion is in production; the first trained version replaces it."""
    tenures = ledger.tenures()
    if champion is None or champion.digest or not tenures:
        return False
    return tenures[-1].act == "adoption" and champion.release.is_same(tenures[-1].release)


def prove_the_files(now: Transaction) -> Transaction:
    """Load the version's files safely, by their digest, and let it answer its golden rows."""
    from ..packaging.golden import replay
    from ..registry import model_files

    package = model_files.load(now.store, now.version)
    if package.golden is None:
        rule = "has no golden rows, so nothing proves its answers"
        raise DataError(str(now.version), rule, "train it again")
    replay(package.model, package.golden)
    figures = {**now.request.reason.figures, "unit": package.unit}
    reason = replace(now.request.reason, figures=figures)
    return replace(now, request=replace(now.request, reason=reason))


def see_the_lock(now: Transaction) -> Transaction:
    """Stop when the lock was lost on the way."""
    if not now.lock.is_held():
        rule = f"the {now.lock.name} was lost on the way; production was not changed"
        raise UnavailableError(f"promotion of {now.request.model}", rule, "try again")
    return now


def move_the_champion(now: Transaction) -> Transaction:
    """Set the alias, when the lock is still held and the intent is still the last entry."""
    see_the_lock(now)
    last = ledger_store.read(now.store, now.request.model)
    is_ours = now.intent is not None and last.open is not None and last.open.move == now.intent.move
    if not is_ours or last.head != now.ledger.head:
        rule = "another process has written to it since; production was not changed"
        raise ConflictError(f"ledger of {now.request.model}", rule, "see the history, and judge again")
    see_that_it_is_young(now)
    aliases.put(now.store, now.request.model, CHAMPION, now.version.version)
    return now


def read_back(now: Transaction) -> Transaction:
    """See that the alias is where it was put."""
    there = registry.champion(now.store, now.request.model)
    if there != now.version:
        rule = f"was set to {now.version} and reads {_named(there.version if there else None)}"
        raise ConflictError(
            f"champion of {now.request.model}", rule, "find out who promotes without the lock"
        )
    return now


def write_that_it_is_done(now: Transaction) -> Transaction:
    """Write down that it happened."""
    if now.intent is None:
        raise ValueError("nothing was intended")
    return now.wrote(replace(now.intent, kind=Kind.DONE))


def see_that_both_agree(now: Transaction) -> Transaction:
    """Compare alias and ledger once more: a request that came late, or a hand, may have moved the one."""
    ledger, there = (
        ledger_store.read(now.store, now.request.model),
        registry.champion(now.store, now.request.model),
    )
    recorded = ledger.in_production
    if (
        ledger.open is None
        and recorded is not None
        and not recorded.is_same(there.release if there else None)
    ):
        rule = f"is {_named(there.version if there else None)}, but version {recorded.version} by the ledger"
        remedy = "put it back by `logitgate doctor PROJECT --repair`"
        raise ConflictError(f"champion of {now.request.model}", rule, remedy)
    return now


def show_the_history(now: Transaction) -> Transaction:
    """Let the page in the MLflow UI say so."""
    ledger_store.show(now.store, now.request.model, now.ledger)
    return now


BEFORE: tuple[Step, ...] = (settle, see_the_chain)
"""How each transaction begins, unless it is forced."""
MOVE: tuple[Step, ...] = (
    prove_the_files,
    write_the_intent,
    move_the_champion,
    move_the_previous,
    drop_the_candidate,
    read_back,
    write_that_it_is_done,
    show_the_history,
    see_that_both_agree,
)
"""From a version to the version in production."""
PROMOTION: tuple[Step, ...] = (*BEFORE, see_the_champion, compare_the_champion, note_what_was_found, *MOVE)
"""First release and promotion."""


def _named(version: int | None) -> str:
    return "none" if version is None else f"version {version}"
