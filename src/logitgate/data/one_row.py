"""The row of one id, of a table of any length."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..project.project import Project
from .batches import blocks_of
from .contract.validation import columns_read
from .readers.source import Scan, Source, joined
from .row_ids import RowNames
from .table import read_history
from .typed import column_in, typed


def rows_of_id(project: Project, row: str) -> pd.DataFrame:
    """Read the rows with an id, in the memory of a block; there is one, unless the table is wrong.

    Parameters
    ----------
    project : Project
    row : str
        The id as text.

    Returns
    -------
    DataFrame
        Typed as the project declares.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `read_rows`.
    """
    if project.rows.engine == "spark":
        frame = read_history(project).frame
        return frame[frame[project.columns.row_id].astype(str) == row]
    if project.columns.id is None:
        return _named(project, row)
    scan = Scan(columns_read(project))
    return typed(
        joined([_with_id(source, project, row) for source in blocks_of(project, scan)]), project
    ).frame


def _with_id(source: Source, project: Project, row: str) -> Source:
    name = project.columns.row_id
    if name not in source.cells.column_names:
        return source.taken(np.empty(0, dtype=np.int64))
    return source.taken(np.flatnonzero(column_in(source, name, project).astype(str) == row))


def _named(project: Project, row: str) -> pd.DataFrame:
    """Find a row that is named by what it holds: its place among equal ones counts those before it."""
    names, found = RowNames(), []
    for source in blocks_of(project, Scan(columns_read(project))):
        frame = typed(source, project, names).frame
        found.append(frame[frame[project.columns.row_id] == row])
    return pd.concat(found, ignore_index=True)
