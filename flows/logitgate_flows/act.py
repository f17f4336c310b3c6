"""Acting on what a monitoring wants: rolling back, asking for a new model, telling people."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from prefect.events import emit_event

from logitgate.environment import home
from logitgate.errors import LogitgateError, UnavailableError
from logitgate.monitoring.policy import Action
from logitgate.monitoring.window import Fate, MonitoringResult
from logitgate.production.ledger.entries import Release
from logitgate.production.promotion.rollback import RollbackRequest, roll_back, see_whom_it_is_about
from logitgate.tracking import windows
from logitgate.tracking.store import open_store
from logitgate_flows.messages.notify import notify
from logitgate_flows.train import train

RETRAIN = "logitgate.retrain.requested"
"""Event that asks for a new model; an automation starts the training."""


def act(project_file: Path, found: MonitoringResult) -> MonitoringResult:
    """Do what is wanted about the version that was judged, and then keep with the window's run what was done.

    Whatever fails is kept as wanted and not done, so that the next run wants it again.
    """
    try:
        done = _done(project_file, found)
        found = replace(found, acted=done, fate=Fate.DONE if done else Fate.OPEN)
    except UnavailableError as error:
        found = replace(found, acted=_in_vain(error), fate=Fate.UNAVAILABLE)
    except LogitgateError as error:
        found = replace(found, acted=_in_vain(error), fate=Fate.CONFLICT)
    windows.note_what_was_done(open_store(home()), found)
    return found


def tell(found: MonitoringResult) -> None:
    """Tell people about anything that is more than nothing."""
    if found.reaction.action is not Action.NONE:
        title = f"logitgate: {found.model} version {found.version}: {found.reaction.action}"
        notify(title, "\n".join((found.window.name, *found.reaction.because, *found.acted)))


def _done(project_file: Path, found: MonitoringResult) -> tuple[str, ...]:
    match found.reaction.action:
        case Action.ROLL_BACK:
            because = f"monitoring of {found.window.name}: {found.reaction.because[-1]}"
            judged = Release(found.version, found.digest)
            moved = roll_back(open_store(home()), found.model, RollbackRequest(because, away_from=judged))
            return (f"rolled back from version {moved.previous} to version {moved.version}",)
        case Action.RETRAIN:
            see_whom_it_is_about(open_store(home()), found.model, Release(found.version, found.digest))
            return (_retrained(project_file, found),)
        case Action.QUARANTINE:
            return ("the rows that broke the contract were put aside where the project says so",)
        case _:
            return ()


def _in_vain(error: LogitgateError) -> tuple[str, ...]:
    return (f"it could not be done, and is wanted again: {error}",)


def _retrained(project_file: Path, found: MonitoringResult) -> str:
    """Ask the server's automation for a training; without a server, train here."""
    as_of = found.window.as_of.isoformat()
    if os.environ.get("PREFECT_API_URL"):
        emit_event(
            event=RETRAIN,
            resource={"prefect.resource.id": f"logitgate.model.{found.model}"},
            payload={"project_file": str(project_file), "as_of": as_of},
        )
        return f"asked for a training as of {as_of}"
    outcome = train(project_file, as_of)
    fate = f"promoted as version {outcome.version}" if outcome.promoted else "not promoted"
    return f"trained as of {as_of}: {outcome.status}, {fate}"
