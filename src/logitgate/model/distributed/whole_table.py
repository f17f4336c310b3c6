"""All rows of a table of which a sample is in memory, wherever they are."""

from __future__ import annotations

from datetime import datetime

from ...data.readers.spark.selection import Selection
from ...data.sampling.sample import Sample
from ...data.streaming.streamed import StreamedRows
from ...data.typed import WholeRows
from ...project.project import Project
from ..fitting.distant import WholeTable
from .in_spark import TableInSpark
from .on_disk import TableOnDisk


def whole_table(rows: WholeRows, sample: Sample, project: Project, as_of: datetime | None) -> WholeTable:
    """Return the rows as a fit asks for them; they are taken as those of the sample were.

    Raises
    ------
    ProjectError
        When the contract's suite cannot be read.
    """
    if isinstance(rows, StreamedRows):
        return TableOnDisk.of(rows, sample, project, as_of)
    assert isinstance(rows, Selection)  # noqa: S101 - rows are on disk or in Spark
    return TableInSpark.of(rows, sample, project, as_of)
