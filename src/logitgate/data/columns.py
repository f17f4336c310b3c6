"""Which columns the table of a project has, and what kind of feature each can be, from its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from ..errors import DataError, ProjectError, UnavailableError
from ..project.data import RowsConfig
from ..project.reading.load import parse_project, resolved_rows
from ..project.reading.open_features import FeatureKind, closed
from ..project.syntax.column_types import ColumnType
from .readers.casts import Column, cast, is_number, is_text
from .readers.files.csv_blocks import csv_blocks
from .readers.files.kinds import kind_of
from .readers.files.table_parts import Part, completed, is_iceberg, parts_of
from .readers.source import Source
from .typed import column_of, dialect_of


def with_features(plain: Mapping[str, Any], folder: Path, source: str) -> Mapping[str, Any]:
    """Return a project, as TOML gives it, with open features replaced by lists.

    Parameters
    ----------
    plain : mapping
    folder : Path
        From where its relative paths are meant.
    source : str
        What a refusal calls it.

    Raises
    ------
    ProjectError, DataError, UnavailableError
        When the rows are not declared, come from a query, or cannot be read.
    """
    try:
        rows = resolved_rows(RowsConfig.model_validate(plain.get("rows", {})), folder)
    except ValidationError:
        parse_project({**plain, "features": {"numeric": ["unknown"]}}, source)
        raise
    if rows.path is None:
        rule = "are left open, and rows of a query are not read to find them"
        raise ProjectError("features", rule, "list the columns under features.numeric and categorical")
    return closed(plain, feature_kinds(first_rows(rows.path, rows), rows))


def columns_of(rows: RowsConfig) -> list[str] | None:
    """Return the names of a table's columns; None where the rows come from a query, or in Iceberg's form.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        When the table cannot be read.
    """
    if rows.path is None or is_iceberg(rows.path):
        return None
    return list(first_rows(rows.path, rows).cells.column_names)


def first_rows(path: Path, rows: RowsConfig) -> Source:
    """Return the first rows of a table, of Parquet those of its first file.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        When it cannot be read.
    """
    if is_iceberg(path):
        rule = "are left open, and an Iceberg table is not read to find them"
        raise ProjectError("features", rule, "list the columns under features.numeric and categorical")
    try:
        part = parts_of(path)[0]
        if kind_of(part.path) == "csv":
            return next(iter(csv_blocks(part.path, rows.encoding, (), dialect_of(rows))))
        return _parquet_schema(part)
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "correct rows.path"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error
    except pa.ArrowException:
        raise DataError(path.name, "is no Parquet file, or was cut or damaged", "copy it again") from None


def _parquet_schema(part: Part) -> Source:
    """Return a Parquet file's columns without rows; their types say all."""
    empty = pq.read_schema(part.path).remove_metadata().empty_table()
    return completed(Source(part.path.name, empty, lambda row: f"{part.path.name} row {row + 1}"), part, ())


def feature_kinds(source: Source, rows: RowsConfig) -> dict[str, FeatureKind | None]:
    """Return what kind of feature each column can be; None for dates and lists."""
    return {name: _kind(column_of(source, name, rows), rows) for name in source.cells.column_names}


def _kind(column: Column, rows: RowsConfig) -> FeatureKind | None:
    stored = column.stored.type
    if column.name in rows.formats or pa.types.is_temporal(stored) or pa.types.is_nested(stored):
        return None
    if column.name in rows.types:
        return (
            "numeric" if rows.types[column.name] in (ColumnType.NUMBER, ColumnType.INTEGER) else "categorical"
        )
    if is_number(stored):
        return "numeric"
    return _kind_of_text(column) if is_text(stored) else "categorical"


def _kind_of_text(column: Column) -> FeatureKind:
    try:
        numbers = cast(column, ColumnType.NUMBER)
    except DataError:
        return "categorical"
    return "numeric" if pc.any(numbers.is_valid()).as_py() else "categorical"
