"""Calibration and cost of labelled rows against chunks of the reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.intervals import wilson
from logitgate.evaluation.probabilities.cox import fit_cox, log_odds
from logitgate.findings import Status
from logitgate.monitoring.performance.control_limits import Chunks, ControlLimits
from logitgate.monitoring.performance.estimated import NAMES as EXPECTED
from logitgate.monitoring.performance.estimated import expected_cost
from logitgate.monitoring.performance.realised.figures import (
    NAMES,
    Realised,
    excess,
    realised_chunks,
    reference_chunks,
    with_excess_cost,
)
from logitgate.monitoring.performance.realised.findings import realised
from logitgate.project.project import Project
from tests.projects import plain

PROJECT = Project.model_validate(plain(gates={"calibration": {"in_the_large": 0.2, "slope": [0.8, 1.25]}}))


def rows(n, *, seed, off=0.0, slope=1.0, clusters=None, sway=0.0, fn=8.0, moved=0.0):
    """Return n rows whose outcomes follow slope * log-odds + off, off swaying by cluster."""
    rng = np.random.default_rng(seed)
    score = rng.normal(-1.4 + moved, 1.3, n)
    cluster = None if clusters is None else np.sort(rng.integers(0, clusters, n))
    luck = 0.0 if cluster is None else rng.normal(0, sway, clusters)[cluster]
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-(slope * score + off + luck)))).astype(np.int64)
    costs = RowCosts(np.ones(n), np.full(n, 2.0), np.zeros(n), np.full(n, fn))
    decision = Decision.by(DecisionRule("constant", 0.2), 1 / (1 + np.exp(-score)), costs)
    return Scored(y, decision, costs, cluster)


@pytest.fixture(scope="module")
def reference():
    """Twenty chunks of 500 rows of a calibrated model."""
    return reference_chunks(rows(10_000, seed=1))


def found(scored, reference, project=PROJECT):
    """Return the findings by what they are about."""
    findings, _ = realised(scored, reference, project)
    return {finding.subject: finding for finding in findings}


def test_the_figures_of_a_chunk_are_those_of_its_rows():
    """Each chunk, taken alone, gives the excess, Cox's figures and the mean cost; the partial one nothing."""
    scored = rows(1_250, seed=2)
    chunks = reference_chunks(scored, 500)
    assert (chunks.rows, chunks.count, set(chunks.figures)) == (500, 2, {*NAMES, *EXPECTED})
    for number, place in enumerate((slice(0, 500), slice(500, 1_000))):
        part = scored.take(np.arange(1_250)[place])
        p = part.decision.probability
        cox = fit_cox(part.y, log_odds(p))
        z = (part.y.sum() - p.sum()) / np.sqrt(np.sum(p * (1 - p)))
        expected = {
            "excess_z": z,
            "in_the_large": cox.in_the_large,
            "slope": cox.slope,
            "cost": part.cost.mean(),
            "excess_cost": (part.cost - expected_cost(p, part.decision.flagged, part.costs)).mean(),
        }
        assert {name: chunks.figures[name][number] for name in NAMES} == pytest.approx(expected)


def test_more_of_the_same_passes(reference):
    """A calibrated window of three chunks: four findings, all PASS, and an exhibit of its chunks."""
    findings, (exhibit,) = realised(rows(1_600, seed=3), reference, PROJECT)
    assert [finding.check for finding in findings] == ["calibration"] * 3 + ["cost"]
    assert {finding.status for finding in findings} == {Status.PASS}
    assert findings[0].figures["chunks"] == 3
    for finding, name, alpha in ((findings[0], "excess_z", 0.05 / 3), (findings[3], "excess_cost", 0.1 / 3)):
        limits = ControlLimits.of(reference.figures[name], alpha, 3)
        assert (finding.figures["limit_low"], finding.figures["limit_high"]) == (limits.low, limits.high)
    assert [row["chunk"] for row in exhibit.rows[:4]] == [1, 2, 3, "reference"]


