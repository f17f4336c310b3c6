"""Imposed signs: the best fit among those that go the declared ways, and the free one where it does."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from scipy.special import expit

from logitgate.model.design.matrix import TRUSTED_TYPES
from logitgate.model.design.signs import Limits
from logitgate.model.fitting.fit import Choice, fit, regression
from logitgate.model.fitting.recalibration import Recalibration, recalibrated
from logitgate.model.fitting.solver import Rows, solve
from logitgate.model.recipes.out_of_fold import Plan
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.model.blocks import blocks_of, search

FEATURES = FeaturesConfig(numeric=("wave", "late", "amount"), categorical=("city",))
SIGNS = {"wave": "positive", "late": "positive", "amount": "negative"}
SEARCH = Search(rare_level_rows=20)
LINEAR, SPLINE, POLYNOMIAL = (Form(basis=basis) for basis in ("linear", "spline", "polynomial"))
BINDING = {LINEAR: {"wave": "negative", "late": "negative", "amount": "negative"}, SPLINE: SIGNS}
"""Signs that the free fits to the rows below break."""


def _rows(n=1500, seed=0):
    """Return rows whose effects go up and down: signs really bind."""
    rng = np.random.default_rng(seed)
    late = np.where(rng.random(n) < 0.03, 98.0, np.minimum(rng.geometric(0.5, n) - 1.0, 9))
    X = pd.DataFrame(
        {
            "wave": rng.normal(size=n),
            "late": late,
            "amount": np.where(rng.random(n) < 0.7, 0.0, np.exp(rng.normal(1, 1, n))),
            "city": rng.choice(["Rome", "Oslo", "Bern"], n),
        }
    )
    X.loc[::9, "wave"] = np.nan
    score = np.sin(2 * X["wave"].fillna(0)) + np.where(late > 90, 0.3, np.sqrt(late)) - 1
    score += np.where(X["amount"] == 0, 0.5, np.cos(np.log(X["amount"].clip(lower=0.1))))
    return X, (rng.random(n) < expit(score)).to_numpy().astype(np.int8)


def _objective(model, matrix, y):
    score = model.decision_function(matrix)
    return np.logaddexp(0, np.where(y == 1, -score, score)).sum() + (model.coef_**2).sum() / 2 / model.C


def _oracle(matrix, y, C, limits):
    """Minimise the same objective under the same limits by a general method."""
    sign = np.where(y == 1, 1.0, -1.0)
    whole = np.column_stack((matrix, np.ones(len(y))))
    ridge = np.append(np.full(matrix.shape[1], 1 / C), 0.0)

    def value(w):
        return np.logaddexp(0, -sign * (whole @ w)).sum() + (ridge * w**2).sum() / 2

    def gradient(w):
        return ridge * w - whole.T @ (sign * expit(-sign * (whole @ w)))

    rows = np.column_stack((limits.differences[limits.bounded], np.zeros(limits.bounded.sum())))
    # Each row by its own length, as the general method takes all constraints for equally scaled.
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return minimize(
        value,
        np.zeros(len(ridge)),
        jac=gradient,
        constraints=[LinearConstraint(rows, 0, np.inf)],
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 2000},
    )


@pytest.mark.parametrize("form", [LINEAR, SPLINE], ids=str)
@pytest.mark.parametrize("C", [0.05, 1.0, 50.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_general_optimiser_finds_nothing_better(form, C, seed):
    """The penalised log loss is that of SLSQP under the same limits, to 1e-6, and the limits are kept."""
    X, y = _rows(600, seed)
    pipeline = fit(Choice(form, C), X, y, FEATURES, SEARCH, signs=BINDING[form])
    layout, model = pipeline["design"], pipeline["model"]
    matrix, limits = layout.transform(X), Limits.of(pipeline["design"], BINDING[form])
    best = _oracle(matrix, y, C, limits).fun
    own, free = (_objective(one, matrix, y) for one in (model, regression(C).fit(matrix, y)))
    assert own == pytest.approx(best, abs=1e-6)
    assert own > free + 0.01
    assert (limits.differences @ model.coef_[0])[limits.bounded].min() > -1e-12


@given(seed=st.integers(0, 10_000), C=st.sampled_from([0.01, 1.0, 100.0]), few=st.booleans())
@settings(deadline=None, max_examples=25)
def test_no_step_within_the_limits_gains_anything(seed, C, few):
    """Karush, Kuhn, Tucker: the gradient is zero along free steps and not negative where a step is zero."""
    rng = np.random.default_rng(seed)
    n, p = (40, 6) if few else (300, 12)
    matrix, y = rng.normal(size=(n, p)), (rng.random(n) < 0.3).astype(np.int8)
    differences = np.triu(rng.normal(size=(p, p)), 1) / 3 + np.diag(rng.choice([-1.0, 1.0, 3.0], p))
    limits = Limits(differences, rng.random(p) < 0.6)
    found = solve(Rows.of(matrix, y, limits), C, rng.normal(size=p + 1), 1e-14)
    assert found.failure is None
    weights = found.weights
    residual = expit(matrix @ weights[:-1] + weights[-1]) - y
    gradient = np.linalg.solve(differences.T, matrix.T @ residual + weights[:-1] / C)
    steps = differences @ weights[:-1]
    at_limit = limits.bounded & (steps < 1e-9)
    scale = 1e-6 * max(1.0, np.abs(np.linalg.inv(differences)).max())
    assert (steps[limits.bounded] > -1e-9).all()
    assert np.abs(gradient[~at_limit]).max(initial=0.0) < scale
    assert gradient[at_limit].min(initial=0.0) > -scale
    assert abs(residual.sum()) < 1e-6


@pytest.mark.parametrize("form", [LINEAR, SPLINE], ids=str)
def test_a_free_fit_that_goes_the_declared_way_is_the_fit(form):
    """Where the limits hold anyway, every bit is that of the fit without them."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.random(size=(40_000, 2)), columns=["up", "down"])
    steep = np.sinh(4 * X - 2)  # at both ends, so that no coefficient of a curve turns there
    y = (rng.random(40_000) < expit(steep["up"] - steep["down"])).to_numpy().astype(np.int8)
    features, signs = FeaturesConfig(numeric=("up", "down")), {"up": "positive", "down": "negative"}
    free = fit(Choice(form, 1.0), X, y, features, Search())["model"]
    held = fit(Choice(form, 1.0), X, y, features, Search(), signs=signs)["model"]
    assert np.array_equal(held.coef_, free.coef_)
    assert np.array_equal(held.intercept_, free.intercept_)


