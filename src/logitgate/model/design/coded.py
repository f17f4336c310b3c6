"""The design matrix without its indicators and without its curves: levels as codes, numbers as they are.

Most columns of a design are indicators, of which each row has a single one for each feature, or pieces of a
curve over one number. They are never written: what a fit needs of them (scores, gradient, Hessian) are
look-ups, counts and polynomials, computed over some thousand rows at a time. Only for a Hessian are the
numbers' columns written, for those rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .coding import CodedBlock, coded_block
from .columns import CurveColumns, LevelColumns, Numbers, WrittenColumns

_ROWS = 16_384
"""Rows that are held at a time."""
_SMALL = 64 * 2**20
"""Bytes up to which all columns of numbers are written at once: a product of matrices is fast."""


@dataclass(frozen=True, slots=True)
class CodedMatrix:
    """A design matrix of n rows and p columns, and a last one of ones.

    Attributes
    ----------
    shape : pair of ints
        Rows, and columns without the ones.
    numbers : tuple of WrittenColumns or CurveColumns
    groups : tuple of LevelColumns
    """

    shape: tuple[int, int]
    numbers: tuple[Numbers, ...] = ()
    groups: tuple[LevelColumns, ...] = ()

    @classmethod
    def of_dense(cls, X: FloatArray) -> CodedMatrix:
        """Take a matrix of shape (n, p) as it is."""
        return cls((len(X), X.shape[1]), (WrittenColumns(X, np.arange(X.shape[1])),))

    @classmethod
    def of(cls, layout: ColumnTransformer, frame: pd.DataFrame, *, is_narrow: bool = False) -> CodedMatrix:
        """Return what a fitted layout makes of rows: `whole()` equals its `transform`.

        Curves are written at once where that is small, unless the rows are to be kept narrow.
        """
        parts = [
            coded_block(name, transformer, frame[list(columns)])
            for name, transformer, columns in layout.transformers_
            if name != "remainder"
        ]
        return cls.joined(parts, len(frame), is_narrow=is_narrow)

    @classmethod
    def joined(cls, parts: Sequence[CodedBlock], rows: int, *, is_narrow: bool = False) -> CodedMatrix:
        """Put blocks beside each other, in their order."""
        starts = np.cumsum([0, *(part.width for part in parts)]).tolist()
        placed = list(zip(parts, starts, strict=False))
        numbers = tuple(one.moved(start) for part, start in placed for one in part.numbers)
        groups = tuple(one.moved(start) for part, start in placed for one in part.groups)
        return cls((rows, starts[-1]), numbers if is_narrow else _written_if_small(numbers, rows), groups)

    def scores(self, weights: FloatArray) -> FloatArray:
        """Return the matrix times p + 1 weights, shape (n,)."""
        found = np.full(self.shape[0], weights[-1])
        for rows in self._slices():
            for part in self._parts:
                found[rows] += part.scores(weights, rows)
        return found

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the transposed matrix times a value of each row, shape (p + 1,)."""
        found = np.zeros(self.shape[1] + 1)
        found[-1] = values.sum()
        for rows in self._slices():
            for part in self._parts:
                found[part.columns] += part.sums(values[rows], rows)
        return found

    def sums_by(self, code: IntArray, values: FloatArray) -> FloatArray:
        """Return `sums` for each group of rows, whose codes have shape (n,); shape (groups, p + 1)."""
        groups = int(code.max()) + 1
        found = np.empty((groups, self.shape[1] + 1))
        found[:, -1] = np.bincount(code, values, groups)
        for part in self._parts:
            found[:, part.columns] = part.sums_by(code, groups, values)
        return found

    def hessian(self, curvature: FloatArray) -> FloatArray:
        """Return the sum over the rows of curvature times the row times itself, shape (p + 1, p + 1)."""
        found = np.zeros((self.shape[1] + 1,) * 2)
        for rows in self._slices():
            self._add(found, curvature[rows], rows)
        return found

    def whole(self) -> FloatArray:
        """Return the matrix itself, shape (n, p)."""
        found = np.zeros((self.shape[0], self.shape[1] + 1))
        for part in self.numbers:
            found[:, part.columns] = part.written(slice(None))
        for group in self.groups:
            at = np.append(group.columns, self.shape[1])[group.codes]
            found[np.arange(len(at)), at] = 1.0 if group.factor is None else group.factor
        return found[:, : self.shape[1]]

    def for_many_sums(self) -> CodedMatrix:
        """Return the same matrix, which has looked once at what each of many `sums` needs."""
        numbers = tuple(
            part.ordered(_ROWS) if isinstance(part, CurveColumns) else part for part in self.numbers
        )
        return replace(self, numbers=numbers)

    def take(self, rows: IntArray) -> CodedMatrix:
        """Return these rows."""
        numbers = tuple(part.taken(rows) for part in self.numbers)
        return CodedMatrix((len(rows), self.shape[1]), numbers, tuple(one.taken(rows) for one in self.groups))

    def among(self, kept: BoolArray) -> CodedMatrix:
        """Return the columns that are kept, given by a bool array of shape (p,), and the ones."""
        places = np.cumsum(kept) - 1
        numbers = tuple(left for part in self.numbers if (left := part.among(kept, places)) is not None)
        groups = tuple(one for group in self.groups if (one := group.among(kept, places)) is not None)
        return CodedMatrix((self.shape[0], int(kept.sum())), numbers, groups)

    @property
    def _parts(self) -> tuple[Numbers | LevelColumns, ...]:
        return (*self.numbers, *self.groups)

    def _slices(self) -> Iterator[slice]:
        """Yield the rows block by block."""
        return (slice(start, min(start + _ROWS, self.shape[0])) for start in range(0, self.shape[0], _ROWS))

    def _add(self, found: FloatArray, curvature: FloatArray, rows: slice) -> None:
        ones = np.ones((len(curvature), 1))
        dense = np.hstack([*(part.written(rows) for part in self.numbers), ones])
        places = np.concatenate([*(part.columns for part in self.numbers), [self.shape[1]]])
        scaled = dense * np.sqrt(curvature)[:, None]
        found[np.ix_(places, places)] += scaled.T @ scaled
        if not self.groups:
            return
        codes = [one.codes[rows].astype(np.intp) for one in self.groups]
        weights = [one.weighed(curvature, rows) for one in self.groups]
        _add_across(found, self.groups, (codes, weights), dense, places)
        for place, group in enumerate(self.groups):
            width, own = len(group.columns) + 1, group.weighed(weights[place], rows)
            found[group.columns, group.columns] += np.bincount(codes[place], own, width)[:-1]
            for at, other in enumerate(self.groups[place + 1 :], start=place + 1):
                both = codes[place] * (len(other.columns) + 1) + codes[at]
                own = other.weighed(weights[place], rows)
                counts = np.bincount(both, own, width * (len(other.columns) + 1)).reshape(width, -1)
                found[np.ix_(group.columns, other.columns)] += counts[:-1, :-1]
                found[np.ix_(other.columns, group.columns)] += counts[:-1, :-1].T


