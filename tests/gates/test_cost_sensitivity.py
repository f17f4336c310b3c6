"""What a choice is worth when the costs are wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from logitgate.gates.reports.cost_sensitivity import FACTORS, break_even, scenarios, sensitivity

MATRIX = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=5)


def scored(y, flagged, cluster=None):
    """Return rows with these decisions."""
    costs = MATRIX.rows({}, len(y))
    decision = Decision.by(DecisionRule("constant", 0.5), flagged.astype(float), costs)
    return Scored(y, decision, costs, cluster)


@pytest.fixture
def pair():
    """A challenger that finds 60 events more than the reference and alarms 120 times more."""
    y = np.zeros(2000, dtype=np.int64)
    y[:200] = 1
    flagged = np.zeros(2000, dtype=bool)
    flagged[:60] = flagged[200:320] = True
    order = np.random.default_rng(0).permutation(2000)
    return scored(y[order], flagged[order]), scored(y[order], np.zeros(2000, dtype=bool))


def test_the_break_even_is_where_both_cost_the_same(pair):
    """60 misses fewer at 5 r against 120 alarms more at 1: r = 0.4."""
    assert break_even(*pair) == pytest.approx(0.4)
    assert break_even(*reversed(pair)) == pytest.approx(0.4)


def test_one_model_may_be_cheaper_whatever_a_miss_costs(pair):
    """Without alarms in exchange there is no break-even; nor without any difference."""
    _, reference = pair
    better = scored(reference.y, (reference.y == 1) & (np.arange(2000) % 2 == 0))
    assert np.isnan(break_even(better, reference))
    assert np.isnan(break_even(reference, reference))


def test_each_side_is_scaled_by_its_own_factor(pair):
    """The mean difference is (alarms x factor - hits x factor) / n, and the declared costs come first."""
    found = scenarios(*pair, 0.05)
    assert [(one.side, one.factor) for one in found] == [
        ("events", 1.0),
        *((side, factor) for side in ("events", "other rows") for factor in FACTORS),
    ]
    for one in found:
        events, others = (one.factor, 1) if one.side == "events" else (1, one.factor)
        assert one.difference.value == pytest.approx((120 * others - 300 * events) / 2000)


def test_a_choice_that_flips_is_named_with_the_smallest_error_that_flips_it(pair, wording):
    """Half the cost of a miss is near the break-even, so that the gain is no longer proven."""
    (found,), table = sensitivity(*pair, 0.05, "champion")
    assert found.status is Status.WARN and not found.status.stops
    assert found.check == "costs" and found.subject == "champion"
    wording(found)
    assert found.figures["break_even"] == pytest.approx(0.4)
    flipping = [(row["costs of"], row["factor"]) for row in table.rows if row["flips"]]
    assert flipping == [("events", 0.5)]


def test_a_choice_that_holds_is_said(pair, wording):
    """A challenger without any price holds under every factor."""
    _, reference = pair
    better = scored(reference.y, reference.y == 1)
    (found,), table = sensitivity(better, reference, 0.05, "champion")
    assert found.status is Status.PASS
    wording(found)
    assert not any(row["flips"] for row in table.rows) and len(table.rows) == 1 + 2 * len(FACTORS)


def test_one_cluster_proves_nothing_under_any_costs(pair):
    """Without a bound no scenario is a proof: NaN is never below zero."""
    one, other = (Scored(part.y, part.decision, part.costs, np.zeros(2000, dtype=np.int64)) for part in pair)
    assert not any(scenario.proven for scenario in scenarios(one, other, 0.05))


@given(seed=st.integers(0, 10_000))
def test_swapping_the_models_swaps_the_sign(seed):
    """Every scenario's difference is its own opposite the other way round."""
    rng = np.random.default_rng(seed)
    y = (rng.random(200) < 0.3).astype(np.int64)
    one, other = (scored(y, rng.random(200) < 0.5) for _ in range(2))
    there, back = scenarios(one, other, 0.05), scenarios(other, one, 0.05)
    np.testing.assert_allclose(
        [part.difference.value for part in there], [-part.difference.value for part in back], atol=1e-12
    )
