"""Simpler models: which one is proposed, in which words, and what stands in the table."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.evaluation.intervals import mean_interval
from logitgate.evaluation.metrics import log_losses
from logitgate.findings import Status
from logitgate.gates.simpler_models import baseline_exhibit, itself, proposals, same_model
from tests.evaluation.test_evaluate import constant, drawn, scored


def turned(one):
    """Return the model with every decision turned round, so that it is dearer."""
    return replace(one, decision=replace(one.decision, flagged=~one.decision.flagged))


def test_a_model_is_itself_only_with_the_same_decisions():
    """Equal probabilities are not enough, nor are equal decisions."""
    one = drawn()
    nearly = replace(one.decision, probability=one.decision.probability + 1e-12)
    assert same_model(one, drawn())
    assert not same_model(one, turned(one))
    assert not same_model(one, replace(one, decision=nearly))
    assert itself("plain linear").status is Status.PASS


def test_a_simpler_model_that_is_as_good_is_proposed():
    """One that saves more is called cheaper, one that cannot be told apart is not; a dear one is left."""
    sound = drawn(rows=2000)
    dear = turned(sound)
    (cheaper,) = proposals(dear, {"prior": sound}, 0.05)
    assert (cheaper.status, cheaper.subject) == (Status.WARN, "proposal: prior")
    assert cheaper.because.startswith("propose the prior model: cheaper, and simpler; it costs ")
    (left,) = proposals(sound, {"prior": dear}, 0.05)
    assert (left.status, left.subject) == (Status.PASS, "proposal")
    once = turned(sound).decision.flagged
    once[1:] = sound.decision.flagged[1:]
    nearly = replace(sound, decision=replace(sound.decision, flagged=once))
    (alike,) = proposals(sound, {"prior": nearly}, 0.05)
    assert alike.because.startswith(
        "propose the prior model: not proven to be dearer, and simpler; it costs "
    )
    assert proposals(sound, {"itself": drawn(rows=2000)}, 0.05)[0].status is Status.PASS


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
    told = [row[f"savings_difference{end}"] for end in ("", "_low", "_high")]
    assert told == pytest.approx([-cost.value / reference, -cost.high / reference, -cost.low / reference])
    assert told[1] < told[0] < told[2]


def test_without_a_scale_there_are_no_savings():
    """Nobody is an event, so that flagging nobody costs nothing."""
    quiet = scored(np.zeros(50, dtype=int), np.linspace(0.01, 0.1, 50), constant(50))
    own, row = baseline_exhibit(quiet, {"prior": turned(quiet)}).rows
    assert own["savings"] is None and row["savings"] is None
    assert "savings_difference" not in row
