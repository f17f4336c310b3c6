"""Fit one block of a design matrix without writing its columns: medians, and the moments of splines.

Of more rows than are written at a time only moments are summed, which agree with scikit-learn's to rounding.
A column of a spline is a polynomial on each piece between two knots, so that its mean and variance follow
from the powers of the distance to the knot, summed piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from .columns import CurveColumns, summed
from .polynomials import Polynomials
from .pooled import NONE, Known, numbers_of, tallied

_ROWS = 16_384
"""Rows for which columns are written at a time."""
_NEVER_CONSTANT = 1e-9
"""Variance from which on rounding cannot be taken for it."""

_Moments: TypeAlias = tuple[FloatArray, FloatArray]
"""Mean and variance of some columns."""


def fitted_block(block: BaseEstimator, frame: pd.DataFrame, known: Known = NONE) -> BaseEstimator:
    """Fit one block of a design matrix to rows, its columns written for some thousand rows at a time.

    Parameters
    ----------
    block : transformer
        From `blocks`.
    frame : DataFrame of shape (n, k)
        The columns that it reads.
    known : mapping of str to Distinct
        Some of its numbers by their distinct values.

    Returns
    -------
    transformer
        The same one, fitted.
    """
    if not isinstance(block, Pipeline) or "impute" not in block.named_steps:
        return block.fit(frame)
    _fit_medians(block.named_steps["impute"], frame, known)
    for place, (_, step) in enumerate(block.steps[1:], start=1):
        if isinstance(step, SplineTransformer):
            step.fit(block[:place].transform(frame.iloc[:2]))
            continue
        if isinstance(block.steps[place - 1][1], SplineTransformer | SimpleImputer) and _scaled(
            block[: place + 1], frame, known
        ):
            continue
        for start in range(0, len(frame), _ROWS):
            before = block[:place].transform(frame.iloc[start : start + _ROWS])
            if not isinstance(step, StandardScaler):
                step.fit(before)
                break
            step.partial_fit(before)
    return block


def _fit_medians(impute: SimpleImputer, frame: pd.DataFrame, known: Known) -> None:
    """Fit an imputer of medians: its own way sorts masked arrays."""
    impute.fit(frame.iloc[:1])
    medians = []
    for name in frame.columns:
        if name in known:
            medians.append(_median(*tallied(known[name])))
            continue
        values = numbers_of(frame[name])
        present = values[~np.isnan(values)]
        medians.append(float(np.median(present)) if len(present) else 0.0)
    impute.statistics_ = np.array(medians)


def _median(observed: FloatArray, counts: IntArray) -> float:
    """Return the median of values of which each stands for so many rows; 0 without rows."""
    if not len(observed):
        return 0.0
    after = np.cumsum(counts)
    middle = np.searchsorted(after, [(after[-1] - 1) // 2, after[-1] // 2], side="right")
    return float(observed[middle].sum() / 2)


def _scaled(block: Pipeline, frame: pd.DataFrame, known: Known) -> bool:
    """Fit the scaler that ends a block of lines or splines by their moments; False where it is to be written.

    The variance is the mean square of each column less its mean, of splines summed from the moments by piece.
    """
    if len(frame) <= _ROWS:
        return False
    found = (_moments_of_splines if "spline" in block.named_steps else _moments_of_lines)(block, frame, known)
    mean, variance = (np.concatenate(each) for each in zip(*found, strict=True))
    if not (variance > _NEVER_CONSTANT).all():
        return False
    scale = block.steps[-1][1]
    scale.partial_fit(block[:-1].transform(frame.iloc[:2]))
    scale.n_samples_seen_ = np.float64(len(frame))
    scale.mean_, scale.var_, scale.scale_ = mean, variance, np.sqrt(variance)
    return True


def _moments_of_lines(block: Pipeline, frame: pd.DataFrame, known: Known) -> Iterator[_Moments]:
    """Yield the mean and the variance of each number, both of shape (1,)."""
    for (name, column), absent in zip(frame.items(), block.named_steps["impute"].statistics_, strict=True):
        one = known.get(str(name))
        values, counts = (numbers_of(column), None) if one is None else (one.values, one.counts)
        values = np.where(np.isnan(values), absent, values)
        mean = np.average(values, weights=counts)
        yield np.array([mean]), np.array([np.average((values - mean) ** 2, weights=counts)])


def _moments_of_splines(block: Pipeline, frame: pd.DataFrame, known: Known) -> Iterator[_Moments]:
    """Yield the mean and the variance of each number's columns, both of shape (w,)."""
    spline, absent = block.named_steps["spline"], block.named_steps["impute"].statistics_
    width = spline.n_features_out_ // len(absent)
    for (name, column), missing, basis in zip(frame.items(), absent, spline.bsplines_, strict=True):
        shape = Polynomials.spline(missing, basis, np.zeros(width), np.ones(width))
        one = known.get(str(name))
        values, counts = (numbers_of(column), None) if one is None else (one.values, one.counts)
        yield _moments(CurveColumns.of(values, shape, np.arange(width)), counts)


def _moments(curve: CurveColumns, counts: IntArray | None) -> _Moments:
    """Return the mean and the variance of each column over all rows, or values that stand for some; (w,)."""
    pieces = curve.shape.pieces
    rows = len(curve.values) if counts is None else int(counts.sum())
    degree, pieces_in_all = len(pieces) - 1, pieces.shape[1]
    powers = np.zeros((2 * degree + 1, pieces_in_all))
    for start in range(0, len(curve.values), _ROWS):
        part = slice(start, start + _ROWS)
        distance, piece = curve.distance(part), curve.piece[part].astype(np.intp)
        power = np.ones(len(distance)) if counts is None else counts[part].astype(np.float64)
        for exponent in range(2 * degree + 1):
            powers[exponent] += summed(piece, power, pieces_in_all)
            power = power * distance
    powers /= rows
    rising = pieces[::-1]
    mean = np.einsum("km,kmw->w", powers[: degree + 1], rising)
    centred = rising.copy()
    centred[0] -= mean
    variance = np.zeros_like(mean)
    for one in range(degree + 1):
        for other in range(degree + 1):
            variance += np.einsum("m,mw,mw->w", powers[one + other], centred[one], centred[other])
    return mean, variance
