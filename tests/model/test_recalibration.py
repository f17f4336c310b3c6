"""Recalibration: folded into the coefficients, idempotent, and never silent about what it cannot do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from logitgate.errors import DataError, FitError
from logitgate.model.baselines import prior
from logitgate.model.fit import Choice, fit
from logitgate.model.recalibration import recalibrate, scores
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

FEATURES = FeaturesConfig(numeric=("x",), categorical=("g",))


def _rows(n=2000, seed=0, slope=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n), "g": rng.choice(["a", "b"], n)})
    odds = slope * (1.5 * X["x"] + (X["g"] == "a")) + shift
    return X, (rng.random(n) < expit(odds)).to_numpy().astype(np.int8)


@pytest.fixture(scope="module")
def model():
    """A logistic model of rows that keep the slope 1."""
    return fit(Choice(Form(basis="spline"), 1.0), *_rows(), FEATURES, Search())


def test_the_drift_is_found(model):
    """Calibrate rows whose log-odds are half as steep and shifted give that slope and offset back."""
    _, change = recalibrate(model, *_rows(n=40_000, seed=1, slope=0.5, shift=-1.0))
    assert change.slope == pytest.approx(0.5, abs=0.05)
    assert change.intercept == pytest.approx(-1.0, abs=0.05)


@given(slope=st.floats(0.2, 3), shift=st.floats(-2, 2), seed=st.integers(0, 50))
@settings(deadline=None, max_examples=25)
def test_log_odds_become_slope_times_old_plus_intercept(slope, shift, seed):
    """The new model is a plain logistic regression whose log-odds are slope * old + intercept."""
    model = fit(Choice(Form(basis="linear"), 1.0), *_rows(500), FEATURES, Search())
    X, y = _rows(600, seed, slope, shift)
    changed, change = recalibrate(model, X, y)
    assert type(changed["model"]) is LogisticRegression
    expected = change.slope * model.decision_function(X) + change.intercept
    np.testing.assert_allclose(changed.decision_function(X), expected, atol=1e-10)


@given(slope=st.floats(0.2, 3), shift=st.floats(-2, 2), seed=st.integers(0, 50))
@settings(deadline=None, max_examples=25)
def test_recalibrating_twice_changes_nothing(slope, shift, seed):
    """On the same rows a recalibrated model has slope 1 and intercept 0 to 1e-8."""
    model = fit(Choice(Form(basis="linear"), 1.0), *_rows(500), FEATURES, Search())
    X, y = _rows(600, seed, slope, shift)
    once, _ = recalibrate(model, X, y)
    twice, change = recalibrate(once, X, y)
    assert change.slope == pytest.approx(1.0, abs=1e-8)
    assert change.intercept == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(twice.predict_proba(X), once.predict_proba(X), atol=1e-8)


def test_recalibrated_probabilities_average_to_the_event_rate(model):
    """The first equation of maximum likelihood: expected events are the events that happened."""
    X, y = _rows(seed=3, shift=1.0)
    changed, _ = recalibrate(model, X, y)
    assert changed.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-10)


def test_the_model_that_was_given_is_left_alone(model):
    """Recalibration returns a new model; the old one still answers as before."""
    X, y = _rows(seed=3, shift=1.0)
    before = model.predict_proba(X)
    changed, _ = recalibrate(model, X, y)
    assert np.array_equal(model.predict_proba(X), before)
    assert not np.array_equal(changed.predict_proba(X), before)


def test_the_prior_takes_an_offset_only():
    """A model of the prior moves to the prevalence of the calibrate rows, and stays there."""
    X, y = _rows()
    base = prior(X, y)
    later_X, later_y = _rows(seed=4, shift=-2.0)
    changed, change = recalibrate(base, later_X, later_y)
    assert changed.predict_proba(X)[:, 1] == pytest.approx(np.full(len(X), later_y.mean()), abs=1e-12)
    assert change.slope == 1.0
    assert change.intercept == pytest.approx(logit(later_y.mean()) - logit(y.mean()), abs=1e-12)
    assert base.predict_proba(X)[0, 1] == pytest.approx(y.mean())
    again, nothing = recalibrate(changed, later_X, later_y)
    assert nothing.intercept == pytest.approx(0.0, abs=1e-8)
    assert again.predict_proba(X)[0, 1] == pytest.approx(later_y.mean(), abs=1e-12)


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_is_refused(model, outcome):
    """Calibrate rows of one class say nothing about probabilities; prior or not."""
    X, y = _rows()
    for each in (model, prior(X, y)):
        with pytest.raises(DataError, match=f"{2000 * outcome} events in 2000 rows, so one class only"):
            recalibrate(each, X, np.full_like(y, outcome))


def test_a_model_that_ranks_backwards_is_refused(model):
    """A negative slope is not folded in: it would turn the model around."""
    X, y = _rows(seed=5)
    with pytest.raises(FitError, match=r"slope -.* on 2000 rows: the model ranks them backwards"):
        recalibrate(model, X, 1 - y)


def test_separated_or_constant_scores_determine_no_slope(model):
    """Where no finite slope is best, that is said."""
    X, _ = _rows(seed=6)
    separated = (scores(model, X) > 0).astype(np.int8)
    with pytest.raises(FitError, match="the 2000 rows determine no slope"):
        recalibrate(model, X, separated)
    same = X.iloc[[0] * 100]
    with pytest.raises(FitError, match="the 100 rows determine no slope"):
        recalibrate(model, same, np.arange(100) % 2)


def test_scores_do_not_round(model):
    """Log-odds far out are exact, where probabilities would have rounded to 1."""
    steep = recalibrate(model, *_rows())[0]
    steep["model"].coef_ = steep["model"].coef_ * 100
    X = pd.DataFrame({"x": [2.0, 2.1], "g": ["a", "a"]})
    low, high = scores(steep, X)
    assert 40 < low < high
