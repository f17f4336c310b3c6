"""Cells as a project declares them: a table, and a digest of what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from ..decision.costs import BoolArray
from ..errors import DataError, ProjectError
from ..project.data import ROW_ID, RowsConfig
from ..project.project import Project
from ..project.syntax.column_types import ColumnType
from ..project.syntax.row_filter import RowFilter
from .readers.casts import Column, Written, canonical, cast, is_text
from .readers.cells import Cells, cells_of, digest_of, native
from .readers.files.csv_lines import Dialect
from .readers.headers import likely, other_separator, shown
from .readers.source import Source
from .row_ids import RowNames

if TYPE_CHECKING:
    from .contract.results import RowResults


class WholeRows(Protocol):
    """All rows of a table of which a sample is in memory: in Spark, or on disk."""

    @property
    def rows(self) -> int:
        """How many there are."""

    @property
    def limited_by(self) -> str:
        """The key of the project that says how many may be in memory."""

    @property
    def by_row(self) -> RowResults | None:
        """What became of rules by row over all rows; None where it is found out during the fit."""


@dataclass(frozen=True)
class Table:
    """The rows that a project works on.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (rows, columns)
        Numbers are float64, integers Int64, truth values boolean, dates and times datetime64[us, UTC],
        text is category, except for the id and for undeclared columns, which are str.
    digest : str
        sha256 in hexadecimal of names, types and cells, whatever the kind and compression of the file.
        Undeclared columns are text in CSV and typed elsewhere, so they make a difference; those
        that hold lists or structures are left alone.
    rows : int
        Number of rows.
    absent : tuple of str
        Declared columns that the table does not have.
    left_out : int
        Rows that `rows.where` does not match; they count for the digest alone.
    unchecked : int
        Parquet files without page checksums, in which damage may read as other cells.
    whole : WholeRows, optional
        All rows, of which these are a sample by the hash of their ids; None where these are all.
    """

    frame: pd.DataFrame
    digest: str
    rows: int
    absent: tuple[str, ...] = ()
    left_out: int = 0
    unchecked: int = 0
    whole: WholeRows | None = None


def dialect_of(rows: RowsConfig) -> Dialect:
    """Return how the cells of the project's CSV files are parted."""
    return Dialect(rows.separator, rows.quote, rows.header_row - 1, rows.unnamed)


def texts_of(project: Project) -> set[str]:
    """Return the columns that are declared as text."""
    return {name for name, declared in project.declared_types.items() if declared is ColumnType.TEXT}


def column_of(source: Source, name: str, rows: RowsConfig, *, is_level: bool = False) -> Column:
    """Return a column of a source, with what the project says of how its cells are written."""
    written = Written(rows.decimal, rows.thousands, rows.formats.get(name))
    return Column(source, name, rows.missing_in(name), is_level, written)


def typed(source: Source, project: Project, names: RowNames | None = None) -> Table:
    """Read the cells of a source as the project declares them, and keep the rows that `rows.where` matches.

    Rows without ids are named; a table that comes in batches is named by one `RowNames`.

    Raises
    ------
    DataError
        Naming line or row, and column, of what is not as declared.
    ProjectError
        When slices name columns that the source does not have.
    """
    table = every_row(source, project)
    frame = table.frame
    if project.columns.id is None:
        frame = frame.assign(**{ROW_ID: (names or RowNames()).name(frame, project.names_of_rows)})
    if project.rows.where is not None:
        frame = frame[matching(replace(table, frame=frame), project)].reset_index(drop=True)
    return replace(table, frame=frame, rows=len(frame), left_out=table.rows - len(frame))


def matching(table: Table, project: Project) -> BoolArray:
    """Return which rows `rows.where` matches, shape (n,); all where it reads columns that are absent."""
    where = project.rows.where
    if where is None or set(project.rows.filter_types) & set(table.absent):
        return np.ones(table.rows, dtype=bool)
    return np.asarray(RowFilter.parse(where).matches(table.frame), dtype=bool)


