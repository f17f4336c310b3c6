"""Tables in: the rows of a project, typed as it declares, and a digest of what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..columns import ColumnType
from ..errors import DataError, ProjectError, UnavailableError
from ..project import Project
from .casts import Column, canonical, cast, is_text
from .cells import Cells, cells_of, digest_of, native
from .source import Source, joined
from .table_parts import Part, completed, is_iceberg, parts_of

_KINDS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True)
class Table:
    """The rows that a project works on.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (rows, columns)
        Numbers are float64, integers Int64, truth values boolean, dates and times datetime64[us, UTC],
        text is category, except for the id and for columns that nobody declared, which are str.
    digest : str
        sha256 in hexadecimal of names, types and cells, whatever the kind and compression of the file.
        Columns that nobody declared are text in CSV and typed elsewhere, so they make a difference; those
        that hold lists or structures are left alone.
    rows : int
        Number of rows.
    absent : tuple of str
        Declared columns that the table does not have.
    """

    frame: pd.DataFrame
    digest: str
    rows: int
    absent: tuple[str, ...] = ()


def read_rows(project: Project) -> Table:
    """Read the rows that the project declares.

    Raises
    ------
    DataError
        Naming file, line or row, and column, of what is not as declared.
    UnavailableError
        When there is no such file or database.
    ProjectError
        When slices name columns that the table does not have, or the database refuses the query.
    """
    rows = project.rows
    if rows.path is not None:
        return read_table(rows.path, project)
    from .sql_rows import read_query

    return typed(read_query(str(rows.query), str(rows.url_env), texts_of(project)), project)


def read_table(path: Path, project: Project) -> Table:
    """Read a file, a folder that is a table (see `table_parts`) or a glob as the project declares its rows.

    Raises
    ------
    DataError
        Naming file, line or row, and column, of what is not as declared.
    UnavailableError
        When there is no such file, or it must not be read.
    ProjectError
        When slices name columns that the table does not have, or the file is of no known kind.
    """
    try:
        if is_iceberg(path):
            from .iceberg_rows import read_iceberg

            return typed(read_iceberg(path), project)
        return typed(joined([_part(part, project) for part in parts_of(path)]), project)
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "check the path and its permissions"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error


def _part(part: Part, project: Project) -> Source:
    levels = texts_of(project) - {project.columns.id}
    if kind_of(part.path) == "csv":
        from .csv_rows import read_csv

        return read_csv(part.path, project.rows.encoding, levels)
    from .parquet_rows import read_parquet

    return completed(read_parquet(part.path, levels), part, levels)


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


def typed(source: Source, project: Project) -> Table:
    """Read the cells of a source as the project declares them.

    Raises
    ------
    DataError
        Naming line or row, and column, of what is not as declared.
    ProjectError
        When slices name columns that the source does not have.
    """
    found = [name for name in source.cells.column_names if not _is_left_alone(source, name, project)]
    _refuse_absent_slices(source, project)
    columns = {name: _cells(source, name, project) for name in found}
    frame = pd.DataFrame({name: cells.values for name, cells in columns.items()}, copy=False)
    absent = tuple(name for name in project.declared_types if name not in columns)
    return Table(frame, digest_of(columns), source.cells.num_rows, absent)


def _is_left_alone(source: Source, name: str, project: Project) -> bool:
    """Return whether a column holds more than one value in a cell, which no declared type reads."""
    stored = source.cells.schema.field(name).type
    if not pa.types.is_nested(stored):
        return False
    if name in project.declared_types:
        rule, remedy = f"holds a {_shape(stored)} in each cell", "write its parts as columns of their own"
        raise DataError(f"{source.name}, column '{name}'", rule, remedy)
    return True


def _shape(stored: pa.DataType) -> str:
    """Return the kind of a nested type; the names of its fields may come from cells."""
    return str(stored).partition("<")[0]


def _cells(source: Source, name: str, project: Project) -> Cells:
    declared = project.declared_types.get(name)
    is_level = declared is not None and name != project.columns.id
    column = Column(source, name, project.rows.missing.get(name, ()), is_level)
    array = native(column) if declared is None else cast(column, declared)
    if name in project.features.categorical and declared is not ColumnType.TEXT:
        # A category is its canonical text, whatever type its cells are read by.
        array = canonical(array)
    if not is_level and pa.types.is_dictionary(array.type):
        # How a file stores an id, or what nobody declared, is no part of what it says.
        array = array.dictionary_decode()
    if declared is ColumnType.TEXT and is_text(array.type):
        array = array.cast(pa.large_string())
    return cells_of(array, levels=declared is not None and name != project.columns.id)


def _refuse_absent_slices(source: Source, project: Project) -> None:
    found = set(source.cells.column_names)
    keys = dict.fromkeys(project.slices.columns, "slices.columns")
    keys |= {name: f"slices.bins.{name}" for name in project.slices.bins}
    for name, key in keys.items():
        if name not in found:
            rule = f"column '{name}' is not in {source.name}"
            raise ProjectError(key, rule, "correct the name, or drop the slice")
