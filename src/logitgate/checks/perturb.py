"""Real rows with one feature changed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..project.behaviour import Directional, Invariance


def changed(test: Directional | Invariance, frame: pd.DataFrame) -> Iterator[tuple[IntArray, pd.DataFrame]]:
    """Yield the rows that a test changes, by position, and these rows after the change.

    A cell that is missing, or that the change leaves as it is, is not judged. A jitter yields twice,
    up and down.
    """
    column = frame[test.feature]
    if isinstance(test, Invariance):
        if test.jitter is not None:
            values = _numbers(column)
            yield _replaced(frame, test.feature, values, values + test.jitter)
            yield _replaced(frame, test.feature, values, values - test.jitter)
        elif test.swap is not None:
            first, second = test.swap
            yield _relabelled(frame, test.feature, {first: second, second: first})
    elif isinstance(test.change, str):
        values = _numbers(column)
        after = _stepped(values, test.change)
        if test.within is not None:
            # A value that is out of bounds already must not be carried back against the change.
            low, high = np.minimum(test.within[0], values), np.maximum(test.within[1], values)
            after = np.clip(after, low, high)
        yield _replaced(frame, test.feature, values, after)
    else:
        yield _relabelled(frame, test.feature, {test.change[0]: test.change[1]})


def _numbers(column: pd.Series) -> FloatArray:
    return column.to_numpy(np.float64, na_value=np.nan)


def _stepped(values: FloatArray, change: str) -> FloatArray:
    step = float(change[1:])
    match change[0]:
        case "+":
            return values + step
        case "-":
            return values - step
    return values * step


def _replaced(
    frame: pd.DataFrame, feature: str, before: FloatArray, after: FloatArray
) -> tuple[IntArray, pd.DataFrame]:
    rows = np.flatnonzero(np.isfinite(after) & (after != before))
    return rows, frame.iloc[rows].assign(**{feature: after[rows]})


def _relabelled(frame: pd.DataFrame, feature: str, levels: dict[str, str]) -> tuple[IntArray, pd.DataFrame]:
    texts = frame[feature].astype(object)
    rows = np.flatnonzero(texts.isin(list(levels)))
    return rows, frame.iloc[rows].assign(**{feature: texts.iloc[rows].map(levels).astype("category")})
