"""The design matrix without its indicators: numbers as dense columns, levels as codes.

Most columns of a design are indicators, of which each row has a single one for each feature. They are never
written: a level is an integer, a product with a level is an integer and a factor, and what a fit needs of
them (scores, gradient, Hessian) are look-ups and counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csc_array, csr_array
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray

_ROWS = 16_384
"""Rows of which the Hessian's dense part is held at a time."""


@dataclass(frozen=True, slots=True)
class Group:
    """Columns of which a row has one at most.

    Attributes
    ----------
    codes : int array of shape (n,)
        Which of the columns a row has; their number where it has none.
    columns : int array of shape (w,)
        Places of the columns in the design matrix.
    factor : array of shape (n,), or None
        What stands in a row's column; None for 1.
    """

    codes: IntArray
    columns: IntArray
    factor: FloatArray | None = None

    def scores(self, weights: FloatArray) -> FloatArray:
        """Return what the columns add to each row's score, shape (n,)."""
        found = np.append(weights[self.columns], 0.0).take(self.codes)
        return found if self.factor is None else found * self.factor

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum over the rows of each column times a value of each row, shape (w,)."""
        weighed = values if self.factor is None else values * self.factor
        return np.bincount(self.codes, weighed, len(self.columns) + 1)[:-1].astype(np.float64, copy=False)

    def taken(self, rows: IntArray | slice) -> Group:
        """Return these rows."""
        return Group(self.codes[rows], self.columns, None if self.factor is None else self.factor[rows])

    def among(self, kept: BoolArray, places: IntArray) -> Group | None:
        """Return the columns that are kept, at their new places; None where none is."""
        stays = kept[self.columns]
        if not stays.any():
            return None
        new = np.append(np.where(stays, np.cumsum(stays) - 1, stays.sum()), stays.sum())
        return Group(new[self.codes], places[self.columns[stays]], self.factor)


@dataclass(frozen=True)
class CodedMatrix:
    """A design matrix of n rows and p columns, and a last one of ones.

    Attributes
    ----------
    dense : array of shape (n, k + 1)
        The columns that are numbers, and last the ones.
    places : int array of shape (k + 1,)
        Their places; the last one is p.
    groups : tuple of Group
    """

    dense: FloatArray
    places: IntArray
    groups: tuple[Group, ...] = ()

    @classmethod
    def of_dense(cls, X: FloatArray) -> CodedMatrix:
        """Append ones to a matrix of shape (n, p)."""
        return cls(np.column_stack((X, np.ones(len(X)))), np.arange(X.shape[1] + 1))

    @classmethod
    def of(cls, layout: ColumnTransformer, frame: pd.DataFrame) -> CodedMatrix:
        """Return what a fitted layout makes of rows: `whole()` equals its `transform`."""
        parts = [
            coded_block(name, transformer, frame[list(columns)])
            for name, transformer, columns in layout.transformers_
            if name != "remainder"
        ]
        return cls.joined(parts, len(frame))

    @classmethod
    def joined(cls, parts: Sequence[CodedBlock], rows: int) -> CodedMatrix:
        """Put blocks beside each other, in their order, and the ones last."""
        starts = np.cumsum([0, *(part.width for part in parts)])
        dense = np.column_stack([*(part.dense for part in parts), np.ones(rows)])
        places = np.concatenate([*(part.places + start for part, start in zip(parts, starts, strict=False))])
        groups = tuple(
            Group(group.codes, group.columns + start, group.factor)
            for part, start in zip(parts, starts, strict=False)
            for group in part.groups
        )
        return cls(dense, np.append(places, starts[-1]).astype(np.intp), groups)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and columns without the ones."""
        return len(self.dense), int(self.places[-1])

    def scores(self, weights: FloatArray) -> FloatArray:
        """Return the matrix times p + 1 weights, shape (n,)."""
        found = self.dense @ weights[self.places]
        for group in self.groups:
            found += group.scores(weights)
        return np.asarray(found, dtype=np.float64)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the transposed matrix times a value of each row, shape (p + 1,)."""
        found = np.empty(self.shape[1] + 1)
        found[self.places] = self.dense.T @ values
        for group in self.groups:
            found[group.columns] = group.sums(values)
        return found

    def sums_by(self, code: IntArray, values: FloatArray) -> FloatArray:
        """Return `sums` for each group of rows, whose codes have shape (n,); shape (groups, p + 1)."""
        groups = int(code.max()) + 1
        found = np.empty((groups, self.shape[1] + 1))
        order = np.argsort(code, kind="stable")
        starts = np.searchsorted(code[order], np.arange(groups))
        found[:, self.places] = np.add.reduceat((self.dense * values[:, None])[order], starts, axis=0)
        for group in self.groups:
            width = len(group.columns) + 1
            own = values if group.factor is None else values * group.factor
            sums = np.bincount(code * width + group.codes, own, groups * width)
            found[:, group.columns] = sums.reshape(groups, width)[:, :-1]
        return found

    def hessian(self, curvature: FloatArray) -> FloatArray:
        """Return the sum over the rows of curvature times the row times itself, shape (p + 1, p + 1)."""
        found = np.zeros((self.shape[1] + 1,) * 2)
        for start in range(0, len(curvature), _ROWS):
            self._add(found, curvature[start : start + _ROWS], slice(start, start + _ROWS))
        return found

    def whole(self) -> FloatArray:
        """Return the matrix itself, shape (n, p)."""
        found = np.zeros((len(self.dense), self.shape[1] + 2))
        found[:, self.places] = self.dense
        for group in self.groups:
            at = np.append(group.columns, self.shape[1] + 1)[group.codes]
            found[np.arange(len(at)), at] = 1.0 if group.factor is None else group.factor
        return found[:, : self.shape[1]]

    def take(self, rows: IntArray) -> CodedMatrix:
        """Return these rows."""
        return CodedMatrix(self.dense[rows], self.places, tuple(group.taken(rows) for group in self.groups))

    def among(self, kept: BoolArray) -> CodedMatrix:
        """Return the columns that are kept, given by a bool array of shape (p,), and the ones."""
        kept = np.append(kept, True)
        places = np.cumsum(kept) - 1
        stays = kept[self.places]
        groups = tuple(found for group in self.groups if (found := group.among(kept, places)) is not None)
        return CodedMatrix(self.dense[:, stays], places[self.places[stays]], groups)

    def times(self, change: FloatArray) -> CodedMatrix:
        """Return the matrix times one of shape (p + 1, p + 1) that changes dense columns alone."""
        return CodedMatrix(self.dense @ change[np.ix_(self.places, self.places)], self.places, self.groups)

    def _add(self, found: FloatArray, curvature: FloatArray, rows: slice) -> None:
        dense = self.dense[rows]
        scaled = dense * np.sqrt(curvature)[:, None]
        found[np.ix_(self.places, self.places)] += scaled.T @ scaled
        if not self.groups:
            return
        weights = [curvature if one.factor is None else curvature * one.factor[rows] for one in self.groups]
        across = self._across(weights, rows) @ dense
        found[np.ix_(self._columns, self.places)] += across[self._real]
        found[np.ix_(self.places, self._columns)] += across[self._real].T
        for place, group in enumerate(self.groups):
            width, codes = len(group.columns) + 1, group.codes[rows]
            own = weights[place] if group.factor is None else weights[place] * group.factor[rows]
            found[group.columns, group.columns] += np.bincount(codes, own, width)[:-1]
            for other in self.groups[place + 1 :]:
                both = codes * (len(other.columns) + 1) + other.codes[rows]
                own = weights[place] if other.factor is None else weights[place] * other.factor[rows]
                counts = np.bincount(both, own, width * (len(other.columns) + 1)).reshape(width, -1)
                found[np.ix_(group.columns, other.columns)] += counts[:-1, :-1]
                found[np.ix_(other.columns, group.columns)] += counts[:-1, :-1].T

    def _across(self, weights: list[FloatArray], rows: slice) -> csc_array:
        """Return the groups' columns as rows of a sparse matrix, a column more for each group."""
        stacked = self._stacked[rows]
        pointers = np.arange(0, stacked.size + 1, len(self.groups))
        data = np.column_stack(weights).ravel()
        wide = csr_array((data, stacked.ravel(), pointers), shape=(len(stacked), len(self._real)))
        return wide.T

    @cached_property
    def _stacked(self) -> IntArray:
        starts = np.cumsum([0, *(len(group.columns) + 1 for group in self.groups)])[:-1]
        return np.column_stack([one.codes + at for one, at in zip(self.groups, starts, strict=True)])

    @cached_property
    def _columns(self) -> IntArray:
        return np.concatenate([group.columns for group in self.groups])

    @cached_property
    def _real(self) -> BoolArray:
        """Which columns of `_across` are columns of the matrix."""
        return np.concatenate(
            [np.arange(len(group.columns) + 1) < len(group.columns) for group in self.groups]
        )


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """What one block of a layout makes of rows.

    Attributes
    ----------
    width : int
        Number of columns.
    dense : array of shape (n, k)
    places : int array of shape (k,)
        Of the dense columns in the block.
    groups : tuple of Group
        Their places are in the block.
    """

    width: int
    dense: FloatArray
    places: IntArray
    groups: tuple[Group, ...] = ()

    @classmethod
    def of_numbers(cls, dense: FloatArray) -> CodedBlock:
        """Take columns as they are."""
        return cls(dense.shape[1], dense, np.arange(dense.shape[1]))


