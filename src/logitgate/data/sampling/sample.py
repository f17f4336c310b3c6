"""From a table to the rows that may be learned from: observed, mature, within the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...decision.costs import BoolArray, CostMatrix, IntArray, RowCosts
from ...decision.expressions import FloatArray
from ...errors import DataError
from ...project.project import Project
from .outcome_levels import read_outcomes


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with a known outcome, in order of time (or of id when there is no time).

    Attributes
    ----------
    frame : pandas.DataFrame of n rows
        All columns of the table.
    y : int8 array of shape (n,)
        1 for an event.
    ids : array of shape (n,)
    time : datetime64 array of shape (n,), or None
    entity, cluster : int64 arrays of shape (n,), or None
        Codes of who a row is about, and of the rows that fail together.
    """

    frame: pd.DataFrame
    y: NDArray[np.int8]
    ids: NDArray[np.object_]
    time: NDArray[np.datetime64] | None = None
    entity: IntArray | None = None
    cluster: IntArray | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: IntArray | BoolArray) -> Sample:
        """Return the chosen rows, in the given order; those of one stretch are shared, not copied."""
        rows = stretch(index)
        return Sample(
            self.frame.iloc[rows],
            self.y[rows],
            self.ids[rows],
            None if self.time is None else self.time[rows],
            None if self.entity is None else self.entity[rows],
            None if self.cluster is None else self.cluster[rows],
        )

    def row_costs(self, matrix: CostMatrix) -> RowCosts:
        """Evaluate a cost matrix over the rows."""
        return row_costs(self.frame, matrix, self.ids)


def stretch(index: IntArray | BoolArray) -> slice | IntArray:
    """Return rows, given by positions or marks, as a slice where they follow each other: it copies nothing.

    Examples
    --------
    >>> stretch(np.array([False, True, True]))
    slice(1, 3, None)
    >>> stretch(np.array([2, 1])).tolist()
    [2, 1]
    """
    rows: IntArray = np.flatnonzero(index) if index.dtype == bool else np.asarray(index, dtype=np.int64)
    follows = len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows) and bool((np.diff(rows) == 1).all())
    return slice(int(rows[0]), int(rows[-1]) + 1) if follows else rows


def row_costs(frame: pd.DataFrame, matrix: CostMatrix, ids: NDArray[np.object_]) -> RowCosts:
    """Evaluate a cost matrix over the n rows of a table, which have `ids` of shape (n,).

    Raises
    ------
    DataError
        When the table lacks a column that the costs read, or they allow no threshold.
    """
    absent = sorted(matrix.columns - set(frame.columns))
    if absent:
        raise DataError(", ".join(absent), "the costs need it and the table lacks it", "give the column")
    columns = {name: _numbers(frame, name) for name in sorted(matrix.columns)}
    return matrix.rows(columns, len(frame), ids)


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    try:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            raise TypeError
        return frame[name].to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        # The library's own error quotes a cell.
        rule = "the costs read it and it holds no numbers"
        raise DataError(
            name, rule, "declare it a number under rows.types, or drop it from the costs"
        ) from None


@dataclass(frozen=True, slots=True)
class Observed:
    """The sample and how many rows of the table did not make it, by reason."""

    sample: Sample
    as_of: datetime | None
    counts: dict[str, int]


def observe(frame: pd.DataFrame, project: Project, as_of: datetime | None) -> Observed:
    """Choose the rows that were observed, and whose outcomes were mature, before the as-of date.

    Without a date the newest row's time is taken, so that the same table always gives the same
    sample. Rows without an outcome, immature ones and those before the window are counted.

    Raises
    ------
    DataError
        For rows without a time or from the future, an outcome that is not two-valued, ids that
        stand on several rows, and when no row is left.
    """
    roles = project.columns
    counts = {"rows": len(frame)}
    keep = np.ones(len(frame), dtype=bool)
    time = _times(frame, roles.time) if roles.time else None
    if time is not None:
        as_of, keep = _in_time(time, project, as_of, counts)
    known = frame[project.outcome.column].notna().to_numpy()
    counts["without_outcome"] = int((keep & ~known).sum())
    keep &= known
    counts["used"] = int(keep.sum())
    if not keep.any():
        raise DataError(
            project.name,
            "no row is left: "
            + ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in counts.items()),
            "give a later --as-of, a longer split.window or rows whose outcomes are known",
        )
    order = _order(frame[roles.row_id], time, keep)
    sample = _sample(frame.iloc[order], None if time is None else time[order], project)
    _refuse_repeated_ids(sample, roles.row_id)
    return Observed(sample, as_of, counts)


