"""The recipes that a training judges: the search over all forms, and the simpler ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.sampling.blocks import Fold
from ...decision.costs import BoolArray
from ...evaluation.probabilities.cox import log_odds
from ...project.data import FeaturesConfig
from ...project.search import Form, Search
from ..design.signs import FREE, Signs
from ..fitting.fit import Choice
from .cross_validation import Trial, tried_alone
from .recipe import Candidate, Recipe
from .search import LINEAR as LINEAR_FORM

PRIOR, SINGLE, LINEAR, SEARCH = "prior", "best single feature", "plain linear", "search"
"""Names of the recipes, from simple to complex."""
_CURVED = Form(basis="spline")


def prior(y: NDArray[np.integer], folds: Sequence[Fold], features: FeaturesConfig) -> Recipe:
    """Return the recipe that gives every row the prevalence of the fitted rows.

    It is the limit of an infinite penalty.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    folds : sequence of Fold
    features : FeaturesConfig
    """
    rates = [float(y[fold.learned].mean()) for fold in folds]
    constant = [
        np.full(len(fold.judged), log_odds(np.array([rate]))[0])
        for fold, rate in zip(folds, rates, strict=True)
    ]
    return Recipe(PRIOR, (Candidate(Choice(LINEAR_FORM, 0.0), features),), (constant,), 0, recalibrates=False)


def single_feature(  # noqa: PLR0913 - as `tried`
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Sequence[Fold],
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
    wanted: BoolArray | None = None,
) -> Recipe:
    """Return the recipe that chooses one feature, a number as a spline, by the lowest out-of-fold log loss.

    The penalty is the weakest of the search: a single feature has little to shrink.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
    y : int array of shape (n,)
        0 or 1.
    folds : sequence of Fold
    features : FeaturesConfig
    choices : Search
    signs : mapping of feature to "positive" or "negative"
        Imposed on every fit; see `fit`.
    wanted : bool array of shape (folds, features), optional
        Which features are tried on which folds; all where it is left out.
    """
    curved = choices.model_copy(update={"forms": (_CURVED,), "interactions": {}})
    trials = tried_alone(X, y, folds, features, curved, signs=signs, wanted=wanted)
    only = [_only(name, features) for name in features.all]
    candidates = [Candidate(trial.choice, one) for trial, one in zip(trials, only, strict=True)]
    columns = [trial.n_features for trial in trials]
    return Recipe(SINGLE, candidates, [trial.log_odds for trial in trials], 0, columns=columns)


def searched(name: str, trials: Sequence[Trial], forms: Sequence[Form], features: FeaturesConfig) -> Recipe:
    """Return the recipe that chooses among some forms of a search that was made.

    A block before which nothing was judged takes the simplest form with the penalty closest to scikit-learn's
    default of C = 1.

    Parameters
    ----------
    name : str
    trials : sequence of Trial
    forms : sequence of Form
    features : FeaturesConfig
    """
    wanted = [trial for trial in trials if trial.choice.form in forms]
    simplest = [place for place, trial in enumerate(wanted) if trial.choice.form == wanted[0].choice.form]
    first = min(simplest, key=lambda place: abs(np.log(wanted[place].choice.C)))
    candidates = [Candidate(trial.choice, features) for trial in wanted]
    columns = [trial.n_features for trial in wanted]
    return Recipe(name, candidates, [trial.log_odds for trial in wanted], first, columns=columns)


def _only(name: str, features: FeaturesConfig) -> FeaturesConfig:
    return (
        FeaturesConfig(numeric=(name,)) if name in features.numeric else FeaturesConfig(categorical=(name,))
    )
