"""The curves: each point is what decisions by its threshold are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from logitgate.evaluation.curves import cost_points, roc_points
from tests.evaluation.test_evaluate import drawn


@given(st.integers(0, 10_000))
def test_each_point_is_what_its_threshold_decides(seed):
    """The mean cost at every distinct score, falling; and scikit-learn's rates, from none to all flagged."""
    rows = drawn(seed, 60)
    rows.y[:2] = 0, 1
    said = rows.decision.probability
    thresholds, costs = cost_points(rows)
    assert thresholds.tolist() == sorted(set(said), reverse=True)
    assert costs == pytest.approx([rows.costs.of(rows.y, said >= one).mean() for one in thresholds])
    false_positives, true_positives, _ = roc_curve(rows.y, said, drop_intermediate=False)
    np.testing.assert_allclose(roc_points(rows), (false_positives, true_positives), atol=1e-12)
