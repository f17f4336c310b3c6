"""Decisions held against those by recalibrated probabilities."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.comparisons.recalibrated import miscalibration, regret
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.intervals import mean_interval

MISS = 10.0


def scored(y, probability, cluster=None, threshold=1 / MISS):
    """Decide by a threshold: a flag costs 1, a missed event MISS."""
    n = len(y)
    costs = RowCosts(np.ones(n), np.ones(n), np.zeros(n), np.full(n, MISS))
    return Scored(y, Decision.by(DecisionRule("constant", threshold), probability, costs), costs, cluster)


def right_odds():
    """Return log-odds, and outcomes drawn from them."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-2.2, 1, 20_000)
    return odds, (rng.random(20_000) < expit(odds)).astype(np.int64)


@pytest.mark.parametrize("shift", [-1.5, 1.5])
def test_probabilities_that_are_off_are_regretted(shift):
    """Whether too many rows are flagged or too few; it rests on many events."""
    odds, y = right_odds()
    off, right = (regret(scored(y, expit(odds + by)), 0) for by in (shift, 0.0))
    assert off.mean.low > 0
    assert off.events > 100
    assert right.mean.low <= 0


def test_probabilities_that_are_upside_down_are_not_calibrated():
    """No line that rises recalibrates them: what is left of them is the event rate."""
    odds, y = right_odds()
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
    odds, y = right_odds()
    loss = [-np.log(expit(np.where(y, by * odds, -by * odds))).mean() for by in (1, 2)]
    assert miscalibration(scored(y, expit(2 * odds)), 0).mean() == pytest.approx(loss[1] - loss[0], abs=1e-3)


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


def by_hand(one, seed):
    """Return the cross-fitted recalibrated probabilities by scikit-learn, from halves drawn likewise."""
    odds = np.log(one.decision.probability / (1 - one.decision.probability))
    cluster = np.arange(len(odds)) if one.cluster is None else one.cluster
    codes = np.unique(cluster, return_inverse=True)[1]
    first = (np.random.default_rng(seed).permutation(codes.max() + 1) < (codes.max() + 1) / 2)[codes]
    found = np.empty(len(odds))
    for half in (first, ~first):
        line = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[half, None], one.y[half])
        found[~half] = line.predict_proba(odds[~half, None])[:, 1]
    return found


@pytest.mark.parametrize("clusters", [None, 60])
def test_each_half_is_recalibrated_by_the_other_one(clusters):
    """Rows of a cluster stay together; both answers follow from the probabilities, row by row."""
    rng = np.random.default_rng(3)
    odds = rng.normal(-2.0, 1.0, 3_000)
    cluster = None if clusters is None else 1_000 - 7 * rng.integers(0, clusters, 3_000)
    luck = 0.0 if clusters is None else rng.normal(0, 0.8, 1_001)[cluster]
    y = (rng.random(3_000) < expit(0.5 + 0.7 * odds + luck)).astype(np.int64)
    one = scored(y, expit(odds), cluster)
    right = by_hand(one, 5)
    losses = [-np.log(np.where(y == 1, p, 1 - p)) for p in (expit(odds), right)]
    np.testing.assert_allclose(miscalibration(one, 5), losses[0] - losses[1], atol=1e-6)
    flagged = right >= 1 / MISS
    difference = one.cost - np.where(flagged, 1.0, MISS * y)
    found = regret(one, 5)
    assert tuple(found.mean) == pytest.approx(tuple(mean_interval(difference, cluster)), rel=1e-9)
    missed = np.abs(difference[y == 1])
    assert found.events == pytest.approx(missed.sum() ** 2 / (missed**2).sum())
    assert miscalibration(one, 6) != pytest.approx(miscalibration(one, 5))


def test_a_threshold_that_is_met_exactly_flags():
    """As the decisions that it is held against; no line can be fitted to rows without an event."""
    even = scored(np.tile([0, 1], 200), np.full(400, 0.5), threshold=0.5)
    assert even.decision.flagged.all()
    assert regret(even, 0).mean.value == 0
    rare = scored(np.zeros(50, dtype=np.int64), np.linspace(0.01, 0.2, 50))
    np.testing.assert_allclose(miscalibration(rare, 0), 0, atol=1e-12)
