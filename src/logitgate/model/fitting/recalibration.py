"""Recalibrate a model by its out-of-fold log-odds, and fold the result into its coefficients.

Cox's recalibration a + b logit(p) turns (coefficients, intercept) into (b coefficients,
b intercept + a): the outcome is still a plain logistic regression, so nothing of ours must be
trusted when it is loaded. Source: Cox (1958).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ...evaluation.intervals import Clusters, upper_bound
from ...evaluation.probabilities.cox import fit_cox, log_odds, losses_by_log_odds

_ALPHA = 0.05
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Recalibration:
    """New log-odds = intercept + slope * old log-odds."""

    slope: float
    intercept: float

    def of(self, score: FloatArray) -> FloatArray:
        """Return the new log-odds, shape of `score`."""
        return self.intercept + self.slope * score


NONE = Recalibration(1.0, 0.0)
"""Leaves a model as it is."""


def decide_recalibration(
    y: NDArray[np.integer], score: FloatArray, cluster: Clusters, block: IntArray | None = None
) -> Recalibration:
    """Decide whether log-odds of judged rows are recalibrated, and how far.

    The change is that of closed testing (Vergouwe et al. 2017). First no recalibration is tested against
    intercept and slope; where that is not rejected the model stays as it is. Then the intercept alone is
    tested against both. Likelihood ratios where rows are independent, Wald tests with the sandwich where they
    are clustered; each at 5 %, which closed testing keeps over both.

    In time order a past block's miscalibration may be what changed since its model was fitted, which the
    model that ships has learned from. So there the change is made only where changes decided on earlier
    blocks are proven to lower the log loss of later ones, by a one-sided clustered bound at 5 %.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    score : array of shape (n,)
        Log-odds of rows that the model was not fitted to.
    cluster : int array of shape (n,) or None
    block : int array of shape (n,), optional
        Of each row, in time order; left out where the blocks were drawn at random.

    Returns
    -------
    Recalibration
        `NONE` below 20 events or 20 other rows, and where the rows do not prove the slope positive.
    """
    change = _closed_test(y, score, cluster)
    if change == NONE or block is None or _lowers_later_loss(y, score, cluster, block):
        return change
    return NONE


def _closed_test(y: NDArray[np.integer], score: FloatArray, cluster: Clusters) -> Recalibration:
    events = int(np.sum(y == 1))
    if min(events, len(y) - events) < _FEWEST:
        return NONE
    with np.errstate(invalid="ignore"):  # an undefined fit has an undefined likelihood
        found = fit_cox(y, score, cluster)
    if not found.slope_interval().low > 0 or not found.joint.p_value < _ALPHA:
        return NONE
    if found.slope_beyond_intercept.p_value < _ALPHA:
        return Recalibration(found.slope, found.intercept)
    return Recalibration(1.0, found.in_the_large)


def _lowers_later_loss(y: NDArray[np.integer], score: FloatArray, cluster: Clusters, block: IntArray) -> bool:
    first, *later = np.unique(block)
    change = score.copy()
    for number in later:
        before, own = block < number, block == number
        decided = _closed_test(y[before], score[before], None if cluster is None else cluster[before])
        change[own] = decided.of(score[own])
    known = block > first
    difference = losses_by_log_odds(y[known], change[known]) - losses_by_log_odds(y[known], score[known])
    return upper_bound(difference, None if cluster is None else cluster[known], _ALPHA) < 0


def recalibrated(pipeline: Pipeline, change: Recalibration) -> Pipeline:
    """Return the model with a recalibration folded into its coefficients."""
    if change == NONE:
        return pipeline
    name, model = pipeline.steps[-1]
    changed = deepcopy(model)
    changed.coef_ = change.slope * model.coef_
    changed.intercept_ = change.slope * model.intercept_ + change.intercept
    return Pipeline([*pipeline.steps[:-1], (name, changed)])


def scores(pipeline: Pipeline, X: pd.DataFrame) -> FloatArray:
    """Return the log-odds of each row, shape (n,); of a logistic model without rounding to 0 or 1."""
    if isinstance(pipeline[-1], DummyClassifier):
        return log_odds(pipeline.predict_proba(X)[:, 1])
    return np.asarray(pipeline.decision_function(X), dtype=np.float64)
