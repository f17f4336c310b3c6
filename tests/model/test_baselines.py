"""The baselines: the prevalence, the best feature alone, and the plain linear model."""

import numpy as np
import pandas as pd
import pytest

from logitgate.data.folds import Folds
from logitgate.errors import FitError
from logitgate.model.baselines import plain_linear, prior, single_feature
from logitgate.model.fit import Choice, fit
from logitgate.model.search import search
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

FEATURES = FeaturesConfig(numeric=("bent", "weak"), categorical=("g",))
CHOICES = Search(forms=("spline",), interactions={"both": ("bent", "weak")})


def _rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"bent": rng.normal(size=n), "weak": rng.normal(size=n), "g": rng.choice(["a", "b"], n)})
    odds = 1.5 * X["bent"] ** 2 - 1.5 + 0.5 * X["weak"] + 0.5 * (X["g"] == "a")
    return X, (rng.random(n) < 1 / (1 + np.exp(-odds))).to_numpy().astype(np.int8)


def test_the_prior_gives_everyone_the_prevalence():
    """Each row gets the share of events of the training rows, whatever its features."""
    X, y = _rows()
    probability = prior(X, y).predict_proba(X.assign(bent=np.nan))[:, 1]
    assert probability == pytest.approx(np.full(len(y), y.mean()), abs=1e-15)


def test_the_best_single_feature_may_be_a_curved_one():
    """A feature that matters by its square wins alone, because numbers are tried as splines."""
    X, y = _rows()
    best = single_feature(X, y, Folds.in_time(y, 3), FEATURES, CHOICES)
    assert best.feature == "bent"
    assert best.pipeline.feature_names_in_.tolist() == ["bent"]
    assert best.log_loss < np.log(2)


def test_its_log_loss_is_the_search_s():
    """The single feature's log loss is what the search says of this feature alone."""
    X, y = _rows()
    folds = Folds.in_time(y, 3)
    best = single_feature(X, y, folds, FEATURES, CHOICES)
    alone = Search(forms=("spline",), C=(max(CHOICES.C),))
    found = search(X, y, folds, FeaturesConfig(numeric=("bent",)), alone)
    assert best.log_loss == pytest.approx(found.best.log_loss, abs=1e-12)


def test_a_category_can_be_the_best_single_feature():
    """A category competes with the numbers as its levels."""
    X, y = _rows()
    X["g"] = np.where((y == 1) ^ (np.arange(len(y)) % 10 == 0), "a", "b")
    best = single_feature(X, y, Folds.in_time(y, 3), FEATURES, CHOICES)
    assert best.feature == "g"


def test_no_feature_that_can_be_fitted_is_an_error(monkeypatch):
    """When every feature alone fails there is no such baseline, and that is said."""
    X, y = _rows()
    monkeypatch.setattr("logitgate.model.solver._STEPS", 1)
    with pytest.raises(FitError, match="none of 3 features alone could be fitted"):
        single_feature(X, y, Folds.in_time(y, 3), FEATURES, CHOICES)


def test_plain_linear_takes_its_penalty_from_the_search():
    """The linear baseline is the linear form with the C that the same search chose for it."""
    X, y = _rows()
    found = search(X, y, Folds.in_time(y, 3), FEATURES, CHOICES)
    pipeline = plain_linear(X, y, FEATURES, CHOICES, found)
    expected = fit(Choice(Form(basis="linear"), found.linear.choice.C), X, y, FEATURES, CHOICES)
    assert np.array_equal(pipeline.predict_proba(X), expected.predict_proba(X))
    assert pipeline["model"].coef_.shape == (1, 4)
