"""Recalibration: decided by closed testing, folded into the coefficients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.recalibration import NONE, Recalibration, decide_recalibration, recalibrated
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

FEATURES = FeaturesConfig(numeric=("x",), categorical=("g",))


def _rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n), "g": rng.choice(["a", "b"], n)})
    odds = 1.5 * X["x"] + (X["g"] == "a")
    return X, (rng.random(n) < expit(odds)).to_numpy().astype(np.int8)


def _scores(n, seed, slope=1.0, shift=0.0, spread=0.0):
    """Return outcomes whose log-odds are slope * score + shift, the days' own shifts added."""
    rng = np.random.default_rng(seed)
    score, day = rng.normal(-1, 1.2, n), rng.integers(0, 40, n)
    odds = slope * score + shift + spread * rng.normal(size=40)[day]
    return (rng.random(n) < expit(odds)).astype(np.int64), score, day


@pytest.mark.parametrize(
    ("slope", "shift", "kind"),
    [(1.0, 0.0, "none"), (1.0, -0.6, "intercept"), (0.5, 0.0, "both"), (2.0, 0.5, "both")],
)
def test_the_simplest_recalibration_that_is_not_rejected_is_taken(slope, shift, kind):
    """Right log-odds stay as they are, shifted ones get an intercept, stretched ones a slope as well."""
    kinds = []
    for seed in range(40):
        y, score, _ = _scores(4_000, seed, slope, shift)
        found = decide_recalibration(y, score, None)
        kinds.append("none" if found == NONE else "intercept" if found.slope == 1 else "both")
        if kind != "none" and kinds[-1] == kind:
            assert found.slope == pytest.approx(slope, abs=0.2)
            assert found.intercept == pytest.approx(shift, abs=0.2)
    assert kinds.count(kind) >= 36


def test_days_that_shift_are_no_reason_to_recalibrate():
    """Rows of a day move together: by clusters a right model is left alone, row by row it would not be."""
    clustered, naive = 0, 0
    for seed in range(40):
        y, score, day = _scores(4_000, seed, spread=0.4)
        clustered += decide_recalibration(y, score, day) != NONE
        naive += decide_recalibration(y, score, None) != NONE
    assert clustered <= 8
    assert naive > clustered + 8


BLOCK = np.repeat([1, 2, 3, 4], 1_500)


def _in_time(seed, *, slope=1.0, shifts=(0.0, 0.0, 0.0, 0.0)):
    """Return outcomes of four blocks in time order, scores and days; the blocks' log-odds are shifted."""
    rng = np.random.default_rng(seed)
    score, day = rng.normal(-1, 1.2, len(BLOCK)), np.arange(len(BLOCK)) // 150
    odds = slope * score + np.asarray(shifts)[BLOCK - 1]
    return (rng.random(len(BLOCK)) < expit(odds)).astype(np.int64), score, day


@pytest.mark.parametrize("shifts", [(0.0, 0.0, 0.0, -0.9), (0.7, 0.7, -0.6, -0.6), (-0.8, 0.4, -0.8, 0.4)])
def test_what_changed_between_blocks_is_no_reason_to_recalibrate(shifts):
    """The model that ships has learned from the newest rows; a change of yesterday need not come again."""
    for seed in range(10):
        y, score, day = _in_time(seed, shifts=shifts)
        assert decide_recalibration(y, score, day, BLOCK) == NONE
    assert decide_recalibration(y, score, None) != NONE


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, -0.6)])
@pytest.mark.parametrize("clustered", [True, False])
def test_what_is_off_in_every_block_is_recalibrated(slope, shift, clustered):
    """By the figures of all blocks together; what the later blocks gain is the proof."""
    found = []
    for seed in range(10):
        y, score, day = _in_time(seed, slope=slope, shifts=(shift,) * 4)
        found.append(decide_recalibration(y, score, day if clustered else None, BLOCK))
    assert [round(one.slope, 0 if slope == 1 else 1) for one in found].count(slope) >= 8
    assert np.median([one.intercept for one in found]) == pytest.approx(shift, abs=0.15)


def test_what_is_not_proven_recalibrates_nothing():
    """Below twenty events, or twenty other rows; by one block, as nothing later shows what it would be worth.

    Nor does a slope that is not proven positive: the gates see the model as it is.
    """
    far = np.linspace(3, 5, 500)
    for events in (0, 19):
        few = (np.arange(500) < events).astype(np.int64)
        assert decide_recalibration(few, far, None) == decide_recalibration(1 - few, -far, None) == NONE
    y, score, day = _in_time(0, slope=0.5)
    assert decide_recalibration(y, score, day, np.ones_like(BLOCK)) == NONE
    y, score, _ = _scores(2_000, 0)
    for outcome, said in ((1 - y, score), (y, np.zeros(len(y))), ((score > 0).astype(np.int64), score)):
        assert decide_recalibration(outcome, said, None) == NONE


@given(slope=st.floats(0.2, 3), shift=st.floats(-2, 2), seed=st.integers(0, 50))
@settings(max_examples=10)
def test_log_odds_become_slope_times_old_plus_intercept(slope, shift, seed):
    """The new model is a plain logistic regression; nothing is copied where nothing changes."""
    model = fit(Choice(Form(basis="linear"), 1.0), *_rows(500, seed), FEATURES, Search())
    X, _ = _rows(600, seed + 1)
    before = model.decision_function(X)
    changed = recalibrated(model, Recalibration(slope, shift))
    assert type(changed["model"]) is LogisticRegression
    np.testing.assert_allclose(changed.decision_function(X), slope * before + shift, atol=1e-10)
    np.testing.assert_array_equal(model.decision_function(X), before)
    assert recalibrated(model, NONE) is model