def test_limits_that_hold_anyway_do_not_move_the_solver():
    """The solver of the search comes to the free solution by way of steps, too."""
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(500, 4))
    y = (rng.random(500) < expit(matrix @ [1.0, 2.0, -1.0, 0.0])).astype(np.int8)
    limits = Limits(np.diag([1.0, 2.0, -1.0, 1.0]), np.array([True, True, True, False]))
    free, held = (solve(Rows.of(matrix, y, one), 1.0, np.zeros(5), 1e-14).weights for one in (None, limits))
    np.testing.assert_allclose(held, free, atol=1e-9)


def _curves(pipeline, X, feature):
    """Return log-odds along a feature, from far below to far above its rows; shape (rows, points)."""
    values = X[feature].dropna()
    low, high = values.min(), values.max()
    grid = np.unique(np.r_[np.linspace(low - 50, high + 50, 400), np.linspace(low, high, 400), values])
    some = X.iloc[:5]
    moved = some.iloc[np.repeat(np.arange(5), len(grid))].assign(**{feature: np.tile(grid, 5)})
    return pipeline.decision_function(moved).reshape(5, len(grid))


@given(
    seed=st.integers(0, 10_000),
    form=st.sampled_from([LINEAR, SPLINE]),
    C=st.sampled_from([0.01, 1.0, 1000.0]),
    ways=st.tuples(*[st.sampled_from(["positive", "negative"])] * 3),
)
@settings(max_examples=10)
def test_the_served_effect_goes_the_declared_way_everywhere(seed, form, C, ways):
    """Inside the rows and far outside, over piles and codes, after recalibration: never the other way."""
    X, y = _rows(400, seed)
    signs = dict(zip(SIGNS, ways, strict=True))
    pipeline = fit(Choice(form, C), X, y, FEATURES, SEARCH, signs=signs)
    pipeline = recalibrated(pipeline, Recalibration(0.6, 0.4))
    for feature, sign in signs.items():
        rises = np.diff(_curves(pipeline, X, feature), axis=1) * (1 if sign == "positive" else -1)
        assert rises.min() > -1e-9


def test_a_line_that_would_go_the_other_way_gets_no_weight():
    """The coefficient of a wrongly declared feature is zero exactly, and the others fit as without it.

    Without a penalty the limits hold just the same.
    """
    X, y = _rows()
    pipeline = fit(Choice(LINEAR, 1.0), X, y, FEATURES, SEARCH, signs={"wave": "negative"})
    assert pipeline["model"].coef_[0, 0] == 0.0
    constant = X.assign(wave=np.where(X["wave"].isna(), np.nan, 1.0))
    without = fit(Choice(LINEAR, 1.0), constant, y, FEATURES, SEARCH)
    np.testing.assert_allclose(pipeline.predict_proba(X), without.predict_proba(X), atol=1e-8)
    two, signs = FeaturesConfig(numeric=("wave", "late")), {"wave": "negative", "late": "positive"}
    coefficients = fit(Choice(LINEAR, np.inf), X, y, two, SEARCH, signs=signs)["model"].coef_[0]
    assert coefficients[0] == 0.0 <= coefficients[1]


