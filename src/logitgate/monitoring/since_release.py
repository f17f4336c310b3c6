"""Sums of a model's errors over the independent units of a window: they add up from the release on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import TypeAlias

import numpy as np

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..errors import DataError
from ..evaluation.confidence_sequence import NO_UNITS, Sums

_DIGITS = 10


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """What is kept of one figure over some rows.

    Parameters
    ----------
    sums : Sums
        Of its values by unit, such as a day.
    events : float
        Rows with an event.
    spread : float
        Sum of p (1 - p): how many events an error of one log-odds is worth.
    """

    sums: Sums = NO_UNITS
    events: float = 0.0
    spread: float = 0.0

    @classmethod
    def of(cls, values: FloatArray, rows: tuple[FloatArray, FloatArray], unit: IntArray) -> ErrorSums:
        """Sum over n rows.

        Parameters
        ----------
        values : array of shape (n,)
        rows : pair of arrays of shape (n,)
            Outcomes and probabilities.
        unit : int array of shape (n,)
            Codes from 0 on.
        """
        y, p = rows
        totals = np.asarray(np.bincount(unit, values), dtype=np.float64)
        sums = Sums.of(np.bincount(unit).astype(np.int64), totals)
        return cls(sums, float(y.sum()), float((p * (1 - p)).sum()))

    def __add__(self, other: ErrorSums) -> ErrorSums:
        """Put the units of both together."""
        return ErrorSums(self.sums + other.sums, self.events + other.events, self.spread + other.spread)

    def as_json(self) -> list[float]:
        """Return plain values."""
        return [float(f"{one:.{_DIGITS}g}") for one in (*astuple(self.sums), self.events, self.spread)]

    @classmethod
    def from_json(cls, plain: object) -> ErrorSums:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is none of ours.
        """
        try:
            *sums, events, spread = (float(one) for one in plain)  # type: ignore[attr-defined]  # or a TypeError
            return cls(Sums(*sums), events, spread)
        except (TypeError, ValueError) as error:
            raise DataError("sums of a window", "not readable", "monitor the window once more") from error


NO_ERRORS = ErrorSums()

SumsByName: TypeAlias = Mapping[str, ErrorSums]
"""By what they are about: all rows, a rule without a model, a slice."""


def added(parts: Iterable[SumsByName]) -> dict[str, ErrorSums]:
    """Put windows together, whose units are not the same ones."""
    found: dict[str, ErrorSums] = {}
    for part in parts:
        for name, one in part.items():
            found[name] = found.get(name, NO_ERRORS) + one
    return found
