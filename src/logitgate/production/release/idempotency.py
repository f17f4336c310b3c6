"""Exactly once: finding an earlier run of the same training, and excluding a second one at the same time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConflictError, HeldError, ProjectError
from ...files.temporary import temporary_folder
from ...gates.verdict.outcome import Outcome
from ...tracking.heartbeat import is_dead, is_here, whose
from ...tracking.runs import KEY, Run, children, experiment, found_runs
from ...tracking.store import Store, again, reached
from ...tracking.trainings.training import RECORDED, VERDICT
from ..promotion.lock import Lock, held
from ..registry import registry, versions

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

WAIT = "LOGITGATE_WAIT_SECONDS"
"""Environment variable: how long one waits for the same training that is going on elsewhere."""

SUPERSEDED = "logitgate.superseded_by"
"""Tag of a run that was killed: the run that did its training, or what buried it."""

_WAIT_SECONDS, _POLL_SECONDS = 600.0, 2.0
_ENDED = ("FINISHED", "FAILED", "KILLED")


@contextmanager
def exclusive(store: Store, project: str, key: str) -> Iterator[None]:
    """Exclude any other run of the same training until the end of the block.

    A later run waits, ten minutes or ``LOGITGATE_WAIT_SECONDS``, and finds the outcome
    then. The place of a process that dies is free at once.

    Raises
    ------
    ConflictError
        When the wait was in vain: the training goes on.
    UnavailableError
        When the store cannot be reached.
    """
    patience, began = wait_seconds(), time.monotonic()
    with ExitStack() as stack:
        try:
            # Of 4,096 names, so that files do not pile up; who shares one merely waits for the other.
            lock = stack.enter_context(held(store, f"train-{key[:3]}", patience))
        except HeldError as error:
            raise _going_on(project, "another process", patience) from error
        _wait_for_others(store, project, key, _Turn(lock, began + patience))
        yield


def earlier(store: Store, project: str, key: str) -> Outcome | None:
    """Return the outcome of this very training: `repeated` when it ended, else from where it goes on.

    A run that was interrupted after all its evidence was recorded goes on there, if production is still what
    it was judged against. Anything less is done again, and so is a training whose version was deleted since,
    or that was promoted when nothing is in production any more, or that awaits approval and was judged
    against another champion than is there.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    runs = attempts(store, project, key)
    now = registry.champion(store, project)
    champion = now.version if now else None
    for run in runs:
        if run.info.status == "FINISHED":
            outcome = _outcome(store, run)
            if _still_holds(outcome, champion) and _is_there(store, outcome, key):
                return replace(_as_approved(outcome, champion), champion=champion, repeated=True)
    for run in runs:
        if run.data.tags.get(RECORDED) and run.info.status != "FINISHED":
            outcome = _outcome(store, run)
            if _is_there(store, outcome, key) and champion in (outcome.against, outcome.version):
                return outcome
    return None


def _still_holds(outcome: Outcome, champion: int | None) -> bool:
    """Return whether what became of a version is still true of production."""
    if outcome.awaits_approval:
        return champion in (outcome.against, outcome.version)
    return not outcome.promoted or champion is not None


def _as_approved(outcome: Outcome, champion: int | None) -> Outcome:
    """Say that a version was promoted where it awaited approval and is in production by now."""
    if outcome.awaits_approval and champion == outcome.version:
        return replace(outcome, promoted=True, awaits_approval=False)
    return outcome


def _is_there(store: Store, outcome: Outcome, key: str) -> bool:
    """Return whether the version of an outcome still is in the registry; one without any has none to lose."""
    return outcome.version is None or versions.is_there(store, outcome.model, outcome.version, key)


def attempts(store: Store, project: str, key: str) -> list[Recorded]:
    """Return all runs of this very training, newest first."""
    identity = again(store, lambda: experiment(store, project))
    return again(store, lambda: found_runs(store, identity, f"tags.`{KEY}` = '{key}'"))


def supersede(run: Run, project: str, key: str) -> None:
    """End the runs of the same training that were left running by a kill; this one is in charge."""
    with reached(run.store):
        if SUPERSEDED in run.store.client.get_run(run.run_id).data.tags:
            run.store.client.delete_tag(run.run_id, SUPERSEDED)
    for other in attempts(run.store, project, key):
        if other.info.run_id != run.run_id and other.info.status not in _ENDED:
            mark_killed(run.store, other, run.run_id)


def refuse_if_superseded(run: Run) -> None:
    """Refuse to go on when another process has taken this run for dead, as after a lost lock.

    Raises
    ------
    ConflictError
        When another run does its training now.
    """
    with reached(run.store):
        by = run.store.client.get_run(run.run_id).data.tags.get(SUPERSEDED)
    if by is not None:
        rule = f"was taken for dead, and {by} took over"
        raise ConflictError(f"run {run.run_id}", rule, "see what became of that")


def mark_killed(store: Store, run: Recorded, by: str) -> None:
    """Mark a dead run, its child runs and its pending models as KILLED. Idempotent."""
    from mlflow.entities import LoggedModelStatus

    client, run_id = store.client, run.info.run_id
    with reached(store):
        for child in children(store, run.info.experiment_id, run_id):
            if child.info.status not in _ENDED:
                client.set_terminated(child.info.run_id, "KILLED")
        for model in registry.uploads(store, run.info.experiment_id, run_id):
            if model.status == LoggedModelStatus.PENDING:
                client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        client.set_tag(run_id, SUPERSEDED, by)
        client.set_terminated(run_id, "KILLED")


def wait_seconds() -> float:
    """Return how long one waits for the same training elsewhere.

    Raises
    ------
    ProjectError
        When ``LOGITGATE_WAIT_SECONDS`` is no number of seconds.
    """
    given = os.environ.get(WAIT, str(_WAIT_SECONDS))
    try:
        seconds = float(given)
    except ValueError:
        seconds = float("nan")
    if not 0 <= seconds < float("inf"):
        raise ProjectError(WAIT, "is no number of seconds", "give one, such as 600")
    return seconds


@dataclass(frozen=True, slots=True)
class _Turn:
    """The lock held here, and how long to wait for runs that it does not exclude."""

    lock: Lock
    deadline: float


def _wait_for_others(store: Store, project: str, key: str, turn: _Turn) -> None:
    """Wait for a living run that this lock does not exclude."""
    while True:
        living = [run for run in attempts(store, project, key) if not _is_over(run, turn.lock)]
        if not living:
            return
        if time.monotonic() > turn.deadline:
            raise _going_on(project, f"{whose(living[0])}, run {living[0].info.run_id}", wait_seconds())
        time.sleep(_POLL_SECONDS)


def _is_over(run: Recorded, lock: Lock) -> bool:
    """Return whether a run is over; elsewhere, who lost a lock that all share is dead."""
    return run.info.status in _ENDED or is_dead(run) or (lock.is_shared and not is_here(run))


def _outcome(store: Store, run: Recorded) -> Outcome:
    with temporary_folder() as folder:
        path = again(store, lambda: store.client.download_artifacts(run.info.run_id, VERDICT, str(folder)))
        plain: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return Outcome.from_json(plain)


def _going_on(project: str, by: str, seconds: float) -> HeldError:
    rule = f"this very training is going on elsewhere ({by}), and {seconds:g} s were waited for it"
    return HeldError(project, rule, f"wait for it, stop it, or set {WAIT}")
