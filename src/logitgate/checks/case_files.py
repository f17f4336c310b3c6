"""Case files in: curated rows as CSV, read as strictly as the rows of the project."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from ..data.columns import columns_of
from ..data.readers.casts import Column, cast
from ..data.readers.cells import cells_of
from ..data.readers.files.csv import read_csv
from ..data.readers.headers import likely
from ..data.readers.source import Source
from ..errors import DataError, LogitgateError, ProjectError
from ..project.project import Project
from ..project.syntax.column_types import ColumnType
from .cases import Cases, Expectation

OWN = ("case", "expect", "because")
_FORMS = "write flag, pass, p <= 0.2 or p >= 0.7"


def read_cases(project: Project) -> Cases | None:
    """Read the cases that the project declares, or None when it declares no file.

    Raises
    ------
    ProjectError
        Naming the file, and the line and column where there is one: a file that cannot be read or
        has no rows, a column that is missing or unknown, an unknown expectation, a case that stands
        twice, a cell that is not of its declared type.
    """
    path = project.behaviour.cases
    if path is None:
        return None
    try:
        return _cases(read_csv(path, "utf-8", ()), project)
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
        raise ProjectError(str(path), rule, "give behaviour.cases the path of a case file") from error
    except DataError as error:
        raise ProjectError(error.subject, error.rule, error.remedy) from error


def _cases(source: Source, project: Project) -> Cases:
    _refuse_other_columns(source, project)
    ids, because = _filled(source, "case"), _filled(source, "because")
    _refuse_repeated(source, ids)
    expected = [_expectation(source, row, text) for row, text in enumerate(_filled(source, "expect"))]
    if not ids:
        raise ProjectError(source.name, "has no cases", "write a row for each, or drop behaviour.cases")
    columns = {name: _typed(source, name, project) for name in project.needed_to_decide}
    return Cases(ids, expected, because, pd.DataFrame(columns))


def _refuse_other_columns(source: Source, project: Project) -> None:
    found, wanted = source.cells.column_names, [*OWN, *project.needed_to_decide]
    absent = [name for name in wanted if name not in found]
    _refuse_unknown_features(absent, project)
    if absent:
        rule = f"lacks the column{'s' * (len(absent) > 1)} {', '.join(absent)}"
        remedy = "add every feature and what the costs read; an empty cell is a missing one"
        raise ProjectError(f"{source.name} line 1", rule, remedy)
    surplus = [name for name in found if name not in wanted]
    if surplus:
        rule = f"has {', '.join(surplus)}, which no case needs"
        raise ProjectError(f"{source.name} line 1", rule, "correct the name, or leave the column out")


def _refuse_unknown_features(absent: list[str], project: Project) -> None:
    """Refuse the project, and not its case file, for a column that its table does not have either."""
    needed = [name for name in absent if name not in OWN]
    try:
        known = columns_of(project.rows) if needed else None
    except LogitgateError:
        return  # the table's own reading will say so
    if known is None:
        return
    for name in needed:
        if name not in known:
            rule = f"column '{name}' is not in the table of the rows"
            raise ProjectError(key_of(project, name), rule, likely(name, known) or "correct the name")


def key_of(project: Project, column: str) -> str:
    """Return the key of the project file that names a column first."""
    roles = project.columns
    named: dict[str, tuple[str | None, ...]] = {
        "outcome.column": (project.outcome.column,),
        "features.numeric": project.features.numeric,
        "features.categorical": project.features.categorical,
        "columns.id": (roles.id,),
        "columns.time": (roles.time,),
        "columns.entity": (roles.entity,),
        "columns.cluster": (roles.cluster,),
        "columns.outcome_time": (roles.outcome_time,),
        "columns.feature_times": roles.feature_times,
        "slices.columns": project.slices.columns,
        "slices.bins": tuple(project.slices.bins),
        "costs": tuple(project.costs.matrix.columns),
        "rows.where": tuple(project.rows.filter_types),
    }
    return next((key for key, names in named.items() if column in names), "rows.types")


def _filled(source: Source, name: str) -> list[str]:
    texts = [(text or "").strip() for text in source.cells.column(name).to_pylist()]
    for row, text in enumerate(texts):
        if not text:
            raise ProjectError(f"{source.place(row)}, column '{name}'", "is empty", "fill it for each case")
    return texts


def _refuse_repeated(source: Source, ids: list[str]) -> None:
    times = Counter(ids)
    for row, name in enumerate(ids):
        if times[name] > 1 and name in ids[:row]:
            raise ProjectError(
                source.place(row), f"case '{name}' stands {times[name]} times", "give each case its own name"
            )


def _expectation(source: Source, row: int, text: str) -> Expectation:
    try:
        return Expectation.parse(text)
    except ValueError:
        place = f"{source.place(row)}, column 'expect'"
        raise ProjectError(place, f"'{text}' is no expectation", _FORMS) from None


def _typed(source: Source, name: str, project: Project) -> pd.Series:
    declared = project.declared_types.get(name, ColumnType.TEXT)
    array = cast(Column(source, name, project.rows.missing_in(name)), declared)
    return cells_of(array, levels=True).values
