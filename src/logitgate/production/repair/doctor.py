"""What killed runs and lost answers left behind, and how it is repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.entities import Run as Recorded
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from ...catalogue import Check
from ...errors import HeldError, LogitgateError
from ...files import temporary
from ...findings import Finding, Status, Verdict
from ...project.project import Project
from ...tracking.heartbeat import is_dead, whose
from ...tracking.runs import found_runs
from ...tracking.store import Store, reached
from ..ledger import state as production_state
from ..ledger.entries import Anchoring, Reason
from ..ledger.history import audit
from ..ledger.ledger import Ledger
from ..ledger.state import Production, State, state_of
from ..promotion.intents import settle
from ..promotion.lock import held, locked
from ..promotion.rollback import actor, look_at_files
from ..promotion.transaction import PromotionRequest, Transaction
from ..registry import ledger_store
from ..registry.registry import PREVIOUS
from ..release import idempotency
from .repair_production import put_back, replace_the_missing

CHECKS = (
    Check.RUNS,
    Check.UPLOADS,
    Check.REGISTRY,
    Check.LEDGER,
    Check.PRODUCTION,
    Check.DRAFTS,
)
"""What is looked at."""

BY = "logitgate doctor"
"""What a run that is ended here is superseded by."""

_ABSENT = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and how to put it right; done twice it does no harm."""

    check: Check
    subject: str
    because: str
    remedy: str
    repair: Callable[[], object] | None
    """None for what is left to people."""


