"""Where a curve over a number has its knots, and which of its values are levels of their own.

Many numbers pile up: most customers were never late, 98 means "refused to answer". Knots at quantiles of all
rows would coincide there, and a smooth curve would have to bend for one value. So values that fill a large
share of the rows, and codes far from all others, are levels beside the curve, and the knots lie at quantiles
of the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray

DEGREE = 3
_FEWEST_KNOTS = 3
_FEWEST_VALUES = 3
"""Two values need no curve and no level: a straight line goes through both."""
_NEAR = 1e-9
_MOST_CODES = 5
_CODED = 0.5
"""Share of the rows beyond a gap that stand at codes of enough rows."""
_LONG = 5.0
_HALVINGS = 3


@dataclass(frozen=True, slots=True)
class Curve:
    """How a number enters a spline form.

    Attributes
    ----------
    knots : array of shape (k,), or None
        Strictly rising; None where the values support no curve and the number stays a straight line.
    levels : array of shape (m,)
        Values that have an indicator of their own, rising.
    """

    knots: FloatArray | None
    levels: FloatArray


def curve(values: FloatArray, most: int, fewest_rows: int) -> Curve:
    """Choose knots and levels of a number.

    A level is a value with at least `fewest_rows` rows that fills more than one of the `most` - 1 intervals
    between quantiles, or that stands beyond a gap wider than the range of all values on the other side of
    it, as a code for "unknown" does. The knots lie at `most` quantiles of the rows at other values. An outer
    interval more than five times as wide as the one beside it is halved at the median of its rows, up to
    three times: otherwise one piece of the curve spans the whole of a heavy tail.

    Parameters
    ----------
    values : array of shape (n,)
        NaN is left out.
    most : int
        Number of quantiles, from the smallest to the largest value.
    fewest_rows : int
        Rows of a level.

    Examples
    --------
    >>> late = np.repeat([0.0, 1.0, 2.0, 3.0, 98.0], [700, 150, 80, 40, 30])
    >>> curve(late, 5, fewest_rows=20).levels.tolist()
    [0.0, 98.0]
    """
    observed, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(observed) < _FEWEST_VALUES:
        return Curve(None, np.empty(0))
    is_level = counts >= fewest_rows
    far = _far(observed, counts, is_level)
    is_level &= far | _piled(np.where(far, 0, counts), most)
    others = np.where(far | is_level, 0, counts)
    return Curve(_knots(np.repeat(observed, others), most, fewest_rows), observed[is_level])


def rising_curve(values: FloatArray, most: int, fewest_rows: int) -> Curve:
    """Choose the knots of a number whose curve may go one way only; it has no levels.

    An indicator would jump at one value and come back behind it. Instead each value that would be a level is
    a knot, so that the curve can climb as steeply as the rows ask for on either side of it.
    """
    free = curve(values, most, fewest_rows)
    if free.knots is None:
        return Curve(None, np.empty(0))
    return Curve(np.unique(np.concatenate((free.knots, free.levels))), np.empty(0))


def _piled(counts: IntArray, most: int) -> BoolArray:
    """Return which values fill more than one interval; all but two at most, as a line goes through two."""
    commonest = np.argsort(-counts, kind="stable")[: len(counts) - 2]
    piled: BoolArray = counts > counts.sum() / (most - 1)
    return piled & np.isin(np.arange(len(counts)), commonest)


def _far(observed: FloatArray, counts: IntArray, is_code: BoolArray) -> BoolArray:
    """Return which values stand beyond a gap on either side, shape of `observed`."""
    above = _beyond(observed, counts, is_code)
    below = _beyond(-observed[::-1], counts[::-1], is_code[::-1])
    return np.logical_or(above, below[::-1])


def _beyond(observed: FloatArray, counts: IntArray, is_code: BoolArray) -> BoolArray:
    """Return which values stand above a gap that is wider than the range of all values below it.

    They are at most five, and at least half of their rows stand at values that can be levels.
    """
    far = np.zeros(len(observed), dtype=bool)
    for first in range(max(_FEWEST_VALUES, len(observed) - _MOST_CODES), len(observed)):
        is_wide = observed[first] - observed[first - 1] > observed[first - 1] - observed[0]
        coded = counts[first:][is_code[first:]].sum()
        if is_wide and coded >= _CODED * counts[first:].sum():
            far[first:] = True
            break
    return far


def _knots(rows: FloatArray, most: int, fewest_rows: int) -> FloatArray | None:
    """Return strictly rising knots for rows in rising order, or None where they support no curve."""
    if not len(rows):
        return None
    places = np.quantile(rows, np.linspace(0, 1, most))
    near = _NEAR * (rows[-1] - rows[0])
    places = places[np.diff(places, prepend=-np.inf) > near]
    if len(places) >= _FEWEST_KNOTS:
        places = _halved(places, rows, near, fewest_rows)
        places = -_halved(-places[::-1], -rows[::-1], near, fewest_rows)[::-1]
    enough = len(places) >= _FEWEST_KNOTS and len(np.unique(rows)) > len(places) + DEGREE
    return places if enough else None


def _halved(places: FloatArray, rows: FloatArray, near: float, fewest_rows: int) -> FloatArray:
    """Add knots to the last interval while it is much wider than the one before it and has enough rows."""
    for _ in range(_HALVINGS):
        *_, before, start, end = places
        tail = rows[rows > start]
        half = float(np.median(tail))
        is_long = end - start > _LONG * (start - before)
        if not (is_long and len(tail) >= 2 * fewest_rows and start + near < half < end - near):
            break
        places = np.insert(places, -1, half)
    return places
