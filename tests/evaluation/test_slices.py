from dataclasses import replace

import numpy as np
import pytest
from fairlearn import metrics as fairlearn_metrics
from scipy import stats
from sklearn import metrics as sklearn_metrics

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.evaluation.intervals import mean_interval
from logitgate.evaluation.slices import SliceLevels, crossed, slice_evaluations

CARRIERS = np.array(["AA", "DL", "UA", "VX"])
EVERYBODY = SliceLevels(np.zeros(800, dtype=int), ("everybody",))


def drawn(rows=800, seed=0):
    """Return scored rows with ties in clusters, and the carrier of each."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 3, rows).round(2)
    y = (random.random(rows) < probability).astype(int)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, rows)
    decision = Decision.by(DecisionRule("constant", 0.3), probability, costs)
    return Scored(y, decision, costs, random.integers(0, 90, rows)), CARRIERS[random.integers(0, 4, rows)]


def test_agrees_with_fairlearn():
    """Every figure of every slice is what fairlearn finds for that group."""
    rows, carrier = drawn()
    on_flags = fairlearn_metrics.MetricFrame(
        metrics={
            "n": fairlearn_metrics.count,
            "flag_rate": fairlearn_metrics.selection_rate,
            "recall": fairlearn_metrics.true_positive_rate,
            "false_positive_rate": fairlearn_metrics.false_positive_rate,
            "precision": sklearn_metrics.precision_score,
            "observed": lambda y, _: y.mean(),
        },
        y_true=rows.y,
        y_pred=rows.decision.flagged.astype(int),
        sensitive_features=carrier,
    )
    on_scores = fairlearn_metrics.MetricFrame(
        metrics={
            "auc": sklearn_metrics.roc_auc_score,
            "brier": sklearn_metrics.brier_score_loss,
            "log_loss": sklearn_metrics.log_loss,
            "probability": fairlearn_metrics.mean_prediction,
        },
        y_true=rows.y,
        y_pred=rows.decision.probability,
        sensitive_features=carrier,
    )
    on_cost = fairlearn_metrics.MetricFrame(
        metrics={"cost": fairlearn_metrics.mean_prediction},
        y_true=rows.y,
        y_pred=rows.cost,
        sensitive_features=carrier,
    )
    found = slice_evaluations(rows, {"carrier": SliceLevels.of(carrier)})
    assert [part.name for part in found] == [f"carrier = {name}" for name in CARRIERS]
    for part, name in zip(found, CARRIERS, strict=True):
        for frame in (on_flags, on_scores, on_cost):
            for figure, expected in frame.by_group.loc[name].items():
                assert part.figures()[figure] == pytest.approx(expected, rel=1e-12), (name, figure)


def slices_alone(rows, carrier):
    """Return each slice as evaluated, and its rows alone."""
    found = slice_evaluations(rows, {"c": SliceLevels.of(carrier)})
    return [(part, rows.take(carrier == name)) for part, name in zip(found, CARRIERS, strict=True)]


def test_a_slice_is_evaluated_as_its_rows_alone_would_be():
    """Every figure and every limit, with clusters and without."""
    for clustered in (True, False):
        rows, carrier = drawn()
        rows = rows if clustered else replace(rows, cluster=None)
        for part, alone in slices_alone(rows, carrier):
            expected = evaluate(alone).figures()
            for name, value in part.figures().items():
                same = name.replace("observed", "prevalence")
                assert name.startswith("probability") or value == pytest.approx(expected[same], rel=1e-9)
            held = mean_interval(alone.decision.probability, alone.cluster)
            assert part.probability.value == pytest.approx(held.value, rel=1e-12)
            assert part.probability.low == pytest.approx(held.low, rel=0.01)


def test_a_rate_without_hits_counts_each_cluster_once():
    """Nothing is known of how alike the rows of a cluster are, so the least is assumed."""
    rows, carrier = drawn()
    unflagged = Decision.by(DecisionRule("flag-none"), rows.decision.probability, rows.costs)
    for part, alone in slices_alone(replace(rows, decision=unflagged), carrier):
        clusters = len(np.unique(alone.cluster))
        square = stats.t.ppf(0.975, clusters - 1) ** 2
        assert tuple(part.flag_rate) == pytest.approx((0, 0, square / (clusters + square)), rel=1e-9)
    (one,) = slice_evaluations(replace(rows, cluster=np.zeros(800, dtype=int)), {"s": EVERYBODY})
    assert np.isnan(
        [one.flag_rate.low, one.observed.high, one.auc.low, one.savings.high, one.brier.low]
    ).all()


def test_savings_are_against_the_cheaper_constant_decision_of_the_slice():
    """With the interval of a ratio of means, which a bootstrap over the clusters confirms."""
    rows, carrier = drawn(rows=2400)
    for part, alone in slices_alone(rows, carrier):
        alike = [alone.costs.of(alone.y, np.full(len(alone.y), flag)) for flag in (False, True)]
        cheaper = min(alike, key=np.mean)
        assert part.savings.value == pytest.approx(1 - alone.cost.mean() / cheaper.mean(), rel=1e-12)
        sums = [np.bincount(alone.cluster, values, 90) for values in (alone.cost, cheaper)]
        drawn_again = np.random.default_rng(0).multinomial(90, np.full(90, 1 / 90), 4000)
        resampled = 1 - (drawn_again @ sums[0]) / (drawn_again @ sums[1])
        width = part.savings.high - part.savings.low
        assert (part.savings.low, part.savings.high) == pytest.approx(
            tuple(np.percentile(resampled, (2.5, 97.5))), abs=0.12 * width
        )


def test_order_of_rows_changes_nothing():
    """Permuted rows with their levels give the same slices."""
    rows, carrier = drawn()
    order = np.random.default_rng(1).permutation(800)
    plain = slice_evaluations(rows, {"c": SliceLevels.of(carrier)})
    shuffled = slice_evaluations(rows.take(order), {"c": SliceLevels.of(carrier[order])})
    for one, other in zip(plain, shuffled, strict=True):
        np.testing.assert_allclose(list(one.figures().values()), list(other.figures().values()), rtol=1e-12)


def test_undefined_is_undefined():
    """A slice of one class has no AUC, one without events no recall or savings, one without rows nothing."""
    rows, _ = drawn()
    codes = np.where(rows.y == 1, 0, 1)
    events, others, empty = slice_evaluations(rows, {"s": SliceLevels(codes, ("events", "others", "empty"))})
    for undefined in (events.auc, others.auc, others.recall, events.false_positive_rate):
        assert np.isnan([*undefined]).all()
    assert np.isfinite([*events.recall, *others.flag_rate, events.cost.value, others.brier.value]).all()
    assert (empty.n, empty.events) == (0, 0)
    assert np.isnan([*empty.figures().values()][2:]).all()
    (quiet,) = slice_evaluations(replace(rows, y=np.zeros(800, dtype=int)), {"s": EVERYBODY})
    assert np.isnan([*quiet.savings]).all(), "nothing can be saved where flagging no row is free"


def test_slices_of_equal_probabilities_rank_nothing():
    """A level whose probabilities all tie has an AUC of one half, and is not tied to the next level."""
    y, code = np.array([0, 1, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    costs = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=5).rows({}, 6)
    rows = Scored(y, Decision.by(DecisionRule("flag-all"), np.full(6, 0.5), costs), costs)
    assert [part.auc.value for part in slice_evaluations(rows, {"s": SliceLevels(code, ("a", "b"))})] == [
        0.5,
        0.5,
    ]


def test_rows_of_no_level_belong_to_no_slice():
    """A code below zero is left out of every slice and disturbs none."""
    rows, carrier = drawn()
    levels = SliceLevels.of(carrier)
    codes = np.where(np.arange(800) % 2 == 0, levels.codes, -1)
    half = slice_evaluations(rows, {"c": SliceLevels(codes, levels.names)})
    alone = slice_evaluations(rows.take(np.arange(0, 800, 2)), {"c": SliceLevels.of(carrier[::2])})
    for one, other in zip(half, alone, strict=True):
        np.testing.assert_allclose(list(one.figures().values()), list(other.figures().values()), rtol=1e-12)


def test_levels_have_codes_in_the_order_of_their_names():
    """Text, numbers, truth values and what is missing all become named levels."""
    assert SliceLevels.of(np.array([3, 1, 3])).names == ("1", "3")
    assert SliceLevels.of(np.array([True, False])).codes.tolist() == [1, 0]
    missing = SliceLevels.of([None, "b", float("nan"), "a"])
    assert missing.names == ("a", "b", "missing")
    assert missing.codes.tolist() == [2, 1, 2, 0]


def test_crossing_finds_the_pairs_that_occur():
    """A pair of levels is a level; where either is absent there is none."""
    pairs = crossed(
        SliceLevels(np.array([0, 1, -1, 1]), ("a", "b")), SliceLevels(np.array([1, 0, 0, -1]), ("x", "y"))
    )
    assert pairs.names == ("a & y", "b & x")
    assert pairs.codes.tolist() == [0, 1, -1, -1]


def test_levels_of_other_rows_are_refused():
    """As many codes as rows, no fewer and no more."""
    rows, carrier = drawn()
    for wrong in (carrier[:-1], np.append(carrier, "AA")):
        with pytest.raises(ValueError, match=f"slices of c: {len(wrong)} codes for 800 rows"):
            slice_evaluations(rows, {"c": SliceLevels.of(wrong)})
