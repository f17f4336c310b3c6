"""Tables in: the rows of a project, typed as it declares, and a digest of what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from ..errors import DataError, ProjectError, UnavailableError
from ..project.data import ROW_ID, RowsConfig
from ..project.project import Project
from ..project.syntax.column_types import ColumnType
from ..project.syntax.row_filter import RowFilter
from .memory import refuse_too_large, refuse_too_many
from .readers.casts import Column, Written, canonical, cast, is_text
from .readers.cells import Cells, cells_of, digest_of, native
from .readers.files.csv_lines import Dialect
from .readers.files.table_parts import Part, completed, is_iceberg, parts_of
from .readers.headers import likely, other_separator, shown
from .readers.source import Source, joined
from .row_ids import RowNames
from .row_sums import RowSums

if TYPE_CHECKING:
    from .readers.spark.selection import Selection

_KINDS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet", ".pq": "parquet"}


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
    whole : Selection, optional
        All rows, in Spark, of which these are a sample by the hash of their ids; None where these are all.
    """

    frame: pd.DataFrame
    digest: str
    rows: int
    absent: tuple[str, ...] = ()
    left_out: int = 0
    unchecked: int = 0
    whole: Selection | None = None


def read_rows(project: Project, as_of: datetime | None = None) -> Table:
    """Read the rows that the project declares.

    Parameters
    ----------
    project : Project
    as_of : datetime, optional
        Spark, where it reads the rows, leaves out those that are not older, and those before the window.

    Raises
    ------
    DataError
        Naming file, line or row, and column, of what is not as declared.
    UnavailableError
        When there is no such file, database or table, or no Spark.
    ProjectError
        When slices name columns that the table does not have, or the query is refused.
    """
    rows = project.rows
    if rows.engine == "spark":
        return _of_spark(project, as_of)
    if rows.path is not None:
        return read_table(rows.path, project)
    from .readers.sql import read_query

    table = typed(read_query(str(rows.query), str(rows.url_env), texts_of(project)), project)
    pa.default_memory_pool().release_unused()
    return table


def _of_spark(project: Project, as_of: datetime | None) -> Table:
    from .readers.spark.selection import selected

    chosen = selected(project, as_of)
    remedy = "lower rows.evaluate_at_most, shorten split.window, or take a larger machine"
    refuse_too_many(chosen.frame.subject, chosen.at_home, len(chosen.frame.names), remedy)
    table = typed(chosen.home(), project)
    pa.default_memory_pool().release_unused()
    # Spark gives rows in no order, so what identifies them has none.
    digest = RowSums.of(table.frame, project.declared_types).digest
    left_out = table.left_out + chosen.left_out
    if not chosen.is_sampled:
        return replace(table, digest=digest, left_out=left_out)
    digest = hashlib.sha256(f"{digest}\0{chosen.rows}\0{chosen.sum_of_hashes()}".encode()).hexdigest()
    return replace(table, digest=digest, left_out=left_out, whole=chosen)


def read_table(path: Path, project: Project) -> Table:
    """Read a file, a folder that is a table (see `table_parts`) or a glob as the project declares its rows.

    Raises
    ------
    DataError
        Naming file, line or row, and column, of what is not as declared.
    UnavailableError
        When there is no such file, it must not be read, or a training on it would take more memory than is
        free.
    ProjectError
        When slices name columns that the table does not have, or the file is of no known kind.
    """
    try:
        if is_iceberg(path):
            from .readers.files.iceberg import read_iceberg

            return typed(read_iceberg(path), project)
        parts = parts_of(path)
        kinds = {part.path: kind_of(part.path) for part in parts}
        refuse_too_large(
            str(path), *([file for file in kinds if kinds[file] == kind] for kind in ("parquet", "csv"))
        )
        table = typed(joined([_part(part, project) for part in parts]), project)
        # What reading and casting took is given back; the pool would keep as much again as the table needs.
        pa.default_memory_pool().release_unused()
        return replace(table, unchecked=_unchecked(parts))
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "check the path and its permissions"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error


def _unchecked(parts: Iterable[Part]) -> int:
    from .readers.files.parquet import lacks_checksums

    return sum(kind_of(part.path) == "parquet" and lacks_checksums(part.path) for part in parts)


def cells_in(path: Path, rows: RowsConfig) -> Source:
    """Read the cells of a file, folder or glob as they are stored, whatever the columns are for.

    Raises
    ------
    DataError, UnavailableError, ProjectError, OSError
        As `read_table`.
    """
    if is_iceberg(path):
        from .readers.files.iceberg import read_iceberg

        return read_iceberg(path)
    return joined([_cells_of_part(part, rows, set()) for part in parts_of(path)])


def _part(part: Part, project: Project) -> Source:
    return _cells_of_part(part, project.rows, texts_of(project) - {project.columns.row_id})


def _cells_of_part(part: Part, rows: RowsConfig, levels: set[str]) -> Source:
    if kind_of(part.path) == "csv":
        from .readers.files.csv import read_csv

        return read_csv(part.path, rows.encoding, levels, dialect_of(rows))
    from .readers.files.parquet import read_parquet

    return completed(read_parquet(part.path, levels), part, levels)


def dialect_of(rows: RowsConfig) -> Dialect:
    """Return how the cells of the project's CSV files are parted."""
    return Dialect(rows.separator, rows.quote, rows.header_row - 1, rows.unnamed)


def kind_of(path: Path) -> str:
    """Return whether a file is "csv" or "parquet", by its name.

    Raises
    ------
    ProjectError
        When it is neither.
    """
    for end, kind in _KINDS.items():
        if path.name.lower().endswith(end):
            return kind
    raise ProjectError(str(path), "is no kind of table that is read", f"name it {', '.join(_KINDS)}")


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
    names = names or RowNames()
    asked = _Asked(source, project, project.declared_types, frozenset(project.features.categorical))
    found = [field.name for field in source.cells.schema if not _is_left_alone(asked, field)]
    if project.columns.id is None and ROW_ID in found:
        rule = f"is not declared, and the table has a column '{ROW_ID}'"
        raise ProjectError("columns.id", rule, f"set columns.id = '{ROW_ID}', or rename the column")
    _refuse_another_separator(source, project)
    _refuse_absent_slices(source, project)
    columns = {name: _cells(asked, name) for name in found}
    absent = tuple(name for name in asked.declared if name not in columns)
    frame = pd.DataFrame({name: cells.values for name, cells in columns.items()}, copy=False)
    digest, rows = digest_of(columns), len(frame)
    if project.columns.id is None:
        absent = tuple(name for name in absent if name != ROW_ID)
        frame = frame.assign(**{ROW_ID: names.name(frame, project.names_of_rows)})
    if project.rows.where is not None and not set(project.rows.filter_types) & set(absent):
        frame = frame[RowFilter.parse(project.rows.where).matches(frame)].reset_index(drop=True)
    return Table(frame, digest, len(frame), absent, rows - len(frame))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is read from where, gathered once: a table may have tens of thousands of columns."""

    source: Source
    project: Project
    declared: Mapping[str, ColumnType]
    categories: frozenset[str]


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
