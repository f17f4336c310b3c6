"""What a project declares about the parts of its rows."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from .fields import Duration, Section

Fraction: TypeAlias = Annotated[float, Field(gt=0, lt=1)]


class Split(Section):
    """How the rows are parted into train, calibrate, threshold and test."""

    by: Literal["time", "entity", "random"] | None = None
    """Default: time when there is a time column, else entity when there is one, else at random."""
    window: Duration | None = None
    """How far back from the as-of date rows are used; default: all."""
    train: Fraction = 0.6
    """Share of the rows that the model learns from."""
    calibrate: Fraction = 0.1
    """Share of the rows that the recalibration learns from."""
    threshold: Fraction = 0.1
    """Share of the rows that choose the threshold."""
    test: Fraction = 0.2
    """Share of the rows that judge, untouched until then."""
    calibrate_from: date | None = None
    """First day of the calibrate rows; with the next two, instead of shares."""
    threshold_from: date | None = None
    """First day of the threshold rows."""
    test_from: date | None = None
    """First day of the test rows."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of a random split and of every resampling."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.calibrate + self.threshold + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise ValueError(
                f"train + calibrate + threshold + test = {total:g}, give shares that add up to 1"
            )
        dates = [day for day in self.dates if day is not None]
        if dates and (len(dates) < len(self.dates) or dates != sorted(set(dates))):
            raise ValueError("calibrate_from, threshold_from and test_from go together, in this order")
        if dates and self.by not in (None, "time"):
            raise ValueError("dates part the rows by time; leave `by` out")
        return self

    @property
    def dates(self) -> tuple[date | None, date | None, date | None]:
        """First days of the calibrate, threshold and test rows."""
        return self.calibrate_from, self.threshold_from, self.test_from
