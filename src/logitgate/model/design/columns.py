"""Columns of a design matrix as they are stored: levels as codes, curves as one number, all else written.

Each kind answers the same questions for a slice of its rows: what weights make of it, the sums of its columns
times a value of each row, and, for numbers, the columns themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray

Codes = NDArray[np.unsignedinteger]
"""As few bytes as the largest of them needs."""


def narrow(codes: NDArray[np.integer] | BoolArray, largest: int) -> Codes:
    """Return codes in as few bytes as the largest possible one needs."""
    return codes.astype(np.min_scalar_type(largest))


def summed(codes: IntArray | Codes, values: FloatArray, count: int) -> FloatArray:
    """Return the sum of the values of each code below `count`, shape (count,)."""
    return np.asarray(np.bincount(codes, values, count), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LevelColumns:
    """Columns of which a row has one at most.

    Attributes
    ----------
    codes : unsigned int array of shape (n,)
        Which of the columns a row has; their number where it has none.
    columns : int array of shape (w,)
        Places of the columns in the design matrix.
    factor : array of shape (n,), or None
        What stands in a row's column; None for 1.
    """

    codes: Codes
    columns: IntArray
    factor: FloatArray | None = None

    @property
    def cells(self) -> int:
        """How many codes there are, that of rows without a column included."""
        return len(self.columns) + 1

    def gathered(self, by_cell: FloatArray) -> FloatArray:
        """Return the sums of the columns from those of the codes, shapes (w, ...) and (cells, ...)."""
        return by_cell[:-1]

    def scores(self, weights: FloatArray, rows: slice) -> FloatArray:
        """Return what the columns add to each row's score, shape (r,)."""
        found = np.append(weights[self.columns], 0.0).take(self.codes[rows])
        return found if self.factor is None else found * self.factor[rows]

    def sums(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum over the rows of each column times a value of each row, shape (w,)."""
        return summed(self.codes[rows], self.weighed(values, rows), len(self.columns) + 1)[:-1]

    def sums_by(self, code: IntArray, groups: int, values: FloatArray) -> FloatArray:
        """Return `sums` over all rows for each group of rows, shape (groups, w)."""
        width = len(self.columns) + 1
        own = self.weighed(values, slice(None))
        return summed(code * width + self.codes, own, groups * width).reshape(groups, width)[:, :-1]

    def weighed(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the values times what stands in each row's column, shape (r,)."""
        return values if self.factor is None else values * self.factor[rows]

    def taken(self, rows: IntArray) -> LevelColumns:
        """Return these rows."""
        return LevelColumns(
            self.codes[rows], self.columns, None if self.factor is None else self.factor[rows]
        )

    def moved(self, places: int) -> LevelColumns:
        """Return the same columns so many places further on."""
        return replace(self, columns=self.columns + places)

    def among(self, kept: BoolArray, places: IntArray) -> LevelColumns | None:
        """Return the columns that are kept, at their new places; None where none is."""
        stays = kept[self.columns]
        if not stays.any():
            return None
        new = np.append(np.where(stays, np.cumsum(stays) - 1, stays.sum()), stays.sum())
        return LevelColumns(narrow(new, len(new))[self.codes], places[self.columns[stays]], self.factor)


@dataclass(frozen=True, slots=True)
class WrittenColumns:
    """Columns as they are.

    Attributes
    ----------
    cells : array of shape (n, w)
    columns : int array of shape (w,)
        Their places in the design matrix.
    """

    cells: FloatArray
    columns: IntArray

    def written(self, rows: slice) -> FloatArray:
        """Return the columns, shape (r, w)."""
        return self.cells[rows]

    def scores(self, weights: FloatArray, rows: slice) -> FloatArray:
        """Return what the columns add to each row's score, shape (r,)."""
        return np.asarray(self.cells[rows] @ weights[self.columns])

    def sums(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum over the rows of each column times a value of each row, shape (w,)."""
        return np.asarray(self.cells[rows].T @ values)

    def sums_by(self, code: IntArray, groups: int, values: FloatArray) -> FloatArray:
        """Return `sums` over all rows for each group of rows, shape (groups, w)."""
        sums = np.empty((groups, len(self.columns)))
        for place, column in enumerate(self.cells.T):
            sums[:, place] = summed(code, values * column, groups)
        return sums

    def taken(self, rows: IntArray) -> WrittenColumns:
        """Return these rows."""
        return replace(self, cells=self.cells[rows])

    def moved(self, places: int) -> WrittenColumns:
        """Return the same columns so many places further on."""
        return replace(self, columns=self.columns + places)

    def among(self, kept: BoolArray, places: IntArray) -> WrittenColumns | None:
        """Return the columns that are kept, at their new places; None where none is."""
        stays = kept[self.columns]
        return WrittenColumns(self.cells[:, stays], places[self.columns[stays]]) if stays.any() else None


@dataclass(frozen=True, slots=True)
class Polynomials:
    """Columns as polynomials of a number, piece by piece; a straight line is one piece.

    Attributes
    ----------
    absent : float
        Stands in place of a missing number.
    ends : pair of floats
        Beyond which the columns stay as they are there.
    begins : array of shape (m,)
        Where the pieces begin; their polynomials are of the distance from there.
    pieces : array of shape (degree + 1, m, w)
        Coefficients, those of the highest power first.
    """

    absent: float
    ends: tuple[float, float]
    begins: FloatArray
    pieces: FloatArray

    @classmethod
    def line(cls, absent: float, mean: float, scale: float) -> Polynomials:
        """Return the number less its mean, over its scale."""
        pieces = np.array([1 / scale, 0.0]).reshape(2, 1, 1)
        return cls(absent, (-np.inf, np.inf), np.array([mean]), pieces)

    @classmethod
    def spline(cls, absent: float, basis: BSpline, mean: FloatArray, scale: FloatArray) -> Polynomials:
        """Return the first w functions of a B-spline basis, less their means and over their scales; (w,)."""
        knots = basis.t[basis.k : len(basis.t) - basis.k]
        powers = range(basis.k, -1, -1)
        # The polynomial of a piece is its Taylor series where it begins.
        pieces = np.array([basis(knots[:-1], nu=power) / factorial(power) for power in powers])
        pieces = pieces[:, :, : len(mean)] / scale
        pieces[-1] -= mean / scale
        return cls(absent, (float(knots[0]), float(knots[-1])), knots[:-1], pieces)

    def known(self, values: FloatArray) -> FloatArray:
        """Return the numbers that the polynomials are asked for."""
        return np.clip(np.where(np.isnan(values), self.absent, values), *self.ends)

    def among(self, stays: BoolArray) -> Polynomials:
        """Return some of the columns."""
        return replace(self, pieces=self.pieces[:, :, stays])


@dataclass(frozen=True, slots=True)
class CurveColumns:
    """Columns that are computed from one number whenever they are asked for.

    Attributes
    ----------
    values : array of shape (n,)
        NaN where missing.
    piece : unsigned int array of shape (n,)
        On which piece of its shape each number lies.
    shape : Polynomials of w columns
    columns : int array of shape (w,)
        Their places in the design matrix.
    order : int array of shape (n,), or None
        Within each run of rows the rows by their piece: sums over pieces are then sums of neighbours.
    """

    values: FloatArray
    piece: Codes
    shape: Polynomials
    columns: IntArray
    order: NDArray[np.uint16] | None = None

    @classmethod
    def of(cls, values: FloatArray, shape: Polynomials, columns: IntArray) -> CurveColumns:
        """Find the piece of each number."""
        pieces = len(shape.begins)
        if pieces == 1:
            return cls(values, np.zeros(len(values), dtype=np.uint8), shape, columns)
        found = np.searchsorted(shape.begins[1:], shape.known(values), side="right")
        return cls(values, narrow(found, pieces), shape, columns)

    def written(self, rows: slice) -> FloatArray:
        """Return the columns, shape (r, w)."""
        return _polynomials(self.shape.pieces, self.distance(rows)[:, None], self.piece[rows])

    def scores(self, weights: FloatArray, rows: slice) -> FloatArray:
        """Return what the columns add to each row's score, shape (r,)."""
        pieces = np.matmul(self.shape.pieces, weights[self.columns])
        return _polynomials(np.asarray(pieces), self.distance(rows), self.piece[rows])

    def sums(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum over the rows of each column times a value of each row, shape (w,)."""
        if self.order is None:
            return self._sums(values, rows, self.piece[rows], 1).ravel()
        order, pieces = self.order[rows].astype(np.intp), self.shape.pieces
        counts = np.bincount(self.piece[rows], minlength=pieces.shape[1])
        present = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[present]
        values, distance = values.take(order), self.distance(rows).take(order)
        moments = np.zeros(pieces.shape[:2])
        for power in reversed(range(len(pieces))):
            moments[power, present] = np.add.reduceat(values, starts)
            values = values * distance
        return np.asarray(np.einsum("jm,jmw->w", moments, pieces))

    def ordered(self, run: int) -> CurveColumns:
        """Return the same columns for many sums over runs of so many rows, 65,536 at most."""
        if self.shape.pieces.shape[1] == 1:
            return self
        order = np.empty(len(self.values), dtype=np.uint16)
        for start in range(0, len(order), run):
            rows = slice(start, start + run)
            order[rows] = np.argsort(self.piece[rows], kind="stable")
        return replace(self, order=order)

    def sums_by(self, code: IntArray, groups: int, values: FloatArray) -> FloatArray:
        """Return `sums` over all rows for each group of rows, shape (groups, w)."""
        return self._sums(values, slice(None), code * len(self.shape.begins) + self.piece, groups)

    def taken(self, rows: IntArray) -> CurveColumns:
        """Return these rows."""
        return replace(self, values=self.values[rows], piece=self.piece[rows], order=None)

    def moved(self, places: int) -> CurveColumns:
        """Return the same columns so many places further on."""
        return replace(self, columns=self.columns + places)

    def among(self, kept: BoolArray, places: IntArray) -> CurveColumns | None:
        """Return the columns that are kept, at their new places; None where none is."""
        stays = kept[self.columns]
        if not stays.any():
            return None
        return replace(self, shape=self.shape.among(stays), columns=places[self.columns[stays]])

    def distance(self, rows: slice) -> FloatArray:
        """Return how far beyond the beginning of its piece each number lies, shape (r,)."""
        return self.shape.known(self.values[rows]) - self.shape.begins.take(self.piece[rows])

    def _sums(self, values: FloatArray, rows: slice, code: IntArray | Codes, groups: int) -> FloatArray:
        """Return the sums of the powers of the distance, piece by piece, times the coefficients."""
        pieces = self.shape.pieces
        powers, count = len(pieces), pieces.shape[1]
        moments, distance = np.empty((powers, groups, count)), self.distance(rows)
        code = code.astype(np.intp, copy=False)  # counting would do it for each power
        for power in reversed(range(powers)):
            moments[power] = summed(code, values, groups * count).reshape(groups, count)
            values = values * distance
        return np.asarray(np.einsum("jgm,jmw->gw", moments, pieces))


def _polynomials(pieces: FloatArray, distance: FloatArray, piece: Codes) -> FloatArray:
    """Evaluate the polynomials of each row's piece by Horner's rule."""
    piece = piece.astype(np.intp)
    found: FloatArray = pieces[0].take(piece, axis=0)
    for coefficients in pieces[1:]:
        found *= distance
        found += coefficients.take(piece, axis=0)
    return found
