"""The exhibits beside the calibration gate: where they look, what they tell, and that they stop nothing."""

import json

import numpy as np
import pytest
from scipy.special import expit

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.probabilities.calibration import calibration
from logitgate.evaluation.probabilities.reliability import Corp, consistency
from logitgate.evaluation.slices import SliceLevels
from logitgate.findings import Status
from logitgate.gates.reports.calibration_report import calibration_evidence, near_threshold
from tests.projects import small

PROJECT = small(slices={"columns": ["g"], "minimum_rows": 100, "minimum_events": 10})
FIFTH = DecisionRule("constant", 0.2)


def scored(score, rule=FIFTH, off=0.0, clusters=None, seed=0):
    """Return rows whose true log-odds are the score plus `off`, decided by a rule."""
    random = np.random.default_rng(seed)
    y = (random.random(len(score)) < expit(score + off)).astype(int)
    amount = {"amount": np.linspace(0.5, 30, len(y))}
    matrix = CostMatrix.of(true_positive=1, false_positive=2, true_negative=0, false_negative="1 + amount")
    costs = matrix.rows(amount, len(y))
    cluster = None if clusters is None else random.integers(0, clusters, len(y))
    return Scored(y, Decision.by(rule, expit(score), costs), costs, cluster)


def score(rows=6_000, seed=1):
    """Return log-odds of a model that tells rows apart."""
    return np.random.default_rng(seed).normal(-1.5, 1.3, rows)


def tables(rows, levels=None):
    """Return the findings, and the exhibits by name."""
    findings, exhibits = calibration_evidence(rows, levels or {}, PROJECT)
    return findings, {one.name: one for one in exhibits}


def named(exhibit):
    """Return the rows of a table of figures by the name of the figure."""
    return {row["figure"]: row for row in exhibit.rows}


def test_a_calibrated_model_is_reported_and_not_warned_of():
    """Three tables, no finding, and each figure is that of the functions behind it."""
    rows = scored(score())
    findings, exhibits = tables(rows, {"g": SliceLevels.of(["a", "b"] * 3_000)})
    assert findings == []
    assert list(exhibits) == ["calibration", "calibration-near-threshold", "calibration-slices"]
    shown = named(exhibits["calibration"])
    known = calibration(rows.y, rows.decision.probability)
    corp = Corp.of(rows.y, rows.decision.probability)
    chance = consistency(corp, PROJECT.split.seed)
    assert (shown["slope"]["value"], shown["slope"]["low"], shown["slope"]["high"]) == tuple(known.slope)
    assert shown["calibration-in-the-large"]["high"] == known.in_the_large.high
    assert shown["Cox's joint test"]["p_value"] == known.joint.p_value
    assert shown["Spiegelhalter's Z"]["value"] == known.spiegelhalter.value
    assert shown["debiased L2 calibration error"]["value"] == known.l2_error
    assert shown["ECE, 15 bins of equal width"]["value"] == known.ece
    assert shown["log loss: miscalibration"]["value"] == corp.log_loss().miscalibration
    assert shown["log loss: miscalibration"]["by_chance"] == chance.log_loss.high
    assert shown["Brier score: miscalibration"]["calibrated"] == chance.brier.mean
    assert shown["Brier score: discrimination"]["value"] == corp.brier().discrimination
    json.dumps([one.as_json() for one in exhibits.values()], allow_nan=False)


def test_the_raw_ece_never_stands_alone():
    """Beside it is what a calibrated model of as many rows shows, overall, near and in each slice."""
    _, exhibits = tables(scored(score()), {"g": SliceLevels.of(["a", "b"] * 3_000)})
    for name in ("calibration", "calibration-near-threshold"):
        row = named(exhibits[name])["ECE, 15 bins of equal width"]
        assert 0 < row["calibrated"] < row["by_chance"]
    for row in exhibits["calibration-slices"].rows:
        assert 0 < row["ece_calibrated"] < row["ece_by_chance"]


def test_near_is_near_the_rows_own_threshold():
    """Half a log-odd either way of a threshold that differs from row to row."""
    rows = scored(score(), DecisionRule("per-row"))
    own = 2 / (2 + np.linspace(0.5, 30, 6_000))
    away = np.abs(np.log(own / (1 - own)) - score())
    np.testing.assert_array_equal(near_threshold(rows), away <= 0.5)
    _, exhibits = tables(rows)
    assert named(exhibits["calibration-near-threshold"])["rows"]["value"] == int((away <= 0.5).sum())


