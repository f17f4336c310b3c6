"""The cells as a file or a database gave them, and where each row of them stands."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import Any

import pyarrow as pa

from ...decision.costs import IntArray
from ...decision.levels import text_of
from ...errors import DataError


@dataclass(frozen=True, slots=True)
class Source:
    """Cells without declared types yet.

    Parameters
    ----------
    name : str
        What a refusal calls it: a file's name, or `rows.query`.
    cells : pyarrow.Table
        Every column, in the type that it is stored in; CSV has text only.
    place : callable
        Says where the row of an index stands: `rows.csv line 17`.
    is_of_query : bool
        Whether a block's types are those of its own cells: a column without any is null in one block, and
        has numbers in the next.
    """

    name: str
    cells: pa.Table
    place: Callable[[int], str]
    is_of_query: bool = False

    def taken(self, rows: IntArray) -> Source:
        """Return some rows, given by their positions, shape (m,)."""
        place = self.place  # the rows do not keep the whole source in memory
        return replace(self, cells=self.cells.take(pa.array(rows)), place=lambda row: place(int(rows[row])))


@dataclass(frozen=True, slots=True)
class Scan:
    """What is needed of a table whose other cells need not be read.

    Attributes
    ----------
    columns : frozenset of str, or None
        None: all.
    time : str, optional
        Column by which whole stretches of a file may be left out.
    start, end : datetime, optional
        Rows before `start`, and those not before `end`, may be left out; rows without a time may not.
    """

    columns: frozenset[str] | None
    time: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def of(self, source: Source) -> Source:
        """Return the source with no other columns, in its order."""
        if self.columns is None:
            return source
        names = [name for name in source.cells.column_names if name in self.columns]
        return replace(source, cells=source.cells.select(names))


def numbered(name: str, cells: pa.Table, before: int = 0) -> Source:
    """Return a source whose rows have no lines: the first one is `row 1`, or follows `before` others."""
    return Source(name, cells, lambda row: f"{name} row {before + row + 1}")


def rebatched(sources: Iterable[Source], rows: int) -> Iterator[Source]:
    """Cut sources of one schema into others of so many rows each; the last one may have fewer, even none.

    Raises
    ------
    DataError
        When a source has other columns or types than the first one.
    """
    waiting: list[Source] = []
    count, first, yielded = 0, None, False
    for source in sources:
        first = first or _part(source, 0, 0)
        _same_schema(first, source)
        start, size = 0, source.cells.num_rows
        while count + size - start >= rows:
            waiting.append(_part(source, start, rows - count))
            yield joined(waiting)
            yielded = True
            start, waiting, count = start + rows - count, [], 0
        if start < size:
            waiting.append(_part(source, start, size - start))
            count += size - start
    if first is not None and (waiting or not yielded):
        yield joined(waiting or [first])


def _part(source: Source, start: int, rows: int) -> Source:
    place = source.place  # the part does not keep the whole source in memory
    return replace(source, cells=source.cells.slice(start, rows), place=lambda row: place(start + row))


def joined(sources: Sequence[Source]) -> Source:
    """Put sources of one schema below each other.

    Raises
    ------
    DataError
        When a source lacks a column of the first one, has one more, or stores it in another type.
    """
    first, *others = sources
    if not others:
        return first
    for other in others:
        _same_schema(first, other)
    starts = [0, *accumulate(source.cells.num_rows for source in sources)]
    places = [source.place for source in sources]

    def place(row: int) -> str:
        found = bisect_right(starts, row) - 1
        return places[found](row - starts[found])

    names = first.cells.column_names
    return replace(first, cells=concatenated([source.cells.select(names) for source in sources]), place=place)


def concatenated(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables of the same columns below each other; where types differ, as a query's may, in a wider one.

    Null and numbers become numbers, anything else that differs the text of the cells.
    """
    if all(table.schema == tables[0].schema for table in tables):
        return pa.concat_tables(tables)
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        return pa.concat_tables([_as_text(table, _apart(tables)) for table in tables])


def _apart(tables: Sequence[pa.Table]) -> list[str]:
    """Return the columns whose type is not the same in all tables."""
    kinds = [dict(zip(table.column_names, table.schema.types, strict=True)) for table in tables]
    return [name for name in kinds[0] if any(kind[name] != kinds[0][name] for kind in kinds)]


def _as_text(cells: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        found = cells.column(name).to_pylist()
        texts = [None if cell is None else text_of(cell) or str(cell) for cell in found]
        cells = cells.set_column(cells.column_names.index(name), name, pa.array(texts, pa.large_string()))
    return cells


def unique_names(name: str, columns: Sequence[str]) -> None:
    """Refuse a table two of whose columns have the same name, or one of whose columns has none.

    Raises
    ------
    DataError
        Naming the column.
    """
    counts = Counter(columns)
    for number, column in enumerate(columns, start=1):
        if not column.strip():
            remedy = "name it; in a CSV file by rows.unnamed = 'row', and columns.id = 'row' if it is the id"
            raise DataError(name, f"column {number} has no name", remedy)
        if counts[column] > 1:
            raise DataError(name, f"column '{column}' stands {counts[column]} times", "keep one of them")


def _same_schema(first: Source, other: Source) -> None:
    expected, found = _types(first.cells), _types(other.cells)
    for column in sorted(expected.keys() | found.keys()):
        is_there = column in expected and column in found
        if expected.get(column) != found.get(column) and not (is_there and other.is_of_query):
            raise DataError(
                f"{other.name}, column '{column}'",
                f"is {found.get(column, 'absent')}, but {expected.get(column, 'absent')} in {first.name}",
                "write all files of the table with the same columns and types",
            )


def _types(cells: pa.Table) -> dict[str, Any]:
    return dict(zip(cells.column_names, cells.schema.types, strict=True))
