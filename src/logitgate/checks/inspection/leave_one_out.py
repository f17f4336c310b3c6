"""The same fit without one feature, for all features at once, from the full fit's own Hessian.

Each reduced fit starts at the minimum of the full fit's quadratic model under the constraint that the
feature's weights are zero, and goes on with the full fit's Hessian (the chord method): no new
Hessian is needed, and one pass over the rows serves all features. A fit that does not get there in
a few passes is handed to the usual solver, and so is each one whose weights have limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...errors import FitError
from ...evaluation.probabilities.cox import chances
from ...model.fitting.fit import fitted_weights
from ...model.fitting.fitted import Fitted
from ...model.fitting.solver import Rows, solve

_PASSES = 20
_THERE, _THERE_OF_MANY, _MANY = 1e-6, 1e-2, 200_000
"""Newton decrement, in nats summed over the rows: the log loss is within this of its minimum; of many rows
within more, which is less than 1e-7 for each of them."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Weights of the fits that lack one feature each, zero where a column is dropped; before recalibration.

    Attributes
    ----------
    features : tuple of k texts
    weights : array of shape (p + 1, k)
    """

    features: tuple[str, ...]
    weights: FloatArray


def without_each(fitted: Fitted, features: tuple[str, ...]) -> Dropped:
    """Fit once more without each feature: without all columns that it, alone or in a product, gave rise to.

    Raises
    ------
    FitError
        When neither way leads to the minimum.
    """
    if fitted.limits.bounded.any():
        return Dropped(features, np.column_stack([_limited(fitted, name) for name in features]))
    kept = [np.array([*(name not in source for source in fitted.sources), True]) for name in features]
    factors = [cho_factor(fitted.hessian[np.ix_(keep, keep)]) for keep in kept]
    starts = zip(kept, factors, strict=True)
    weights = np.column_stack([_start(fitted, keep, factor) for keep, factor in starts])
    ridge = np.append(np.full(len(fitted.sources), 1 / fitted.C), 0.0)[:, None]
    open_, within = list(range(len(features))), _THERE_OF_MANY if len(fitted.y) > _MANY else _THERE
    for _ in range(_PASSES):
        gradient = _gradient(fitted, weights[:, open_]) + ridge * weights[:, open_]
        still = []
        for place, number in enumerate(open_):
            slope = gradient[kept[number], place]
            step = cho_solve(factors[number], slope)
            weights[kept[number], number] -= step
            if not abs(float(slope @ step)) < within:
                still.append(number)
        open_ = still
        if not open_:
            break
    for number in open_:
        weights[:, number] = _solved(fitted, kept[number], features[number])
    return Dropped(features, weights)


def _limited(fitted: Fitted, feature: str) -> FloatArray:
    keep = np.array([*(feature not in source for source in fitted.sources), True])
    rows = Rows.of(fitted.matrix.among(keep[:-1]), fitted.y, fitted.limits.among(keep[:-1]))
    with threadpool_limits(1):
        found = solve(rows, fitted.C, fitted.weights[keep])
    if found.failure is not None:
        raise FitError(f"model without '{feature}'", found.failure, "lower C")
    weights = np.zeros(len(keep))
    weights[keep] = found.weights
    return weights


def _start(fitted: Fitted, keep: BoolArray, factor: tuple[FloatArray, bool]) -> FloatArray:
    """Return the weights that minimise the quadratic model of the full fit where dropped ones are zero."""
    weights = np.where(keep, fitted.weights, 0.0)
    moved = fitted.hessian[np.ix_(keep, ~keep)] @ fitted.weights[~keep]
    weights[keep] += cho_solve(factor, moved)
    return weights


def _gradient(fitted: Fitted, weights: FloatArray) -> FloatArray:
    scores = (fitted.matrix.scores(column) for column in weights.T)
    return np.column_stack([fitted.matrix.sums(chances(score) - fitted.y) for score in scores])


def _solved(fitted: Fitted, keep: BoolArray, feature: str) -> FloatArray:
    weights = np.zeros(len(keep))
    left = fitted.matrix.among(keep[:-1])
    weights[keep] = fitted_weights(left, fitted.y, fitted.C, subject=f"model without '{feature}'")
    return weights
