"""The rows of a stretch of time, of a table that may be much longer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from ...decision.costs import BoolArray
from ...project.project import Project
from ..batches import blocks_in
from ..memory import refuse_too_many
from ..readers.source import Scan, Source, joined
from ..typed import Table, column_in, typed


def read_stretch(path: Path, project: Project, scan: Scan) -> Table:
    """Read the rows of a stretch of time, in the memory of these rows and a block.

    Cells of other rows are not cast, and row groups of Parquet that hold none of the rows are not read.

    Parameters
    ----------
    path : Path
        A file, a folder that is a table, or a glob.
    project : Project
    scan : Scan
        Columns and stretch; rows without a time are of it.

    Raises
    ------
    DataError, ProjectError
        As `read_table`.
    UnavailableError
        When there is no such table, or its rows of the stretch take more memory than is free.
    """
    held: list[Source] = []
    rows, remedy = 0, "give a shorter time, or take a larger machine"
    for source in blocks_in(path, project, scan):
        found = times(source, scan, project)
        part = source if found is None else source.taken(np.flatnonzero(within(found, scan)))
        if held and not part.cells.num_rows:
            continue
        held.append(part)
        rows += part.cells.num_rows
        refuse_too_many(str(path), rows, part.cells.num_columns, remedy)
    table = typed(joined(held), project)
    pa.default_memory_pool().release_unused()
    return table


def times(source: Source, scan: Scan, project: Project) -> pd.Series | None:
    """Return the times of a source's n rows in UTC, shape (n,); None where the column is not there.

    Raises
    ------
    DataError
        Naming line or row of what is no time.
    """
    if scan.time is None or scan.time not in source.cells.column_names:
        return None
    return column_in(source, scan.time, project)


def within(time: pd.Series, scan: Scan) -> BoolArray:
    """Return which of n times lie in the stretch, shape (n,); missing ones do, to be refused elsewhere."""
    found = np.ones(len(time), dtype=bool)
    if scan.start is not None:
        found &= (time >= scan.start).to_numpy()
    if scan.end is not None:
        found &= (time < scan.end).to_numpy()
    return found | time.isna().to_numpy()
