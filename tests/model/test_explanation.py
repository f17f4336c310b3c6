"""The explanation of a row is exact: base + contributions = log-odds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from logitgate.model.explanation.contributions import design_means, explain
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.recalibration import Recalibration, recalibrated
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Search
from tests.wording import refusal

FEATURES = FeaturesConfig(numeric=("x", "z"), categorical=("g",))
SEARCH = Search(
    forms=("linear", "spline", "polynomial", "spline + xg + xz"),
    interactions={"xg": ("x", "g"), "xz": ("x", "z")},
    rare_level_rows=10,
)


def _rows(n=800, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "g": rng.choice(["a", "b", "c"], n)})
    X.loc[::9, "z"] = np.nan
    X.loc[::13, "g"] = np.nan
    odds = X["x"] + X["z"].fillna(0) ** 2 - (X["g"] == "a")
    return X, (rng.random(n) < expit(odds)).to_numpy().astype(np.int8)


X, Y = _rows()
MODELS = {str(form): fit(Choice(form, 1.0), X, Y, FEATURES, SEARCH) for form in SEARCH.forms}
MEANS = {name: design_means(model, X) for name, model in MODELS.items()}


@given(
    form=st.sampled_from(sorted(MODELS)),
    x=st.one_of(st.floats(-50, 50), st.just(float("nan"))),
    z=st.one_of(st.floats(-50, 50), st.just(float("nan"))),
    g=st.sampled_from(["a", "b", "c", "unseen", None]),
)
@settings(max_examples=20)
def test_base_and_contributions_add_up(form, x, z, g):
    """For any row, gaps and unseen levels included, the parts add up to the log-odds to 1e-9."""
    row = pd.DataFrame({"x": [x], "z": [z], "g": pd.Series([g], dtype="str")})
    got = explain(MODELS[form], row, MEANS[form])
    total = got.base + sum(value for _, value in got.contributions)
    assert total == pytest.approx(got.log_odds, rel=1e-12, abs=1e-9)
    assert got.log_odds == MODELS[form].decision_function(row)[0]
    assert got.probability == pytest.approx(MODELS[form].predict_proba(row)[0, 1], abs=1e-12)


@pytest.mark.parametrize("form", sorted(MODELS))
def test_contributions_average_to_nothing(form):
    """Over the training rows each feature's contributions have mean zero: they are against the average."""
    some = X.iloc[:12]
    means = design_means(MODELS[form], some)
    got = [dict(explain(MODELS[form], some.iloc[[place]], means).contributions) for place in range(12)]
    np.testing.assert_allclose(pd.DataFrame(got).mean(), 0.0, atol=1e-9)


def test_parts_are_merged_by_feature_and_interaction():
    """Splines, levels and marks of gaps stand under their feature, interactions under both, largest first."""
    got = explain(MODELS["spline + xg + xz"], X.iloc[[4]], MEANS["spline + xg + xz"])
    names = [name for name, _ in got.contributions]
    sizes = [abs(value) for _, value in got.contributions]
    assert sorted(names) == ["g", "x", "x x g", "x x z", "z"]
    assert sizes == sorted(sizes, reverse=True)


def test_only_what_changed_explains_the_difference():
    """Changing one feature of a row moves its own contribution by the whole difference."""
    model, means = MODELS["spline"], MEANS["spline"]
    row = X.iloc[[4]]
    before, after = explain(model, row, means), explain(model, row.assign(x=2.5), means)
    moved = {
        name: value - dict(before.contributions)[name]
        for name, value in after.contributions
        if value != dict(before.contributions)[name]
    }
    assert moved == {"x": pytest.approx(after.log_odds - before.log_odds, abs=1e-9)}


def test_a_linear_contribution_is_the_textbook_s():
    """For a linear form a number adds weight * (value - mean) / spread."""
    model = MODELS["linear"]
    got = dict(explain(model, X.iloc[[4]], MEANS["linear"]).contributions)
    weight = model["model"].coef_[0][0]
    assert got["x"] == pytest.approx(weight * (X["x"].iloc[4] - X["x"].mean()) / X["x"].std(ddof=0), abs=1e-9)


def test_a_recalibrated_model_keeps_its_means():
    """After recalibration the same means explain the new log-odds; a model of the prior is all base."""
    change = Recalibration(0.7, -0.3)
    changed = recalibrated(MODELS["spline"], change)
    got, old = (explain(one, X.iloc[[4]], MEANS["spline"]) for one in (changed, MODELS["spline"]))
    assert got.base + sum(value for _, value in got.contributions) == pytest.approx(got.log_odds, abs=1e-9)
    assert got.base == pytest.approx(change.slope * old.base + change.intercept, abs=1e-9)
    prior = Pipeline([("model", DummyClassifier(strategy="prior"))]).fit(X, Y)
    got = explain(prior, X.iloc[[4]], design_means(prior, X))
    assert got.contributions == ()
    assert got.base == got.log_odds == pytest.approx(logit(Y.mean()), abs=1e-12)
    assert got.probability == pytest.approx(Y.mean(), abs=1e-12)


def test_means_of_another_model_are_refused(wording):
    """Means that do not fit the coefficients, or not exactly one row, are a mistake of the caller."""
    asked = ((X.iloc[[4]], MEANS["linear"]), (X.iloc[:2], MEANS["spline"]))
    wording(*(refusal(ValueError, explain, MODELS["spline"], *one) for one in asked))
