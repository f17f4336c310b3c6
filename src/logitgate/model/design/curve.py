"""Where a curve over a number has its knots, and which of its values are levels of their own.

Many numbers pile up: most customers were never late, 98 means "refused to answer". Knots at quantiles of all
rows would coincide there, and a smooth curve would have to bend for one value. So values that fill a large
share of the rows, and codes far from all others, are levels beside the curve, and the knots lie at quantiles
of the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .pooled import Distinct, tallied

CUBIC = 3
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
    degree : int
        3, or 1 where too few distinct values would leave a cubic spline undetermined.
    levels : array of shape (m,)
        Values that have an indicator of their own, rising.
    """

    knots: FloatArray | None
    degree: int
    levels: FloatArray


def curve(values: FloatArray | Distinct, most: int, fewest_rows: int) -> Curve:
    """Choose knots and levels of a number.

    A level is a value with at least `fewest_rows` rows that fills more than one of the `most` - 1 intervals
    between quantiles, or that stands beyond a gap wider than the range of all values on the other side of
    it, as a code for "unknown" does. The knots lie at `most` quantiles of the rows at other values. An outer
    interval more than five times as wide as the one beside it is halved at the median of its rows, up to
    three times: otherwise one piece of the curve spans the whole of a heavy tail.

    Parameters
    ----------
    values : array of shape (n,), or Distinct of n rows
        NaN is left out.
    most : int
        Number of quantiles, from the smallest to the largest value.
    fewest_rows : int
        Rows of a level.

    Examples
    --------
    >>> late = np.repeat([0.0, 1.0, 2.0, 3.0, 98.0], [700, 150, 80, 40, 30])
    >>> found = curve(late, 5, fewest_rows=20)
    >>> found.levels.tolist(), found.knots.tolist()
    ([0.0, 98.0], [1.0, 2.0, 3.0])
    """
    observed, counts = tallied(values)
    is_level, is_other = _parted(observed, counts, most, fewest_rows)
    places = _places(np.repeat(observed[is_other], counts[is_other]), most, fewest_rows)
    return Curve(*_supported(places, observed[is_other]), observed[is_level])


def rising_curve(values: FloatArray | Distinct, most: int, fewest_rows: int) -> Curve:
    """Choose the knots of a number whose curve may go one way only; it has no levels.

    An indicator would jump at one value and come back behind it. Instead each value that would be a level is
    a knot, so that the curve can climb as steeply as the rows ask for on either side of it.
    """
    observed, counts = tallied(values)
    is_level, is_other = _parted(observed, counts, most, fewest_rows)
    places = _places(np.repeat(observed[is_other], counts[is_other]), most, fewest_rows)
    both = np.union1d(places, observed[is_level])
    return Curve(*_supported(both, observed[is_level | is_other]), np.empty(0))


def _parted(
    observed: FloatArray, counts: IntArray, most: int, fewest_rows: int
) -> tuple[BoolArray, BoolArray]:
    """Return which values are levels, and which support the curve: neither levels nor beyond a gap."""
    none = np.zeros(len(observed), dtype=bool)
    if len(observed) < _FEWEST_VALUES:
        return none, ~none
    is_level = counts >= fewest_rows
    far = _far(observed, counts, is_level)
    is_level &= far | _piled(np.where(far, 0, counts), most)
    return is_level, ~(is_level | far)


def _piled(counts: IntArray, most: int) -> BoolArray:
    """Return which values fill more than one interval; all but two at most, as a line goes through two."""
    commonest = np.argsort(-counts, kind="stable")[: max(np.count_nonzero(counts) - 2, 0)]
    piled: BoolArray = counts > counts.sum() / (most - 1)
    return piled & np.isin(np.arange(len(counts)), commonest)


def _far(observed: FloatArray, counts: IntArray, is_code: BoolArray) -> BoolArray:
    """Return which values stand beyond a gap on either side, shape of `observed`."""
    far = _beyond(observed, counts, is_code)
    rest = np.flatnonzero(~far)[::-1]
    far[rest] = _beyond(-observed[rest], counts[rest], is_code[rest])
    return far


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


def _places(rows: FloatArray, most: int, fewest_rows: int) -> FloatArray:
    """Return where knots lie for rows in rising order, strictly rising; too few of them support no curve."""
    if not len(rows):
        return rows
    places = _apart(np.quantile(rows, np.linspace(0, 1, most)))
    near = _NEAR * (rows[-1] - rows[0])
    inside = rows[(rows > places[0] + near) & (rows < rows[-1] - near)]
    if len(places) < _FEWEST_KNOTS and len(inside):
        places = np.array([places[0], np.median(inside), rows[-1]])
    if len(places) < _FEWEST_KNOTS:
        return places
    places = _halved(places, rows, near, fewest_rows)
    return -_halved(-places[::-1], -rows[::-1], near, fewest_rows)[::-1]


def _supported(places: FloatArray, observed: FloatArray) -> tuple[FloatArray | None, int]:
    """Return the knots and the degree of a curve that these distinct values determine.

    Pieces of straight lines that meet at observed values are determined by them; a cubic needs more values.
    """
    places = _apart(places)
    if len(places) >= _FEWEST_KNOTS and len(observed) > len(places) + CUBIC:
        return places, CUBIC
    if len(places):
        places = _apart(np.unique(observed[np.abs(observed[:, None] - places).argmin(axis=0)]))
    return (places if len(places) >= _FEWEST_KNOTS else None), 1


def _apart(places: FloatArray) -> FloatArray:
    """Leave out what lies on another one, but for rounding; what is left rises strictly."""
    near = _NEAR * np.ptp(places) if len(places) else 0.0
    return places[np.diff(places, prepend=-np.inf) > near]


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
