"""A value with its interval, and what an interval proves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ..findings import Status

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its interval; NaN where undefined."""

    value: float
    low: float = NAN
    high: float = NAN

    def figures(self, name: str) -> dict[str, float]:
        """Return the value and its limits under `name`, `name_low` and `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}

    def __iter__(self) -> Iterator[float]:
        """Yield value, low and high."""
        yield from (self.value, self.low, self.high)


def estimates_of(figures: DataclassInstance) -> dict[str, float]:
    """Return each field that is an Estimate flat, as `name`, `name_low` and `name_high`."""
    flat: dict[str, float] = {}
    for part in fields(figures):
        estimate = getattr(figures, part.name)
        if isinstance(estimate, Estimate):
            flat |= estimate.figures(part.name)
    return flat


def proves_inside(interval: Estimate, low: float, high: float) -> Status:
    """PASS when the whole interval lies in [low, high], FAIL when none of it does."""
    if low <= interval.low <= interval.high <= high:
        return Status.PASS
    if interval.low <= interval.high < low or high < interval.low <= interval.high:
        return Status.FAIL
    return Status.INDETERMINATE


def proves_below(upper: float, low: float, limit: float) -> Status:
    """PASS when the upper bound is below the limit, FAIL when the whole interval is not."""
    if low <= upper < limit:
        return Status.PASS
    return Status.FAIL if limit <= low <= upper else Status.INDETERMINATE
