"""The design matrix without its indicators and without its curves: levels as codes, numbers as they are.

Most columns of a design are indicators, of which each row has a single one for each feature, or pieces of a
curve over one number. They are never written: what a fit needs of them (scores, gradient, Hessian) are
look-ups, counts and polynomials, computed over some thousand rows at a time. Only for a Hessian are the
numbers' columns written, for those rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .coding import CodedBlock, coded_block, curved
from .columns import CurveColumns, LevelColumns, WrittenColumns, summed
from .pooled import FEWEST, NONE, Known, Levels, Numbers, PooledColumns, pooled, together

_ROWS = 16_384
"""Rows that are held at a time."""
_LOOKED_UP = 131_072
"""Rows for which levels are looked up at a time."""
_WRITTEN = 4_096
"""Rows whose columns of numbers stand in a processor's cache."""
_SMALL = 64 * 2**20
"""Bytes up to which all columns of numbers are written at once: a product of matrices is fast."""
_NARROW = 2
"""Columns of a number up to which writing them is cheaper than looking them up by its distinct values."""
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class CodedMatrix:
    """A design matrix of n rows and p columns, and a last one of ones.

    Attributes
    ----------
    shape : pair of ints
        Rows, and columns without the ones.
    numbers : tuple of WrittenColumns, CurveColumns or PooledColumns
    groups : tuple of LevelColumns or PooledColumns
    """

    shape: tuple[int, int]
    numbers: tuple[Numbers, ...] = ()
    groups: tuple[Levels, ...] = ()

    @classmethod
    def of_dense(cls, X: FloatArray) -> CodedMatrix:
        """Take a matrix of shape (n, p) as it is."""
        return cls((len(X), X.shape[1]), (WrittenColumns(X, np.arange(X.shape[1])),))

    @classmethod
    def of(
        cls,
        layout: ColumnTransformer,
        frame: pd.DataFrame,
        *,
        is_narrow: bool = False,
        known: Known | None = None,
    ) -> CodedMatrix:
        """Return what a fitted layout makes of rows: `whole()` equals its `transform`.

        Curves are written at once where that is small, unless the rows are to be kept narrow. Numbers are
        looked up by their distinct values, unless others are known already.
        """
        if known is None:
            known = NONE if is_narrow else pooled(frame, curved(layout))
        parts = [
            coded_block(name, transformer, frame[list(columns)], known)
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
        if is_narrow:
            return cls((rows, starts[-1]), numbers, groups)
        numbers = _written_if_small(numbers, rows)
        return cls((rows, starts[-1]), numbers, together(groups) if rows >= FEWEST else groups)

    def scores(self, weights: FloatArray) -> FloatArray:
        """Return the matrix times p + 1 weights, shape (n,)."""
        found = np.full(self.shape[0], weights[-1])
        for part in self._parts:
            scores = part.scorer(weights)
            for rows in self._slices(_run(part)):
                found[rows] += scores(rows)
        return found

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the transposed matrix times a value of each row, shape (p + 1,)."""
        found = np.zeros(self.shape[1] + 1)
        found[-1] = values.sum()
        for part in self._parts:
            runs = [part.collected(values[rows], rows) for rows in self._slices(_run(part))]
            found[part.columns] = part.sums_of(np.sum(runs, axis=0))
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
        self._add_numbers(found, curvature)
        self._add_levels(found, curvature)
        return found

    def whole(self) -> FloatArray:
        """Return the matrix itself, shape (n, p)."""
        found = np.zeros((self.shape[0], self.shape[1] + 1))
        for part in self.numbers:
            found[:, part.columns] = part.written(slice(None))
        for group in self._levels:
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

    @property
    def _levels(self) -> Iterator[LevelColumns]:
        """Yield the levels feature by feature."""
        for group in self.groups:
            yield from group.levels if isinstance(group, PooledColumns) else (group,)

    def _slices(self, run: int) -> Iterator[slice]:
        """Yield the rows block by block."""
        return (slice(start, min(start + run, self.shape[0])) for start in range(0, self.shape[0], run))

    def _add_numbers(self, found: FloatArray, curvature: FloatArray) -> None:
        """Add the products of the numbers' columns, and of these and the levels' columns."""
        numbers = [part.tabled() if isinstance(part, PooledColumns) else part for part in self.numbers]
        places = np.concatenate([*(part.columns for part in numbers), [self.shape[1]]])
        starts = np.cumsum([0, *(group.cells for group in self.groups)])
        own, across = np.zeros((len(places),) * 2), np.zeros((int(starts[-1]), len(places)))
        for rows in self._slices(_WRITTEN):
            root = np.sqrt(curvature[rows])
            dense = np.hstack([*(part.written(rows) for part in numbers), np.ones((len(root), 1))])
            dense *= root[:, None]
            own += dense.T @ dense
            if self.groups:
                across += _wide(self.groups, starts, root, rows).T @ dense
        found[np.ix_(places, places)] += own
        for group, start in zip(self.groups, starts, strict=False):
            sums = group.gathered(across[start : start + group.cells])
            found[np.ix_(group.columns, places)] += sums
            found[np.ix_(places, group.columns)] += sums.T

    def _add_levels(self, found: FloatArray, curvature: FloatArray) -> None:
        """Add the products of the levels' columns."""
        for group in self.groups:
            squared = group.weighed(group.weighed(curvature, _ALL), _ALL)
            counts = summed(group.codes, squared, group.cells)
            if isinstance(group, LevelColumns):
                found[group.columns, group.columns] += group.gathered(counts)
            else:
                found[np.ix_(group.columns, group.columns)] += group.gathered(
                    group.gathered(np.diag(counts)).T
                )
        for group, other in combinations(self.groups, 2):
            sums = self._counted(group, other, curvature)
            found[np.ix_(group.columns, other.columns)] += sums
            found[np.ix_(other.columns, group.columns)] += sums.T

    def _counted(self, group: Levels, other: Levels, curvature: FloatArray) -> FloatArray:
        """Return the products of the columns of two groups."""
        pairs = group.cells * other.cells
        counts = np.zeros(pairs)
        for rows in self._slices(max(_LOOKED_UP, 8 * pairs)):
            both = group.codes[rows].astype(np.intp)
            both *= other.cells
            both += other.codes[rows]
            weights = other.weighed(group.weighed(curvature[rows], rows), rows)
            counts += np.bincount(both, weights, pairs)
        return other.gathered(group.gathered(counts.reshape(group.cells, -1)).T).T


def _run(part: Numbers | LevelColumns) -> int:
    """Return for how many rows a part is asked at a time."""
    return _LOOKED_UP if isinstance(part, PooledColumns | LevelColumns) else _ROWS


def _written_if_small(numbers: tuple[Numbers, ...], rows: int) -> tuple[Numbers, ...]:
    """Return the columns of numbers as one written block where it is small, and else as they are."""
    wide = [part for part in numbers if not _is_looked_up(part)]
    width = sum(len(part.columns) for part in wide)
    if not wide or rows * width * 8 > _SMALL:
        return numbers
    dense = np.empty((rows, width))
    for start in range(0, rows, _WRITTEN):
        own = slice(start, min(start + _WRITTEN, rows))
        np.concatenate([part.written(own) for part in wide], axis=1, out=dense[own])
    block = WrittenColumns(dense, np.concatenate([part.columns for part in wide]))
    return (block, *(part for part in numbers if _is_looked_up(part)))


def _is_looked_up(part: Numbers) -> bool:
    """Whether a number's columns stay with its distinct values where all others are written."""
    return isinstance(part, PooledColumns) and len(part.columns) > _NARROW


def _wide(groups: Sequence[Levels], starts: IntArray, root: FloatArray, rows: slice) -> csr_array:
    """Return a column for each cell of each group, shape (r, cells), with values of each row."""
    at = np.column_stack([group.codes[rows] + start for group, start in zip(groups, starts, strict=False)])
    weights = np.column_stack([group.weighed(root, rows) for group in groups])
    pointers = np.arange(0, at.size + 1, len(groups))
    return csr_array((weights.ravel(), at.ravel(), pointers), shape=(len(root), int(starts[-1])))
