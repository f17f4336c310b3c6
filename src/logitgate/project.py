"""The project: everything a model's file declares, as frozen values.

Each field's description is also what `logitgate schema` and `docs/project-file.md` say about it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from .costs import ENTRIES, CostMatrix
from .errors import ProjectError
from .expected import Behaviour
from .monitoring import Monitoring
from .reactions import Reactions
from .schedule import Schedule
from .section import SECTION, Duration, Name, Names, Share
from .slice_names import can_exist


class ColumnType(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


Golden: TypeAlias = Literal["rows", "synthetic"]
Fraction: TypeAlias = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    model_config = SECTION


class Rows(_Section):
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


class Columns(_Section):
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


class Outcome(_Section):
    """What is predicted."""

    column: Name
    """Column of the outcome; rows where it is missing are counted and left out of learning."""
    event: str | bool | int
    """Value of the outcome that is the event (y = 1)."""
    matures_after: Duration = timedelta(0)
    """How long after the row's time its outcome can be trusted."""


class Features(_Section):
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


class Form(_Section):
    """One form of the design matrix: a basis for the numbers and the interactions added to it."""

    basis: Literal["linear", "spline", "polynomial"]
    interactions: Names = ()

    def __str__(self) -> str:
        """Return the form as the project file writes it."""
        return " + ".join((self.basis, *self.interactions))


def _form(value: object) -> object:
    if not isinstance(value, str):
        return value
    basis, *interactions = (part.strip() for part in value.split("+"))
    return {"basis": basis, "interactions": tuple(interactions)}


class Search(_Section):
    """Which models the search may try."""

    forms: Annotated[
        tuple[Annotated[Form, BeforeValidator(_form), WithJsonSchema({"type": "string"})], ...],
        Field(min_length=1),
    ] = (Form(basis="linear"), Form(basis="spline"))
    """Forms from simple to complex: 'linear', 'spline' or 'polynomial', named interactions added by '+'."""
    interactions: dict[Name, Annotated[Names, Field(min_length=2, max_length=2)]] = {}
    """Named interactions: two features each."""
    C: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (0.01, 0.1, 1.0, 10.0)
    """Inverse strengths of the penalty that are tried."""
    folds: Annotated[int, Field(ge=2, le=20)] = 4
    """Folds of the cross-validation: each is judged by a model of the rows before it."""
    knots: Annotated[int, Field(ge=3, le=20)] = 5
    """Knots of a spline, at quantiles."""
    rare_level_rows: Annotated[int, Field(ge=1)] = 50
    """Levels of a category with fewer training rows are pooled."""
    most_levels: Annotated[int, Field(ge=2)] = 2_000
    """A category with more levels is refused: it is an id, not a feature."""

    @model_validator(mode="after")
    def _known_interactions(self) -> Self:
        for form in self.forms:
            unknown = set(form.interactions) - set(self.interactions)
            if unknown:
                raise ValueError(
                    f"form '{form}' names the interaction {_list(unknown)}; declare it under interactions"
                )
        return self


class Split(_Section):
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


class Costs(_Section):
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


class Slices(_Section):
    """Parts of the rows that are judged on their own."""

    columns: Names = ()
    """Columns whose every level is a slice."""
    bins: dict[Name, Annotated[tuple[float, ...], Field(min_length=1)]] = {}
    """Inner edges that cut a numeric column into slices."""
    crossings: tuple[Annotated[Names, Field(min_length=2, max_length=2)], ...] = ()
    """Pairs of slice columns that are crossed."""
    minimum_rows: Annotated[int, Field(ge=1)] = 200
    """Fewer test rows are INSUFFICIENT."""
    minimum_events: Annotated[int, Field(ge=1)] = 20
    """Fewer events, or fewer non-events, are INSUFFICIENT."""
    critical: dict[Name, Annotated[float, Field(ge=0)]] = {}
    """Slices that must prove to be unharmed, each with its margin: a share of the reference's mean cost."""

    @model_validator(mode="after")
    def _known_crossings(self) -> Self:
        unknown = {name for pair in self.crossings for name in pair} - set(self.all)
        if unknown:
            raise ValueError(f"crossings name {_list(unknown)}; declare it under columns or bins first")
        unsorted = [name for name, edges in self.bins.items() if list(edges) != sorted(set(edges))]
        if unsorted:
            raise ValueError(f"bins of {_list(unsorted)} must rise")
        return self

    @model_validator(mode="after")
    def _possible_critical_slices(self) -> Self:
        sources = [(name,) for name in self.all] + [tuple(pair) for pair in self.crossings]
        never = {
            name
            for name in self.critical
            if not any(can_exist(name, source, self.bins) for source in sources)
        }
        if never:
            raise ValueError(
                f"critical names {_list(never)}, which no declared slice can be called; declare its column "
                "under columns, bins or crossings, and write it as the report does, like 'carrier = UA'"
            )
        return self

    @property
    def all(self) -> Names:
        """Columns that are sliced."""
        return self.columns + tuple(self.bins)


