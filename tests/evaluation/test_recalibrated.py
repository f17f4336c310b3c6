"""Decisions held against those by recalibrated probabilities."""

import numpy as np
import pytest
from scipy.special import expit

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.comparisons.recalibrated import miscalibration, regret
from logitgate.evaluation.evaluate import Scored

MISS = 10.0


def scored(y, probability):
    """Decide by 1 / MISS: a flag costs 1, a missed event MISS."""
    n = len(y)
    costs = RowCosts(np.ones(n), np.ones(n), np.zeros(n), np.full(n, MISS))
    return Scored(y, Decision.by(DecisionRule("constant", 1 / MISS), probability, costs), costs)


@pytest.mark.parametrize("shift", [-1.5, 1.5])
def test_probabilities_that_are_off_are_regretted(shift):
    """Whether too many rows are flagged or too few; it rests on many events."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-2.2, 1, 20_000)
    y = (rng.random(20_000) < expit(odds)).astype(np.int64)
    off, right = (regret(scored(y, expit(odds + by)), 0) for by in (shift, 0.0))
    assert off.mean.low > 0
    assert off.events > 100
    assert right.mean.low <= 0


def test_probabilities_that_are_upside_down_are_not_calibrated():
    """No line that rises recalibrates them: what is left of them is the event rate."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-2.2, 1, 20_000)
    y = (rng.random(20_000) < expit(odds)).astype(np.int64)
    turned = scored(y, expit(-4.4 - odds))
    excess = miscalibration(turned, 0)
    rate = y.mean()
    constant = -(y * np.log(rate) + (1 - y) * np.log(1 - rate))
    np.testing.assert_allclose(
        excess.mean(), (-np.log(expit(np.where(y, -4.4 - odds, 4.4 + odds))) - constant).mean(), atol=1e-3
    )
    assert excess.mean() > miscalibration(scored(y, expit(odds / 3 - 1.5)), 0).mean() > 0
    assert regret(turned, 0).mean.low > 0


def test_probabilities_that_are_too_sure_are_pulled_back():
    """Doubled log-odds lose what the right ones would have kept."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-2.2, 1, 20_000)
    y = (rng.random(20_000) < expit(odds)).astype(np.int64)
    loss = [-np.log(expit(np.where(y, by * odds, -by * odds))).mean() for by in (1, 2)]
    assert miscalibration(scored(y, expit(2 * odds)), 0).mean() == pytest.approx(loss[1] - loss[0], abs=1e-3)


def test_rows_without_an_event_recalibrate_nothing():
    """No line can be fitted to them: the probabilities stay as they are."""
    rare = scored(np.zeros(50, dtype=np.int64), np.linspace(0.01, 0.2, 50))
    np.testing.assert_allclose(miscalibration(rare, 0), 0, atol=1e-12)


def test_flags_that_no_event_speaks_for_are_a_regret_without_events():
    """The interval says that it is proven; the number of events says upon what."""
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(-4, 0.5, 4_000), rng.normal(1, 0.3, 400)])
    y = np.concatenate([np.zeros(4_000), rng.random(400) < 0.7]).astype(np.int64)
    close = np.log((1 / MISS) / (1 - 1 / MISS)) + 1e-3
    odds[:200] = close
    found = regret(scored(y, expit(odds)), 0)
    assert found.mean.low > 0
    assert found.events == 0
