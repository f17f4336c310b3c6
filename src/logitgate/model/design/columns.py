"""Columns of a design matrix as they are stored: levels as codes, curves as one number, all else written.

Each kind answers the same questions for slices of its rows: what weights make of them, what the sums of its
columns times a value of each row need of them, and, for numbers, the columns themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .polynomials import Polynomials, evaluated

Codes: TypeAlias = NDArray[np.unsignedinteger]
"""As few bytes as the largest of them needs."""
Scorer: TypeAlias = Callable[[slice], FloatArray]
"""From a slice of r rows to a value of each, shape (r,)."""


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

    def scorer(self, weights: FloatArray) -> Scorer:
        """Return what tells of a slice of rows what the columns add to each one's score."""
        table = np.append(weights[self.columns], 0.0)
        return lambda rows: self.weighed(table.take(self.codes[rows]), rows)

    def collected(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum of a value of each row by code, shape (cells,)."""
        return summed(self.codes[rows], self.weighed(values, rows), self.cells)

    def sums_of(self, collected: FloatArray) -> FloatArray:
        """Return the sum of each column times the values that were collected, shape (w,)."""
        return self.gathered(collected)

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

    def scorer(self, weights: FloatArray) -> Scorer:
        """Return what tells of a slice of rows what the columns add to each one's score."""
        own = weights[self.columns]
        return lambda rows: np.asarray(self.cells[rows] @ own)

    def collected(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum of each column times a value of each row, shape (w,)."""
        return np.asarray(self.cells[rows].T @ values)

    def sums_of(self, collected: FloatArray) -> FloatArray:
        """Return them."""
        return collected

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
        return evaluated(self.shape.pieces, self.distance(rows)[:, None], self.piece[rows])

    def scorer(self, weights: FloatArray) -> Scorer:
        """Return what tells of a slice of rows what the columns add to each one's score."""
        pieces = np.asarray(np.matmul(self.shape.pieces, weights[self.columns]))
        return lambda rows: evaluated(pieces, self.distance(rows), self.piece[rows])

    def collected(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sums of a value of each row times the powers of its distance, (degree + 1, pieces)."""
        if self.order is None:
            return self._moments(values, rows, self.piece[rows], 1)[:, 0]
        order, pieces = self.order[rows].astype(np.intp), self.shape.pieces
        counts = np.bincount(self.piece[rows], minlength=pieces.shape[1])
        present = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[present]
        values, distance = values.take(order), self.distance(rows).take(order)
        moments = np.zeros(pieces.shape[:2])
        for power in reversed(range(len(pieces))):
            moments[power, present] = np.add.reduceat(values, starts)
            values = values * distance
        return moments

    def sums_of(self, collected: FloatArray) -> FloatArray:
        """Return the sum of each column times the values that were collected, shape (w,)."""
        return np.asarray(np.einsum("jm,jmw->w", collected, self.shape.pieces))

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
        moments = self._moments(values, slice(None), code * len(self.shape.begins) + self.piece, groups)
        return np.asarray(np.einsum("jgm,jmw->gw", moments, self.shape.pieces))

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

    def _moments(self, values: FloatArray, rows: slice, code: IntArray | Codes, groups: int) -> FloatArray:
        """Return the sums of the values times the powers of the distance by group and piece."""
        powers, count = self.shape.pieces.shape[:2]
        moments, distance = np.empty((powers, groups, count)), self.distance(rows)
        code = code.astype(np.intp, copy=False)  # counting would do it for each power
        for power in reversed(range(powers)):
            moments[power] = summed(code, values, groups * count).reshape(groups, count)
            values = values * distance
        return moments