@pytest.mark.parametrize("name", ["flag-none", "flag-all"])
def test_a_rule_without_a_threshold_has_nothing_near_it(name):
    """Certain rows are not near an infinite threshold, and too few rows are reported as such."""
    rows = scored(np.r_[score(), -40.0, 40.0], DecisionRule(name))
    assert not near_threshold(rows).any()
    findings, exhibits = tables(rows)
    assert findings == []
    assert exhibits["calibration-near-threshold"].rows == (
        {"figure": "rows", "value": 0, "note": "too few to tell"},
    )


@pytest.mark.parametrize("off", [-1.0, 1.0])
def test_what_is_wrong_near_the_threshold_only_is_said(off, wording):
    """A bend where decisions are made, hidden on the whole, is a WARN that stops nothing."""
    odds = score()
    close = np.abs(odds - np.log(0.25)) <= 0.5
    rows = scored(odds, off=np.where(close, off, 0.0))
    (finding,), _ = tables(rows)
    assert (finding.check, finding.subject, finding.status) == (
        "calibration",
        "near the threshold",
        Status.WARN,
    )
    assert not finding.status.stops
    assert finding.figures["in_the_large"] == pytest.approx(off, abs=0.2)
    wording(finding)


def test_slices_that_are_off_are_counted_and_the_worst_is_named(wording):
    """Two of four are beyond the margin; one that is too small is shown as such and not judged."""
    group = np.random.default_rng(3).choice(
        ["a", "b", "c", "d", "tiny"], 6_000, p=(0.4, 0.3, 0.15, 0.14, 0.01)
    )
    off = np.select([group == "c", group == "d", group == "tiny"], [1.0, -1.6, 3.0], 0.0)
    rows = scored(score(), DecisionRule("flag-none"), off)
    (finding,), exhibits = tables(rows, {"g": SliceLevels.of(group)})
    assert (finding.check, finding.subject, finding.status) == ("calibration", "slices", Status.WARN)
    wording(finding)
    shown = {row["slice"]: row for row in exhibits["calibration-slices"].rows}
    assert list(shown) == ["g = a", "g = b", "g = c", "g = d", "g = tiny"]
    tiny = shown["g = tiny"]
    assert tiny["note"] == "too small"
    assert set(tiny) == {"slice", "n", "events", "note"}
    member = group == "c"
    known = calibration(rows.y[member], rows.decision.probability[member], seed=PROJECT.split.seed)
    assert shown["g = c"]["in_the_large_low"] == pytest.approx(known.in_the_large.low, rel=1e-12)
    assert shown["g = c"]["slope"] == pytest.approx(known.slope.value, rel=1e-12)
    assert shown["g = c"]["ece_by_chance"] == known.ece_null.high
    assert shown["g = c"]["joint_p_value"] < 1e-6 < shown["g = a"]["joint_p_value"]


def test_a_slice_without_other_rows_is_too_small():
    """Many rows that are nearly all events say little about their log-odds."""
    rows = scored(np.r_[score(), np.full(500, 9.0)])
    _, exhibits = tables(rows, {"g": SliceLevels.of(["mixed"] * 6_000 + ["sure"] * 500)})
    assert [row.get("note") for row in exhibits["calibration-slices"].rows] == [None, "too small"]


def test_clusters_widen_the_intervals_and_are_named():
    """The clustered error is used throughout, and the note says what the simulated nulls do not know."""
    alone, grouped = (scored(score(), clusters=clusters) for clusters in (None, 9))
    levels = {"g": SliceLevels.of(["a", "b"] * 3_000)}
    (_, one), (_, two) = tables(alone, levels), tables(grouped, levels)
    for name, note in ((name, two[name].note) for name in two):
        assert "clusters" in note
        assert "clusters" not in one[name].note
    for name in ("calibration", "calibration-near-threshold"):
        assert named(two[name])["slope"]["low"] != named(one[name])["slope"]["low"]
        assert named(two[name])["Cox's joint test"]["value"] != named(one[name])["Cox's joint test"]["value"]
    assert two["calibration-slices"].rows[0]["slope_low"] != one["calibration-slices"].rows[0]["slope_low"]


def test_no_slices_leave_an_empty_table():
    """A project without slices has nothing to show there, and no warning."""
    findings, exhibits = tables(scored(score()))
    assert findings == []
    assert exhibits["calibration-slices"].rows == ()
