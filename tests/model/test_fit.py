"""The fit: the textbook's coefficients, the properties of a maximum, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.errors import DataError, FitError
from logitgate.model.design.coded import CodedMatrix
from logitgate.model.fitting.fit import Choice, condition_number, fit, penalised_hessian, regression
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.wording import refusal

DEFAULT = Path(__file__).parents[2] / "data" / "default.csv.gz"
LINEAR, SPLINE = Form(basis="linear"), Form(basis="spline")
SEARCH = Search()
TWO = FeaturesConfig(numeric=("a", "b"))


@pytest.fixture(scope="module")
def default():
    """ISLR's Default: features and outcome."""
    rows = pd.read_csv(DEFAULT)
    X = pd.DataFrame(
        {
            "balance": rows["balance"],
            "income": rows["income"] / 1000,
            "student": (rows["student"] == "Yes").astype(float),
            "status": rows["student"],
        }
    )
    return X, (rows["default"] == "Yes").to_numpy().astype(np.int8)


def _rows(n=500, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    y = (rng.random(n) < 1 / (1 + np.exp(-X["a"] + X["b"] / 2))).to_numpy().astype(np.int8)
    return X, y


def _unscaled(pipeline):
    """Coefficients of the linear block per unit of the feature, and the intercept that goes with them."""
    scale = pipeline["design"].named_transformers_["linear"]["scale"]
    model = pipeline["model"]
    width = len(scale.mean_)
    weights = model.coef_[0][:width] / scale.scale_
    return model.intercept_[0] - weights @ scale.mean_, weights


def test_unpenalised_default_is_the_textbook(default):
    """The unpenalised fit of Default reproduces ISLR's coefficients (James et al., table 4.3)."""
    X, y = default
    features = FeaturesConfig(numeric=("balance", "income", "student"))
    intercept, weights = _unscaled(fit(Choice(LINEAR, np.inf), X, y, features, SEARCH))
    np.testing.assert_allclose(intercept, -10.8690, atol=5e-5)
    assert weights == pytest.approx([0.0057365, 0.0030335, -0.64678], rel=1e-4)
    assert weights[0] == pytest.approx(0.0057365, abs=5e-8)


def test_levels_are_the_same_model_as_a_marked_number(default):
    """With a weak penalty the two levels of student differ by the coefficient of its indicator."""
    X, y = default
    features = FeaturesConfig(numeric=("balance", "income"), categorical=("status",))
    pipeline = fit(Choice(LINEAR, 1e6), X, y, features, SEARCH)
    no, yes = pipeline["model"].coef_[0][2:]
    assert yes - no == pytest.approx(-0.64678, abs=1e-5)


def test_doubled_rows_are_rows_of_weight_two():
    """Unpenalised, each row twice is the same as each row with weight two."""
    X, y = _rows()
    twice = fit(Choice(LINEAR, np.inf), pd.concat([X, X]), np.r_[y, y], TWO, SEARCH)
    once = fit(Choice(LINEAR, np.inf), X, y, TWO, SEARCH)
    weighted = regression(np.inf).fit(once["design"].transform(X), y, sample_weight=np.full(len(y), 2.0))
    np.testing.assert_allclose(twice["model"].coef_, weighted.coef_, atol=1e-8)
    np.testing.assert_allclose(twice["model"].coef_, once["model"].coef_, atol=1e-8)


def test_a_penalty_weighs_less_on_more_rows():
    """Penalised, doubled rows are not the same model: C is the strength per sum, not per mean."""
    X, y = _rows(100)
    once, twice = (fit(Choice(LINEAR, 0.01), pd.concat([X] * k), np.tile(y, k), TWO, SEARCH) for k in (1, 2))
    assert np.abs(twice["model"].coef_).max() > 1.2 * np.abs(once["model"].coef_).max()


@given(seed=st.integers(0, 2**32 - 1), form=st.sampled_from([LINEAR, SPLINE, Form(basis="polynomial")]))
@settings(max_examples=8)
def test_the_order_of_rows_does_not_matter(seed, form):
    """Permuting the rows leaves every coefficient within 1e-8."""
    X, y = _rows(seed=seed % 100)
    order = np.random.default_rng(seed).permutation(len(y))
    fits = (fit(Choice(form, 1.0), X.iloc[rows], y[rows], TWO, SEARCH) for rows in (slice(None), order))
    first, second = (pipeline["model"] for pipeline in fits)
    np.testing.assert_allclose(second.coef_, first.coef_, atol=1e-8)
    np.testing.assert_allclose(second.intercept_, first.intercept_, atol=1e-8)


def test_the_same_rows_give_the_same_bits(default):
    """Fitting the same rows again gives bit-equal coefficients; the model asks for its features alone."""
    X, y = default
    features = FeaturesConfig(numeric=("balance", "income"), categorical=("status",))
    first, second = (fit(Choice(SPLINE, 1.0), X.copy(), y.copy(), features, SEARCH) for _ in range(2))
    assert np.array_equal(first["model"].coef_, second["model"].coef_)
    assert np.array_equal(first["model"].intercept_, second["model"].intercept_)
    assert set(first.feature_names_in_) == set(features.all)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_the_gradient_vanishes_even_on_rare_levels(C):
    """At the solution the gradient of the penalised log loss is zero, also for levels of three rows."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"g": np.repeat([f"g{k}" for k in range(200)], 3), "a": rng.normal(size=600)})
    y = (rng.random(600) < 0.1).astype(np.int8)
    features = FeaturesConfig(numeric=("a",), categorical=("g",))
    pipeline = fit(Choice(LINEAR, C), X, y, features, Search(rare_level_rows=1))
    matrix, model = pipeline["design"].transform(X), pipeline["model"]
    residual = model.predict_proba(matrix)[:, 1] - y
    assert np.abs(matrix.T @ residual + model.coef_[0] / C).max() < 1e-6
    assert abs(residual.sum()) < 1e-6


def test_breast_cancer_is_not_refused():
    """Thirty good measurements are separable together; a working penalty makes that no error."""
    from sklearn.datasets import load_breast_cancer

    cancer = load_breast_cancer(as_frame=True)
    features = FeaturesConfig(numeric=tuple(cancer.data.columns))
    for form in (LINEAR, SPLINE):
        for C in SEARCH.C:
            pipeline = fit(Choice(form, C), cancer.data, cancer.target.to_numpy(), features, SEARCH)
            assert pipeline.score(cancer.data, cancer.target) > 0.95


def test_certainty_on_every_row_is_refused(wording):
    """Where only rounding keeps the probabilities from 0 and 1, the penalty no longer works."""
    from sklearn.datasets import load_breast_cancer

    cancer = load_breast_cancer(as_frame=True)
    features = FeaturesConfig(numeric=tuple(cancer.data.columns))
    y = cancer.target.to_numpy()
    wording(refusal(FitError, fit, Choice(SPLINE, 1e8), cancer.data, y, features, SEARCH))


def test_joint_separation_is_refused_where_no_penalty_works():
    """Two features that separate only together: no unpenalised fit exists, and the two are named."""
    X, _ = _rows()
    X["c"] = np.random.default_rng(9).normal(size=len(X))
    y = (X["a"] + X["b"] > 0).to_numpy().astype(np.int8)
    features = FeaturesConfig(numeric=("a", "b", "c"))
    assert "'a', 'b'" in refusal(FitError, fit, Choice(LINEAR, np.inf), X, y, features, SEARCH).subject
    with pytest.raises(FitError):
        fit(Choice(LINEAR, 1e14), X, y, features, SEARCH)
    fit(Choice(LINEAR, 1.0), X, y, features, SEARCH)


def test_quasi_complete_separation_is_refused_unpenalised(wording):
    """A marked group without any other outcome drives its own coefficient to infinity."""
    X, y = _rows()
    X["mark"] = (np.arange(500) < 40).astype(float)
    y[:40] = 1
    features = FeaturesConfig(numeric=("a", "b", "mark"))
    wording(refusal(FitError, fit, Choice(LINEAR, np.inf), X, y, features, SEARCH))
    fit(Choice(LINEAR, 1.0), X, y, features, SEARCH)


def test_repeated_features_are_named_ill_conditioned():
    """Two copies of one column leave an unpenalised Hessian singular; a penalty shares the weight."""
    X, y = _rows()
    X["b"] = 2 * X["a"] + 1
    with pytest.raises(FitError, match="Hessian"):
        fit(Choice(LINEAR, np.inf), X, y, TWO, SEARCH)
    assert "condition number" in refusal(FitError, fit, Choice(LINEAR, 1e12), X, y, TWO, SEARCH).rule
    pipeline = fit(Choice(LINEAR, 1.0), X, y, TWO, SEARCH)
    first, second = pipeline["model"].coef_[0]
    assert first == pytest.approx(second, abs=1e-9)


def test_the_condition_number_is_the_hessian_s():
    """The condition number is the ratio of the extreme eigenvalues of X'WX + I/C."""
    X, y = _rows()
    pipeline = fit(Choice(LINEAR, 0.5), X, y, TWO, SEARCH)
    matrix = np.column_stack((pipeline["design"].transform(X), np.ones(len(y))))
    p = pipeline.predict_proba(X)[:, 1]
    hessian = matrix.T @ np.diag(p * (1 - p)) @ matrix + np.diag([2.0, 2.0, 0.0])
    weights = np.append(pipeline["model"].coef_, pipeline["model"].intercept_)
    own = penalised_hessian(CodedMatrix.of(pipeline["design"], X), weights, 0.5)
    np.testing.assert_allclose(own, hessian, rtol=1e-9)
    assert condition_number(own) == pytest.approx(np.linalg.cond(hessian), rel=1e-9)


def test_no_convergence_is_an_error(monkeypatch, wording):
    """A solver that stops early is refused, never warned about."""
    X, y = _rows()
    monkeypatch.setattr("logitgate.model.fitting.solver._STEPS", 1)
    wording(refusal(FitError, fit, Choice(LINEAR, 1.0), X, y, TWO, SEARCH))


@pytest.mark.parametrize("outcome", [0, 1])
def test_unlearnable_rows_are_refused(outcome):
    """A fit to one class is refused before anything is built."""
    X, y = _rows()
    with pytest.raises(DataError, match="1 classes"):
        fit(Choice(LINEAR, 1.0), X, np.full_like(y, outcome), TWO, SEARCH)


CONSTANT = {
    "number": pd.Series(np.full(500, 7.25)),
    "empty number": pd.Series(np.full(500, np.nan)),
    "level": pd.Series(["a"] * 500),
    "empty level": pd.Series([None] * 500, dtype=object),
}


@pytest.mark.parametrize("form", ["linear", "spline", "polynomial", "linear + with_a", "spline + with_level"])
def test_a_constant_feature_gets_no_weight(form):
    """Under a penalty a feature that is constant in these rows changes no probability."""
    X, y = _rows()
    X = X.assign(level=np.where(np.arange(500) % 2, "p", "q"))
    pairs = {"with_a": ("a", "constant"), "with_level": ("constant", "level")}
    search = Search(forms=(form,), interactions=pairs, rare_level_rows=20)
    choice = Choice(search.forms[0], 1.0)
    others = FeaturesConfig(numeric=("a", "b"), categorical=("level",))
    plain = fit(Choice(choice.form.without(pairs), 1.0), X, y, others, search).predict_proba(X)
    for kind, cells in CONSTANT.items():
        features = (
            FeaturesConfig(numeric=("a", "b", "constant"), categorical=("level",))
            if "number" in kind
            else FeaturesConfig(numeric=("a", "b"), categorical=("level", "constant"))
        )
        X = X.assign(constant=cells)
        pipeline = fit(choice, X, y, features, search)
        np.testing.assert_allclose(pipeline.predict_proba(X), plain, atol=1e-9)
        later = X.assign(constant=1e3 if "number" in kind else "z")
        assert np.isfinite(pipeline.predict_proba(later)).all()
