"""Some of many rows that have nearly the Hessian of all, each counted by how unlikely it was to be drawn.

A Hessian of rows that are drawn evenly knows little of a rare level and of a curve's tails. Drawn by their
leverage, which the shares of a row in its levels and in its stretch of each curve stand for, some hundred
rows a column are enough for Newton steps that lead nearly as far as whole ones (Xu et al. 2016, sub-sampled
Newton methods with non-uniform sampling).
"""

from __future__ import annotations

import numpy as np

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ..design.coded import CodedMatrix
from ..design.columns import CurveColumns, LevelColumns, WrittenColumns
from ..design.pooled import Each, PooledColumns

_STRETCHES = 8
"""Into which each piece of a curve is cut, equally long."""
_SEED = 0


def leverages(X: CodedMatrix) -> FloatArray:
    """Return a rough leverage of each row, shape (n,); their sum is about the number of columns."""
    found = np.full(X.shape[0], 1 / X.shape[0])
    for part in (*X.numbers, *X.groups):
        if isinstance(part, PooledColumns):
            counts = np.bincount(part.codes, minlength=part.cells).astype(np.float64)
            found += np.sum([_of(one, counts) for one in part.each], axis=0).take(part.codes)
        else:
            found += _of(part)
    return found


def _of(part: Each, counts: FloatArray | None = None) -> FloatArray:
    """Return the leverage of each row in some columns, shape (n,), each counted so often."""
    match part:
        case LevelColumns():
            return _of_levels(part, counts)
        case CurveColumns():
            return _of_curve(part, counts)
        case WrittenColumns():
            return _of_cells(part, counts)


def drawn(X: CodedMatrix, size: int) -> tuple[IntArray, FloatArray]:
    """Draw about `size` rows, half of them evenly and half by leverage; the same ones every time.

    Returns
    -------
    positions, counts : arrays of shape (m,)
        Rising, and how many rows each stands for.
    """
    leverage = leverages(X)
    chance = np.minimum(1.0, size / 2 * (1 / len(leverage) + leverage / leverage.sum()))
    rows = np.flatnonzero(np.random.default_rng(_SEED).random(len(leverage)) < chance)
    return rows, 1 / chance[rows]


def _shared(
    codes: IntArray, mass: FloatArray | None, counts: FloatArray | None, codes_in_all: int
) -> FloatArray:
    """Return each row's share in the mass of its code."""
    weights = counts if mass is None else mass if counts is None else mass * counts
    total = np.bincount(codes, weights, codes_in_all).astype(np.float64)
    each = np.divide(1.0, total, out=np.zeros(codes_in_all), where=total > 0)[codes]
    return each if mass is None else each * mass


def _of_levels(part: LevelColumns, counts: FloatArray | None) -> FloatArray:
    mass, width = None if part.factor is None else part.factor**2, len(part.columns)
    shares = _shared(part.codes.astype(np.intp), mass, counts, width + 1)
    return np.where(part.codes < width, shares, 0.0)


def _of_curve(part: CurveColumns, counts: FloatArray | None) -> FloatArray:
    begins, width = part.shape.begins, len(part.columns)
    if len(begins) == 1:
        mass = part.distance(slice(None)) ** 2
        return mass / max(float((mass if counts is None else mass * counts).sum()), np.finfo(np.float64).tiny)
    length = np.diff(np.append(begins, part.shape.ends[1]))
    place = part.distance(slice(None)) / length.take(part.piece) * _STRETCHES
    code = part.piece.astype(np.intp) * _STRETCHES + np.minimum(place, _STRETCHES - 1).astype(np.intp)
    shares = _shared(code, None, counts, len(begins) * _STRETCHES)
    return shares * (width / max(len(np.unique(code)), 1))


def _of_cells(part: WrittenColumns, counts: FloatArray | None) -> FloatArray:
    cells = part.cells**2
    squares = np.sum(cells, axis=0) if counts is None else counts @ cells
    return np.asarray(cells @ np.divide(1.0, squares, out=np.zeros(len(squares)), where=squares > 0))
