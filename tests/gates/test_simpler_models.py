"""Simpler models: which one is submitted, and what stands in the table."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.evaluation.comparisons.comparison import paired
from logitgate.evaluation.intervals import mean_interval
from logitgate.evaluation.metrics import log_losses
from logitgate.findings import Status
from logitgate.gates.reports.simpler_models import against_prior, baseline_exhibit, submission_findings
from logitgate.model.recipes.submission import Step, Submission
from tests.evaluation.test_evaluate import constant, drawn, scored


def turned(one):
    """Return the model with every decision turned round, so that it is dearer."""
    return replace(one, decision=replace(one.decision, flagged=~one.decision.flagged))


def test_the_log_loss_is_compared_with_the_priors_and_only_warns():
    """Proven lower passes; otherwise a warning, as costs decide."""
    one = drawn(rows=2000)
    prevalence = np.full(2000, one.y.mean())
    prior = replace(one, decision=replace(one.decision, probability=prevalence))
    assert against_prior(one, prior, 0.05).status is Status.PASS
    assert against_prior(prior, one, 0.05).status is Status.WARN
    assert against_prior(one, one, 0.05).status is Status.WARN


def test_a_simpler_recipe_that_was_submitted_is_reported():
    """One warning for each step that was taken, a single PASS without any."""
    compared = paired(drawn(rows=2000), turned(drawn(rows=2000)), 0.05)
    taken = Submission("plain linear", (Step("search", "plain linear", compared, taken=True),))
    (found,) = submission_findings(taken)
    assert (found.status, found.figures["submitted"]) == (Status.WARN, "plain linear")
    kept = Submission("search", (Step("search", "plain linear", compared, taken=False),))
    (found,) = submission_findings(kept)
    assert (found.status, found.figures["submitted"]) == (Status.PASS, "search")


def test_the_table_tells_differences_and_their_intervals():
    """The model's figure less the row's; savings are turned round, so that more is better."""
    one, other = drawn(rows=500, clusters=40), None
    other = turned(one)
    own, row = baseline_exhibit(one, {"prior": other}).rows
    assert (own["model"], row["model"]) == ("the model", "prior")
    cost = mean_interval(one.cost - other.cost, one.cluster)
    everybody = (np.full(500, flag) for flag in (False, True))
    reference = min(one.costs.of(one.y, flags).mean() for flags in everybody)
    assert own["savings"] == pytest.approx(1 - one.cost.mean() / reference)
    assert own["log_loss"] == pytest.approx(log_losses(one.y, one.decision.probability).mean())
    got = [row[f"savings_difference{end}"] for end in ("", "_low", "_high")]
    assert got == pytest.approx([-cost.value / reference, -cost.high / reference, -cost.low / reference])
    assert got[1] < got[0] < got[2]


def test_without_a_scale_there_are_no_savings():
    """No row is an event, so that flagging no row costs nothing."""
    quiet = scored(np.zeros(50, dtype=int), np.linspace(0.01, 0.1, 50), constant(50))
    own, row = baseline_exhibit(quiet, {"prior": turned(quiet)}).rows
    assert own["savings"] is None and row["savings"] is None
    assert "savings_difference" not in row