class CalibrationGate(_Section):
    """Margins that the 95 % intervals must lie in."""

    in_the_large: Annotated[float, Field(gt=0)] = 0.2
    """Largest calibration-in-the-large, in log-odds, either way."""
    slope: tuple[float, float] = (0.8, 1.25)
    """Smallest and largest calibration slope."""

    @model_validator(mode="after")
    def _around_one(self) -> Self:
        if not self.slope[0] < 1 < self.slope[1]:
            raise ValueError("slope must be two margins with 1 between them")
        return self


class LeakageGate(_Section):
    """What counts as knowing the outcome beforehand."""

    single_feature_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.75
    """A single feature that separates the outcome this well is refused unless trusted."""
    gap: Annotated[float, Field(gt=0, le=0.5)] = 0.15
    """So is one that is this far above the next feature."""
    duplicate_share: Share = 0.01
    """Largest share of test rows whose features also stand in another part."""
    near_duplicate_share: Share = 0.05
    """Largest share of further test rows that nearly equal a row of another part."""
    contradictory_share: Share = 0.1
    """Largest share of rows that share all features with a row of the other outcome."""
    trusted: dict[Name, Annotated[str, Field(min_length=10)]] = {}
    """Features that may separate the outcome well, each with the reason why this is no leak."""


Sign: TypeAlias = Literal["positive", "negative"]


class ShiftGate(_Section):
    """What counts as a break in time."""

    trusted: dict[Name, Annotated[str, Field(min_length=10)]] = {}
    """Features, or the outcome, that may break from one day to the next, each with the reason."""


class ShadowGate(_Section):
    """What a challenger must show beside the champion before it takes its place."""

    demanded: bool = False
    """Whether a new version must run in the shadow of the champion before it is promoted."""
    margin: Annotated[float, Field(ge=0)] = 0.0
    """What it may cost per row beyond the champion, in the unit of the costs; 0 asks for a proven gain."""
    units: Annotated[int, Field(ge=20)] = 30
    """Clusters (such as days) with mature outcomes that it must have run for."""


class Gates(_Section):
    """What stops a promotion."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """One-sided error rate of each proof."""
    minimum_gain: Annotated[float, Field(ge=0)] = 0.0
    """What a challenger must save per row over the champion, in the unit of the costs."""
    discordant_events: Annotated[float, Field(ge=0)] = 100.0
    """Effective number of events that champion and challenger must decide differently."""
    suspicious_gain: Annotated[float, Field(gt=0)] = 0.5
    """Share of the champion's cost; a challenger that saves more stops, as a leak is likelier."""
    linear_margin: Share = 0.0
    """Share of the plain linear model's cost by which a more complex one may be worse; 0 asks for a gain."""
    slice_margin: Annotated[float, Field(ge=0)] = 0.1
    """Harm to a slice, as a share of the reference's mean cost, that must be proven to stop."""
    signs: dict[Name, Sign] = {}
    """Numeric features that must raise ('positive') or lower ('negative') the probability, all else equal."""
    calibration: CalibrationGate = CalibrationGate()
    leakage: LeakageGate = LeakageGate()
    shifts: ShiftGate = ShiftGate()
    shadow: ShadowGate = ShadowGate()


class Contract(_Section):
    """What the table promises."""

    suite: Path
    """Great Expectations suite as JSON; relative to the project file."""
    quarantine: Path | None = None
    """Folder for rows that break a row-level rule; without it such a breach stops the run."""
    most_quarantined: Share = 0.01
    """Share of the rows that may go there; more stop the run."""


class Scoring(_Section):
    """Which rows are scored when no file is given, and what is expected of them."""

    query: str | None = None
    """SQL that returns the rows to score; without it `logitgate score` needs `--table`."""
    url_env: str | None = None
    """Environment variable with the SQLAlchemy URL for `query`; the URL itself never stands in a file."""
    may_be_empty: bool = False
    """Whether a table without rows is a quiet night (a file without rows is written) and no broken export."""

    @model_validator(mode="after")
    def _whole_source(self) -> Self:
        if (self.query is None) != (self.url_env is None):
            raise ValueError("query and url_env go together")
        return self


