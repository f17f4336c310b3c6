"""Which rows and columns of Spark's come home: those that the project declares, is about, and can judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isqrt
from pathlib import Path
from typing import ClassVar

from ....errors import ProjectError
from ....project.project import Project
from ....spark.frame import SparkFrame, quoted
from ..files.table_parts import is_iceberg, parts_of
from ..source import Source, numbered, unique_names
from .conditions import before, from_on, pushed

_HASHES = 1 << 62
"""Hashes lie from 0 on below this number."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of Spark's that a project learns from.

    Attributes
    ----------
    frame : SparkFrame
        Declared columns; `rows.where` and the window as far as Spark reads the cells as we do.
    rows : int
        How many rows it has.
    left_out : int
        Rows that `rows.where` leaves out.
    at_most : int
        Rows that come home.
    named_by : tuple of str
        Columns whose hash says which rows come home where there are more: the id, or all.
    """

    limited_by: ClassVar[str] = "rows.evaluate_at_most"
    by_row: ClassVar[None] = None
    frame: SparkFrame
    rows: int
    left_out: int
    at_most: int
    named_by: tuple[str, ...]

    @property
    def is_sampled(self) -> bool:
        """Whether only a sample of the rows comes home."""
        return self.rows > self.at_most

    @property
    def at_home(self) -> int:
        """About how many rows come home."""
        return min(self.rows, self.at_most)

    def home(self) -> Source:
        """Bring the rows home, or the sample of them."""
        frame = self.frame
        if self.is_sampled:
            # By four standard deviations less, so that chance brings no more than they.
            wanted = self.at_most - 4 * isqrt(self.at_most)
            frame = frame.where(f"{_hash(self.named_by)} < {_HASHES * wanted // self.rows}L")
        return numbered(frame.subject, frame.home().replace_schema_metadata())

    def sum_of_hashes(self) -> str:
        """Return the sum of a hash of each row, by which other rows are told apart."""
        cells = ", ".join(quoted(name) for name in sorted(self.frame.names))
        return str(self.frame.figure(f"SUM(CAST(xxhash64({cells}) AS DECIMAL(38, 0)))"))


def named(frame: SparkFrame, columns: frozenset[str] | None) -> SparkFrame:
    """Return the columns that are among these; None: all.

    Raises
    ------
    DataError
        When two columns have one name.
    """
    unique_names(frame.subject, frame.names)
    return frame.select([name for name in frame.names if columns is None or name in columns])


def selected(project: Project, as_of: datetime | None, columns: frozenset[str] | None) -> Selection:
    """Choose the rows that a project learns from.

    Rows without a time are kept, to be refused at home.

    Parameters
    ----------
    project : Project
    as_of : datetime, optional
        Default: just after the newest row.
    columns : frozenset of str, or None
        Those that project and contract read; None: all.

    Raises
    ------
    UnavailableError, ProjectError, DataError
        When there is no Spark or no such table, or the query is refused.
    """
    whole = named(located(project), columns)
    kinds = whole.kinds
    conditions = pushed(project, kinds)
    kept = whole.where(*conditions)
    left_out = whole.count() - kept.count() if conditions else 0
    kept = kept.where(*_window(project, kept, kinds, as_of))
    by = (project.columns.row_id,) if project.columns.row_id in kinds else tuple(kinds)
    return Selection(kept, kept.count(), left_out, project.rows.evaluate_at_most, by)


def located(project: Project) -> SparkFrame:
    """Return the rows where a project declares them.

    Raises
    ------
    UnavailableError, ProjectError
        When there is no Spark or no such table, or the query is refused.
    """
    rows = project.rows
    if rows.table is not None:
        return SparkFrame.of_table("rows.table", rows.table, rows.spark)
    if rows.query is not None:
        return SparkFrame.of_query("rows.query", rows.query, rows.spark)
    return of_path(Path(str(rows.path)), project)


def of_path(path: Path, project: Project) -> SparkFrame:
    """Return the rows of a Parquet file, a folder of them, a glob or a Delta Lake table, as Spark reads them.

    Raises
    ------
    UnavailableError, ProjectError
        When there is no such table, or it is of another kind.
    """
    remedy = "write it as Parquet, name its table by rows.table, or set rows.engine = 'memory'"
    if is_iceberg(path):
        raise ProjectError(str(path), "is an Iceberg table, which Spark reads by its name alone", remedy)
    parts = parts_of(path)
    if any(part.path.suffix.lower() not in (".parquet", ".pq") for part in parts):
        raise ProjectError(str(path), "is no Parquet, and rows.engine is 'spark'", remedy)
    return SparkFrame.of_files(path.name, [(part.path, part.values) for part in parts], project.rows.spark)


def _window(project: Project, frame: SparkFrame, kinds: dict[str, str], as_of: datetime | None) -> list[str]:
    """Return the conditions of the window, and of the date before which all was known."""
    time, window = project.columns.time, project.split.window
    if time not in kinds:
        return []
    found = [] if as_of is None else [before(time, kinds[time], as_of)]
    if window is not None:
        limit = as_of or _newest(frame, time, kinds[time])
        found += [] if limit is None else [from_on(time, kinds[time], limit - window)]
    return [one for one in found if one is not None]


def _newest(frame: SparkFrame, time: str, kind: str) -> datetime | None:
    """Return the moment just after the newest row."""
    if kind not in ("timestamp", "timestamp_ntz", "date"):
        return None
    epoch = "1970-01-01"
    newest = {
        "timestamp": f"unix_micros(max({quoted(time)}))",
        "timestamp_ntz": f"timestampdiff(MICROSECOND, TIMESTAMP_NTZ '{epoch}', max({quoted(time)}))",
        "date": f"86400000000L * unix_date(max({quoted(time)}))",
    }[kind]
    micros = frame.figure(newest)
    if not isinstance(micros, int):
        return None
    return datetime.fromisoformat(f"{epoch}T00:00:00+00:00") + timedelta(microseconds=micros + 1)


def _hash(names: Sequence[str]) -> str:
    cells = ", ".join(f"CAST({quoted(name)} AS STRING)" for name in names)
    return f"(xxhash64({cells}) & {_HASHES - 1}L)"
