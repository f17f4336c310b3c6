"""Estimates without labels: the same as nannyml's, and what they can and cannot see."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.findings import Status
from logitgate.monitoring.performance.control_limits import Chunks, ControlLimits
from logitgate.monitoring.performance.estimated import (
    NAMES,
    estimate,
    expected_chunks,
    expected_cost,
    expected_performance,
)

DATA = Path(__file__).parents[1] / "data"
PAIRS = {"business_value": "expected_cost"}


def costs_of(rows, *, tp=1.0, fp=2.0, tn=0.0, fn=8.0):
    """Return the same costs for each row."""
    return RowCosts(*(np.full(rows, cost, dtype=float) for cost in (tp, fp, tn, fn)))


def decided(probability, *, threshold=0.2):
    """Return decisions by one threshold, and the costs."""
    costs = costs_of(len(probability))
    return Decision.by(DecisionRule("constant", threshold), probability, costs), costs


def calibrated(rows, *, seed, shift=0.0, spread=1.6):
    """Return probabilities, and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-rng.normal(-1.4 + shift, spread, rows)))
    return probability, (rng.uniform(size=rows) < probability).astype(int)


def reference(*, rows=500, chunks=20, seed=1):
    """Return the chunks of calibrated reference rows."""
    return expected_chunks(*decided(calibrated(rows * chunks, seed=seed)[0]), rows)


@pytest.fixture(scope="module")
def car_loan():
    """Rows of the car-loan set, chunk after chunk, and the isotonic recalibration on its reference."""
    counted = pd.read_csv(DATA / "car_loan.csv.gz").sort_values(["period", "chunk"], ascending=[False, True])
    frame = counted.loc[counted.index.repeat(counted["rows"])].reset_index(drop=True)
    known = frame[frame["period"] == "reference"]
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(known["y_pred_proba"], known["repaid"])
    return frame.assign(isotonic=isotonic.predict(frame["y_pred_proba"]), as_they_are=frame["y_pred_proba"])


@pytest.mark.parametrize("column", ["as_they_are", "isotonic"])
def test_nannyml_estimates_the_same(car_loan, column):
    """All 20 chunks of the car-loan set, as they are and recalibrated: every figure to 1e-6."""
    probability = car_loan[column].to_numpy()
    costs = costs_of(len(car_loan))
    flagged = car_loan["y_pred"].to_numpy() == 1
    decision = Decision(probability, np.full(len(car_loan), 0.5), flagged, *costs.expected(probability))
    found = expected_chunks(decision, costs, 5_000)
    pinned = pd.read_csv(DATA / "car_loan_estimates.csv")
    pinned = pinned[pinned["probabilities"] == column]
    assert found.count == len(pinned) == 20
    pinned["business_value"] /= 5_000  # nannyml gives the chunk's total
    for name in pinned.columns[3:]:
        ours = found.figures[PAIRS.get(name, f"expected_{name}")]
        np.testing.assert_allclose(ours, pinned[name], rtol=0, atol=1e-6, err_msg=name)


def test_ranked_by_another_score_nannyml_finds_the_same_auc(car_loan):
    """The scores rank, the recalibrated probabilities weigh."""
    one = car_loan[(car_loan["period"] == "analysis") & (car_loan["chunk"] == 0)]
    found = expected_performance(
        one["isotonic"].to_numpy(), one["y_pred"].to_numpy() == 1, one["y_pred_proba"].to_numpy()
    )
    assert found.roc_auc == pytest.approx(0.970743636, abs=1e-6)


def test_the_expected_matrix_is_what_drawn_outcomes_give_on_average():
    """Outcomes drawn 4,000 times from the probabilities: mean matrix and cost are the estimates."""
    probability = calibrated(300, seed=3)[0]
    decision, costs = decided(probability)
    rng = np.random.default_rng(4)
    drawn = rng.uniform(size=(4_000, 300)) < probability
    found = expected_performance(probability, decision.flagged)
    counts = {
        "true_positive": drawn & decision.flagged,
        "false_positive": ~drawn & decision.flagged,
        "true_negative": ~drawn & ~decision.flagged,
        "false_negative": drawn & ~decision.flagged,
    }
    for name, hits in counts.items():
        assert getattr(found, name) == pytest.approx(hits.sum(axis=1).mean(), abs=0.6), name
    paid = np.mean([costs.of(y.astype(int), decision.flagged).mean() for y in drawn])
    assert expected_cost(probability, decision.flagged, costs).mean() == pytest.approx(paid, abs=0.02)


def test_costs_of_each_row_count():
    """A missed event that costs a thousand in one row makes that row's expected cost p times a thousand."""
    probability, flagged = np.array([0.1, 0.5, 0.5]), np.array([False, False, True])
    costs = RowCosts(np.ones(3), np.full(3, 2.0), np.zeros(3), np.array([1_000.0, 8.0, 8.0]))
    assert expected_cost(probability, flagged, costs).tolist() == pytest.approx([100.0, 4.0, 1.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1))
