"""The search's own solver against scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import fitted_design
from logitgate.model.design.signs import Limits
from logitgate.model.fitting.fit import regression
from logitgate.model.fitting.leverage import drawn, leverages
from logitgate.model.fitting.solver import Rows, solve
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

HESSIAN = Rows.hessian


def rows(seed, n=2_000, p=8, *, repeated=True):
    """Return a matrix whose levels add up to the intercept and one of whose columns repeats another."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = (rng.uniform(size=n) < expit(1.5 * X[:, 0] - 2)).astype(int)
    if repeated:
        X = np.column_stack((X, X[:, 0], X[:, 1] > 0, X[:, 1] <= 0))
    return X, y


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), power=st.integers(-4, 5))
def test_it_finds_what_scikit_learn_finds(seed, power):
    """Log-odds within 1e-6 for weak and strong penalties, though the Hessian is rounded."""
    X, y = rows(seed)
    found = solve(Rows.of(X, y), 10.0**power, np.zeros(X.shape[1] + 1))
    assert found.failure is None
    log_odds = X @ found.weights[:-1] + found.weights[-1]
    assert np.abs(log_odds - regression(10.0**power).fit(X, y).decision_function(X)).max() < 1e-6


def test_the_start_changes_the_steps_and_not_the_end():
    """From the solution of a near penalty it takes fewer; steps that would overshoot are halved."""
    X, y = rows(3)
    sample, zeros = Rows.of(X, y), np.zeros(X.shape[1] + 1)
    cold = solve(sample, 1.0, zeros)
    assert np.array_equal(solve(Rows.of(X, y), 1.0, zeros).weights, cold.weights), "twice is the same"
    warm = solve(sample, 1.0, solve(sample, 0.5, zeros).weights)
    assert warm.steps < cold.steps
    assert np.abs(sample.X.scores(warm.weights - cold.weights)).max() < 1e-6
    X, y = rows(4, repeated=False)
    far, near = (solve(Rows.of(X, y), 1.0, np.full(X.shape[1] + 1, at)) for at in (6.0, 0.0))
    assert far.failure is None and np.abs(far.weights - near.weights).max() < 1e-6


@pytest.mark.parametrize("spoiled", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_what_is_no_number_ends_in_a_reason(spoiled):
    """Never in weights that look like a solution."""
    X, y = rows(6, n=50)
    X[7, 2] = spoiled
    assert solve(Rows.of(X, y), 1.0, np.zeros(X.shape[1] + 1)).failure is not None


def test_too_few_steps_are_said(monkeypatch):
    """A fit that has not converged is a failure with a name."""
    monkeypatch.setattr("logitgate.model.fitting.solver._STEPS", 2)
    X, y = rows(7)
    assert solve(Rows.of(X, y), 1.0, np.zeros(X.shape[1] + 1)).failure == "the solver did not converge"


def test_a_step_that_never_gains_is_no_end(monkeypatch):
    """Where no part of a step leads anywhere better, that is said, and no other step is taken."""
    X, y = rows(8)
    start = np.zeros(X.shape[1] + 1)
    heights = iter(np.arange(0.0, 1e6))
    monkeypatch.setattr("logitgate.model.fitting.solver._objective", lambda *_: next(heights))
    found = solve(Rows.of(X, y), 1.0, start)
    assert (found.failure, found.steps) == ("the solver did not converge", 1)
    np.testing.assert_array_equal(found.weights, start)


def skewed(n):
    """Return codes and curves as a training has them: heavy tails, a level of few rows, missing numbers."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({name: np.exp(rng.normal(size=n)) for name in ("a", "b")})
    frame["c"] = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    frame["city"] = pd.Categorical.from_codes(
        np.minimum(rng.geometric(0.3, n), 25) - 1, [*map(str, range(25))]
    )
    frame["kind"] = pd.Categorical.from_codes(rng.integers(0, 3, n), ["x", "y", "z"])
    score = np.log(frame["a"]) - 0.2 * frame["b"] + 0.05 * frame["city"].cat.codes - 2
    y = (rng.random(n) < expit(score)).to_numpy(np.int64)
    features = FeaturesConfig(numeric=("a", "b", "c"), categorical=("city", "kind"))
    return frame, y, features


@pytest.mark.parametrize("C", [0.01, 100.0])
@pytest.mark.parametrize("signs", [{}, {"b": "negative"}], ids=["free", "limited"])
def test_some_rows_lead_to_the_optimum_of_all(monkeypatch, C, signs):
    """Steps by the Hessian of rows drawn by leverage end where whole ones do, and no whole one is summed."""
    frame, y, features = skewed(12_000)
    layout = fitted_design(Form(basis="spline"), features, Search(), frame, signs)
    matrix, limits = CodedMatrix.of(layout, frame), Limits.of(layout, signs)
    start = np.zeros(matrix.shape[1] + 1)
    wanted = solve(Rows.of(matrix, y, limits), C, start, 1e-12)
    monkeypatch.setattr("logitgate.model.fitting.solver.LARGE", 10_000)
    monkeypatch.setattr("logitgate.model.fitting.solver._PART", 4_000)
    monkeypatch.setattr("logitgate.model.fitting.solver._PER_COLUMN", 10)
    some = Rows.of(matrix, y, limits)
    assert some.part is not None
    assert 3_000 < some.part.X.shape[0] < 5_000
    summed = []
    monkeypatch.setattr(
        Rows, "hessian", lambda rows, score: summed.append(len(score)) or HESSIAN(rows, score)
    )
    found = solve(some, C, start, 1e-12)
    assert found.failure is None
    assert np.abs(matrix.scores(found.weights) - matrix.scores(wanted.weights)).max() < 1e-5
    assert summed
    assert max(summed) < 5_000


def test_drawn_rows_stand_for_all():
    """Each level has its rows among the drawn ones, and the counts add up to all of them."""
    frame, _, features = skewed(30_000)
    layout = fitted_design(Form(basis="spline"), features, Search(), frame)
    matrix = CodedMatrix.of(layout, frame)
    places, counts = drawn(matrix, 3_000)
    assert (np.diff(places) > 0).all()
    assert abs(counts.sum() / 30_000 - 1) < 0.1
    whole, part = matrix.sums(np.ones(30_000)), matrix.take(places).sums(counts)
    marks = np.concatenate([group.columns for group in matrix.groups])
    assert np.abs(part[marks] / whole[marks] - 1).max() < 0.5
    assert 0.5 * matrix.shape[1] < leverages(matrix).sum() < 2 * matrix.shape[1]
