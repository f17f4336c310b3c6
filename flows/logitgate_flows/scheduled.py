"""The flows as a Prefect server starts them: a slot becomes an as-of date, a verdict becomes a state.

A run that started late, or was started again, still does what its slot was for: the moment it was scheduled
for is its as-of date. Its result is a state with a name and a sentence; Prefect keeps no rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from logitgate.environment import home, prepare
from logitgate.errors import ConflictError, ProjectError, UnavailableError
from logitgate.project.project import parse_as_of
from logitgate_flows.messages.error_text import in_words
from logitgate_flows.reactions import notify_of_conflict

prepare(home())

_PAUSES = (60, 120, 240, 480, 960, 1920)
"""Seconds before each further try of a run that met an obstacle: about an hour in all."""


@flow(name="scheduled-train")
def scheduled_train(project_file: str, as_of: str | None = None) -> State[Any]:
    """Train with what was known at the slot, or at a given moment."""
    from logitgate_flows.training import train

    def trained() -> State[Any]:
        outcome = train.fn(Path(project_file), _moment(as_of).isoformat())
        fate = f"version {outcome.version}: {outcome.status}"
        if outcome.promoted:
            return Completed(name="Promoted", message=fate)
        passed = "Awaiting approval" if outcome.awaits_approval else "Passed"
        return Completed(name="Refused" if outcome.status.stops else passed, message=fate)

    return _ended(trained)


@flow(name="scheduled-monitor")
def scheduled_monitor(project_file: str, as_of: str | None = None) -> State[Any]:
    """Monitor the window of the slot, and carry out the reaction where the project says so."""
    from logitgate.monitoring.window import MonitoringWindow
    from logitgate.production.monitoring import WindowFiles
    from logitgate.project.operations.schedule import window
    from logitgate_flows.monitoring import monitor
    from logitgate_flows.reactions import act, notify_of_reaction

    def monitored() -> State[Any]:
        slots = _declared(project_file, "monitor")
        slot = _moment(as_of)
        files = WindowFiles(slots.table, slots.labels, None)
        found = monitor.fn(Path(project_file), files, MonitoringWindow(*window(slots, slot), slot))
        found = act(Path(project_file), found) if slots.act else found
        notify_of_reaction(found)
        because = "; ".join((*found.because, *found.acted))
        if found.exit_code > 1:
            return Failed(message=because)
        return Completed(name=str(found.reaction.wanted).capitalize(), message=because)

    return _ended(monitored)


@flow(name="scheduled-score")
def scheduled_score(project_file: str, as_of: str | None = None) -> State[Any]:
    """Score the rows that are due, into the file of the slot."""
    from logitgate.production.scoring.score import ScoringRequest
    from logitgate.project.operations.schedule import scores_file
    from logitgate_flows.scoring import score

    def scored() -> State[Any]:
        slots = _declared(project_file, "score")
        out = scores_file(slots, _moment(as_of))
        found = score.fn(Path(project_file), ScoringRequest(slots.table, out), None, None)
        name = "Refused" if found.is_refused else "Scored"
        return Completed(name=name, message=f"{found.verdict.status}: {out.name}")

    return _ended(scored)


def _moment(as_of: str | None) -> datetime:
    """Return the moment that was asked for, or else the one that this run was scheduled for."""
    if as_of is not None:
        return parse_as_of(as_of, "as_of")
    slot: datetime = flow_run.scheduled_start_time
    return datetime.fromisoformat(slot.isoformat())


def _declared(project_file: str, job: str) -> Any:  # noqa: ANN401 - one of the sections of a schedule
    from logitgate.data.project_files import load_scheduled_project

    declared = getattr(load_scheduled_project(Path(project_file)).schedule, job)
    if declared is None:
        rule = "is no longer declared, but its deployment is still there"
        raise ProjectError(f"schedule.{job}", rule, "declare it, or delete the deployment")
    return declared


def _ended(work: Callable[[], State[Any]]) -> State[Any]:
    """Do the work, again after a pause where it met an obstacle; report an error without a trace.

    A trace may quote a cell. What was decided, or is wrong in itself, is not done again.
    """
    pauses = iter(_PAUSES)
    while True:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - every error becomes a state
            pause = next(pauses, None) if isinstance(error, UnavailableError | ConflictError) else None
            if pause is None:
                if isinstance(error, ConflictError):
                    notify_of_conflict(error)
                return Failed(message=in_words(error))
        time.sleep(pause)
