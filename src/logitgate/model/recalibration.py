"""Recalibrate a fitted model on rows it has not seen, and fold the result into its coefficients.

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
from scipy.special import expit
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from ..decision.expressions import FloatArray
from ..errors import DataError, FitError
from ..evaluation.cox import fit_cox, log_odds


@dataclass(frozen=True, slots=True)
class Recalibration:
    """New log-odds = intercept + slope * old log-odds."""

    slope: float
    intercept: float


def recalibrate(
    pipeline: Pipeline, X: pd.DataFrame, y: NDArray[np.integer]
) -> tuple[Pipeline, Recalibration]:
    """Fit slope and intercept on the calibrate rows and return the recalibrated model.

    A model of the prior alone has one score, so only its intercept is recalibrated.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit` or `prior`; it is left as it is.
    X : DataFrame of shape (n, ...)
        Calibrate rows, on which the model was not fitted.
    y : int array of shape (n,)
        0 or 1.

    Returns
    -------
    Pipeline
        Shares all steps but the last with `pipeline`.
    Recalibration

    Raises
    ------
    DataError
        When the calibrate rows hold one class only.
    FitError
        When they do not determine a slope (the scores separate the classes, or are all the same),
        or the slope is not positive: the model then ranks these rows backwards.
    """
    events = int(np.sum(y == 1))
    if events in (0, len(y)):
        rule = f"{events} events in {len(y)} rows, so one class only"
        raise DataError("calibrate rows", rule, "give a larger share or a longer stretch of rows")
    score = scores(pipeline, X)
    if isinstance(pipeline[-1], DummyClassifier):
        change = Recalibration(1.0, float(log_odds(np.mean(y, keepdims=True))[0] - score[0]))
    else:
        change = _recalibration(y, score)
    return _with(pipeline, change), change


def scores(pipeline: Pipeline, X: pd.DataFrame) -> FloatArray:
    """Return the log-odds of each row, shape (n,); of a logistic model without rounding to 0 or 1."""
    if isinstance(pipeline[-1], DummyClassifier):
        return log_odds(pipeline.predict_proba(X)[:, 1])
    return np.asarray(pipeline.decision_function(X), dtype=np.float64)


def _recalibration(y: NDArray[np.integer], score: FloatArray) -> Recalibration:
    with np.errstate(invalid="ignore"):  # an undefined fit has an undefined likelihood
        found = fit_cox(y, score)
    if not (np.isfinite(found.slope) and np.isfinite(found.intercept)):
        rule = f"the {len(y)} rows determine no slope: the scores separate the classes or are all the same"
        raise FitError("recalibration", rule, "give more calibrate rows")
    if found.slope <= 0:
        rule = f"slope {found.slope:.3g} on {len(y)} rows: the model ranks them backwards"
        raise FitError("recalibration", rule, "look for what changed between train and calibrate rows")
    return Recalibration(found.slope, found.intercept)


def _with(pipeline: Pipeline, change: Recalibration) -> Pipeline:
    name, model = pipeline.steps[-1]
    changed = deepcopy(model)
    if isinstance(model, DummyClassifier):
        event = float(expit(log_odds(model.class_prior_)[1] + change.intercept))
        changed.class_prior_ = np.array([1 - event, event])
    else:
        changed.coef_ = change.slope * model.coef_
        changed.intercept_ = change.slope * model.intercept_ + change.intercept
    return Pipeline([*pipeline.steps[:-1], (name, changed)])
