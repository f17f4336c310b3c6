"""From a fitted block of scikit-learn's transformers to columns on codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer

from ...decision.compiled import columns_of_levels, places_of_pairs
from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from .columns import CurveColumns, LevelColumns, WrittenColumns, narrow
from .polynomials import Polynomials
from .pooled import NONE, Distinct, Known, Numbers, PooledColumns, numbers_of

_CURVED = ("linear", "straight", "spline", "piecewise")
"""How the names of their blocks begin."""


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """What one block of a layout makes of rows; places are in the block.

    Attributes
    ----------
    width : int
        Number of columns.
    numbers : tuple of WrittenColumns, CurveColumns or PooledColumns
    groups : tuple of LevelColumns
    """

    width: int
    numbers: tuple[Numbers, ...] = ()
    groups: tuple[LevelColumns, ...] = ()

    def apart(self) -> list[CodedBlock]:
        """Return each feature's columns as a block of their own, in order; of lines, curves or levels."""
        return [self._alone(part) for part in (*self.numbers, *self.groups)]

    @staticmethod
    def _alone(part: Numbers | LevelColumns) -> CodedBlock:
        width = len(part.columns)
        own = part.moved(-int(part.columns[0])) if width else part
        return CodedBlock(width, (), (own,)) if isinstance(own, LevelColumns) else CodedBlock(width, (own,))


def coded_block(name: str, fitted: BaseEstimator, frame: pd.DataFrame, known: Known = NONE) -> CodedBlock:
    """Apply a fitted block of a design matrix to rows; see `matrix.blocks` for the names.

    Parameters
    ----------
    name : str
    fitted : transformer
    frame : DataFrame of shape (n, ...)
        The columns that the block reads.
    known : mapping of str to Distinct
        Some of its numbers by their distinct values.
    """
    if name in ("levels", "values"):
        return _levels(fitted, frame)
    if name == "missing":
        return _missing(frame)
    if name.startswith("interaction"):
        return _interaction(fitted, frame)
    if name == "polynomial":
        cells = np.asarray(fitted.transform(frame), dtype=np.float64)
        return CodedBlock(cells.shape[1], (WrittenColumns(cells, np.arange(cells.shape[1])),))
    return _curves(fitted, frame, known)


def curved(layout: ColumnTransformer) -> list[str]:
    """Return the numbers of a layout that are lines or curves."""
    blocks = [(name, columns) for name, _, columns in layout.transformers_ if name.startswith(_CURVED)]
    return [str(column) for _, columns in blocks for column in columns]


def _curves(fitted: Pipeline, frame: pd.DataFrame, known: Known) -> CodedBlock:
    shapes, numbers, start = _shapes(fitted), [], 0
    for (name, column), shape in zip(frame.items(), shapes, strict=True):
        width = shape.pieces.shape[2]
        numbers.append(_curve(known.get(str(name)), column, shape, np.arange(start, start + width)))
        start += width
    return CodedBlock(start, tuple(numbers))


def _curve(one: Distinct | None, column: pd.Series, shape: Polynomials, places: IntArray) -> Numbers:
    if one is None:
        return CurveColumns.of(numbers_of(column), shape, places)
    return PooledColumns(one.codes, len(one.values), (CurveColumns.of(one.values, shape, places),))


def _shapes(fitted: Pipeline) -> list[Polynomials]:
    """Return the shape of each number of a block of lines, or of splines."""
    if "spline" not in fitted.named_steps:
        return _lines(fitted)
    absent, scale = fitted.named_steps["impute"].statistics_, fitted.named_steps["scale"]
    spline: SplineTransformer = fitted.named_steps["spline"]
    means, scales = (np.reshape(one, (len(absent), -1)) for one in (scale.mean_, scale.scale_))
    return [Polynomials.spline(*one) for one in zip(absent, spline.bsplines_, means, scales, strict=True)]


def _lines(fitted: Pipeline) -> list[Polynomials]:
    absent, scale = fitted.named_steps["impute"].statistics_, fitted.named_steps["scale"]
    return [Polynomials.line(*one) for one in zip(absent, scale.mean_, scale.scale_, strict=True)]


def _missing(frame: pd.DataFrame) -> CodedBlock:
    marks = [narrow(~column.isna().to_numpy(), 1) for _, column in frame.items()]
    groups = tuple(LevelColumns(mark, np.array([place])) for place, mark in enumerate(marks))
    return CodedBlock(len(groups), (), groups)


def _levels(encoder: OneHotEncoder, frame: pd.DataFrame) -> CodedBlock:
    groups, start = [], 0
    for codes, width in _codes(encoder, frame):
        groups.append(LevelColumns(narrow(codes, width), np.arange(start, start + width)))
        start += width
    return CodedBlock(start, (), tuple(groups))


def _codes(encoder: OneHotEncoder, frame: pd.DataFrame) -> Iterator[tuple[IntArray, int]]:
    """Yield the column of each row, for each feature, and how many columns it has; that many for none."""
    for place, categories in enumerate(encoder.categories_):
        column, width, unseen = columns_of_levels(encoder, place)
        yield _looked_up(frame.iloc[:, place], categories, column, unseen), width


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
    pair = places_of_pairs(a, b)
    width = int(kept.sum())
    column = np.where(kept[pair], np.cumsum(kept)[pair] - 1, width)
    column = np.pad(column, ((0, 1), (0, 1)), constant_values=width)
    codes = narrow(column, width)[_code_of(first), _code_of(second)]
    factors = [side for side in (first, second) if side.dtype.kind == "f"]
    factor = None if not factors else np.prod(factors, axis=0)
    return CodedBlock(width, (), (LevelColumns(codes, np.arange(width), factor),) if width else ())


def _side(transformer: BaseEstimator, frame: pd.DataFrame) -> tuple[FloatArray | IntArray, int]:
    """Return a number of each row, or its code, and how many columns there are."""
    if isinstance(transformer, OneHotEncoder):
        return next(_codes(transformer, frame))
    ((line, scale),) = zip(_lines(transformer), transformer.named_steps["scale"].scale_, strict=True)
    return (line.known(numbers_of(frame.iloc[:, 0])) - line.begins[0]) / scale, 1


def _code_of(side: FloatArray | IntArray) -> IntArray:
    return np.zeros(len(side), dtype=np.intp) if side.dtype.kind == "f" else side.astype(np.intp)
