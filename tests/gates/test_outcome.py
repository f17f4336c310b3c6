"""What a run ended with survives JSON, strictly."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.catalogue import Check
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.outcome import Outcome

FOUND = Finding(
    Check.CHAMPION, "version 3", Status.INDETERMINATE, "cannot tell", {"gain": 0.5, "rows": 7, "name": "a"}
)
WHOLE = Outcome(
    model="small",
    snapshot="0123",
    findings=(FOUND, Finding(Check.ROWS, "sample", Status.PASS, "all")),
    status=Status.INDETERMINATE,
    as_of=datetime(2024, 5, 1, 12, 30, tzinfo=UTC),
    run_id="run",
    version=4,
    promoted=True,
    champion=3,
    rule=DecisionRule("constant", 0.2),
    test={"cost": 1.5, "n": 200},
    repeated=True,
)


def through_json(outcome):
    """Write strict JSON and read it again."""
    return Outcome.from_json(json.loads(json.dumps(outcome.as_json(), allow_nan=False)))


def test_everything_comes_back():
    """Each field of an outcome, and of one that ended early."""
    assert through_json(WHOLE) == WHOLE
    early = Outcome("small", "0123", (), Status.FAIL)
    assert through_json(early) == early


@given(
    rule=st.sampled_from(
        [
            DecisionRule("flag-none"),
            DecisionRule("flag-all"),
            DecisionRule("per-row"),
            DecisionRule("constant", 0.0),
        ]
    ),
    status=st.sampled_from(list(Status)),
    zone=st.sampled_from([None, UTC]),
    cost=st.floats(allow_nan=False, allow_infinity=False),
)
def test_values_come_back_to_the_bit(rule, status, zone, cost):
    """Rules with and without a threshold, dates with and without a zone, any finite figure."""
    as_of = datetime(2024, 5, 1, 0, 0, 0, 1, tzinfo=zone)
    got = replace(WHOLE, rule=rule, status=status, as_of=as_of, test={"cost": cost})
    assert through_json(got) == got


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_a_figure_that_is_not_finite_becomes_null(figure):
    """JSON has no NaN; read again it is undefined, never a number and never absent."""
    plain = replace(
        WHOLE, test={"slope": figure}, findings=(replace(FOUND, figures={"gain": figure}),)
    ).as_json()
    assert plain["test"] == {"slope": None}
    assert plain["findings"][0]["figures"] == {"gain": None}
    json.dumps(plain, allow_nan=False)
    again = Outcome.from_json(plain)
    assert np.isnan(again.test["slope"])
    assert again.as_json() == plain


def test_the_status_is_the_verdicts():
    """An outcome begins with a verdict, and keeps its findings."""
    begun = Outcome.of("small", "0123", Verdict((FOUND,)), None)
    assert begun.status is Status.INDETERMINATE
    assert begun.verdict.findings == (FOUND,)
    assert not begun.promoted
    assert begun.champion is None


def test_a_judgement_adds_rule_and_figures():
    """The figures of the judged rows are flat, and strict JSON even where undefined."""
    y = (np.arange(100) % 4 == 0).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, 100)
    evaluation = evaluate(Scored(y, Decision.by(DecisionRule("flag-all"), np.full(100, 0.25), costs), costs))
    judged = Outcome.of("small", "0123", Verdict((FOUND,)), None).judged(DecisionRule("flag-all"), evaluation)
    plain = judged.as_json()
    assert (plain["rule"], plain["threshold"]) == ("flag-all", None)
    assert plain["test"]["cost"] == 1.0
    assert plain["test"]["slope"] is None
    assert through_json(judged).as_json() == plain
