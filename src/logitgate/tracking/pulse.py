"""The heartbeat of a run: a tag that a thread keeps fresh, and what it tells others."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from mlflow.entities import Run

from ..errors import LogitgateError
from ..files.process_identity import born, place
from .heartbeat import LOST_AFTER, UNSIGNED_LOST_AFTER, Heartbeat
from .store import Store, reached

HEARTBEAT = "logitgate.heartbeat"
"""Tag of a run with the sign of life of the process that records it."""

_EVERY_SECONDS, _GOODBYE_SECONDS = 5.0, 0.5
_RUNNING = ("RUNNING", "SCHEDULED")


def heartbeat() -> Heartbeat:
    """Return a sign of life of this process."""
    return Heartbeat(socket.gethostname(), place(), os.getpid(), born(os.getpid()), datetime.now(UTC))


@contextmanager
def beating(store: Store, run_id: str) -> Iterator[None]:
    """Give a sign of life every few seconds as long as the block lasts.

    A sign that the store does not take is left out: the work itself will find out.
    """
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(store, run_id, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_GOODBYE_SECONDS)


def is_dead(run: Run) -> bool:
    """Return whether nobody works on a run any more that has not ended.

    Where process ids mean the same as here, the process itself is looked for; elsewhere only the age of the
    last sign tells.
    """
    if run.info.status not in _RUNNING:
        return True
    now, sign = datetime.now(UTC), Heartbeat.read(run.data.tags.get(HEARTBEAT, ""))
    if sign is None:
        return now - datetime.fromtimestamp(run.info.start_time / 1000, UTC) > UNSIGNED_LOST_AFTER
    if sign.place and sign.place == place():
        return born(sign.pid) != sign.born
    return now - sign.at > LOST_AFTER


def is_gone(sign: Heartbeat) -> bool:
    """Return whether the process of a sign is known to be dead; elsewhere nobody here knows."""
    return bool(sign.place) and sign.place == place() and born(sign.pid) != sign.born


def is_here(run: Run) -> bool:
    """Return whether a run is recorded where its process can be looked for."""
    sign = Heartbeat.read(run.data.tags.get(HEARTBEAT, ""))
    return sign is not None and bool(sign.place) and sign.place == place()


def whose(run: Run) -> str:
    """Say which process records a run."""
    sign = Heartbeat.read(run.data.tags.get(HEARTBEAT, ""))
    return "an unknown process" if sign is None else str(sign)


def _beat(store: Store, run_id: str, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        with suppress(LogitgateError), reached(store):
            store.client.set_tag(run_id, HEARTBEAT, heartbeat().text())
