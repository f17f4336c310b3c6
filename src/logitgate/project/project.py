"""The project: everything a model's file declares, as frozen values.

Each field's description is also what `logitgate schema` and `docs/project-file.md` say about it.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from ..decision.costs import ENTRIES, CostMatrix
from ..errors import ProjectError
from .behaviour import Behaviour
from .contradictions import ContradictionError, contradictions
from .data import Columns, FeaturesConfig, OutcomeConfig, RowsConfig
from .fields import Names, Section, Share
from .gates import Gates, Slices
from .operations.monitoring import Monitoring
from .operations.reactions import Reactions
from .operations.schedule import Schedule
from .search import Search
from .split import Fit, Split
from .syntax.column_types import ColumnType

Golden: TypeAlias = Literal["rows", "synthetic"]


class Costs(Section):
    """What each outcome of a decision costs: a number, or an expression over the row's columns."""

    true_positive: float | str
    """Cost of flagging an event."""
    false_positive: float | str
    """Cost of flagging a non-event."""
    true_negative: float | str = 0.0
    """Cost of passing a non-event."""
    false_negative: float | str
    """Cost of passing an event."""
    unit: str = "cost"
    """Currency or unit of the four."""
    because: str = ""
    """Where the figures come from."""

    @field_validator(*ENTRIES, mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("true and false are not costs; give a number or an expression")
        return value

    @property
    def matrix(self) -> CostMatrix:
        """The four entries, parsed."""
        return CostMatrix.of(**{entry: getattr(self, entry) for entry in ENTRIES})


class Contract(Section):
    """What the table promises."""

    suite: Path | None = None
    """Great Expectations suite as JSON, relative to the project file; without it a check warns."""
    quarantine: Path | None = None
    """Folder for rows that break a row-level rule; without it such a breach stops the run."""
    most_quarantined: Share = 0.01
    """Share of the rows that may go there; more stop the run."""
    most_unseen: Share = 0.5
    """Share of a category's cells that may be levels the model has never met; more stop the scoring."""
    most_outside: Share = 0.5
    """Share of a number's cells that may lie outside the range of the model's rows; more stop the scoring."""
    may_be_constant: Names = ()
    """Features that may be empty or constant in a table, though the model's rows had several values."""


class Labels(Section):
    """What a table of outcomes that came in later holds (`logitgate monitor --labels`)."""

    only_events: bool = False
    """Whether it holds events alone: a row without a label is then no event once it is mature."""


class Scoring(Section):
    """Which rows are scored when no file is given, and what is expected of them."""

    query: str | None = None
    """SQL that returns the rows to score; without it `logitgate score` needs `--table`."""
    url_env: str | None = None
    """Environment variable with the SQLAlchemy URL for `query`; none with `rows.engine = "spark"`."""
    may_be_empty: bool = False
    """Whether a table without rows is a quiet night (a file without rows is written) and no broken export."""


class Project(Section):
    """One model: its rows, what it predicts, what errors cost, and what it must prove."""

    name: Annotated[str, Field(max_length=63, pattern=r"^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$")]
    """Name of the registered model and of its experiment."""
    purpose: str = ""
    """What the decision is for, in a sentence."""
    golden: Golden = "rows"
    """What proves a version's answers before it is promoted: judged rows kept with it, or made-up ones."""
    rows: RowsConfig
    columns: Columns = Columns()
    outcome: OutcomeConfig
    features: FeaturesConfig
    search: Search = Search()
    split: Split = Split()
    fit: Fit = Fit()
    costs: Costs
    slices: Slices = Slices()
    gates: Gates = Gates()
    behaviour: Behaviour = Behaviour()
    contract: Contract = Contract()
    labels: Labels = Labels()
    scoring: Scoring = Scoring()
    reactions: Reactions = Reactions()
    monitoring: Monitoring = Monitoring()
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = tuple(contradictions(self))
        if found:
            raise ContradictionError(found)
        return self

    @property
    def split_by(self) -> Literal["time", "entity", "random"]:
        """How the rows are parted."""
        if self.split.by is not None:
            return self.split.by
        return "time" if self.columns.time else "entity" if self.columns.entity else "random"

    @property
    def in_memory(self) -> Project:
        """The same project, whose tables this process reads."""
        return self.model_copy(update={"rows": self.rows.model_copy(update={"engine": "memory"})})

    @property
    def cluster(self) -> str | None:
        """Column whose rows fail together."""
        return self.columns.cluster or self.columns.entity

    @property
    def declared_types(self) -> dict[str, ColumnType]:
        """Each column that the project names, and how it is read."""
        roles = self.columns
        named = dict.fromkeys(self.features.numeric, ColumnType.NUMBER)
        named |= dict.fromkeys(self.features.categorical, ColumnType.TEXT)
        named |= {name: ColumnType.TEXT for name in (roles.row_id, roles.entity, roles.cluster) if name}
        named |= {self.outcome.column: ColumnType.TEXT}
        times = (*roles.feature_times, *(name for name in (roles.time, roles.outcome_time) if name))
        named |= dict.fromkeys(times, ColumnType.DATETIME)
        for name in (*self.slices.bins, *sorted(self.costs.matrix.columns)):
            named.setdefault(name, ColumnType.NUMBER)
        for name in self.slices.columns:
            named.setdefault(name, ColumnType.TEXT)
        for name, kind in self.rows.filter_types.items():
            named.setdefault(name, kind)
        return named | self.rows.types

    @property
    def read_as(self) -> dict[str, ColumnType]:
        """Each column that the project names, and what its cells are in the end: a category is text."""
        return self.declared_types | dict.fromkeys(self.features.categorical, ColumnType.TEXT)

    @property
    def names_of_rows(self) -> Names:
        """Columns whose cells name a row without an id: what is known of it when its decision is due."""
        roles = (self.columns.time, self.columns.entity, self.columns.cluster)
        return tuple(sorted({*self.needed_to_decide, *(name for name in roles if name)}))

    def business_key(self, what: str) -> str:
        """Return the declared column of ids, which something needs that joins tables.

        Parameters
        ----------
        what : str
            What is joined, such as "labels".

        Raises
        ------
        ProjectError
            When the project declares none.
        """
        if self.columns.id is None:
            rule = f"is not declared, and {what} are joined to their rows by it"
            raise ProjectError("columns.id", rule, "declare the column that names each row in both tables")
        return self.columns.id

    @property
    def needed_to_decide(self) -> Names:
        """Columns that a row must bring to be decided: the features and what the costs read."""
        extra = sorted(self.costs.matrix.columns - set(self.features.all))
        return self.features.all + tuple(extra)


def as_of_text(moment: datetime) -> str:
    """Write a moment in the one way that a training's key knows: a day where it is midnight in UTC.

    Examples
    --------
    >>> as_of_text(datetime(2013, 6, 1)), as_of_text(datetime(2013, 6, 1, 12, tzinfo=UTC))
    ('2013-06-01', '2013-06-01T12:00:00+00:00')
    """
    there = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return there.date().isoformat() if there.time() == time() else there.isoformat()


def parse_as_of(text: str, option: str = "--as-of") -> datetime:
    """Read the date of an option: a day, or a moment, in UTC where it has no time zone.

    Raises
    ------
    ProjectError
        When it is neither.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ProjectError(option, f"'{text}' is not a date", "write it like 2013-05-01") from error