def used_rows(frame: pd.DataFrame, project: Project, as_of: datetime | None) -> BoolArray:
    """Return which rows of a block `observe` would use of the whole table, shape (n,).

    Parameters
    ----------
    frame : DataFrame of n rows
    project : Project
    as_of : datetime, optional
        As `observe` returned it; None where rows have no time.

    Raises
    ------
    DataError
        For rows without a time or from the future.
    ValueError
        When rows have times and there is no date: each block would end at its own newest row.
    """
    known: BoolArray = frame[project.outcome.column].notna().to_numpy()
    if project.columns.time is None:
        return known
    if as_of is None:
        raise ValueError("rows of a block are used up to the date that all rows are")
    return known & _in_time(_times(frame, project.columns.time), project, as_of, {})[1]


def _times(frame: pd.DataFrame, column: str) -> NDArray[np.datetime64]:
    absent = int(frame[column].isna().sum())
    if absent:
        raise DataError(
            column, f"{absent} rows have no time", "fill it or quarantine those rows by the contract"
        )
    time: NDArray[np.datetime64] = (
        frame[column].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    )
    future = int((time > _moment(datetime.now(UTC))).sum())
    if future:
        raise DataError(
            column,
            f"{future} rows lie in the future of this machine's clock",
            "mend the clock, the unit or the time zone",
        )
    return time


def _in_time(
    time: NDArray[np.datetime64], project: Project, as_of: datetime | None, counts: dict[str, int]
) -> tuple[datetime | None, BoolArray]:
    if as_of is None and len(time):
        as_of = time.max().astype(datetime).replace(tzinfo=UTC) + timedelta(microseconds=1)
    if as_of is None:
        return None, np.zeros(0, dtype=bool)
    limit = _moment(as_of)
    observed = time < limit
    mature = observed & (time + np.timedelta64(project.outcome.matures_after, "us") <= limit)
    keep = mature.copy()
    if project.split.window is not None:
        keep &= time >= limit - np.timedelta64(project.split.window, "us")
    counts["after_as_of"] = int((~observed).sum())
    counts["immature"] = int((observed & ~mature).sum())
    counts["before_window"] = int((mature & ~keep).sum())
    return as_of, keep


def _order(ids: pd.Series, time: NDArray[np.datetime64] | None, keep: BoolArray) -> IntArray:
    """Return the positions of the kept rows by time and id, whatever the table's own order."""
    kept = np.flatnonzero(keep)
    by_id = kept[np.argsort(ids.astype(str).to_numpy(object)[kept], kind="stable")]
    return by_id if time is None else by_id[np.argsort(time[by_id], kind="stable")]


def _moment(moment: datetime) -> np.datetime64:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")


def _sample(frame: pd.DataFrame, time: NDArray[np.datetime64] | None, project: Project) -> Sample:
    roles = project.columns
    return Sample(
        frame,
        _events(frame[project.outcome.column], project),
        frame[roles.row_id].astype(str).to_numpy(object),
        time,
        codes(frame, roles.entity),
        codes(frame, project.cluster),
    )


def _events(outcome: pd.Series, project: Project) -> NDArray[np.int8]:
    column = project.outcome.column
    y = read_outcomes(outcome, project.outcome)
    if y.all() or not y.any():
        rule = f"1 distinct outcome in {len(y)} rows, two are needed"
        raise DataError(column, rule, "widen the window, or map the outcome to two values")
    return y


def codes(frame: pd.DataFrame, column: str | None) -> IntArray | None:
    """Return a code from 0 on for each level of a column, shape (n,); None without a column."""
    if column is None:
        return None
    found, _ = pd.factorize(frame[column], use_na_sentinel=False)
    return found.astype(np.int64)


def _refuse_repeated_ids(sample: Sample, column: str) -> None:
    code, names = pd.factorize(sample.ids)
    rows = np.bincount(code)
    if (rows > 1).any():
        events = np.bincount(code, weights=sample.y)
        conflicting = int(((events > 0) & (events < rows)).sum())
        raise DataError(
            column,
            f"{int((rows > 1).sum())} of {len(names)} ids stand on several rows, {conflicting} of them with "
            "conflicting outcomes",
            "keep one row for each id",
        )


def rows_seen(sample: Sample, features: tuple[str, ...]) -> NDArray[np.uint64]:
    """Return a hash of each row's features, shape (n,): equal rows have equal hashes."""
    return np.asarray(pd.util.hash_pandas_object(sample.frame[list(features)], index=False), dtype=np.uint64)