def test_the_matrix_is_whole(probability, threshold):
    """Its four entries are not negative, add up to n, and no ratio leaves [0, 1]."""
    said = np.array(probability)
    found = expected_performance(said, said >= threshold)
    entries = (found.true_positive, found.false_positive, found.true_negative, found.false_negative)
    assert min(entries) >= -1e-12
    assert sum(entries) == pytest.approx(found.n)
    ratios = [getattr(found, name) for name in ("accuracy", "precision", "recall", "f1", "specificity")]
    assert all(np.isnan(ratio) or -1e-12 <= ratio <= 1 + 1e-12 for ratio in ratios)


def test_the_order_of_rows_changes_no_estimate():
    """Permuted rows of a chunk give the same figures."""
    probability = calibrated(400, seed=5)[0]
    shuffled = np.random.default_rng(6).permutation(probability)
    one, other = (expected_chunks(*decided(some), 400) for some in (probability, shuffled))
    assert {name: other.mean(name) for name in NAMES} == pytest.approx({n: one.mean(n) for n in NAMES})


def test_more_of_the_same_raises_no_alarm_and_the_partial_chunk_is_dropped():
    """Three whole chunks of the reference's kind pass; the rows after them are not looked at."""
    probability = np.append(calibrated(1_500, seed=9)[0], np.full(499, 0.999))
    findings, (exhibit,) = estimate(*decided(probability), reference(), 0.05)
    assert {finding.subject for finding in findings} == {name.replace("_", " ") for name in NAMES}
    assert {finding.status for finding in findings} == {Status.PASS}
    assert findings[0].figures["chunks"] == 3
    limits = ControlLimits.of(reference().figures["expected_accuracy"], 0.025, 3)
    assert (findings[0].figures["limit_low"], findings[0].figures["limit_high"]) == (limits.low, limits.high)
    assert [row["chunk"] for row in exhibit.rows] == [1, 2, 3, "limit low", "limit high"]


def test_rows_that_became_harder_raise_an_alarm(wording):
    """Probabilities closer to the threshold: AUC falls, the expected cost rises; others are reported.

    Beyond the other limit, as for easier rows, is a WARN: not the rows that the model was judged on.
    """
    harder, easier = (
        {one.subject: one for one in estimate(*decided(calibrated(1_000, **world)[0]), reference(), 0.05)[0]}
        for world in ({"seed": 10, "shift": 1.0, "spread": 0.5}, {"seed": 11, "spread": 6.0})
    )
    assert harder["expected roc auc"].status is harder["expected cost"].status is Status.FAIL
    assert harder["expected accuracy"].status is easier["expected roc auc"].status is Status.WARN
    wording(harder["expected cost"], easier["expected roc auc"])


def test_flipped_labels_go_unseen():
    """A tenth of the labels flipped: the estimate keeps its word, the true accuracy is .08 lower.

    So its good outcome can clear no version: it is the same with every outcome.
    """
    probability, y = calibrated(10_000, seed=12)
    y = np.where(np.random.default_rng(13).uniform(size=len(y)) < 0.1, 1 - y, y)
    decision, costs = decided(probability, threshold=0.5)
    said = expected_performance(probability, decision.flagged).accuracy
    right = float((decision.flagged == (y == 1)).mean())
    assert said - right > 0.05
    known = expected_chunks(*decided(calibrated(10_000, seed=1)[0], threshold=0.5), 500)
    assert {finding.status for finding in estimate(decision, costs, known, 0.05)[0]} == {Status.PASS}


def test_nothing_missing_passes(wording):
    """A NaN probability, no rows, too few rows, and a reference of too few chunks."""
    sound = calibrated(1_000, seed=14)[0]
    decision, costs = decided(sound)
    holed = decision.probability.copy()
    holed[3] = np.nan
    broken = Decision(
        holed, decision.threshold, decision.flagged, decision.cost_if_flagged, decision.cost_if_passed
    )
    (unsound,), _ = estimate(broken, costs, reference(), 0.05)
    assert unsound.status is Status.INDETERMINATE
    for rows in (0, 499):
        (found,), exhibits = estimate(*decided(sound[:rows]), reference(), 0.05)
        assert (found.status, exhibits) == (Status.INSUFFICIENT, [])
    findings, _ = estimate(decision, costs, reference(chunks=11), 0.05)
    assert {finding.status for finding in findings} == {Status.INSUFFICIENT}
    wording(unsound, findings[0])
    findings, _ = estimate(decision, costs, Chunks(500, {}), 0.05)
    assert {finding.status for finding in findings} == {Status.INSUFFICIENT}
    with pytest.raises(ValueError, match="1 of 1000 probabilities"):
        expected_performance(holed, decision.flagged)


def test_a_figure_that_is_undefined_now_is_said(wording):
    """No row is flagged any more: precision is undefined, recall falls, and nothing crashes."""
    probability = np.full(500, 0.01)
    found = {finding.subject: finding for finding in estimate(*decided(probability), reference(), 0.05)[0]}
    assert found["expected precision"].status is Status.INSUFFICIENT
    wording(found["expected precision"])
    assert found["expected recall"].status is Status.WARN
