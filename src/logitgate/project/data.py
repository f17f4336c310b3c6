"""What a project declares about its table: where the rows are, and what its columns are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, field_validator, model_validator

from ..decision.levels import text_of
from .fields import Duration, Name, Names, Section
from .syntax import moments
from .syntax.column_types import ColumnType
from .syntax.row_filter import RowFilter

_SECRET = re.compile(r"password|secret|token|credential|access\.?key", re.IGNORECASE)


def _level(value: object) -> object:
    if text_of(value) is None:
        raise ValueError("must be a text, a truth value or a whole number")
    return value


def _mark(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in "\r\n\0+-":
        raise ValueError("must be one ASCII character that is no letter, digit, sign or line end")
    return text


Mark: TypeAlias = Annotated[str, AfterValidator(_mark)]
"""A character that parts cells or digits."""

Level: TypeAlias = Annotated[str | bool | int | float, AfterValidator(_level)]
"""A value of the outcome, as the project file writes it."""


class RowsConfig(Section):
    """Where the rows are and how their cells are read."""

    engine: Literal["memory", "spark"] = "memory"
    """What reads the rows: this process, or Apache Spark (`docs/how-to/spark.md`)."""
    path: Path | None = None
    """File (.csv, .csv.gz, .parquet), folder of Parquet files or glob; relative to the project file."""
    query: str | None = None
    """SQL that returns the rows, instead of `path`."""
    table: Name | None = None
    """Table or view of Spark's catalogue, such as `sales.flights`, instead of `path`."""
    url_env: str | None = None
    """Environment variable with the SQLAlchemy URL for `query`; the URL itself never stands in a file."""
    spark: dict[Name, str] = {}
    """Settings of the Spark session that is started, such as `"spark.master" = "local[4]"`; no secrets."""
    evaluate_at_most: Annotated[int, Field(ge=1_000)] = 50_000_000
    """Rows that come home from Spark; of more rows, those whose ids have the lowest hashes."""
    in_memory: Annotated[int, Field(ge=1_000)] | None = None
    """Rows that a training holds in memory; of more, those of the lowest hashes. Default: as many as fit."""
    where: str | None = None
    """Condition over columns; the project is about the rows that match, such as `"age >= 18"`."""
    encoding: str = "utf-8"
    """Encoding of a CSV file."""
    separator: Mark = ","
    """Character between the cells of a CSV file, such as `;` or a tab (`"\\t"`)."""
    quote: Mark | Literal[""] = '"'
    """Character around cells of a CSV file that hold a separator or a line end; `""`: there is none."""
    header_row: Annotated[int, Field(ge=1)] = 1
    """Line of a CSV file where its columns are named; lines above it (a title, a note) are skipped."""
    unnamed: Name | None = None
    """Name for the one column of a CSV file that has none, as the index that pandas writes."""
    decimal: Mark = "."
    """Character between the whole and the fraction of a number that is stored as text."""
    thousands: Mark | Literal[""] = ""
    """Character between the thousands of a number that is stored as text, such as `,` or `.` or a blank."""
    formats: dict[Name, Name] = {}
    """How dates and times are written, by column: `"%d/%m/%Y"`, `"epoch seconds"`, `"epoch milliseconds"`."""
    types: dict[Name, ColumnType] = {}
    """Type where a column's role does not say it (features: number or text; time: datetime; others: text)."""
    missing: dict[Name, Names] = {}
    """Cell texts that mean "missing", by column; an empty cell always does."""
    missing_everywhere: Names = ()
    """Cell texts that mean "missing" in each column that the project names, such as `["NA", "?", "null"]`."""
    unit: Name = "row"
    """What a row is, for sentences about money: `"flight"` gives "5.30 USD a flight"."""
    explained: Annotated[int, Field(ge=0, le=8)] = 4
    """Judged rows near the threshold that a report works through, values rounded, without ids; 0: none."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.engine == "spark":
            return self._of_spark()
        if self.table is not None or self.spark:
            raise ValueError("table and spark are for engine = 'spark'; set it, or drop them")
        if (self.path is None) == (self.query is None):
            raise ValueError("give either path or query")
        if (self.query is None) != (self.url_env is None):
            raise ValueError("query and url_env go together")
        return self

    def _of_spark(self) -> Self:
        if sum(one is not None for one in (self.path, self.query, self.table)) != 1:
            raise ValueError("give one of table, query and path")
        if self.url_env is not None:
            raise ValueError("engine = 'spark' runs the query itself; drop url_env")
        if self.in_memory is not None:
            raise ValueError("engine = 'spark' reads evaluate_at_most in place of in_memory")
        secret = [name for name in self.spark if _SECRET.search(name)]
        if secret:
            raise ValueError(f"spark.'{secret[0]}' holds a secret; set it in Spark's own spark-defaults.conf")
        return self

    @property
    def place(self) -> str:
        """Where the rows are, for people: a file's name, a table, or by what a query is answered."""
        if self.path is not None:
            return self.path.name
        return self.table or ("query by Spark" if self.url_env is None else f"query by {self.url_env}")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for one, other in (("separator", "quote"), ("decimal", "thousands")):
            if getattr(self, one) == getattr(self, other):
                raise ValueError(f"{one} and {other} are the same character; no cell could be read")
        for column, form in self.formats.items():
            wrong = moments.problem(form)
            if wrong is not None:
                raise ValueError(f"formats.{column}: {wrong}")
            if self.types.get(column, ColumnType.DATETIME) not in (ColumnType.DATE, ColumnType.DATETIME):
                raise ValueError(f"formats.{column}: the column is declared as {self.types[column]}")
        return self

    @field_validator("where")
    @classmethod
    def _is_a_condition(cls, where: str | None) -> str | None:
        if where is not None:
            RowFilter.parse(where)
        return where

    @property
    def filter_types(self) -> Mapping[str, ColumnType]:
        """Columns that `where` reads, and how."""
        return {} if self.where is None else RowFilter.parse(self.where).types

    def missing_in(self, column: str) -> Names:
        """Return the cell texts that mean "missing" in a column."""
        return (*self.missing.get(column, ()), *self.missing_everywhere)


ROW_ID = "row_id"
"""Column that names the rows of a table without ids."""


class Columns(Section):
    """What the columns that are no features are for."""

    id: Name | None = None
    """Names each row; unique. Without it rows are named by what they hold, in the column `row_id`."""
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

    @property
    def row_id(self) -> str:
        """The column that names each row: the declared one, or the one that is made."""
        return self.id or ROW_ID


class OutcomeConfig(Section):
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


class FeaturesConfig(Section):
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
