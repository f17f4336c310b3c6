"""Bins of a column by its own values alone, never by the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..decision.costs import BoolArray, IntArray

_ENOUGH = 100_000
"""Rows whose quantiles are those of all."""


def binned(column: pd.Series, bins: int, among: BoolArray | None = None) -> IntArray:
    """Cut numbers at their quantiles; each level of anything else is a bin of its own.

    Parameters
    ----------
    column : Series of n values
    bins : int
        How many, at most, beside that of the missing values.
    among : bool array of shape (n,), optional
        The rows whose quantiles are taken; all where it is left out, and of many some.

    Returns
    -------
    int64 array of shape (n,)
        The bin of each row, from 0 on; the missing values are the last one.

    Examples
    --------
    >>> binned(pd.Series([1.0, 2.0, 3.0, np.nan]), 2).tolist()
    [0, 1, 1, 2]
    >>> binned(pd.Series(["b", None, "b"]), 2).tolist()
    [0, 1, 0]
    """
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)
    values = column.to_numpy(np.float64, na_value=np.nan)
    known = np.isfinite(values)
    present = values[known if among is None else known & among]
    some = present[:: max(1, len(present) // _ENOUGH)]
    edges = np.unique(np.quantile(some, np.linspace(0, 1, bins + 1)[1:-1])) if len(some) else some
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))