def coded_block(name: str, fitted: BaseEstimator, frame: pd.DataFrame) -> CodedBlock:
    """Apply a fitted block of a design matrix to rows; see `matrix.blocks` for the names.

    Parameters
    ----------
    name : str
    fitted : transformer
    frame : DataFrame of shape (n, ...)
        The columns that the block reads.
    """
    if name in ("levels", "values"):
        return _levels(fitted, frame)
    if name.startswith("interaction"):
        return _interaction(fitted, frame)
    return CodedBlock.of_numbers(np.asarray(fitted.transform(frame), dtype=np.float64))


def _levels(encoder: OneHotEncoder, frame: pd.DataFrame) -> CodedBlock:
    groups, start = [], 0
    for codes, width in _codes(encoder, frame):
        groups.append(Group(codes, np.arange(start, start + width)))
        start += width
    return CodedBlock(start, np.empty((len(frame), 0)), np.empty(0, dtype=np.intp), tuple(groups))


def _codes(encoder: OneHotEncoder, frame: pd.DataFrame) -> Iterator[tuple[IntArray, int]]:
    """Yield the column of each row, for each feature, and how many columns it has; that many for none."""
    pooled = [None] * frame.shape[1] if encoder.min_frequency is None else encoder.infrequent_categories_
    for place, (categories, rare) in enumerate(zip(encoder.categories_, pooled, strict=True)):
        is_rare = np.zeros(len(categories), bool) if rare is None else pd.Index(categories).isin(rare)
        frequent = int((~is_rare).sum())
        column = np.where(is_rare, frequent, np.cumsum(~is_rare) - 1)
        width = frequent + bool(is_rare.any())
        # A level that was not there in the fit counts as a rare one, if there are any and it may.
        unknown = frequent if rare is not None and encoder.handle_unknown != "ignore" else width
        yield _looked_up(frame.iloc[:, place], categories, column, unknown), width


