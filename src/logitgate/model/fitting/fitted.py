"""The final fit as it was made: design matrix, weights before recalibration, penalised Hessian."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...evaluation.estimates import NAN
from ...evaluation.intervals import Clusters, renumbered
from ...evaluation.probabilities.cox import chances
from ..design.coded import CodedMatrix
from ..design.matrix import source_of
from ..design.signs import FREE, Limits, Signs
from .fit import penalised_hessian
from .recalibration import Recalibration

INTERCEPT = "intercept"
_STRAIGHT = ("linear", "straight")
_MARKS = ("missing", "levels", "values")


@dataclass(frozen=True)
class Fitted:
    """A logistic model on the rows it was fitted to: p design columns, and the intercept, which stands last.

    Attributes
    ----------
    matrix : CodedMatrix of n rows and p columns
    y : int array of shape (n,)
    cluster : int array of shape (n,), or None
    weights : array of shape (p + 1,)
        Before recalibration.
    change : Recalibration
    C : float
        Inverse strength of the penalty, infinite without one.
    columns : tuple of p + 1 texts
    sources : tuple of p tuples
        The feature, or the two features, that each design column came from.
    units : array of shape (p + 1,)
        How many units of its feature one unit of a design column is; NaN where it is not measured in any.
    hessian : array of shape (p + 1, p + 1)
        Of the penalised log loss, summed over the rows: X'WX + diag(1/C, ..., 1/C, 0).
    limits : Limits
        Of the p weights, by the signs that were imposed.
    """

    matrix: CodedMatrix
    y: NDArray[np.integer]
    cluster: Clusters
    weights: FloatArray
    change: Recalibration
    C: float
    columns: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]
    units: FloatArray
    hessian: FloatArray
    limits: Limits

    @classmethod
    def of(cls, pipeline: Pipeline, change: Recalibration, train: Sample, signs: Signs = FREE) -> Fitted:
        """Take the recalibration out of a model again and lay out the rows that it was fitted to."""
        layout, model = pipeline[0], pipeline[-1]
        matrix = CodedMatrix.of(layout, train.frame[list(layout.feature_names_in_)])
        intercept = (float(model.intercept_[0]) - change.intercept) / change.slope
        weights = np.append(model.coef_[0] / change.slope, intercept)
        return cls(
            matrix,
            train.y.astype(np.int64),
            train.cluster,
            weights,
            change,
            float(model.C),
            (*column_names(layout), INTERCEPT),
            tuple(source_of(layout)),
            np.append(units_of(layout), NAN),
            penalised_hessian(matrix, weights, float(model.C)),
            Limits.of(layout, signs),
        )

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariance of the weights, shape (p + 1, p + 1).

        Without clusters the inverse of the penalised Hessian H; with clusters the sandwich H^-1 B H^-1, where
        B is G/(G-1) times the sum over the clusters of each one's score times itself, the scores less their
        mean, which a penalty keeps from being zero (Liang, Zeger 1986).
        """
        inverse = np.asarray(np.linalg.inv(self.hessian), dtype=np.float64)
        return inverse if self.cluster is None else inverse @ _meat(self) @ inverse

    @property
    def scores(self) -> FloatArray:
        """Log-odds of each row before recalibration, shape (n,)."""
        return self.matrix.scores(self.weights)

    @property
    def deciding(self) -> FloatArray:
        """The weights by which the model decides, recalibration included, shape (p + 1,)."""
        weights: FloatArray = self.change.slope * self.weights
        weights[-1] += self.change.intercept
        return weights


def column_names(layout: ColumnTransformer) -> tuple[str, ...]:
    """Return a name for each design column: its block, its feature, and its level or piece.

    A straight line has the same name in every form. Two levels of different features can read the same
    ('a' with 'b_c', 'a_b' with 'c'); the later ones are numbered.
    """
    counts: Counter[str] = Counter()
    names = []
    for output in layout.get_feature_names_out():
        block, _, rest = str(output).partition("__")
        name = f"{_STRAIGHT[0] if block in _STRAIGHT else block}__{rest}"
        counts[name] += 1
        names.append(name if counts[name] == 1 else f"{name} #{counts[name]}")
    return tuple(names)


def units_of(layout: ColumnTransformer) -> FloatArray:
    """Return how many units of its feature one unit of each design column is, shape (p,).

    One standard deviation for a straight line, one for the mark of a level, a value or a missing cell, and
    NaN for the pieces of a curve and for products, which have no unit.
    """
    units = []
    for name, transformer, _ in layout.transformers_:
        place = layout.output_indices_[name]
        if name in _STRAIGHT:
            units.append(np.asarray(transformer.named_steps["scale"].scale_, dtype=np.float64))
        elif name != "remainder":
            units.append(np.full(place.stop - place.start, 1.0 if name in _MARKS else NAN))
    return np.concatenate(units)


def _meat(fitted: Fitted) -> FloatArray:
    """Return the covariance of the scores, summed over the clusters (Liang, Zeger 1986)."""
    assert fitted.cluster is not None  # noqa: S101 - the caller looked
    code = renumbered(fitted.cluster)[1]
    clusters = int(code.max()) + 1
    sums = fitted.matrix.sums_by(code, fitted.y - chances(fitted.scores))
    centred = sums - sums.mean(axis=0)
    meat: FloatArray = centred.T @ centred * (clusters / max(clusters - 1, 1))
    return meat
