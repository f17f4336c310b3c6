"""Intervals of estimates without labels, and the estimate by the last mature labels."""

import numpy as np
import pytest
from scipy.special import logit

from logitgate.monitoring.performance.control_limits import Chunks
from logitgate.monitoring.performance.estimated import estimate, expected_figures
from logitgate.monitoring.performance.realised.figures import reference_chunks
from logitgate.monitoring.performance.uncertainty import backtest, intervals, offset, recalibrated, shifted
from logitgate.monitoring.since_release import ErrorSums
from tests.monitoring.test_realised import rows


def sums(scored, days=20):
    """Return the errors of a labelled window."""
    p = scored.decision.probability
    return ErrorSums.of(scored.y - p, (scored.y.astype(float), p), np.arange(len(p)) % days)


def test_the_interval_covers_as_often_as_it_says():
    """The cost that the true probabilities imply lies inside in about 95 % of references, off or not."""
    inside = []
    for seed in range(30):
        off = (seed % 3 - 1) * 0.3
        reference, window = reference_chunks(rows(4_000, seed=seed, off=off)), rows(2_000, seed=9_000 + seed)
        spans = intervals(window.decision, window.costs, reference, expected_figures)
        truth = expected_figures(shifted(window.decision, off), window.costs)
        inside.append([spans[name].low <= truth[name] <= spans[name].high for name in truth])
    assert np.mean(inside) >= 0.9


def test_fewer_rows_are_less_sure():
    """A reference of a quarter of the rows has a wider interval; few chunks have none."""
    window = rows(2_000, seed=1)
    widths = []
    for n in (16_000, 4_000):
        spans = intervals(window.decision, window.costs, reference_chunks(rows(n, seed=2)), expected_figures)
        widths.append(spans["expected_cost"].high - spans["expected_cost"].low)
    assert 1.3 < widths[1] / widths[0] < 6
    assert intervals(window.decision, window.costs, Chunks(500, {}), expected_figures) == {}


def test_the_findings_carry_the_interval():
    """As figures beside the estimate."""
    window = rows(4_000, seed=3)
    findings, _ = estimate(window.decision, window.costs, reference_chunks(rows(8_000, seed=4)), 0.05)
    (cost,) = [one for one in findings if one.subject == "expected cost"]
    assert (
        cost.figures["expected_cost_low"] < cost.figures["expected_cost"] < cost.figures["expected_cost_high"]
    )
    assert not [one for one in findings if one.subject == "recalibrated"]


def test_the_offset_is_that_of_the_labels():
    """One step towards calibration-in-the-large; a shift moves log-odds and leaves decisions alone."""
    known = sums(rows(20_000, seed=5, off=0.3))
    assert offset(known) == pytest.approx(0.3, abs=0.05) and offset(ErrorSums()) == 0
    decision = rows(50, seed=6).decision
    moved = shifted(decision, 0.7)
    np.testing.assert_allclose(logit(moved.probability) - logit(decision.probability), 0.7)
    assert moved.flagged is decision.flagged


@pytest.mark.parametrize(("offs", "better"), [((0.5,) * 5, "recalibrated"), ((0.3, -0.3) * 3, "plain")])
def test_the_better_estimate_is_named_by_what_it_would_have_said(offs, better):
    """A lasting error is mended by the last labels, one that turns each month is made worse."""
    known = [sums(rows(6_000, seed=10 + n, off=off)) for n, off in enumerate(offs)]
    found = backtest(known)
    assert (found.windows, found.better) == (len(offs) - 1, better)
    window = rows(4_000, seed=99)
    finding = recalibrated(window.decision, window.costs, known, expected_figures)
    assert finding.figures["better"] == better
    truth = expected_figures(shifted(window.decision, offset(known[-1])), window.costs)
    assert finding.figures["expected_cost"] == pytest.approx(truth["expected_cost"])


def test_one_window_names_no_better_estimate():
    """There is nothing to test it by; without labels there is no such estimate."""
    window, known = rows(500, seed=7), sums(rows(500, seed=8))
    assert backtest([known]).better is None and backtest([]).windows == 0
    found = recalibrated(window.decision, window.costs, [known], expected_figures)
    assert found.figures["better"] is None
    assert recalibrated(window.decision, window.costs, [], expected_figures) is None