class Project(_Section):
    """One model: its rows, what it predicts, what errors cost, and what it must prove."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    """Name of the registered model and of its experiment."""
    purpose: str = ""
    """What the decision is for, in a sentence."""
    golden: Golden = "rows"
    """What proves a version's answers before it is promoted: test rows kept with it, or made-up ones."""
    rows: Rows
    columns: Columns
    outcome: Outcome
    features: Features
    search: Search = Search()
    split: Split = Split()
    costs: Costs
    slices: Slices = Slices()
    gates: Gates = Gates()
    behaviour: Behaviour = Behaviour()
    contract: Contract
    scoring: Scoring = Scoring()
    reactions: Reactions = Reactions()
    monitoring: Monitoring = Monitoring()
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self

    def _contradictions(self) -> Iterator[str]:
        roles = [self.columns.id, self.outcome.column, *self.features.all]
        roles += [name for name in (self.columns.time,) if name]
        for name, times in Counter(roles).items():
            if times > 1:
                yield f"column '{name}' stands {times} times among id, time, outcome and features; keep one"
        for name, pair in self.search.interactions.items():
            strange = set(pair) - set(self.features.all)
            if strange:
                yield f"search.interactions.{name} names {_list(strange)}, no feature; declare it or drop it"
        if self.split_by == "time" and self.columns.time is None:
            yield "the split is by time but columns.time is not declared; declare it or set split.by"
        if self.split_by == "entity" and self.columns.entity is None:
            yield "split.by is 'entity' but columns.entity is not declared; declare it"
        if self.columns.time is None and (self.split.window or self.outcome.matures_after):
            yield "split.window and outcome.matures_after need columns.time; declare it or drop them"
        late = set(self.columns.known_after_outcome) & self.costs.matrix.columns
        if late:
            yield f"costs read {_list(late)}, known only after the outcome; a decision needs its costs before"
        yield from self._strange_times()
        yield from self._strange_trust()
        yield from self.monitoring.problems(self.features.all, has_time=self.columns.time is not None)
        strange = set(self.gates.signs) - set(self.features.numeric)
        if strange:
            yield f"gates.signs names {_list(strange)}, no numeric feature; declare it or drop it"
        yield from self.behaviour.problems(self.features.numeric, self.features.categorical)
        own = {"case", "expect", "because"} & set(self.needed_to_decide)
        if self.behaviour.cases and own:
            yield f"a case file has its own {_list(own)}; rename that column of the rows"
        if self.outcome.column in self.slices.all or self.outcome.column in self.costs.matrix.columns:
            yield f"the outcome '{self.outcome.column}' cannot cut slices or enter costs: it is not known yet"

    def _strange_times(self) -> Iterator[str]:
        roles = self.columns
        times = {*roles.feature_times, *([roles.outcome_time] if roles.outcome_time else [])}
        if times and roles.time is None:
            yield "columns.feature_times and columns.outcome_time need columns.time; declare it or drop them"
        both = times & {roles.id, roles.time, self.outcome.column, *self.features.all}
        if both:
            yield f"{_list(both)} cannot be a feature's or the outcome's time beside another role; keep one"

    def _strange_trust(self) -> Iterator[str]:
        strange = set(self.gates.leakage.trusted) - set(self.features.all)
        if strange:
            yield f"gates.leakage.trusted names {_list(strange)}, no feature; declare it or drop it"
        strange = set(self.gates.shifts.trusted) - {*self.features.all, self.outcome.column}
        if strange:
            yield f"gates.shifts.trusted names {_list(strange)}, no feature nor the outcome; drop it"

    @property
    def split_by(self) -> Literal["time", "entity", "random"]:
        """How the rows are parted."""
        if self.split.by is not None:
            return self.split.by
        return "time" if self.columns.time else "entity" if self.columns.entity else "random"

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
        named |= {name: ColumnType.TEXT for name in (roles.id, roles.entity, roles.cluster) if name}
        named |= {self.outcome.column: ColumnType.TEXT}
        times = (*roles.feature_times, *(name for name in (roles.time, roles.outcome_time) if name))
        named |= dict.fromkeys(times, ColumnType.DATETIME)
        for name in (*self.slices.bins, *sorted(self.costs.matrix.columns)):
            named.setdefault(name, ColumnType.NUMBER)
        for name in self.slices.columns:
            named.setdefault(name, ColumnType.TEXT)
        return named | self.rows.types

    @property
    def needed_to_decide(self) -> Names:
        """Columns that a row must bring to be decided: the features and what the costs read."""
        extra = sorted(self.costs.matrix.columns - set(self.features.all))
        return self.features.all + tuple(extra)


def _list(names: set[str] | list[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


def parse_as_of(text: str, option: str = "--as-of") -> datetime:
    """Read a date that an option gave: a day, or a moment, in UTC unless it says otherwise.

    Raises
    ------
    ProjectError
        When it is neither.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ProjectError(option, f"'{text}' is not a date", "write it like 2013-05-01") from error
