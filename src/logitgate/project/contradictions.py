"""What the sections of a project contradict in each other, each with the key that is to be corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .fields import quoted
from .syntax.column_types import ColumnType

if TYPE_CHECKING:
    from .project import Project


class Contradiction(NamedTuple):
    """A key, what it contradicts with the remedy, and the name that it is about, where there is one."""

    key: str
    text: str
    name: str = ""


class ContradictionError(ValueError):
    """All contradictions of a project at once."""

    def __init__(self, found: tuple[Contradiction, ...]) -> None:
        super().__init__("; ".join(one.text for one in found))
        self.found = found


def contradictions(project: Project) -> Iterator[Contradiction]:
    """Yield every contradiction of a project whose sections are sound."""
    yield from _roles(project)
    yield from _unknown_features(project)
    yield from _split(project)
    yield from _known_too_late(project)
    yield from _costs(project)
    yield from _times(project)
    yield from _scoring(project)
    has_time = project.columns.time is not None
    for text in project.monitoring.problems(project.features.all, has_time=has_time):
        yield Contradiction("monitoring", text)
    for text in project.behaviour.problems(project.features.numeric, project.features.categorical):
        yield Contradiction("behaviour", text)
    own = {"case", "expect", "because"} & set(project.needed_to_decide)
    if project.behaviour.cases and own:
        text = f"a case file has its own {quoted(own)}; rename that column of the rows"
        yield Contradiction("behaviour.cases", text)


def _roles(project: Project) -> Iterator[Contradiction]:
    roles = project.columns
    listed = [(roles.row_id, "columns.id"), (project.outcome.column, "outcome.column")]
    listed += [(name, "features.numeric") for name in project.features.numeric]
    listed += [(name, "features.categorical") for name in project.features.categorical]
    listed += [(roles.time, "columns.time")] if roles.time else []
    keys = dict(listed)
    for name, times in Counter(name for name, _ in listed).items():
        if times > 1:
            text = f"column '{name}' stands {times} times among id, time, outcome and features; keep one"
            yield Contradiction(keys[name], text, name)


def _unknown_features(project: Project) -> Iterator[Contradiction]:
    features, gates = project.features, project.gates
    every = {*features.all, project.outcome.column}
    for name, pair in project.search.interactions.items():
        key = f"search.interactions.{name}"
        yield from _unknown(key, pair, features.all, "no feature; declare it or drop it")
    numeric = "no numeric feature; declare it or drop it"
    yield from _unknown("gates.signs", gates.signs, features.numeric, numeric)
    trusted = gates.leakage.trusted
    yield from _unknown("gates.leakage.trusted", trusted, features.all, "no feature; declare it or drop it")
    yield from _unknown(
        "gates.shifts.trusted", gates.shifts.trusted, every, "no feature nor the outcome; drop it"
    )


def _unknown(key: str, named: Iterable[str], known: Iterable[str], rule: str) -> Iterator[Contradiction]:
    unknown = set(named) - set(known)
    if unknown:
        yield Contradiction(key, f"{key} names {quoted(unknown)}, {rule}", min(unknown))


def _split(project: Project) -> Iterator[Contradiction]:
    time, entity = project.columns.time, project.columns.entity
    if project.split_by == "time" and time is None:
        text = "the split is by time but columns.time is not declared; declare it or set split.by"
        yield Contradiction("split.by", text)
    if project.split_by == "entity" and entity is None:
        text = "split.by is 'entity' but columns.entity is not declared; declare it"
        yield Contradiction("split.by", text)
    if time is None and (project.split.window or project.outcome.matures_after):
        text = "split.window and outcome.matures_after need columns.time; declare it or drop them"
        key = "split.window" if project.split.window else "outcome.matures_after"
        yield Contradiction(key, text)


def _known_too_late(project: Project) -> Iterator[Contradiction]:
    roles, outcome, read = project.columns, project.outcome.column, project.costs.matrix.columns
    late = set(project.rows.filter_types) & {outcome, *roles.known_after_outcome, roles.outcome_time}
    if late:
        text = f"rows.where reads {quoted(late)}, not known yet when the decision is due; drop it"
        yield Contradiction("rows.where", text)
    late = set(roles.known_after_outcome) & read
    if late:
        text = f"costs read {quoted(late)}, known only after the outcome; they are needed before it"
        yield Contradiction("costs", text)
    if outcome in project.slices.all or outcome in read:
        text = f"the outcome '{outcome}' cannot cut slices or enter costs: it is not known yet"
        yield Contradiction("costs" if outcome in read else "slices", text)


def _costs(project: Project) -> Iterator[Contradiction]:
    no_numbers = (ColumnType.TEXT, ColumnType.DATE, ColumnType.DATETIME)
    for name in sorted(project.costs.matrix.columns - {project.outcome.column}):
        declared = project.declared_types[name]
        if name in project.features.categorical:
            text = f"costs read '{name}', a category, and are over numbers; make it a numeric feature"
            yield Contradiction("costs", text, name)
        elif declared in no_numbers:
            text = (
                f"costs read '{name}', a {declared} column, and are over numbers; drop it, or declare it "
                "a number under rows.types"
            )
            yield Contradiction("costs", text, name)


def _times(project: Project) -> Iterator[Contradiction]:
    roles = project.columns
    times = {*roles.feature_times, *([roles.outcome_time] if roles.outcome_time else [])}
    if times and roles.time is None:
        text = "columns.feature_times and columns.outcome_time need columns.time; declare it or drop them"
        yield Contradiction("columns.feature_times" if roles.feature_times else "columns.outcome_time", text)
    both = times & {roles.row_id, roles.time, project.outcome.column, *project.features.all}
    if both:
        text = f"{quoted(both)} cannot be a feature's or the outcome's time beside another role; keep one"
        yield Contradiction("columns", text)


def _scoring(project: Project) -> Iterator[Contradiction]:
    asked, is_spark = project.scoring, project.rows.engine == "spark"
    if is_spark and asked.url_env is not None:
        text = "scoring.query is answered by Spark, as rows.engine says; drop scoring.url_env"
        yield Contradiction("scoring.url_env", text)
    if not is_spark and (asked.query is None) != (asked.url_env is None):
        yield Contradiction("scoring", "scoring: query and url_env go together")
