"""Running the training flow, on the Prefect server of the environment or on an ephemeral one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.train import train
from logitgate.outcome import Outcome


def trainings(project_file: Path, dates: Iterable[str | None]) -> Iterator[Outcome]:
    """Run one training for each as-of date, in one process."""
    with _unhurried():
        for as_of in dates:
            yield train(project_file, as_of)


def _unhurried() -> AbstractContextManager[object]:
    """Without a server nobody listens for heartbeats, and each would round a flow up to a second."""
    if os.environ.get("PREFECT_API_URL"):
        return nullcontext()
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
