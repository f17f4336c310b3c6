"""The simplest correct models, which every other must be worth its complexity against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from ..data.folds import Folds
from ..errors import FitError
from ..project.data import FeaturesConfig
from ..project.search import Form, Search
from .cross_validation import Trial, tried
from .fit import Choice, fit
from .learnable import refuse_unlearnable
from .search import SearchResult
from .signs import FREE, Signs

PRIOR, LINEAR = "prior", "plain linear"
"""Names of the two simplest models."""
_CURVED = Form(basis="spline")


@dataclass(frozen=True, slots=True)
class SingleFeature:
    """The model of the one feature that predicts best alone."""

    feature: str
    log_loss: float
    """Cross-validated, in nats."""
    pipeline: Pipeline


def prior(X: pd.DataFrame, y: NDArray[np.integer]) -> Pipeline:
    """Return a model that gives every row the prevalence of the training rows.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
    y : int array of shape (n,)
        0 or 1.

    Returns
    -------
    Pipeline
        With the single step `model` (DummyClassifier).
    """
    return Pipeline([("model", DummyClassifier(strategy="prior"))]).fit(X, y)


def plain_linear(  # noqa: PLR0913 - as `fit`, and what the search found
    X: pd.DataFrame,
    y: NDArray[np.integer],
    features: FeaturesConfig,
    choices: Search,
    found: SearchResult,
    *,
    signs: Signs = FREE,
) -> Pipeline:
    """Fit the linear form without interactions, its C chosen by the search that was already made.

    Raises
    ------
    FitError
        As `fit` does, or when no linear candidate converged.
    """
    return fit(found.linear.choice, X, y, features, choices, signs=signs)


def single_feature(  # noqa: PLR0913 - as `search`
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Folds,
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
) -> SingleFeature:
    """Fit each feature alone, a number as a spline, and keep the lowest cross-validated log loss.

    The penalty is the weakest of the search: a single feature has little to shrink.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        Training rows; in time order if the folds are.
    y : int array of shape (n,)
        0 or 1.
    folds : Folds
        Over these rows.
    features : FeaturesConfig
    choices : Search

    Raises
    ------
    DataError, FitError
        When nothing can be learned from the rows, or no feature alone could be fitted.
    """
    refuse_unlearnable(X, y, features, choices)
    alone = choices.model_copy(update={"forms": (_CURVED,), "interactions": {}, "C": (max(choices.C),)})
    trials = {name: tried(X, y, folds, _only(name, features), alone, signs=signs)[0] for name in features.all}
    fitted = {name: trial for name, trial in trials.items() if trial.failure is None}
    if not fitted:
        rule = f"none of {len(trials)} features alone could be fitted"
        raise FitError("best single feature", rule, "lower search.C")
    best = min(fitted, key=lambda name: _log_loss(fitted[name]))
    pipeline = fit(Choice(_CURVED, max(choices.C)), X, y, _only(best, features), alone, signs=signs)
    return SingleFeature(best, _log_loss(fitted[best]), pipeline)


def _only(name: str, features: FeaturesConfig) -> FeaturesConfig:
    return (
        FeaturesConfig(numeric=(name,)) if name in features.numeric else FeaturesConfig(categorical=(name,))
    )


def _log_loss(trial: Trial) -> float:
    return float(trial.losses.mean())
