"""A model against flag-none and flag-all on the rows of a window."""

import numpy as np
import pytest

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from logitgate.monitoring.performance.versus_rules import versus_rules
from logitgate.project.project import Project
from tests.projects import plain

PROJECT = Project.model_validate(plain())


def window(n=3_000, *, turned=False, base=-1.4, cluster=True, seed=1, days=40):
    """Return decisions of a model that is right about a world, or about the opposite world."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1.5, n)
    p = 1 / (1 + np.exp(-(base + score)))
    y = (rng.uniform(size=n) < p).astype(np.int64)
    said = 1 / (1 + np.exp(-(base + (-score if turned else score))))
    costs = RowCosts(np.ones(n), np.full(n, 2.0), np.zeros(n), np.full(n, 8.0))
    decision = Decision.by(DecisionRule("constant", 2 / 9), said, costs)
    return Scored(y, decision, costs, np.sort(rng.integers(0, days, n)) if cluster else None)


@pytest.mark.parametrize(("base", "rule"), [(-1.0, "flag-all"), (-3.5, "flag-none")])
def test_a_model_that_is_wrong_costs_more_than_the_cheaper_rule(base, rule):
    """The finding names the rule, as what takes over would be it."""
    found = versus_rules(window(turned=True, base=base), PROJECT)
    assert (found.status, found.subject, found.figures["rule"]) == (Status.FAIL, rule, rule)
    assert found.figures["lower"] > 0


def test_a_model_that_is_right_passes():
    """And so does one that decides exactly as a rule does."""
    found = versus_rules(window(), PROJECT)
    assert found.status is Status.PASS and found.figures["difference_high"] < 0
    never = window(base=-9.0)
    assert versus_rules(never, PROJECT).status is Status.PASS


def test_few_rows_prove_nothing():
    """One cluster has no bound, few rows that cost differently are no proof, and no row is no window."""
    assert versus_rules(window(days=1), PROJECT).status is Status.INSUFFICIENT
    assert (
        versus_rules(window(60, turned=True, base=-1.0, cluster=False), PROJECT).status is Status.INSUFFICIENT
    )
    assert versus_rules(None, PROJECT).status is Status.INSUFFICIENT


def test_a_model_that_knows_nothing_rarely_fails_by_chance():
    """Where each decision is a coin and both rules cost the same, at most alpha of the windows FAIL."""
    alarms = 0
    for seed in range(200):
        rng, n = np.random.default_rng(seed), 600
        y = (rng.uniform(size=n) < 0.2).astype(np.int64)
        # Flagging costs 1 whatever happens, a miss 5: at a fifth of events both rules cost 1 a row.
        costs = RowCosts(np.ones(n), np.ones(n), np.zeros(n), np.full(n, 5.0))
        said = rng.choice([0.05, 0.5], n)
        scored = Scored(y, Decision.by(DecisionRule("constant", 0.2), said, costs), costs)
        alarms += versus_rules(scored, PROJECT).status is Status.FAIL
    assert alarms <= 200 * PROJECT.gates.alpha + 2 * (200 * 0.05 * 0.95) ** 0.5
