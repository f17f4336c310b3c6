"""Conditions on columns that say in words exactly which rows they mean: `job = student`, `age < 27`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..project.syntax.slice_names import MISSING

_ENDLESS = math.inf


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `low` on and below `high`, or missing where `missing` says so.

    Examples
    --------
    >>> print(Between("age", 27, 40), Between("age", high=27, missing=True), sep="; ")
    27 <= age < 40; (age < 27 or missing)
    """

    column: str
    low: float = -_ENDLESS
    high: float = _ENDLESS
    missing: bool = False

    def holds(self, values: FloatArray) -> BoolArray:
        """Return which values, of shape (n,), meet the condition."""
        absent = np.isnan(values)
        above = ~absent if self.low == -_ENDLESS else values >= self.low
        within = above if self.high == _ENDLESS else above & (values < self.high)
        met: BoolArray = within | (absent if self.missing else False)
        return met if self.low <= self.high else absent & self.missing

    def narrowed(self, other: Between) -> Between:
        """Return what meets both."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Between(self.column, low, high, self.missing and other.missing)

    def __str__(self) -> str:
        """Return the condition in words."""
        if self.low > self.high:
            return f"{self.column} = {MISSING}"
        low, high = _plain(self.low), _plain(self.high)
        match self.low > -_ENDLESS, self.high < _ENDLESS:
            case True, True:
                words = f"{low} <= {self.column} < {high}"
            case True, False:
                words = f"{self.column} >= {low}"
            case False, True:
                words = f"{self.column} < {high}"
            case _:
                return f"{self.column} is not {MISSING}"
        return f"({words} or {MISSING})" if self.missing else words


ONLY_MISSING = (_ENDLESS, -_ENDLESS)
"""Limits that no number lies between."""


@dataclass(frozen=True, slots=True)
class Among:
    """A level that is one of `levels`, or none of them where `others` says so.

    Examples
    --------
    >>> print(Among("job", ("student",)), Among("job", ("retired", "student"), others=True), sep="; ")
    job = student; job is not retired, student
    """

    column: str
    levels: tuple[str, ...]
    others: bool = False

    def holds(self, values: pd.Categorical) -> BoolArray:
        """Return which levels, of shape (n,), meet the condition."""
        met: BoolArray = values.isin(list(self.levels)) ^ self.others
        return met

    def narrowed(self, other: Among) -> Among:
        """Return what meets both; of two conditions one at most says `=`."""
        for one in (self, other):
            if not one.others:
                return one
        return Among(self.column, tuple(sorted({*self.levels, *other.levels})), others=True)

    def __str__(self) -> str:
        """Return the condition in words."""
        return f"{self.column} {'is not' if self.others else '='} {', '.join(self.levels)}"


def round_between(low: float, high: float) -> float:
    """Return the number with the fewest digits above `low` and at most `high`.

    Between neighbouring values of a column it parts the rows as the middle would, and reads better.

    Examples
    --------
    >>> round_between(26.4, 27.2), round_between(0.1237, 0.1291), round_between(-3, 4)
    (27.0, 0.125, 0.0)
    """
    bottom = low if math.isfinite(low) else -2 * abs(high) - 1
    top = high if math.isfinite(high) else 2 * abs(bottom) + 1
    if bottom < 0 <= top:
        return 0.0
    largest = math.floor(math.log10(max(abs(bottom), abs(top)))) + 1
    for exponent in range(largest, largest - 18, -1):
        for digit in (5, 2, 1):
            step = float(f"{digit}e{exponent}")
            if step == 0:
                break
            candidate = float(f"{round(math.floor(top / step) * digit)}e{exponent}")
            if bottom < candidate <= top:
                return candidate
    return top


def _plain(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
