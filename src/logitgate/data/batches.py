"""Tables in, a batch at a time: as many rows as one likes in the memory of one batch."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ..project.data import RowsConfig
from ..project.project import Project
from .readers.files.kinds import kind_of, readable
from .readers.files.table_parts import completed, is_iceberg, parts_of
from .readers.source import Scan, Source, rebatched
from .row_ids import RowNames
from .typed import Table, dialect_of, texts_of, typed

ROWS = 1 << 16
"""Rows of a batch. The digest of a table depends on it, and the last bit of a probability may."""


def read_batches(path: Path, project: Project, rows: int = ROWS) -> Iterator[Table]:
    """Read a file, a folder that is a table or a glob in batches, cell by cell as `tables.read_table` does.

    Yields
    ------
    Table
        Of so many rows, but the last one, which may have fewer; a table without rows is one empty batch.

    Raises
    ------
    DataError
        Naming file, line or row, and column, of what is not as declared, when the reading has come there.
    UnavailableError
        When there is no such file, or it must not be read.
    ProjectError
        When the file is of no known kind.
    """
    names = RowNames()
    for source in rebatched(blocks_in(path, project, rows=rows), rows):
        yield typed(source, project, names)


def query_batches(query: str, url_env: str, project: Project, rows: int = ROWS) -> Iterator[Table]:
    """Read what a query returns in batches; see `read_batches`.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `tables.read_rows`.
    """
    from .readers.sql import query_blocks

    names = RowNames()
    for source in query_blocks(query, url_env, texts_of(project), rows):
        yield typed(source, project, names)


def blocks_of(project: Project, scan: Scan | None = None, rows: int = ROWS) -> Iterator[Source]:
    """Read the cells of a project's rows, a block at a time.

    Parameters
    ----------
    project : Project
        Whose rows are files or what a query returns.
    scan : Scan, optional
        Other columns are left out; rows outside its time may be.
    rows : int
        At most so many are read at a time, where the reader can be asked.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_batches`, when the reading has come there.
    """
    path = project.rows.path
    if path is not None:
        yield from blocks_in(path, project, scan, rows)
        return
    from .readers.sql import query_blocks

    for source in query_blocks(str(project.rows.query), str(project.rows.url_env), texts_of(project), rows):
        yield source if scan is None else scan.of(source)


def blocks_in(path: Path, project: Project, scan: Scan | None = None, rows: int = ROWS) -> Iterator[Source]:
    """Read the cells of a file, a folder that is a table or a glob, a block at a time; see `blocks_of`."""
    levels = texts_of(project) - {project.columns.row_id}
    for source in stored_blocks(path, project.rows, levels, scan, rows):
        yield source if scan is None else scan.of(source)


def digest_of_batches(digests: Iterable[str]) -> str:
    """Return the digest of a whole table from those of its batches of `ROWS` rows."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def stored_blocks(
    path: Path, written: RowsConfig, levels: Collection[str], scan: Scan | None = None, rows: int = ROWS
) -> Iterator[Source]:
    """Read the cells of a file, a folder or a glob as they are stored; text of `levels` as dictionaries.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_batches`, when the reading has come there.
    """
    with readable(path):
        if is_iceberg(path):
            from .readers.files.iceberg import iceberg_blocks

            yield from iceberg_blocks(path)
            return
        for part in parts_of(path):
            if kind_of(part.path) == "csv":
                from .readers.files.csv_blocks import csv_blocks

                yield from csv_blocks(part.path, written.encoding, levels, dialect_of(written))
            else:
                from .readers.files.parquet import parquet_blocks

                for block in parquet_blocks(part.path, levels, rows, scan):
                    yield completed(block, part, levels)
