"""How long anything is waited for, and the variables that say otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .errors import ProjectError

PATIENCE = "LOGITGATE_PATIENCE"
"""Environment variable: seconds that take the place of every limit below."""

QUERY = "LOGITGATE_QUERY_SECONDS"
"""Environment variable: seconds that a query for rows may take, whatever `PATIENCE` says."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit to a wait.

    Parameters
    ----------
    usual : float
        Seconds, unless a variable says otherwise.
    variables : tuple of str
        The first one that is set counts.
    """

    usual: float
    variables: tuple[str, ...] = (PATIENCE,)

    @property
    def seconds(self) -> float:
        """How long one waits.

        Raises
        ------
        ProjectError
            When a variable holds no number of seconds.
        """
        for name in self.variables:
            if given := os.environ.get(name, "").strip():
                return _seconds(name, given)
        return self.usual

    def __str__(self) -> str:
        """Return the limit with the variable that moves it."""
        return " ".join((f"{self.seconds:g} s", *(f"({name})" for name in self.variables[:1])))


ANSWER = Bound(12.0)
"""One answer of a server or of its database."""

FILE = Bound(90.0)
"""A local database file that another process is writing to."""

LOCK = Bound(120.0)
"""A lock that another process holds."""

ROWS = Bound(900.0, (QUERY, PATIENCE))
"""A query for rows, from its beginning to its first row and from each block to the next."""


def _seconds(name: str, given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = float("nan")
    if not 0 < seconds < 1e6:
        raise ProjectError(name, "is no number of seconds", "give one, such as 30")
    return seconds