def examine(store: Store, project: Project) -> tuple[Problem, ...]:
    """Look for what is wrong with the runs, models and folders of a project. Nothing is changed.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        experiment = store.client.get_experiment_by_name(project.name)
        running = [] if experiment is None else _running(store, experiment.experiment_id)
        uploads = [] if experiment is None else list(_uploads(store, experiment.experiment_id))
    living = {run.info.run_id for run in running if not _is_left(run, running)}
    return (
        *_runs(store, [run for run in running if run.info.run_id not in living]),
        *_pending(store, [one for one in uploads if one.source_run_id not in living]),
        *([] if living else _empty(store, project.name)),
        *_intents(store, project.name),
        *_production(store, project.name),
        *_drafts(store, project),
    )


def repair(problems: tuple[Problem, ...]) -> tuple[Finding, ...]:
    """Repair each problem, and report whether it worked."""
    return tuple(_repaired(problem, problem.repair) for problem in problems if problem.repair is not None)


def report(problems: tuple[Problem, ...], repaired: tuple[Finding, ...] = ()) -> Verdict:
    """Return each problem as a FAIL and each repair as a WARN; a check without either passes."""
    found = tuple(
        Finding(one.check, one.subject, Status.FAIL, f"{one.because}; {_would(one)}{one.remedy}")
        for one in problems
    )
    reported = {finding.check for finding in (*found, *repaired)}
    sound = (
        Finding(check, "all", Status.PASS, "nothing is wrong") for check in CHECKS if check not in reported
    )
    return Verdict((*found, *repaired, *sound))


def _would(problem: Problem) -> str:
    return "" if problem.repair is None else "--repair would "


def _repaired(problem: Problem, repair: Callable[[], object]) -> Finding:
    try:
        repair()
    except LogitgateError as error:
        return Finding(problem.check, problem.subject, Status.FAIL, f"{problem.because}; {error}")
    because = f"{problem.because}; repaired: {problem.remedy}"
    return Finding(problem.check, problem.subject, Status.WARN, because)


def _running(store: Store, experiment_id: str) -> list[Recorded]:
    return found_runs(store, experiment_id, "attributes.status = 'RUNNING'")


def _is_left(run: Recorded, running: list[Recorded]) -> bool:
    """Return whether a run was left running; a candidate lives as long as the run above it."""
    parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
    if parent is None:
        return is_dead(run)
    return all(is_dead(other) for other in running if other.info.run_id == parent)


def _runs(store: Store, left: list[Recorded]) -> Iterator[Problem]:
    for run in left:
        because = f"is still RUNNING, but {whose(run)}, which recorded it, is gone"
        yield Problem(Check.RUNS, run.info.run_id, because, "end it as KILLED", partial(_bury, store, run))


def _bury(store: Store, run: Recorded) -> None:
    idempotency.mark_killed(store, run, BY)


def _uploads(store: Store, experiment_id: str) -> Iterator[LoggedModel]:
    """Return the models whose upload was never finished, page by page."""
    token = None
    while True:
        page = store.client.search_logged_models([experiment_id], page_token=token)
        yield from (model for model in page if model.status == LoggedModelStatus.PENDING)
        token = page.token
        if not token:
            return


def _pending(store: Store, left: list[LoggedModel]) -> Iterator[Problem]:
    for model in left:
        because = "its upload was never finished, and its process is gone"
        finish = partial(_fail, store, model.model_id)
        yield Problem(Check.UPLOADS, model.model_id, because, "mark it FAILED", finish)


def _fail(store: Store, model_id: str) -> None:
    with reached(store):
        store.client.finalize_logged_model(model_id, LoggedModelStatus.FAILED)


def _empty(store: Store, name: str) -> Iterator[Problem]:
    """Find a registered model that has no version, because its maker was killed in between."""
    if _is_empty(store, name):
        because = "is a registered model without a version, so every look at it is an error"
        yield Problem(
            Check.REGISTRY,
            name,
            because,
            "delete it; the next version makes it again",
            partial(_delete, store, name),
        )


def _is_empty(store: Store, name: str) -> bool:
    with reached(store):
        try:
            store.client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != _ABSENT:
                raise
            return False
        return not store.client.search_model_versions(f"name = '{name}'", max_results=1)


def _delete(store: Store, name: str) -> None:
    if _is_empty(store, name):  # a version may have come since
        with reached(store):
            store.client.delete_registered_model(name)


def _intents(store: Store, model: str) -> Iterator[Problem]:
    """Find a change of production that was begun and never ended, unless a process is at it right now."""
    if ledger_store.read(store, model).open is None:
        return
    try:
        with held(store, f"promote-{model}", patience=0):
            begun = ledger_store.read(store, model).open
    except HeldError:
        return
    if begun is not None:
        because = (
            f"{begun.reason.actor} began to put version {begun.version} into production at "
            f"{begun.time:%Y-%m-%d %H:%M:%S} UTC, and no entry records how it ended"
        )
        remedy = "write that it is done or abandoned, as the alias shows"
        yield Problem(Check.LEDGER, f"entry {begun.number}", because, remedy, partial(_settle, store, model))


def _settle(store: Store, model: str) -> None:
    reason = Reason("discovery", actor(), "found by the doctor")
    with locked(store, model) as lock:
        settle(Transaction(store, lock, PromotionRequest(model, reason)))


def _production(store: Store, model: str) -> Iterator[Problem]:
    """Find a champion, a rollback target or a ledger about which ledger and registry disagree.

    While a change of production is open nothing is reported: it is ended first.
    """
    ledger, now = look_at_files(store, model)
    for because in ledger.breaks:
        remedy = "go on by `logitgate doctor PROJECT --new-chain --reason TEXT`"
        yield Problem(Check.LEDGER, "chain", because, remedy, None)
    if ledger.breaks or ledger.open is not None:
        return
    state, because = state_of(ledger, now), production_state.because(ledger, now)
    back, release = ledger.rollback_target(), ledger.in_production
    if state in (State.VERSION_GONE, State.FILES_DAMAGED):
        remedy = f"put version {back.version} back" if back else "write that nothing is in production"
        replacing = partial(replace_the_missing, store, model)
        yield Problem(Check.PRODUCTION, "champion", because, remedy, replacing)
    elif state is State.ALIAS_GONE or (state is State.MOVED and release is not None and now.holds(release)):
        remedy = f"put the alias back to version {ledger.champion}"
        yield Problem(Check.PRODUCTION, "champion", because, remedy, partial(put_back, store, model))
    elif state not in (State.SOUND, State.NONE):
        yield Problem(Check.PRODUCTION, "champion", because, production_state.remedy(ledger, now), None)
    elif state is State.SOUND:
        yield from _lesser(store, model, ledger, now)


def _lesser(store: Store, model: str, ledger: Ledger, now: Production) -> Iterator[Problem]:
    """Find what is wrong besides a sound champion."""
    for finding in audit(ledger, now):
        if finding.subject == PREVIOUS and finding.status.stops:
            if now.previous in now.damage:
                remedy = "put its files back, or name another version by --to"
                yield Problem(Check.PRODUCTION, PREVIOUS, finding.because, remedy, None)
                continue
            right = partial(put_back, store, model)
            yield Problem(
                Check.PRODUCTION, PREVIOUS, finding.because, "set the alias to the rollback target", right
            )
    if ledger.anchoring is not Anchoring.WHOLE and any(entry.format > 1 for entry in ledger.entries):
        because = "its last entry is not anchored in the registry, so that cutting it off would not show"
        anchor = partial(ledger_store.anchor, store, model, ledger)
        yield Problem(Check.LEDGER, "anchor", because, "anchor it", anchor)


def _drafts(store: Store, project: Project) -> Iterator[Problem]:
    folders = [store.folder] if store.folder else []
    if project.contract.quarantine is not None:
        folders.append(Path(project.contract.quarantine))
    for path in temporary.stale(*folders):
        because = "was left by a process that is gone"
        yield Problem(Check.DRAFTS, str(path), because, "remove it", partial(temporary.remove, path))
