"""Why one row got its probability: what each feature adds to the log-odds of an average row.

A logistic model is a sum, so its explanation is exact: base + contributions = log-odds. The
contributions of a feature's design columns (a spline's pieces, a category's levels) are merged,
because only their sum has a meaning; those of an interaction stand under "a x b".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from ...decision.cells import FeatureReader
from ...decision.compiled import compiled
from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...decision.levels import learned_levels
from ...decision.look_ups import LookUps, QuadraticTerm
from ..design.coded import CodedMatrix
from ..design.matrix import source_of
from ..fitting.recalibration import scores


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts that one row's log-odds are the sum of."""

    base: float
    """Log-odds of a row whose design columns are all at their training means."""
    contributions: tuple[tuple[str, float], ...]
    """Feature and what it adds in log-odds, largest first."""
    log_odds: float
    probability: float


def design_means(pipeline: Pipeline, X: pd.DataFrame) -> tuple[float, ...]:
    """Return the mean of each design column over the training rows, to be kept beside the model.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit` or `prior`.
    X : DataFrame of shape (n, ...)

    Returns
    -------
    tuple of float
        One for each coefficient; none for a model of the prior alone.
    """
    if isinstance(pipeline[-1], DummyClassifier):
        return ()
    matrix = CodedMatrix.of(pipeline[0], X)
    return tuple((matrix.sums(np.ones(len(X)))[:-1] / len(X)).tolist())


def explain(pipeline: Pipeline, row: pd.DataFrame, means: Sequence[float]) -> Explanation:
    """Take one row's log-odds apart.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit`, `recalibrate` or `prior`.
    row : DataFrame of shape (1, ...)
        With the feature columns.
    means : sequence of p floats
        From `design_means`; recalibration does not change them.

    Raises
    ------
    ValueError
        When there is not exactly one row, or not one mean for each coefficient.
    """
    if len(row) != 1:
        raise ValueError(f"{len(row)} rows, one is explained at a time")
    total = float(scores(pipeline, row)[0])
    if isinstance(pipeline[-1], DummyClassifier):
        return Explanation(total, (), total, float(expit(total)))
    return _taken_apart(pipeline, row, np.asarray(means, dtype=np.float64), total)


def _taken_apart(pipeline: Pipeline, row: pd.DataFrame, means: FloatArray, total: float) -> Explanation:
    weights, intercept = pipeline[-1].coef_[0], float(pipeline[-1].intercept_[0])
    if means.shape != weights.shape:
        raise ValueError(f"{len(means)} design means for {len(weights)} coefficients")
    merged: dict[str, float] = {}
    parts = weights * (pipeline[:-1].transform(row)[0] - means)
    for source, part in zip(source_of(pipeline[0]), parts, strict=True):
        name = " x ".join(source)
        merged[name] = merged.get(name, 0.0) + float(part)
    largest_first = sorted(merged.items(), key=lambda named: -abs(named[1]))
    return Explanation(intercept + float(weights @ means), tuple(largest_first), total, float(expit(total)))


def feature_contributions(pipeline: Pipeline, X: pd.DataFrame) -> dict[str, FloatArray]:
    """Return what each feature adds to the log-odds of n rows, arrays of shape (n,), up to a constant.

    The columns of an interaction count for both of its features. A model of the prior alone has none. By
    look-ups it is the same sum to the last bits, in half the time that writing the columns takes.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit`, `recalibrate` or `prior`.
    X : DataFrame of shape (n, ...)
        With the feature columns.
    """
    if isinstance(pipeline[-1], DummyClassifier):
        return {}
    look_ups = compiled(pipeline)
    if look_ups is None or any(isinstance(term, QuadraticTerm) for term in look_ups.terms):
        return _of_columns(pipeline, X)
    return _of_terms(pipeline, look_ups, X)


def _of_terms(pipeline: Pipeline, look_ups: LookUps, X: pd.DataFrame) -> dict[str, FloatArray]:
    learned = learned_levels(pipeline)
    names = dict.fromkeys(name for term in look_ups.terms for name in term.names)
    reader = FeatureReader.of(
        pipeline,
        tuple(name for name in names if name not in learned),
        tuple(name for name in names if name in learned),
    )
    cells = reader.read(X.__getitem__, len(X))
    found = {name: np.zeros(len(X)) for name in names}
    for place, block in cells.blocks():
        for term in look_ups.terms:
            added = term.of(block)
            for name in term.names:
                found[name][place] += added
    return found


def _of_columns(pipeline: Pipeline, X: pd.DataFrame) -> dict[str, FloatArray]:
    matrix, weights = CodedMatrix.of(pipeline[0], X), pipeline[-1].coef_[0]
    columns: dict[str, BoolArray] = {}
    for place, source in enumerate(source_of(pipeline[0])):
        for name in source:
            columns.setdefault(name, np.zeros(len(weights), dtype=bool))[place] = True
    return {name: matrix.among(kept).scores(np.append(weights[kept], 0.0)) for name, kept in columns.items()}
