"""Carrying out the reaction to a monitored window: roll back, request a training, notify people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from logitgate.catalogue import Check
from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.errors import ConflictError, LogitgateError, UnavailableError
from logitgate.monitoring.reactions.remedies import Action, Failure
from logitgate.monitoring.window import MonitoringResult
from logitgate.production.ledger.entries import Release
from logitgate.production.promotion.rollback import RollbackRequest, roll_back, see_whom_it_is_about
from logitgate.production.promotion.transaction import PromotionResult
from logitgate.production.release.retirement import retire
from logitgate.tracking.history import windows
from logitgate.tracking.store import open_store
from logitgate_flows.messages.notify import notify
from logitgate_flows.server.start import server_meanwhile, unhurried

RETRAIN = "logitgate.retrain.requested"
"""Event that asks for a new model; an automation starts the training."""


def act(project_file: Path, found: MonitoringResult) -> MonitoringResult:
    """Carry out the reaction about the version that was judged, and record in the window's run what was done.

    An action that fails is recorded as not done, so that the next run tries it again.
    """
    try:
        done = _done(project_file, found)
        found = replace(found, acted=done, done=found.reaction.wanted if done else None)
    except UnavailableError as error:
        found = replace(found, acted=_failed(error), failed=Failure.UNAVAILABLE)
    except LogitgateError as error:
        found = replace(found, acted=_failed(error), failed=Failure.CONFLICT)
    windows.note_what_was_done(open_store(home()), found)
    return found


def notify_of_reaction(found: MonitoringResult) -> None:
    """Notify people of every reaction but NONE."""
    if found.reaction.wanted is not Action.NONE:
        title = f"logitgate: {found.model} version {found.version}: {found.reaction.wanted}"
        notify(title, "\n".join((found.window.name, *found.because, *found.acted)))


@contextmanager
def notifying_of_conflicts() -> Iterator[None]:
    """Notify people when the block ends in a conflict: nothing was monitored until a person resolves it."""
    try:
        yield
    except ConflictError as error:
        notify_of_conflict(error)
        raise


def notify_of_conflict(error: ConflictError) -> None:
    """Notify people that a run could not be done because of what is, or is not, in production."""
    notify(f"logitgate: {error.subject} needs a person", str(error))


def _done(project_file: Path, found: MonitoringResult) -> tuple[str, ...]:
    match found.reaction.wanted:
        case Action.ROLL_BACK:
            because = f"monitoring of {found.window.name}: {found.because[-1]}"
            judged = Release(found.version, found.digest)
            moved = roll_back(open_store(home()), found.model, RollbackRequest(because, away_from=judged))
            return (f"rolled back from version {moved.previous} to version {moved.version}",)
        case Action.RETRAIN:
            see_whom_it_is_about(open_store(home()), found.model, Release(found.version, found.digest))
            return (_retrained(project_file, found),)
        case Action.RETIRE:
            judged, why = Release(found.version, found.digest), found.finding(Check.NO_MODEL)
            window = (found.window.name, found.window.as_of)
            project = load_project(project_file)
            moved = retire(open_store(home()), project, judged, why, window)
            return (_retired(moved, awaits_approval=project.gates.approval),)
        case Action.QUARANTINE:
            return ("the rows that broke the contract are in the project's quarantine folder",)
        case _:
            return ()


def _retired(moved: PromotionResult, *, awaits_approval: bool) -> str:
    if awaits_approval:
        return f"version {moved.version}, which decides without a model, awaits approval"
    return f"retired version {moved.previous}: version {moved.version} decides without a model"


def _failed(error: LogitgateError) -> tuple[str, ...]:
    return (f"it failed and will be tried again: {error}",)


def _retrained(project_file: Path, found: MonitoringResult) -> str:
    """Ask the server's automation for a training; without a server, train here."""
    as_of = found.window.as_of.isoformat()
    if os.environ.get("PREFECT_API_URL"):
        from prefect.events import emit_event

        emit_event(
            event=RETRAIN,
            resource={"prefect.resource.id": f"logitgate.model.{found.model}"},
            payload={"project_file": str(project_file), "as_of": as_of},
        )
        return f"asked for a training as of {as_of}"
    with server_meanwhile():
        from logitgate_flows.training import train
    with unhurried():
        outcome = train(project_file, as_of)
    waiting = f"version {outcome.version} awaits approval" if outcome.awaits_approval else "not promoted"
    fate = f"promoted as version {outcome.version}" if outcome.promoted else waiting
    return f"trained as of {as_of}: {outcome.status}, {fate}"
