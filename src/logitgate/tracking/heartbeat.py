"""Telling a living run from a dead one by the sign of life that it leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

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
