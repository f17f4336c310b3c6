"""Data frames in: pandas, polars or Arrow, typed by the code that types the cells of files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa

from ..errors import DataError, ProjectError
from ..project.project import Project
from .readers.source import Source, numbered, unique_names
from .typed import Table, typed

_NAME = "the table"
_STREAMS = ("__arrow_c_stream__", "__arrow_c_array__")


def typed_frame(table: object, project: Project) -> Table:
    """Type a table that is in memory as the project declares; the same rows in Parquet have the same digest.

    Parameters
    ----------
    table : Table, pandas.DataFrame, or what exports Arrow
        Arrow comes through the PyCapsule interface, as polars and pyarrow offer it. A pandas index is no
        column.
    project : Project

    Raises
    ------
    DataError
        Naming row and column of what is not as declared, or the columns that Arrow cannot hold.
    ProjectError
        When it is no table.
    """
    return table if isinstance(table, Table) else typed(source_of(table), project)


def source_of(table: object) -> Source:
    """Return the cells of a table in memory.

    Raises
    ------
    DataError, ProjectError
        As `typed_frame`.
    """
    cells = _of_pandas(table) if isinstance(table, pd.DataFrame) else _of_arrow(table)
    unique_names(_NAME, cells.column_names)
    return numbered(_NAME, pa.table([_plain(column) for column in cells.columns], names=cells.column_names))


def _of_pandas(frame: pd.DataFrame) -> pa.Table:
    unique_names(_NAME, [str(name) for name in frame.columns])
    try:
        with _quietly():
            return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # Arrow's own message may quote a cell.
        mixed = ", ".join(str(name) for name in frame.columns if not _is_of_one_kind(frame[name]))
        rule = f"column {mixed or 'unknown'} holds cells of several kinds"
        raise DataError(_NAME, rule, "convert each to numbers, texts, dates or truth values") from None


@contextmanager
def _quietly() -> Iterator[None]:
    """Let Arrow ask pandas 3.1 for values in a way that pandas 4 will answer otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        yield


def _is_of_one_kind(column: pd.Series[Any]) -> bool:
    try:
        with _quietly():
            pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return False
    return True


def _of_arrow(table: object) -> pa.Table:
    if not any(hasattr(table, name) for name in _STREAMS):
        rule = f"is a {type(table).__name__}, which exports no Arrow table"
        raise ProjectError(_NAME, rule, "give a pandas or polars DataFrame, or a pyarrow Table")
    try:
        cells = pa.table(table)
        cells.validate(full=True)
    except (pa.ArrowException, TypeError, ValueError):
        rule = f"is a {type(table).__name__} whose Arrow export cannot be read"
        raise DataError(_NAME, rule, "give a pandas or polars DataFrame, or a pyarrow Table") from None
    return cells


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return views, which no file holds, as the texts and bytes they show."""
    if pa.types.is_dictionary(column.type):
        if not pa.types.is_string_view(column.type.value_type):
            return column
        chunks = [_with_texts(chunk) for chunk in column.chunks]
        return pa.chunked_array(chunks, pa.large_string())
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column.cast(pa.large_binary()) if pa.types.is_binary_view(column.type) else column


def _with_texts(chunk: pa.DictionaryArray) -> pa.Array:
    texts = chunk.dictionary.cast(pa.large_string())
    return pa.DictionaryArray.from_arrays(chunk.indices, texts).dictionary_decode()