def column_in(source: Source, name: str, project: Project) -> pd.Series[Any]:
    """Read one column of a source's n rows as the project declares it, shape (n,).

    Raises
    ------
    DataError
        Naming line or row of what is not as declared.
    """
    return _cells(_asked(source, project), name).values


def every_row(source: Source, project: Project) -> Table:
    """Read the cells of a source as the project declares them; rows without ids stay without.

    Raises
    ------
    DataError, ProjectError
        As `typed`.
    """
    asked = _asked(source, project)
    found = [field.name for field in source.cells.schema if not _is_left_alone(asked, field)]
    if project.columns.id is None and ROW_ID in found:
        rule = f"is not declared, and the table has a column '{ROW_ID}'"
        raise ProjectError("columns.id", rule, f"set columns.id = '{ROW_ID}', or rename the column")
    _refuse_another_separator(source, project)
    _refuse_absent_slices(source, project)
    columns = {name: _cells(asked, name) for name in found}
    made = {ROW_ID} if project.columns.id is None else set()
    absent = tuple(name for name in asked.declared if name not in columns and name not in made)
    frame = pd.DataFrame({name: cells.values for name, cells in columns.items()}, copy=False)
    return Table(frame, digest_of(columns), len(frame), absent)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is read from where, gathered once: a table may have tens of thousands of columns."""

    source: Source
    project: Project
    declared: Mapping[str, ColumnType]
    categories: frozenset[str]


def _asked(source: Source, project: Project) -> _Asked:
    return _Asked(source, project, project.declared_types, frozenset(project.features.categorical))


def _is_left_alone(asked: _Asked, stored: pa.Field) -> bool:
    """Return whether a column holds more than one value in a cell, which no declared type reads."""
    if not pa.types.is_nested(stored.type):
        return False
    if stored.name in asked.declared:
        rule = f"is stored as {_shape(stored.type)}, but read as {asked.declared[stored.name]}"
        remedy = "write its parts as columns of their own"
        raise DataError(f"{asked.source.name}, column '{stored.name}'", rule, remedy)
    return True


def _shape(stored: pa.DataType) -> str:
    """Return the kind of a nested type; the names of its fields may come from cells."""
    return str(stored).partition("<")[0]


def _cells(asked: _Asked, name: str) -> Cells:
    source, project, declared = asked.source, asked.project, asked.declared.get(name)
    is_level = declared is not None and name != project.columns.row_id
    column = column_of(source, name, project.rows, is_level=is_level)
    array = native(column) if declared is None else cast(column, declared)
    if name in asked.categories and declared not in (ColumnType.TEXT, ColumnType.UUID):
        # A category is its canonical text, whatever type its cells are read by.
        array = canonical(array)
    if not is_level and pa.types.is_dictionary(array.type):
        # How a file stores an id, or what is undeclared, is no part of what it says.
        array = array.dictionary_decode()
    if declared is ColumnType.TEXT and is_text(array.type):
        array = array.cast(pa.large_string())
    return cells_of(array, levels=declared is not None and name != project.columns.row_id)


def _refuse_another_separator(source: Source, project: Project) -> None:
    """Refuse a header that is one cell because another character parts it."""
    header = source.cells.column_names
    mark = other_separator(header)
    if mark is not None and header[0] not in project.declared_types:
        rule = f"its header is one column, which '{shown(mark)}' parts into {header[0].count(mark) + 1}"
        raise DataError(source.name, rule, f'set rows.separator = "{shown(mark)}"')


def _refuse_absent_slices(source: Source, project: Project) -> None:
    """Refuse slices of columns that are not there, unless more than the slices is missing."""
    found = set(source.cells.column_names)
    needed = {project.outcome.column, *project.features.all}
    if needed - found:
        return
    keys = dict.fromkeys(project.slices.columns, "slices.columns")
    keys |= {name: f"slices.bins.{name}" for name in project.slices.bins}
    for name, key in keys.items():
        if name not in found:
            rule = f"column '{name}' is not in {source.name}"
            remedy = likely(name, source.cells.column_names) or "correct the name, or drop the slice"
            raise ProjectError(key, rule, remedy)
