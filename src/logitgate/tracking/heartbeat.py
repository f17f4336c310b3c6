"""The heartbeat of a run: a tag that its process renews, which distinguishes a living run from a dead one."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import LogitgateError
from ..files.process_identity import born, place
from .store import Store, reached

if TYPE_CHECKING:
    from mlflow.entities import Run

HEARTBEAT = "logitgate.heartbeat"
"""Tag of a run with the latest heartbeat of its process."""

_EVERY_SECONDS, _GOODBYE_SECONDS = 5.0, 0.5
_RUNNING = ("RUNNING", "SCHEDULED")

LOST_AFTER = timedelta(seconds=120)
"""A run on another host without a heartbeat for so long is dead; clocks must agree better than this."""

UNSIGNED_LOST_AFTER = timedelta(days=1)
"""A run without any heartbeat, such as one of an older version, counts as alive for so long."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heartbeat.

    Parameters
    ----------
    host : str
        Name, for people.
    place : str
        This boot of this host and its container, where process ids mean the same; empty where unknown.
    pid : int
    born : str
        When the process began, as its system counts: another process may get the same id later.
    at : datetime
        When it was sent, by the clock of its host.
    """

    host: str
    place: str
    pid: int
    born: str
    at: datetime

    def again(self, at: datetime) -> Heartbeat:
        """Return the next heartbeat of the same process."""
        return replace(self, at=at)

    def text(self) -> str:
        """Return the heartbeat as it is stored."""
        return json.dumps({**asdict(self), "at": self.at.isoformat()}, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> Heartbeat | None:
        """Rebuild from a text; None when it is no heartbeat.

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
        """Name its process."""
        return f"process {self.pid} on {self.host}"


def heartbeat() -> Heartbeat:
    """Return a heartbeat of this process."""
    return Heartbeat(socket.gethostname(), place(), os.getpid(), born(os.getpid()), datetime.now(UTC))


@contextmanager
def beating(store: Store, run_id: str) -> Iterator[None]:
    """Send a heartbeat every few seconds until the end of the block.

    A heartbeat that the store does not take is skipped: the work itself will notice.
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
    """Return whether a run has ended, or its process has.

    Where process ids mean the same as here, the process itself is looked for; elsewhere only the age of the
    last heartbeat decides.
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
    """Return whether the process of a heartbeat is known to be dead; on another host it is not known."""
    return bool(sign.place) and sign.place == place() and born(sign.pid) != sign.born


def is_here(run: Run) -> bool:
    """Return whether a run is recorded where its process can be looked for."""
    sign = Heartbeat.read(run.data.tags.get(HEARTBEAT, ""))
    return sign is not None and bool(sign.place) and sign.place == place()


def whose(run: Run) -> str:
    """Name the process that records a run."""
    sign = Heartbeat.read(run.data.tags.get(HEARTBEAT, ""))
    return "an unknown process" if sign is None else str(sign)


def _beat(store: Store, run_id: str, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        with suppress(LogitgateError), reached(store):
            store.client.set_tag(run_id, HEARTBEAT, heartbeat().text())
