import json

import numpy as np
import pytest

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from tests.wording import refusal

COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="loss").rows(
    {"loss": np.array([2.0, 4.0, 10.0])}, 3
)


@pytest.mark.parametrize(
    ("rule", "flagged"),
    [
        (DecisionRule("constant", 0.3), [False, True, True]),
        (DecisionRule("per-row"), [False, True, True]),
        (DecisionRule("flag-none"), [False, False, False]),
        (DecisionRule("flag-all"), [True, True, True]),
    ],
)
def test_each_rule_flags_from_its_threshold_on(rule, flagged):
    """A probability that equals its threshold is flagged; none and all do not look at it."""
    decision = Decision.by(rule, np.array([0.0, 0.3, 1.0]), COSTS)
    assert decision.flagged.tolist() == flagged
    assert (decision.flagged == (decision.probability >= decision.threshold)).all()


def test_expected_costs_stand_beside_the_decision():
    """Flagging costs 1 here whatever happens; passing costs the probability times the loss."""
    decision = Decision.by(DecisionRule("per-row"), np.array([0.5, 0.5, 0.5]), COSTS)
    assert decision.cost_if_flagged.tolist() == [1.0, 1.0, 1.0]
    assert decision.cost_if_passed.tolist() == [1.0, 2.0, 5.0]


@pytest.mark.parametrize("wrong", [np.nan, -0.01, 1.01, np.inf])
def test_a_row_without_a_probability_has_no_decision(wrong, wording):
    """Missing or impossible probabilities are refused and counted."""
    wording(refusal(ValueError, Decision.by, DecisionRule("flag-all"), np.array([0.2, wrong, 0.3]), COSTS))


def test_an_unknown_rule_or_a_threshold_that_is_not_its_own_is_refused(wording):
    """A constant needs a finite threshold, the other rules have none."""
    wrong = [(name,) for name in ("median", "", "constant ", "constant")]
    wrong += [("constant", value) for value in (float("nan"), float("inf"), "0.5")]
    wrong += [("per-row", 0.5), ("flag-none", float("nan"))]
    wording(*(refusal(ValueError, DecisionRule, *one) for one in wrong))


@pytest.mark.parametrize(
    "rule", [DecisionRule("constant", 0.1 + 0.2), DecisionRule("per-row"), DecisionRule("flag-none")]
)
def test_a_rule_survives_json_to_the_last_bit(rule):
    """The threshold read back is the threshold that was frozen."""
    assert DecisionRule.from_json(json.loads(json.dumps(rule.as_json()))) == rule
