"""Names for rows that have none: a hash of what they hold, and their place among equal ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class RowNames:
    """Names rows batch by batch; what was named before counts for the place among equal rows.

    Eight bytes are kept for each different row, and eight for how often it came.
    """

    def __init__(self) -> None:
        self._known = np.empty(0, dtype=np.uint64)
        self._times = np.empty(0, dtype=np.int64)

    def name(self, frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series[str]:
        """Return a name for each row, the same whatever file the row came in.

        Parameters
        ----------
        frame : DataFrame of shape (n, columns)
            Typed as the project declares.
        columns : iterable of str
            Those whose cells count; one that is not there counts for nothing.

        Returns
        -------
        Series of str, shape (n,)
            16 hexadecimal digits; from the second of equal rows on with `-2`, `-3` ... behind them.
        """
        hashes = hashes_of(frame, columns)
        place = pd.Series(hashes).groupby(hashes, sort=False).cumcount().to_numpy(np.int64)
        place = place + self._before(hashes)
        self._count(hashes)
        names = [f"{one:016x}" + (f"-{at + 1}" if at else "") for one, at in zip(hashes, place, strict=True)]
        return pd.Series(names, index=frame.index, dtype="str")

    def _before(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        if not len(self._known):
            return np.zeros(len(hashes), dtype=np.int64)
        at = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        return np.where(self._known[at] == hashes, self._times[at], 0)

    def _count(self, hashes: NDArray[np.uint64]) -> None:
        found, times = np.unique(hashes, return_counts=True)
        merged, where = np.unique(np.concatenate([self._known, found]), return_inverse=True)
        summed = np.zeros(len(merged), dtype=np.int64)
        np.add.at(summed, where, np.concatenate([self._times, times]))
        self._known, self._times = merged, summed


def hashes_of(frame: pd.DataFrame, columns: Iterable[str]) -> NDArray[np.uint64]:
    """Return a hash of each row's cells, shape (n,), the same whatever file they came in."""
    named = sorted(set(columns) & set(frame.columns))
    cells = {name: _cells(frame[name]) for name in named}
    plain = pd.DataFrame(cells, index=frame.index)
    return np.asarray(pd.util.hash_pandas_object(plain, index=False), dtype=np.uint64)


def _cells(column: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return pd.Series(column.dt.tz_convert(None).dt.as_unit("us").astype("int64"))
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    return column.astype("float64") if is_number else column
