"""What the policy decides from: the records of windows, and the version that a rollback would restore."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..since_release import SumsByName
from .remedies import Action, Failure, Obstacle, Symptom


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """The record of one window.

    Parameters
    ----------
    window : str
        Its name; a window that is monitored again replaces its earlier record.
    end : datetime
        Of the window, with a time zone. It, and not the clock, orders windows and ends cool-downs.
    version : int
        In production then.
    symptoms : frozenset of Symptom
    wanted : Action
        What was decided about it; NONE before that.
    done : Action or None
        What was carried out. An action that was not, or failed, is chosen again and starts no cool-down.
    failed : Failure or None
        How carrying it out failed.
    digest : str
        Of the version's files; empty where it was not kept.
    has_labels : bool
        Whether any row had a mature outcome.
    since : datetime or None
        Where the window begins; None where that is not known.
    sums : mapping of str to ErrorSums
        Errors of its labelled rows, which add up from the release on.
    """

    window: str
    end: datetime
    version: int
    symptoms: frozenset[Symptom]
    wanted: Action = Action.NONE
    done: Action | None = None
    failed: Failure | None = None
    digest: str = ""
    has_labels: bool = True
    since: datetime | None = None
    sums: SumsByName = field(default_factory=dict)

    def is_of(self, other: WindowRecord) -> bool:
        """Return whether both windows monitored the same version: by its files, where those are known."""
        same_files = self.digest == other.digest or not (self.digest and other.digest)
        return self.version == other.version and same_files


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """The version a rollback would restore, and whether the champion was itself restored by a rollback."""

    version: int | None
    is_rolled_back: bool = False

    @property
    def obstacle(self) -> Obstacle | None:
        """Why nothing can be rolled back to."""
        if self.version is None:
            return Obstacle.NO_WAY_BACK
        return Obstacle.ROLLED_BACK if self.is_rolled_back else None
