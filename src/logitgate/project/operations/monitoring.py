"""What a project declares about watching its model in production: the section `[monitoring]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from ..fields import Duration, Name, Names, Section, Share

Season: TypeAlias = Literal["month", "weekday", "hour"]
Floor: TypeAlias = Annotated[float, Field(gt=0)]


class Monitoring(Section):
    """When new rows count as drifted, and how old a model may become."""

    minimum_rows: Annotated[int, Field(ge=1)] = 200
    """Windows, and references, with fewer rows are INSUFFICIENT."""
    fdr: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Expected share of false alarms among the alarms of a window, by Benjamini and Hochberg."""
    psi: Floor = 0.05
    """Population stability index, less what chance adds, from which a significant change is an alarm."""
    major_psi: Floor = 0.2
    """The index from which a drift is called major."""
    psi_of: dict[Name, Floor] = {}
    """Features with an index of their own in place of `psi`."""
    share: Share = 0.05
    """Change of the share of a level, a binary number or flagged rows that is an alarm below that index."""
    contribution: Floor = 0.1
    """Change of a feature's part of the log-odds, in mean or spread, from which a drift is a FAIL."""
    missing: Share = 0.05
    """Change of the share of missing cells that is an alarm."""
    new_levels: Share = 0.01
    """Share of rows in levels that the reference never saw that is an alarm."""
    decay: Floor = 0.05
    """Mean error since the release, in log-odds, from which a proven one asks for a retraining."""
    season: Season | None = None
    """Compare with rows of the same 'month', 'weekday' or 'hour' on the schedule's clocks; default: all."""
    age_limit: Duration | None = None
    """Age from which a model is stale, whatever the figures say; default: none."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.major_psi < self.psi:
            raise ValueError(f"major_psi {self.major_psi:g} lies below psi {self.psi:g}; raise it")
        return self

    def problems(self, features: Names, *, has_time: bool) -> Iterator[str]:
        """Yield what contradicts the rest of the project."""
        unknown = sorted(set(self.psi_of) - set(features))
        if unknown:
            named = ", ".join(f"'{name}'" for name in unknown)
            yield f"monitoring.psi_of names {named}, no feature; declare it or drop it"
        if self.season is not None and not has_time:
            yield "monitoring.season needs columns.time; declare it or drop the season"
