"""Running the flows on the Prefect server of the environment, or on an ephemeral one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.acting import act, tell
from flows.compare import compare
from flows.monitor import monitor
from flows.patience import impatient
from flows.score import score
from flows.train import train
from logitgate.edge.monitoring import Files
from logitgate.edge.scoring_table import Asked
from logitgate.monitored import Limits, Monitored
from logitgate.outcome import Outcome
from logitgate.project import Golden
from logitgate.rejudge import Span
from logitgate.scores import Scores


def trainings(
    project_file: Path, dates: Iterable[str | None], golden: Golden | None = None
) -> Iterator[Outcome]:
    """Run one training for each as-of date, in one process; `golden` takes the place of the project's."""
    with _unhurried():
        for as_of in dates:
            with impatient():
                outcome = train(project_file, as_of, golden)
            yield outcome


def comparison(
    project_file: Path, versions: tuple[int, int], limits: tuple[datetime | None, datetime | None]
) -> Outcome:
    """Judge the second version against the first one, on the rows between two dates."""
    with _unhurried(), impatient():
        return compare(project_file, *versions, Span(*limits))


def scoring(project_file: Path, asked: Asked, version: int | None, shadow: int | None) -> Scores:
    """Score the rows of a table by the champion, or by another version; perhaps a challenger beside it."""
    with _unhurried(), impatient():
        return score(project_file, asked, version, shadow)


def watching(project_file: Path, files: Files, limits: Limits, *, acting: bool) -> Monitored:
    """Watch one window; do what is wanted about it when that is asked for, and tell people."""
    with _unhurried():
        with impatient():
            found = monitor(project_file, files, limits)
        if acting:
            with impatient():
                found = act(project_file, found)
    tell(found)
    return found


def _unhurried() -> AbstractContextManager[object]:
    """Without a server nobody listens for heartbeats, and each would round a flow up to a second."""
    if os.environ.get("PREFECT_API_URL"):
        return nullcontext()
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