@pytest.mark.parametrize(
    ("x", "rate", "shown", "expected"),
    [
        (
            lambda rng: np.where(rng.random(20_000) < 0.8, 0.0, np.exp(rng.normal(1, 1, 20_000))),
            lambda x: np.where(x == 0, 0.05, np.where(x > 900, 0.9, 0.4)),
            [0.0, 1.0, 3.0, 999.0],
            [0.05, 0.4, 0.4, 0.9],
        ),
        (
            lambda rng: np.minimum(rng.geometric(0.85, 40_000) - 1.0, 6),
            lambda x: np.where(x > 90, 0.6, np.minimum(0.05 + 0.2 * x, 0.5)),
            [0.0, 1.0, 2.0, 999.0],
            [0.05, 0.25, 0.45, 0.6],
        ),
    ],
    ids=["pile", "count"],
)
def test_a_signed_number_can_still_jump_at_a_pile_and_a_code(x, rate, shown, expected):
    """They are knots of a signed number, not levels: what really rises there is learned."""
    rng = np.random.default_rng(7)
    values = x(rng)
    values = np.where(rng.random(len(values)) < 0.015, 999.0, values)
    X, y = pd.DataFrame({"x": values}), (rng.random(len(values)) < rate(values)).astype(np.int8)
    numbers = FeaturesConfig(numeric=("x",))
    pipeline = fit(Choice(SPLINE, 10.0), X, y, numbers, Search(), signs={"x": "positive"})
    found = pipeline.predict_proba(pd.DataFrame({"x": shown}))[:, 1]
    np.testing.assert_allclose(found, expected, atol=0.03)


@pytest.mark.parametrize("form", [LINEAR, SPLINE], ids=str)
def test_the_search_judges_fits_with_the_signs(form):
    """The log loss of a candidate is that of `fit` with the same signs on the same folds."""
    X, y = _rows(1200, 3)
    blocks = blocks_of(X, y, 4)
    choices = Search(forms=(form,), C=(0.1, 10.0), rare_level_rows=20)
    found = search(blocks, FEATURES, choices, BINDING[form])
    free = search(blocks, FEATURES, choices)
    for candidate, other in zip(found.candidates, free.candidates, strict=True):
        losses = []
        for fold in Plan.of(blocks).folds.values():
            rows = (X.iloc[fold.learned], y[fold.learned])
            score = fit(candidate.choice, *rows, FEATURES, choices, signs=BINDING[form]).decision_function(
                X.iloc[fold.judged]
            )
            losses.append(np.logaddexp(0, np.where(y[fold.judged] == 1, -score, score)))
        assert candidate.log_loss == pytest.approx(np.concatenate(losses).mean(), abs=1e-6)
        assert candidate.log_loss != pytest.approx(other.log_loss, abs=1e-4)


def test_quadratics_and_products_have_no_limits():
    """They are judged after the fit; the line beside a product keeps its own limit."""
    X, y = _rows()
    crossed = Form(basis="linear", interactions=("both",))
    choices = Search(interactions={"both": ("wave", "late")}, rare_level_rows=20)
    free, held = (
        fit(Choice(POLYNOMIAL, 1.0), X, y, FEATURES, choices, signs=signs)["model"].coef_
        for signs in ({}, SIGNS)
    )
    assert np.array_equal(free, held)
    pipeline = fit(Choice(crossed, 1.0), X, y, FEATURES, choices, signs=SIGNS)
    limits = Limits.of(pipeline["design"], SIGNS)
    assert limits.bounded.sum() == 3
    assert (np.diag([1.0, 1.0, -1.0]) @ pipeline["model"].coef_[0, :3] >= 0).all()


def test_a_model_with_signs_is_plain_scikit_learn():
    """It is stored and loaded with the same listed types, and gives the same bits."""
    import skops.io

    X, y = _rows()
    pipeline = fit(Choice(SPLINE, 1.0), X, y, FEATURES, SEARCH, signs=SIGNS)
    stored = skops.io.dumps(pipeline)
    assert set(skops.io.get_untrusted_types(data=stored)) <= set(TRUSTED_TYPES)
    loaded = skops.io.loads(stored, trusted=list(TRUSTED_TYPES))
    assert np.array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