def _looked_up(values: pd.Series, categories: np.ndarray, column: IntArray, unknown: int) -> IntArray:
    numbers, distinct = pd.factorize(values)
    known = ~pd.isna(categories)
    at = pd.Index(categories[known]).get_indexer(pd.Index(distinct).astype(pd.Index(categories[known]).dtype))
    of_distinct = np.where(at >= 0, column[known][at], unknown) if known.any() else np.full(len(at), unknown)
    of_missing = column[~known][0] if (~known).any() else unknown
    return np.append(of_distinct, of_missing)[numbers].astype(np.intp)


def _interaction(fitted: Pipeline, frame: pd.DataFrame) -> CodedBlock:
    """Products of two features, of which each is a number or has levels."""
    kept = fitted.named_steps["varying"].get_support()
    sides = [
        _side(transformer, frame[list(columns)])
        for name, transformer, columns in fitted.named_steps["sides"].transformers_
        if name != "remainder"
    ]
    (first, a), (second, b) = sides
    # Products stand in the order of the pairs of all columns of both sides.
    i, j = np.meshgrid(np.arange(a), np.arange(a, a + b), indexing="ij")
    pair = i * (a + b) - i * (i + 1) // 2 + (j - i - 1)
    width = int(kept.sum())
    column = np.where(kept[pair], np.cumsum(kept)[pair] - 1, width)
    column = np.pad(column, ((0, 1), (0, 1)), constant_values=width)
    codes = column[_code_of(first), _code_of(second)].astype(np.intp)
    factors = [side for side in (first, second) if side.dtype.kind == "f"]
    factor = None if not factors else np.prod(factors, axis=0)
    return CodedBlock(
        width,
        np.empty((len(frame), 0)),
        np.empty(0, dtype=np.intp),
        (Group(codes, np.arange(width), factor),) if width else (),
    )


def _side(transformer: BaseEstimator, frame: pd.DataFrame) -> tuple[FloatArray | IntArray, int]:
    """Return a number of each row, or its code, and how many columns there are."""
    if isinstance(transformer, OneHotEncoder):
        return next(_codes(transformer, frame))
    return np.asarray(transformer.transform(frame), dtype=np.float64)[:, 0], 1


def _code_of(side: FloatArray | IntArray) -> IntArray:
    return np.zeros(len(side), dtype=np.intp) if side.dtype.kind == "f" else side.astype(np.intp)
