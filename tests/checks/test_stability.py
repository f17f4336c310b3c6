"""Stability: the same rows in another order are the same model, and what is not that is refused."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.inspection import stability as module
from logitgate.checks.inspection.stability import stability
from logitgate.data.sampling.sample import Sample
from logitgate.decision.rule import DecisionRule
from logitgate.errors import FitError
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.fitted import Fitted, column_names
from logitgate.model.fitting.recalibration import NONE, Recalibration, recalibrated
from logitgate.model.model import Model
from logitgate.model.recipes.recipe import Candidate, Decided
from logitgate.model.train import FittedModel
from logitgate.project.search import Form
from tests.projects import small

PROJECT = small(features={"numeric": ["x", "z"], "categorical": ["g"]}, search={"rare_level_rows": 5})
CHOICE = Choice(Form(basis="spline"), 1.0)


@pytest.fixture(scope="module")
def train():
    """Rows with missing cells and rare levels."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=800), "z": rng.gamma(2.0, size=800).round(1)})
    frame["g"] = pd.Categorical(rng.choice(["u", "v", "w"], 800, p=[0.6, 0.39, 0.01]))
    y = (rng.random(800) < 1 / (1 + np.exp(-frame["x"] + frame["z"]))).to_numpy().astype(np.int8)
    frame.loc[::7, "z"] = np.nan
    return Sample(frame, y, np.arange(800).astype(str).astype(object))


@pytest.fixture
def fitted(train):
    """A recalibrated fit to these rows."""
    change = Recalibration(0.8, -0.2)
    pipeline = fit(CHOICE, train.frame, train.y, PROJECT.features, PROJECT.search)
    return Fitted.of(recalibrated(pipeline, change), change, train)


def shipped(choice, train):
    """Return what a training ships, as far as stability looks at it."""
    rule = DecisionRule("per-row")
    decided = Decided(Candidate(choice, PROJECT.features), NONE, rule, None)
    return FittedModel(Model(None, rule, PROJECT.costs.matrix, PROJECT.features), decided, train)


def test_a_sound_fit_is_stable(fitted, train):
    """Rounding alone tells the two fits apart, though the model was recalibrated in between."""
    found = stability(fitted, shipped(CHOICE, train), PROJECT)
    assert (found.check, found.status) == ("stability", Status.PASS)
    assert max(found.figures["coefficients"], found.figures["log_odds"]) < 1e-10


def test_a_fit_with_signs_is_as_stable(train):
    """The signs are imposed on the fit in the other order as well."""
    signs = {"x": "negative", "z": "positive"}
    gates = PROJECT.gates.model_copy(update={"signs": signs})
    project = PROJECT.model_copy(update={"gates": gates})
    pipeline = fit(CHOICE, train.frame, train.y, project.features, project.search, signs=signs)
    known = Fitted.of(pipeline, Recalibration(1.0, 0.0), train, signs)
    found = stability(known, shipped(CHOICE, train), project)
    assert found.status is Status.PASS
    assert max(found.figures["coefficients"], found.figures["log_odds"]) < 1e-9
    assert stability(known, shipped(CHOICE, train), PROJECT).status is Status.FAIL


@pytest.mark.parametrize("place", [0, 5, -1])
@pytest.mark.parametrize("off", [1e-5, np.nan])
def test_a_fit_that_depends_on_the_order_fails(fitted, train, place, off):
    """A coefficient, or the intercept, that is off by a hundred-thousandth is enough; NaN is not a proof."""
    fitted.weights[place] += off
    found = stability(fitted, shipped(CHOICE, train), PROJECT)
    assert found.status is Status.FAIL
    assert not found.figures["coefficients"] <= 1e-6


def test_a_fit_to_the_first_rows_only_fails(fitted, train, monkeypatch):
    """The refit sees the rows in another order indeed: one that reads only the first of them differs."""

    def half(choice, X, y, features, search, **declared):
        return fit(choice, X[:400], y[:400], features, search, **declared)

    whole = half(CHOICE, train.frame, train.y, PROJECT.features, PROJECT.search)
    known = Fitted.of(whole, Recalibration(1.0, 0.0), train)
    monkeypatch.setattr(module, "fit", half)
    assert stability(known, shipped(CHOICE, train), PROJECT).status is Status.FAIL


def test_other_columns_fail(fitted, train, wording):
    """A refit with another form has other columns."""
    found = stability(fitted, shipped(Choice(Form(basis="linear"), 1.0), train), PROJECT)
    assert found.status is Status.FAIL
    wording(found)
    linear = fit(Choice(Form(basis="linear"), 1.0), train.frame, train.y, PROJECT.features, PROJECT.search)
    others = set(column_names(linear[0])) ^ set(fitted.columns[:-1])
    assert found.figures == {"columns": len(others)}


def test_a_refusal_to_fit_again_fails(fitted, train, monkeypatch, wording):
    """It is said with its reason."""

    def refuse(*_, **__):
        raise FitError("model", "the solver did not converge", "lower C")

    monkeypatch.setattr(module, "fit", refuse)
    found = stability(fitted, shipped(CHOICE, train), PROJECT)
    assert found.status is Status.FAIL
    wording(found)


@pytest.mark.parametrize("off", [0.9e-6, 1.1e-6])
@pytest.mark.parametrize("place", [0, 399, -1])
def test_scores_that_depend_on_the_order_fail(fitted, train, monkeypatch, off, place):
    """The log-odds are held on their own: the coefficients agree, and one row's score decides."""
    scores = fitted.scores.copy()
    scores[place] += off
    monkeypatch.setattr(Fitted, "scores", scores)
    found = stability(fitted, shipped(CHOICE, train), PROJECT)
    assert found.status is (Status.PASS if off < 1e-6 else Status.FAIL)
    assert found.figures["log_odds"] == pytest.approx(off, rel=1e-3)
    assert found.figures["coefficients"] < 1e-10


def test_a_coefficient_moves_in_parts_of_the_largest(fitted, train):
    """Two millionths of a coefficient are too much beside ones of 1, and nothing beside one of 4."""
    fitted.weights[0] += 2e-6
    scale = max(1.0, np.abs(fitted.weights).max())
    found = stability(fitted, shipped(CHOICE, train), PROJECT)
    assert found.figures["coefficients"] == pytest.approx(2e-6 / scale, rel=1e-3)
    assert found.status is (Status.FAIL if 2e-6 / scale > 1e-6 else Status.PASS)


def test_scores_and_coefficients_are_held_on_their_own_up_to_the_limit_itself(fitted, train, monkeypatch):
    """What either moves by exactly the limit is allowed, and no more."""
    scores = fitted.scores.copy()
    monkeypatch.setattr(Fitted, "scores", scores)
    for figure, other, moved in (
        ("coefficients", "log_odds", fitted.weights),
        ("log_odds", "coefficients", scores),
    ):
        moved[0] += 1e-5
        monkeypatch.setattr(module, "_TOLERANCE", 1e-6)
        found = stability(fitted, shipped(CHOICE, train), PROJECT)
        assert found.status is Status.FAIL and found.figures[other] < 1e-10
        for limit, status in ((1.0, Status.PASS), (0.999999, Status.FAIL)):
            monkeypatch.setattr(module, "_TOLERANCE", limit * found.figures[figure])
            assert stability(fitted, shipped(CHOICE, train), PROJECT).status is status
        moved[0] -= 1e-5