def test_false_alarms_are_as_rare_as_alpha_says():
    """Of 100 windows of a chunk, each with 12 chunks of reference, .05 + 3 errors at most FAIL in a check."""
    alarms = np.zeros(2)
    for seed in range(100):
        known = reference_chunks(rows(2_400, seed=10_000 + seed), 200)
        findings, _ = realised(rows(200, seed=20_000 + seed), known, PROJECT)
        got = {check: {f.status for f in findings if f.check == check} for check in ("calibration", "cost")}
        alarms += [Status.FAIL in got["calibration"], Status.FAIL in got["cost"]]
    assert (alarms / 100 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)).all(), alarms


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"off": 0.9}, "observed less expected events"),
        ({"off": 0.9}, "calibration-in-the-large"),
        ({"off": -0.9}, "observed less expected events"),
        ({"slope": 0.4}, "slope"),
        ({"off": 0.9}, "mean cost per row"),
    ],
)
def test_what_went_wrong_fails(reference, change, subject):
    """A base rate that moved, a model that became too sure, decisions that became dear."""
    finding = found(rows(1_500, seed=4, **change), reference)[subject]
    assert finding.status is Status.FAIL


def test_cheaper_than_the_reference_is_no_fault(reference, wording):
    """Only the upper limit of the cost alarms."""
    finding = found(rows(1_500, seed=5, off=-4.0), reference)["mean cost per row"]
    assert finding.status is Status.PASS
    wording(finding)


def test_the_margin_forgives_what_is_small():
    """A reference without any spread: what leaves its limits but keeps to the margins is a WARN."""
    wide = Project.model_validate(plain(gates={"calibration": {"in_the_large": 2.0, "slope": [0.1, 9.0]}}))
    flat = Chunks(
        500, {name: (value,) * 12 for name, value in zip(NAMES, (0.0, 0.0, 1.0, 0.5, 0.0), strict=True)}
    )
    got = found(rows(500, seed=6, off=0.4), flat, wide)
    assert [got[name].status for name in ("observed less expected events", "calibration-in-the-large")] == [
        Status.WARN,
        Status.WARN,
    ]


def test_miscalibration_that_the_reference_shows_too_fails():
    """A reference that is off by .9 itself lends no limits: proven beyond the margin is a FAIL."""
    got = found(rows(1_500, seed=7, off=0.9), reference_chunks(rows(10_000, seed=8, off=0.9)))
    assert got["calibration-in-the-large"].status is Status.FAIL
    assert got["mean cost per row"].status is Status.WARN
    sound = found(rows(1_500, seed=3), reference_chunks(rows(10_000, seed=8, off=0.9)))
    assert sound["calibration-in-the-large"].status is Status.PASS


@pytest.mark.parametrize("off", [0.8, -0.8])
def test_a_wrong_reference_excuses_no_window(off):
    """Wrong by .8 from the first day on, with days of their own luck: FAIL in at least 95 % of windows."""
    failed = 0
    for seed in range(20):
        known = reference_chunks(rows(4_000, seed=seed, off=off, clusters=28, sway=0.3))
        got = found(rows(5_000, seed=500 + seed, off=off, clusters=28, sway=0.3), known)
        failed += got["calibration-in-the-large"].status is Status.FAIL
    assert failed >= 19


def test_dearer_rows_are_no_worse_model(reference):
    """Twice the events by other features, under exact probabilities: the effect of rows, and no alarm."""
    alarms = 0
    for seed in range(30):
        got = found(rows(1_500, seed=seed, moved=1.0), reference)["mean cost per row"]
        alarms += got.status is Status.FAIL
        assert got.figures["effect_of_rows"] > 0.15
    assert alarms <= 4
    assert found(rows(1_500, seed=4, off=0.9), reference)["mean cost per row"].status is Status.FAIL


def test_references_of_earlier_versions_have_an_excess(reference):
    """It follows from the realised and the expected cost that they kept."""
    old = Chunks(reference.rows, {k: v for k, v in reference.figures.items() if k != "excess_cost"})
    assert with_excess_cost(old).figures["excess_cost"] == pytest.approx(reference.figures["excess_cost"])
    got = [found(rows(1_500, seed=4), one)["mean cost per row"] for one in (old, reference)]
    assert got[0].status is got[1].status and got[0].figures == pytest.approx(got[1].figures)


