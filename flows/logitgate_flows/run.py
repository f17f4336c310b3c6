"""Running the flows on the Prefect server of the environment, or on an ephemeral one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from logitgate.environment import do_without_a_server, home
from logitgate.errors import LogitgateError
from logitgate.gates.rejudge import Span
from logitgate.gates.verdict.outcome import Outcome
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow
from logitgate.orchestrator import ADDRESS
from logitgate.production.monitoring import WindowFiles
from logitgate.production.scoring.result import ScoringResult
from logitgate.production.scoring.score import ScoringRequest
from logitgate.project.project import Golden
from logitgate.redaction import redacted, without_secrets
from logitgate_flows.act import act, notify_of_reaction, notifying_of_conflicts
from logitgate_flows.compare import compare
from logitgate_flows.messages.progress import SCREEN
from logitgate_flows.monitor import monitor
from logitgate_flows.score import score
from logitgate_flows.server.watchdog import watchdog
from logitgate_flows.train import train

Answer = TypeVar("Answer")


def run_trainings(
    project_file: Path, dates: Iterable[str | None], golden: Golden | None = None
) -> Iterator[Outcome]:
    """Run one training for each as-of date, in one process; `golden` takes the place of the project's."""
    with _unhurried():
        for as_of in dates:
            yield _run(partial(train, project_file, as_of, golden))


def run_comparison(
    project_file: Path, versions: tuple[int, int], limits: tuple[datetime | None, datetime | None]
) -> Outcome:
    """Judge the second version against the first one, on the rows between two dates."""
    with _unhurried():
        return _run(partial(compare, project_file, *versions, Span(*limits)))


def run_scoring(
    project_file: Path, request: ScoringRequest, version: int | None, shadow: int | None
) -> ScoringResult:
    """Score a table by the champion or another version, and by a challenger in its shadow if one is named."""
    with _unhurried():
        return _run(partial(score, project_file, request, version, shadow))


def run_monitoring(
    project_file: Path, files: WindowFiles, limits: MonitoringWindow, *, acting: bool
) -> MonitoringResult:
    """Monitor one window; carry out the reaction when asked to, and notify people."""
    with _unhurried(), notifying_of_conflicts():
        found = _run(partial(monitor, project_file, files, limits))
        if acting:
            with watchdog():
                found = act(project_file, found)
    notify_of_reaction(found)
    return found


def _run(flow: Callable[[], Answer]) -> Answer:
    """Run a flow; where the server fails before its work has begun, again without one."""
    with watchdog() as begun:
        try:
            return flow()
        except LogitgateError:
            raise
        except Exception as error:
            if begun.is_set() or not os.environ.get(ADDRESS):
                raise
            reason = without_secrets(str(error)).partition("\n")[0][:200] or type(error).__name__
            failure = f"logitgate: Prefect server {redacted(os.environ[ADDRESS])}: {reason}"
            SCREEN.print(
                f"{failure}; the work is done without it", highlight=False, markup=False, soft_wrap=True
            )
    do_without_a_server(home())
    with _unhurried(), watchdog():
        return flow()


def _unhurried() -> AbstractContextManager[object]:
    """Turn heartbeats off without a server: none receives them, and each rounds a flow up to a second."""
    address = os.environ.get(ADDRESS)
    if address:
        return nullcontext()
    away = {PREFECT_API_URL: None} if address == "" else {}
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, **away})
