"""Tables in: the rows of a project, whole where they fit in memory, and else a sample of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from ..project.project import Project
from .contract.validation import columns_read
from .memory import (
    FEWEST,
    fitting_rows,
    free_bytes,
    needed_bytes,
    refuse_too_large,
    refuse_too_many,
    rows_of,
    rows_that_fit,
)
from .readers.files.kinds import kind_of, readable
from .readers.files.table_parts import Part, completed, is_iceberg, parts_of
from .readers.source import Source, joined
from .streaming.row_sums import RowSums
from .streaming.streamed import read_sample, whole_if_few
from .typed import Table, dialect_of, texts_of, typed


def read_rows(project: Project, as_of: datetime | None = None) -> Table:
    """Read the rows that the project declares.

    Parameters
    ----------
    project : Project
    as_of : datetime, optional
        Where not all rows are held in memory, those that are not older are left out, and those before the
        window.

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
    columns = len(project.declared_types)
    if rows.in_memory is not None:
        remedy = "lower rows.in_memory, or take a larger machine"
        refuse_too_many("rows.in_memory", rows.in_memory, columns, remedy)
    whole = _whole(project, rows.in_memory or fitting_rows(columns))
    if whole is not None:
        return whole
    if rows.in_memory is None:
        remedy = "take a larger machine, or set rows.in_memory to as few rows as may be judged"
        refuse_too_many(f"a sample of {rows.place}", FEWEST, columns, remedy)
    sample = read_sample(project, as_of, rows.in_memory or rows_that_fit(columns))
    if rows.path is None or is_iceberg(rows.path):
        return sample
    return replace(sample, unchecked=_unchecked(parts_of(rows.path)))


def read_history(project: Project) -> Table:
    """Read the rows of all time, for what looks back beyond `split.window`: replay, comparison, explanation.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_rows`.
    """
    split = project.split.model_copy(update={"window": None})
    return read_rows(project.model_copy(update={"split": split}))


def _whole(project: Project, at_most: int) -> Table | None:
    """Read the rows whole if they fit in memory, or are as few as the project says; else return None."""
    path = project.rows.path
    if path is None or is_iceberg(path):
        return whole_if_few(project, at_most)
    with readable(path):
        parquet, csv = _files(path)
        if project.rows.in_memory is None:
            fits = needed_bytes(parquet, csv) <= free_bytes()
        elif csv:
            return whole_if_few(project, at_most)
        else:
            fits = rows_of(parquet) <= at_most
    return read_table(path, project) if fits else None


def _of_spark(project: Project, as_of: datetime | None) -> Table:
    from .readers.spark.selection import selected

    chosen = selected(project, as_of, columns_read(project))
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
    with readable(path):
        if is_iceberg(path):
            from .readers.files.iceberg import read_iceberg

            return typed(read_iceberg(path), project)
        parts = parts_of(path)
        refuse_too_large(str(path), *_files(path))
        table = typed(joined([_part(part, project) for part in parts]), project)
        # What reading and casting took is given back; the pool would keep as much again as the table needs.
        pa.default_memory_pool().release_unused()
        return replace(table, unchecked=_unchecked(parts))


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of a table: those in Parquet, and those in CSV."""
    paths = [part.path for part in parts_of(path)]
    parquet = [file for file in paths if kind_of(file) == "parquet"]
    return parquet, [file for file in paths if file not in parquet]


def _unchecked(parts: Iterable[Part]) -> int:
    from .readers.files.parquet import lacks_checksums

    return sum(kind_of(part.path) == "parquet" and lacks_checksums(part.path) for part in parts)


def _part(part: Part, project: Project) -> Source:
    levels = texts_of(project) - {project.columns.row_id}
    if kind_of(part.path) == "csv":
        from .readers.files.csv import read_csv

        return read_csv(part.path, project.rows.encoding, levels, dialect_of(project.rows))
    from .readers.files.parquet import read_parquet

    return completed(read_parquet(part.path, levels), part, levels)
