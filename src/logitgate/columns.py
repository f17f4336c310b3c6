"""What a project declares about its table: where the rows are, and what its columns are for."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, model_validator

from .levels import text_of
from .section import Duration, Name, Names, Section


def _level(value: object) -> object:
    if text_of(value) is None:
        raise ValueError("must be a text, a truth value or a whole number")
    return value


Level: TypeAlias = Annotated[str | bool | int | float, AfterValidator(_level)]
"""A value of the outcome, as the project file writes it."""


class ColumnType(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class Rows(Section):
    """Where the rows are and how their cells are read."""

    path: Path | None = None
    """File (.csv, .csv.gz, .parquet), folder of Parquet files or glob; relative to the project file."""
    query: str | None = None
    """SQL that returns the rows, instead of `path`."""
    url_env: str | None = None
    """Environment variable with the SQLAlchemy URL for `query`; the URL itself never stands in a file."""
    encoding: str = "utf-8"
    """Encoding of a CSV file."""
    types: dict[Name, ColumnType] = {}
    """Type where a column's role does not say it (features: number or text; time: datetime; others: text)."""
    missing: dict[Name, Names] = {}
    """Cell texts that mean "missing", by column; an empty cell always does."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.query is None):
            raise ValueError("give either path or query")
        if (self.query is None) != (self.url_env is None):
            raise ValueError("query and url_env go together")
        return self


class Columns(Section):
    """What the columns that are no features are for."""

    id: Name
    """Names each row; unique."""
    time: Name | None = None
    """When the row was observed, that is when the decision is due; without it there is no time order."""
    entity: Name | None = None
    """Who the row is about (customer, aircraft): its rows stay in one part when the split is by entity."""
    cluster: Name | None = None
    """Rows that fail together (the flights of one day): intervals treat them as one. Default: the entity."""
    known_after_outcome: Names = ()
    """Columns that are only known after the outcome; refused as features."""
    feature_times: Names = ()
    """Times at which features were measured; none may lie after `time`."""
    outcome_time: Name | None = None
    """When the outcome was known: after `time`, and within `outcome.matures_after` of it."""


class Outcome(Section):
    """What is predicted."""

    column: Name
    """Column of the outcome; rows where it is missing are counted and left out of learning."""
    event: Level
    """Value of the outcome that is the event (y = 1)."""
    non_event: Level | None = None
    """Value that is no event; default: the other one of the table that a model learned from."""
    matures_after: Duration = timedelta(0)
    """How long after the row's time its outcome can be trusted."""

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.non_event is not None and text_of(self.non_event) == text_of(self.event):
            raise ValueError("event and non_event are the same")
        return self


class Features(Section):
    """What the model may look at."""

    numeric: Names = ()
    """Columns used as numbers."""
    categorical: Names = ()
    """Columns used as categories."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.numeric and not self.categorical:
            raise ValueError("no features; name columns under numeric or categorical")
        return self

    @property
    def all(self) -> Names:
        """Numeric features first, then categorical ones."""
        return self.numeric + self.categorical
