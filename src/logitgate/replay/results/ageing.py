"""What a model costs more as it grows older, and the age limit that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...evaluation.estimates import Estimate
from ...findings import finite
from .plain import plain


@dataclass(frozen=True, slots=True)
class AgeCost:
    """What models of one age cost beyond the newest ones, on the same rows.

    Parameters
    ----------
    age : int
        In periods: 0 for a version in the period after its own training.
    rows : int
    per_row : float
        Mean cost.
    against_newest : Estimate
        Mean cost per row less that of the newest version by then, with its 95 % interval.
    """

    age: int
    rows: int
    per_row: float
    against_newest: Estimate

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "age": self.age,
            "rows": self.rows,
            "per_row": finite(self.per_row),
            "against_newest": plain(self.against_newest),
        }


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """An age from which models of a history are proven dearer than the newest one.

    Parameters
    ----------
    days : int
        Of the model when a period begins in which it should no longer decide.
    dearer : Estimate
        What models of this age cost per row beyond the newest one, with its 95 % interval.
    """

    days: int
    dearer: Estimate

    @property
    def line(self) -> str:
        """The line of a project file that sets it, in its section `monitoring`."""
        return f'age_limit = "{self.days} days"'

    def sentence(self, unit: str) -> str:
        """Return it in words."""
        value, low, high = self.dearer
        dearer = f"{value:.4g} {unit}".rstrip() + f" [{low:.4g}, {high:.4g}] a row dearer than the newest one"
        return f"Models {self.days} days old were {dearer}: [monitoring] {self.line} has them retrained."

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"days": self.days, "dearer": plain(self.dearer), "line": self.line}


def age_limit(ages: Sequence[AgeCost], starts: Sequence[datetime]) -> AgeLimit | None:
    """Propose the youngest age that is proven dearer than the newest model of the same period.

    Parameters
    ----------
    ages : sequence of AgeCost
        Rising.
    starts : sequence of datetime
        Of the periods: the cadence of the trainings.

    Returns
    -------
    AgeLimit or None
        None where no age is proven dearer: then age alone is no reason to retrain.
    """
    dearer = (one for one in ages if 0 < one.age < len(starts) and one.against_newest.low > 0)
    first = next(dearer, None)
    if first is None:
        return None
    return AgeLimit((starts[first.age] - starts[0]).days, first.against_newest)
