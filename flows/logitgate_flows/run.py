"""Running what a command asks for: as a flow on the Prefect server of the environment, or without one.

A training without a server is a flow on a temporary one; what else is asked for needs none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import logitgate_flows
from logitgate.environment import do_without_a_server, home
from logitgate.errors import LogitgateError
from logitgate.orchestrator import ADDRESS
from logitgate.redaction import redacted, without_secrets
from logitgate_flows.messages.error_text import in_our_words
from logitgate_flows.messages.progress import SCREEN
from logitgate_flows.server.start import has_server, unhurried
from logitgate_flows.server.watchdog import watchdog

if TYPE_CHECKING:
    from logitgate.gates.verdict.outcome import Outcome
    from logitgate.monitoring.window import MonitoringResult, MonitoringWindow
    from logitgate.production.monitoring import WindowFiles
    from logitgate.production.scoring.result import ScoringResult
    from logitgate.production.scoring.score import ScoringRequest
    from logitgate.project.project import Golden

Answer = TypeVar("Answer")


def run_trainings(
    project_file: Path, dates: Iterable[str | None], golden: Golden | None = None
) -> Iterator[Outcome]:
    """Run one training for each as-of date, in one process; `golden` takes the place of the project's."""
    from logitgate_flows.training import train

    with unhurried():
        for as_of in dates:
            asked = partial(train, project_file, as_of, golden)
            yield _run(asked, asked)


def run_comparison(
    project_file: Path, versions: tuple[int, int], limits: tuple[datetime | None, datetime | None]
) -> Outcome:
    """Judge the second version against the first one, on the rows between two dates."""
    from logitgate.gates.rejudge import Span
    from logitgate_flows.commands.operating.compare import compare_versions

    return _served("compare", compare_versions, project_file, *versions, Span(*limits))


def run_scoring(
    project_file: Path, request: ScoringRequest, version: int | None, shadow: int | None
) -> ScoringResult:
    """Score a table by the champion or another version, and by a challenger in its shadow if one is named."""
    from logitgate_flows.commands.operating.score import score_rows

    return _served("score", score_rows, project_file, request, version, shadow)


def run_monitoring(
    project_file: Path, files: WindowFiles, limits: MonitoringWindow, *, acting: bool
) -> MonitoringResult:
    """Monitor one window; carry out the reaction when asked to, and notify people."""
    from logitgate_flows.commands.operating.monitor import monitor_window
    from logitgate_flows.reactions import act, notify_of_reaction, notifying_of_conflicts

    with notifying_of_conflicts():
        found = _served("monitor", monitor_window, project_file, files, limits)
        if acting:
            with watchdog():
                found = act(project_file, found)
    notify_of_reaction(found)
    return found


def _served(name: str, work: Callable[..., Answer], *given: Any) -> Answer:  # noqa: ANN401 - those of the work
    """Do the work as the flow of this name, where there is a server for it, and else as it is."""
    if not has_server():
        return _directly(partial(work, *given))
    flow: Callable[..., Answer] = getattr(logitgate_flows, name)
    with unhurried():
        return _run(partial(flow, *given), partial(_directly, partial(work, *given)))


def _directly(work: Callable[[], Answer]) -> Answer:
    with watchdog(), in_our_words():
        return work()


def _run(flow: Callable[[], Answer], without: Callable[[], Answer]) -> Answer:
    """Run a flow; where the server fails before its work has begun, do the work without one."""
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
    with unhurried(), watchdog():
        return without()
