"""A confidence sequence: an interval for a mean that may be looked at, and stopped, at any time.

Asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central
limit theory and asymptotic confidence sequences, their equation for the normal mixture:
``mean +- sd sqrt(2 (t r + 1) / (t^2 r) ln(sqrt(t r + 1) / alpha))`` with
``r = (-2 ln alpha + ln(1 - 2 ln alpha)) / t0``, which makes it narrowest after about t0 units.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import numpy as np

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..findings import Figure

NARROWEST = 60
"""Units after which the sequence is made to be narrowest."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept of k units, such as days: six sums, which add up over batches.

    Attributes
    ----------
    units : float
        k.
    rows, rows_squared : float
        Sum over the units of their rows n, and of n^2.
    total, squares, cross : float
        Sum over the units of S, S^2 and S n, S being the unit's own sum of the values.
    """

    units: float = 0.0
    rows: float = 0.0
    rows_squared: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    cross: float = 0.0

    @classmethod
    def of(cls, rows: IntArray | FloatArray, sums: FloatArray) -> Sums:
        """Sum over k units; arrays of shape (k,): their rows, and their sums. Units without rows are none."""
        kept = rows > 0
        n, s = rows[kept].astype(np.float64), sums[kept]
        return cls(*map(float, (len(n), n.sum(), (n * n).sum(), s.sum(), (s * s).sum(), (s * n).sum())))

    def __add__(self, other: Sums) -> Sums:
        """Put the units of both together."""
        return Sums(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


NO_UNITS = Sums()


@dataclass(frozen=True, slots=True)
class Sequence:
    """The mean per row after so many units, and its limits; NaN for fewer than two units."""

    units: int
    rows: int
    mean: float
    low: float
    high: float
    alpha: float

    def figures(self, name: str) -> dict[str, Figure]:
        """Return all figures flat."""
        named = {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}
        return {"units": self.units, "rows": self.rows, "alpha": self.alpha, **named}


def confidence_sequence(sums: Sums, alpha: float, narrowest: int = NARROWEST) -> Sequence:
    """Return the limits of the mean per row after the units so far.

    With probability 1 - alpha, for many units, the true mean lies between the limits of all times at once.
    The mean per row is a ratio, so each unit counts with its residual ``(S - mean n) / mean n``.

    Parameters
    ----------
    sums : Sums
    alpha : float
        Of both sides together.
    narrowest : int
        Units after which it is to be narrowest; chosen before the first one is observed.
    """
    k = sums.units
    mean = sums.total / sums.rows if sums.rows else math.nan
    if k < 2:
        return Sequence(int(k), int(sums.rows), mean, math.nan, math.nan, alpha)
    residual = sums.squares - 2 * mean * sums.cross + mean**2 * sums.rows_squared
    size = sums.rows / k
    sd = math.sqrt(max(residual, 0.0) / (k - 1)) / size
    log = math.log(alpha)
    r = (-2 * log + math.log(1 - 2 * log)) / narrowest
    width = sd * math.sqrt(2 * (k * r + 1) / (k**2 * r) * math.log(math.sqrt(k * r + 1) / alpha))
    return Sequence(int(k), int(sums.rows), mean, mean - width, mean + width, alpha)