def _written_if_small(numbers: tuple[Numbers, ...], rows: int) -> tuple[Numbers, ...]:
    """Return the columns of numbers as one written block where it is small, and else as they are."""
    width = sum(len(part.columns) for part in numbers)
    if not numbers or rows * width * 8 > _SMALL:
        return numbers
    dense = np.hstack([part.written(slice(0, rows)) for part in numbers])
    return (WrittenColumns(dense, np.concatenate([part.columns for part in numbers])),)


def _add_across(
    found: FloatArray,
    groups: Sequence[LevelColumns],
    rows: tuple[list[IntArray], list[FloatArray]],
    dense: FloatArray,
    places: IntArray,
) -> None:
    """Add the products of the groups' columns and the numbers' columns."""
    codes, weights = rows
    starts = np.cumsum([0, *(len(group.columns) + 1 for group in groups)])
    at = np.column_stack([code + start for code, start in zip(codes, starts, strict=False)]).ravel()
    pointers = np.arange(0, len(at) + 1, len(groups))
    wide = csr_array((np.column_stack(weights).ravel(), at, pointers), shape=(len(dense), int(starts[-1])))
    across = wide.T @ dense
    for group, start in zip(groups, starts, strict=False):
        own = across[start : start + len(group.columns)]
        found[np.ix_(group.columns, places)] += own
        found[np.ix_(places, group.columns)] += own.T
