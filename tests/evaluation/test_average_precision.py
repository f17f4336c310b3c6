"""The interval of the average precision: the influence of each row, and the jackknife that it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score

from logitgate.evaluation.metrics import ScoreGroups
from logitgate.evaluation.ranking.average_precision import average_precision_interval, influences


def drawn(seed, rows=300, clusters=25):
    """Return outcomes, scores with ties and clusters of unequal size."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(int)
    score = (random.normal(size=rows) + y).round(1)
    return y, score, np.minimum(random.geometric(0.1, rows) - 1, clusters - 1)


@given(st.integers(0, 10_000))
@settings(max_examples=6)
def test_influences_are_derivatives(seed):
    """One row's weight moved a little moves scikit-learn's weighted average precision as much as said."""
    y, score, _ = drawn(seed, rows=40)
    y[:2] = 0, 1
    found = influences(ScoreGroups.of(score), y)
    step = 1e-6
    for row in range(40):
        sides = [
            average_precision_score(y, score, sample_weight=1 + sign * step * (np.arange(40) == row))
            for sign in (1, -1)
        ]
        assert found[row] == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-7)
    assert found.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("clustered", [True, False])
def test_the_error_is_near_the_jackknifes(clustered):
    """Leave out each cluster (or row) in turn: the same spread, and an interval on the log-odds."""
    y, score, cluster = drawn(1, rows=400)
    unit = cluster if clustered else np.arange(400)
    found = average_precision_interval(y, score, cluster if clustered else None)
    units = np.unique(unit)
    left_out = np.array([average_precision_score(y[unit != one], score[unit != one]) for one in units])
    error = np.sqrt((len(units) - 1) / len(units) * ((left_out - left_out.mean()) ** 2).sum())
    degrees = min(len(np.unique(unit[y == kind])) for kind in (0, 1)) - 1
    reach = stats.t.ppf(0.975, degrees) * error / (found.value * (1 - found.value))
    assert found.value == pytest.approx(average_precision_score(y, score))
    assert (found.low, found.high) == pytest.approx(
        tuple(expit(logit(found.value) + reach * np.array([-1, 1]))), abs=0.1 * (found.high - found.low)
    )


def test_what_cannot_be_known_has_no_limits():
    """No event, one class, one cluster, and a perfect order."""
    y, score, _ = drawn(2, rows=60)
    assert np.isnan([*average_precision_interval(np.zeros(60, dtype=int), score)]).all()
    for outcomes, cluster in ((np.ones(60, dtype=int), None), (y, np.zeros(60, dtype=int))):
        found = average_precision_interval(outcomes, score, cluster)
        assert np.isfinite(found.value)
        assert np.isnan([found.low, found.high]).all()
    assert np.isnan(average_precision_interval(y, y.astype(float)).high)
