"""The heartbeat of a run: a tag that its process renews, by which a dead run is told from a living one."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from mlflow.entities import Run

from ..errors import LogitgateError
from ..files.process_identity import born, place
from .store import Store, reached

HEARTBEAT = "logitgate.heartbeat"
"""Tag of a run with the sign of life of the process that records it."""

_EVERY_SECONDS, _GOODBYE_SECONDS = 5.0, 0.5
_RUNNING = ("RUNNING", "SCHEDULED")

LOST_AFTER = timedelta(seconds=120)
"""A run on another host that gave no sign for so long is dead; clocks must agree better than this."""

UNSIGNED_LOST_AFTER = timedelta(days=1)
"""So long a run without any sign of life, such as one of an older version, is left alone."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life.

    Parameters
    ----------
    host : str
        Name, for people.
    place : str
        This boot of this host and its container, where process ids mean the same; empty where nobody knows.
    pid : int
    born : str
        When the process began, as its system counts: another process may get the same id later.
    at : datetime
        When the sign was given, by the clock of its host.
    """

    host: str
    place: str
    pid: int
    born: str
    at: datetime

    def again(self, at: datetime) -> Heartbeat:
        """Return the next sign of the same process."""
        return replace(self, at=at)

    def text(self) -> str:
        """Return the sign as it is kept."""
        return json.dumps({**asdict(self), "at": self.at.isoformat()}, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> Heartbeat | None:
        """Rebuild from a text; None when it is no sign of life.

        Examples
        --------
        >>> Heartbeat.read("alive!") is None
        True
        """
        try:
            plain = json.loads(text)
            return cls(**{**plain, "pid": int(plain["pid"]), "at": datetime.fromisoformat(plain["at"])})
        except (TypeError, KeyError, ValueError):
            return None

    def __str__(self) -> str:
        """Say who gave it."""
        return f"process {self.pid} on {self.host}"


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
