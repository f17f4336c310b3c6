"""Rows of files or of a query, read block by block: a sample of them to be judged, and all to be fitted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import DataError
from ...project.project import Project
from ..batches import ROWS, blocks_of
from ..contract.batches import RowRules
from ..contract.results import RowResults
from ..contract.validation import columns_read
from ..memory import refuse_without_room
from ..readers.files.table_parts import is_iceberg, parts_of
from ..readers.source import Scan, Source, joined, numbered, rebatched
from ..row_ids import hashes_of
from ..typed import Table, every_row, matching, typed
from .lowest_hashes import LowestHashes
from .row_sums import RowSums
from .stretch import times, within


@dataclass(frozen=True, slots=True)
class StreamedRows:
    """All rows of a table of which a sample is in memory.

    Attributes
    ----------
    project : Project
    scan : Scan
        Columns that project and contract name, and the window.
    rows : int
        Rows within the window that `rows.where` matches.
    read : int
        Rows that were read to find them.
    by_row : RowResults
        What became of the contract's rules that each row keeps or breaks on its own.
    files : tuple
        Name, bytes and time of change of each file; empty for a query.
    """

    limited_by: ClassVar[str] = "rows.in_memory"
    project: Project
    scan: Scan
    rows: int
    read: int
    by_row: RowResults
    files: tuple[tuple[str, int, int], ...]

    def sources(self) -> Iterator[Source]:
        """Yield the cells of the table again, block by block, also of rows outside the window.

        Raises
        ------
        DataError
            When the table is no longer the one that the sample was taken of.
        UnavailableError, ProjectError
            As `blocks_of`.
        """
        found = 0
        for source in blocks_of(self.project, self.scan):
            found += source.cells.num_rows
            yield source
        if found != self.read or _files(self.project) != self.files:
            remedy = "train on a copy of it, or while no process writes to it"
            raise DataError(self.project.rows.place, "has changed while it was read", remedy)


def whole_if_few(project: Project, at_most: int) -> Table | None:
    """Read the rows of a project whole if there are at most so many, and none of them to the end otherwise.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_batches`.
    """
    held: list[Source] = []
    rows = 0
    for source in blocks_of(project):
        held.append(source)
        rows += source.cells.num_rows
        if rows > at_most:
            return None
    return typed(joined(held), project)


def read_sample(project: Project, as_of: datetime | None, at_most: int) -> Table:
    """Read all rows of a project once, and keep those with the lowest hashes of their ids.

    Only columns that project or contract name are read, and of Parquet only the row groups of the window.
    Each cell is cast, so that what is not as declared is refused wherever it stands.

    Parameters
    ----------
    project : Project
    as_of : datetime, optional
        Rows that are not older are left out. Default: just after the newest row.
    at_most : int
        Rows to keep.

    Returns
    -------
    Table
        The sample; its digest is that of all rows and of the sample's size, in whatever order they came.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_batches`.
    """
    files, scan = _files(project), _scan(project, as_of)
    rules, by_row = RowRules.of(project), RowResults()
    kept, sums, read, left_out = LowestHashes(at_most), RowSums(), 0, 0
    for source in rebatched(blocks_of(project, scan), ROWS):
        table = every_row(source, project)
        has_time = scan.time in table.frame.columns
        of_window = within(table.frame[scan.time], scan) if has_time else np.ones(table.rows, dtype=bool)
        chosen = of_window & matching(table, project)
        kept.add(source.cells, _hashes(table.frame, project), chosen)
        frame = table.frame[chosen]
        sums += RowSums.of(frame, project.declared_types)
        by_row += rules.hold(frame)
        read += table.rows
        left_out += int(of_window.sum() - chosen.sum())
    # Each cell was cast before, so none is refused now and where it stood need not be known.
    sample = typed(numbered(project.rows.place, kept.cells()), project)
    pa.default_memory_pool().release_unused()
    digest = hashlib.sha256(f"{sums.digest}\0{sample.rows}".encode()).hexdigest()
    sample = replace(sample, digest=digest, left_out=left_out)
    if sample.rows == sums.rows:
        return sample
    refuse_without_room(project.rows.place, sums.rows, project.features)
    return replace(sample, whole=StreamedRows(project, scan, sums.rows, read, by_row, files))


def _hashes(frame: pd.DataFrame, project: Project) -> NDArray[np.uint64]:
    """Return a hash of what names each row, shape (n,): 0 without an id, so that the sample shows it."""
    named = project.columns.id
    if named is None or named not in frame.columns:
        return hashes_of(frame, project.names_of_rows)
    return np.where(frame[named].isna(), np.uint64(0), hashes_of(frame, [named]))


def _scan(project: Project, as_of: datetime | None) -> Scan:
    columns, time, window = columns_read(project), project.columns.time, project.split.window
    if time is None:
        return Scan(columns)
    end = as_of if as_of is None or as_of.tzinfo else as_of.replace(tzinfo=UTC)
    if window is None:
        return Scan(columns, time, None, end)
    limit = end or _newest(project, time)
    return Scan(columns, time, None if limit is None else limit - window, end)


def _newest(project: Project, time: str) -> datetime | None:
    """Return the moment just after the newest row; None where no row has a time."""
    scan = Scan(frozenset({time}), time)
    found: list[datetime] = []
    for source in blocks_of(project, scan):
        newest = None if (column := times(source, scan, project)) is None else column.max()
        if newest is not None and not pd.isna(newest):
            found.append(newest.to_pydatetime())
    return max(found) + timedelta(microseconds=1) if found else None


def _files(project: Project) -> tuple[tuple[str, int, int], ...]:
    path = project.rows.path
    if path is None:
        return ()
    paths = _descriptions(path) if is_iceberg(path) else [part.path for part in parts_of(path)]
    states = [(str(path), path.stat()) for path in paths]
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _descriptions(folder: Path) -> list[Path]:
    return sorted((folder / "metadata").glob("*.metadata.json"))