def test_without_limits_the_margin_decides_what_it_can(wording):
    """Eleven chunks have no limits: calibration is held against 0 and 1, cost proves too little to FAIL."""
    few = reference_chunks(rows(5_500, seed=9), 500)
    got = found(rows(1_500, seed=4, off=0.9), few)
    assert got["calibration-in-the-large"].status is Status.FAIL
    assert got["observed less expected events"].status is Status.WARN
    assert got["mean cost per row"].status is Status.WARN
    wording(got["mean cost per row"])
    sound = found(rows(1_500, seed=3), few)
    assert sound["mean cost per row"].status is not Status.FAIL
    assert {one.status for one in sound.values() if one.check == "calibration"} == {Status.PASS}


def test_few_rows_are_insufficient(reference, wording):
    """Less than a chunk, and fewer than a slice must have, tells nothing, whatever it shows."""
    got = found(rows(90, seed=10, off=3.0), reference)
    assert {finding.status for finding in got.values()} == {Status.INSUFFICIENT}
    assert got["mean cost per row"].figures["n"] == 90
    wording(got["mean cost per row"])


BOTH = ("calibration", "cost")


def test_no_mature_row_is_insufficient(reference):
    """None, and none left: both checks say so."""
    for scored in (None, rows(500, seed=1).take(np.arange(0))):
        findings, exhibits = realised(scored, reference, PROJECT)
        assert [(f.check, f.status.value) for f in findings] == [(one, "INSUFFICIENT") for one in BOTH]
        assert exhibits == []


def test_a_missing_probability_is_indeterminate(reference, wording):
    """No mean is taken around it."""
    scored = rows(1_000, seed=1)
    scored.decision.probability[7] = np.nan
    findings, exhibits = realised(scored, reference, PROJECT)
    assert [(f.check, f.status.value) for f in findings] == [(one, "INDETERMINATE") for one in BOTH]
    assert exhibits == []
    wording(*findings)


def test_one_class_is_caught_by_the_excess(reference):
    """No event in 1,000 rows where 280 were expected: the log-odds are undefined, the count is not."""
    scored = rows(1_000, seed=11)
    got = found(Scored(np.zeros(1_000, dtype=np.int64), scored.decision, scored.costs), reference)
    assert got["observed less expected events"].status is Status.FAIL
    assert got["calibration-in-the-large"].status is Status.INSUFFICIENT
    assert got["slope"].status is Status.INSUFFICIENT


def test_clusters_widen_the_intervals():
    """Rows of one day share their luck: the intervals over all rows know it, Wilson's is for rows alone."""
    scored = rows(3_000, seed=12, clusters=30, sway=0.8)
    alone = Scored(scored.y, scored.decision, scored.costs)
    one, other = Realised.of(scored), Realised.of(alone)
    for name in ("prevalence", "cost", "in_the_large"):
        widths = [getattr(figure, name).high - getattr(figure, name).low for figure in (one, other)]
        assert widths[0] > 1.3 * widths[1], name
    assert other.prevalence == wilson(int(scored.y.sum()), 3_000)


def test_days_with_their_own_luck_widen_the_limits_too():
    """A reference whose days sway does not take a swaying window for a broken model."""
    known = reference_chunks(rows(8_000, seed=13, clusters=160, sway=0.7), 400)
    calm = reference_chunks(rows(8_000, seed=14), 400)
    widths = [chunks.limits("excess_z", 0.05).sd for chunks in (known, calm)]
    assert widths[0] > 1.5 * widths[1]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(0, 1_000))
def test_excess_is_standardised(size, seed):
    """It changes its sign when outcomes and probabilities are mirrored, and certain rows have none."""
    rng = np.random.default_rng(seed)
    p, y = rng.uniform(0.01, 0.99, size), rng.integers(0, 2, size)
    costs = RowCosts(*(np.ones(size),) * 4)
    one, other = (
        Scored(outcome, Decision(said, said, said > 0.5, said, said), costs)
        for outcome, said in ((y, p), (1 - y, 1 - p))
    )
    assert excess(one) == pytest.approx(-excess(other))
    sure = Decision(np.ones(size), p, p > 0.5, p, p)
    assert np.isnan(excess(Scored(y, sure, costs)))


def test_the_same_rows_give_the_same_chunks_as_json():
    """What is kept in the profile comes back as it was."""
    chunks = realised_chunks(rows(1_000, seed=15), 250)
    assert Chunks.from_json(chunks.as_json()) == chunks
