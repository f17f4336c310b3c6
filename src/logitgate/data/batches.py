"""Tables in, a batch at a time: as many rows as one likes in the memory of one batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import UnavailableError
from ..project.project import Project
from .readers.files.table_parts import completed, is_iceberg, parts_of
from .readers.source import Source, rebatched
from .row_ids import RowNames
from .table import Table, dialect_of, kind_of, texts_of, typed

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
    try:
        names = RowNames()
        for source in rebatched(_blocks(path, project, rows), rows):
            yield typed(source, project, names)
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "check the path and its permissions"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error


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


def digest_of_batches(digests: Iterable[str]) -> str:
    """Return the digest of a whole table from those of its batches of `ROWS` rows."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _blocks(path: Path, project: Project, rows: int) -> Iterator[Source]:
    if is_iceberg(path):
        from .readers.files.iceberg import iceberg_blocks

        yield from iceberg_blocks(path)
        return
    levels = texts_of(project) - {project.columns.row_id}
    for part in parts_of(path):
        if kind_of(part.path) == "csv":
            from .readers.files.csv_blocks import csv_blocks

            yield from csv_blocks(part.path, project.rows.encoding, levels, dialect_of(project.rows))
        else:
            from .readers.files.parquet import parquet_blocks

            for block in parquet_blocks(part.path, levels, rows):
                yield completed(block, part, levels)
