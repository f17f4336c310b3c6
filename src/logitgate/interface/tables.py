"""`read_table`: the rows of a project, from where it declares them or from a table in memory."""

from __future__ import annotations

from ..data.frames import typed_frame
from ..data.memory import refuse_too_many
from ..data.table import read_history
from ..data.typed import Table
from .project import ProjectSource, load_project


def read_table(project: ProjectSource, table: object = None) -> Table:
    """Read the rows of a project, typed as it declares.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table, optional
        In place of the rows that the project names. The same rows have the same digest in memory and in
        Parquet.

    Returns
    -------
    Table
        ``table.frame`` is a pandas DataFrame, ``table.digest`` identifies its cells.

    Raises
    ------
    DataError
        Naming row and column of what is not as declared.
    UnavailableError
        When there is no such file or database, or work on a table in memory would take more than is free.
    """
    project = load_project(project)
    if table is None:
        return read_history(project)
    if hasattr(table, "columns") and hasattr(table, "shape"):
        remedy = "write it as Parquet and name that by rows.path, of which a part is held, or give fewer rows"
        rows, columns = table.shape
        refuse_too_many("table", rows, columns, remedy)
    return typed_frame(table, project)
