from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from logitgate.decision.costs import ENTRIES, CostMatrix, RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.evaluation.intervals import mean_interval, wilson
from logitgate.evaluation.probabilities.cox import fit_cox, log_odds
from tests.evaluation.test_cox import fit_default
from tests.wording import refusal


def scored(y, probability, costs, rule=DecisionRule("per-row"), cluster=None):  # noqa: B008 - a rule is frozen
    """Return rows decided by a rule."""
    return Scored(np.asarray(y), Decision.by(rule, probability, costs), costs, cluster)


def constant(rows, miss=5):
    """Return the costs of `rows` rows in which any flag costs 1."""
    return CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=miss).rows(
        {}, rows
    )


def drawn(seed=0, rows=400, clusters=None):
    """Return rows whose probabilities are true, with costs that vary and ties."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 4, rows).round(2)
    y = (random.random(rows) < probability).astype(int)
    matrix = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="1 + loss")
    costs = matrix.rows({"loss": random.integers(1, 20, rows).astype(float)}, rows)
    return scored(
        y, probability, costs, cluster=None if clusters is None else random.integers(0, clusters, rows)
    )


def test_default_of_the_textbook():
    """An unpenalised fit on the odd rows of Default, judged on the even ones."""
    model, X, y = fit_default()
    found = evaluate(scored(y, model.predict_proba(X)[:, 1], constant(5000)))
    assert (found.n, found.events) == (5000, 154)
    assert found.auc.value == pytest.approx(0.9464145, abs=5e-8)
    assert found.brier.value == pytest.approx(0.0194234, abs=5e-8)
    assert found.log_loss.value == pytest.approx(0.07423345, abs=5e-9)
    assert found.calibration_in_the_large.value == pytest.approx(-0.0362284, abs=5e-8)
    assert found.slope.value == pytest.approx(1.0410507, abs=5e-8)
    assert found.slope.high - found.slope.value == pytest.approx(1.959964 * 0.0609350, abs=5e-7)


def test_textbook_rows():
    """Eight rows, FP = 1, FN = 5: cost 3 from 1/6 on and 12 from .5 on."""
    y, score = [0, 1] * 4, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    costs = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=5).rows({}, 8)
    found = evaluate(scored(y, score, costs))
    assert found.total_cost.value == pytest.approx(3)
    assert found.cost.value == 0.375
    assert found.savings.value == 0.25
    half = evaluate(scored(y, score, costs, DecisionRule("constant", 0.5)))
    assert half.total_cost.value == pytest.approx(12)
    assert (half.flag_rate.value, half.recall.value) == (0.5, 0.5)
    assert (half.false_positive_rate.value, half.precision.value) == (0.5, 0.5)


@given(st.integers(0, 10_000), st.sampled_from([None, 30]))
@settings(deadline=None, max_examples=25)
def test_permuting_rows_changes_no_figure(seed, clusters):
    """Neither values nor intervals know the order of the rows."""
    rows = drawn(seed, 60, clusters)
    order = np.random.default_rng(seed).permutation(60)
    found, shuffled = (evaluate(part).figures() for part in (rows, rows.take(order)))
    assert list(found) == list(shuffled)
    np.testing.assert_allclose(list(shuffled.values()), list(found.values()), rtol=1e-12, atol=1e-12)


def test_means_have_halls_interval():
    """Rid of the skewness of the clusters' sums; that of skewed costs reaches further up than Student's."""
    for clusters in (None, 30):
        rows = drawn(4, 4000, clusters)
        found, plain = evaluate(rows).cost, mean_interval(rows.cost, rows.cluster)
        sums = rows.cost if clusters is None else np.bincount(rows.cluster, rows.cost - rows.cost.mean())
        units = len(sums)
        a = stats.skew(sums, bias=False) / np.sqrt(units)
        error = (plain.high - plain.value) / stats.t.ppf(0.975, units - 1)
        for limit, share in ((found.low, 0.975), (found.high, 0.025)):
            t = (found.value - limit) / error
            bent = t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6
            assert bent == pytest.approx(stats.t.ppf(share, units - 1), rel=1e-9)
        total = tuple(4000 * value for value in found)
        assert tuple(evaluate(rows).total_cost) == pytest.approx(total)
    assert evaluate(drawn(4, 4000)).cost.high > mean_interval(drawn(4, 4000).cost).high


def copies(times):
    """Return rows that are each there `times` times, with the original row as their cluster."""
    rows = drawn(6, 300)
    index = np.repeat(np.arange(300), times)
    return Scored(
        **{name: getattr(rows.take(index), name) for name in ("y", "decision", "costs")}, cluster=index
    )


def test_copies_of_a_row_are_no_evidence():
    """Rows that are copies of one another, and known to be, widen no sample: every interval stays."""
    once, often = (evaluate(copies(times)).figures() for times in (1, 4))
    for name in ("cost", "savings", "auc", "average_precision", "brier", "log_loss", "slope"):
        for limit in ("", "_low", "_high"):
            assert often[name + limit] == pytest.approx(once[name + limit], rel=1e-9)
    assert often["total_cost"] == pytest.approx(4 * once["total_cost"])
    for limit in ("recall", "recall_low", "recall_high"):  # one form for single rows, another for clusters
        assert often[limit] == pytest.approx(once[limit], rel=0.02)


def test_rates_have_wilsons_interval_unless_rows_are_clustered():
    """Independent rows: Wilson's; clusters: wider ones where clusters agree."""
    rows = drawn()
    found = evaluate(rows)
    flagged, event = rows.decision.flagged, rows.y == 1
    assert found.recall == wilson(int((flagged & event).sum()), int(event.sum()))
    assert found.false_positive_rate == wilson(int((flagged & ~event).sum()), int((~event).sum()))
    assert found.precision == wilson(int((flagged & event).sum()), int(flagged.sum()))
    assert found.flag_rate == wilson(int(flagged.sum()), 400)
    assert found.prevalence == wilson(int(event.sum()), 400)
    fourfold = evaluate(copies(4))
    alone = wilson(int(copies(4).decision.flagged.sum()), 1200)
    assert fourfold.flag_rate.high - fourfold.flag_rate.low > 1.5 * (alone.high - alone.low)


def test_calibration_is_coxs():
    """The figures are those of the Cox fit, with clustered errors for clustered rows."""
    rows = drawn(8, 400, 40)
    cox = fit_cox(rows.y, log_odds(rows.decision.probability), rows.cluster)
    found = evaluate(rows)
    assert tuple(found.slope) == pytest.approx(tuple(cox.slope_interval()), rel=1e-9)
    assert tuple(found.calibration_in_the_large) == pytest.approx(
        tuple(cox.in_the_large_interval()), rel=1e-9
    )


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_true_probabilities_save(seed):
    """Decided by true probabilities, many rows cost no more than the better of flag-none and flag-all."""
    assert evaluate(drawn(seed, 3000)).savings.value >= 0


def test_scaling_all_costs_scales_costs_only():
    """Cents for euros: a hundred times the cost, the same decisions, savings and rates."""
    rows = drawn()
    costs = RowCosts(*(getattr(rows.costs, entry) * 128 for entry in ENTRIES))
    dear = evaluate(scored(rows.y, rows.decision.probability, costs))
    plain = evaluate(rows)
    assert tuple(dear.cost) == tuple(128 * value for value in plain.cost)
    for name in ("savings", "recall", "precision", "flag_rate", "auc", "slope"):
        assert getattr(dear, name) == getattr(plain, name)


@pytest.mark.parametrize("only", [0, 1])
def test_a_single_class_leaves_ranks_and_calibration_undefined(only):
    """Undefined figures are NaN; the cost is known, but not how far events would move it."""
    rows = scored(np.full(30, only), np.linspace(0.1, 0.9, 30), constant(30))
    found = evaluate(rows)
    assert np.isnan([*found.auc, *found.slope, *found.calibration_in_the_large]).all()
    assert np.isnan(found.recall.value if only == 0 else found.false_positive_rate.value)
    assert np.isfinite(found.cost.value)
    assert np.isnan([found.cost.low, found.cost.high]).all()


ON_BOTH = (
    *("prevalence", "cost", "total_cost", "savings", "log_loss", "brier", "auc", "average_precision"),
    *("calibration_in_the_large", "slope", "precision"),
)


@pytest.mark.parametrize("clusters", [None, 40])
@pytest.mark.parametrize("rare", [0, 1])
def test_few_events_leave_figures_without_limits(rare, clusters):
    """Nineteen events, or nineteen others: whatever depends on them has a value alone; twenty are enough."""
    rows = drawn(5, 2000, clusters)
    kept = np.flatnonzero(rows.y == rare)
    for number in (19, 20):
        few = rows.take(np.concatenate([kept[:number], np.flatnonzero(rows.y != rare)[:400]]))
        found = evaluate(few)
        names = (*ON_BOTH, "recall" if rare == 1 else "false_positive_rate")
        limits = [limit for name in names for limit in (getattr(found, name).low, getattr(found, name).high)]
        assert np.isnan(limits).all() if number == 19 else np.isfinite(limits).all(), names
        free = (found.flag_rate, found.false_positive_rate if rare == 1 else found.recall)
        assert np.isfinite([tuple(one) for one in free]).all()
        assert np.isfinite([getattr(found, name).value for name in ON_BOTH]).all()


def test_rates_of_clusters_are_symmetric_in_the_log_odds():
    """At Student's quantile for as many clusters of one size as would vary as much."""
    rows = drawn(9, 600)
    cluster = np.minimum(np.arange(600) // 20, 24)
    found = evaluate(replace(rows, cluster=cluster)).recall
    event = rows.y == 1
    hits, held = (np.bincount(cluster, part) for part in (rows.decision.flagged & event, event))
    rate = hits.sum() / held.sum()
    used = (held > 0).sum()
    error = np.sqrt(used / (used - 1) * ((hits - rate * held) ** 2).sum()) / held.sum()
    degrees = held.sum() ** 2 / (held**2).sum() - 1
    reach = stats.t.ppf(0.975, degrees) * error / (rate * (1 - rate))
    assert tuple(found) == pytest.approx((rate, *expit(logit(rate) + reach * np.array([-1, 1]))), rel=1e-9)
    assert degrees < 23


def test_savings_are_against_one_fixed_opponent():
    """The interval is the delta method's for the ratio to the opponent that is cheaper on these rows."""
    rows = drawn(10, 1000, 50)
    rival = min((rows.costs.of(rows.y, np.full(1000, flag)) for flag in (False, True)), key=np.sum)
    sums = [np.bincount(rows.cluster, part) for part in (rows.cost, rival)]
    left_out = [1 - (sums[0].sum() - a) / (sums[1].sum() - b) for a, b in zip(*sums, strict=True)]
    jackknife = np.sqrt(49 / 50 * ((left_out - np.mean(left_out)) ** 2).sum())
    found = evaluate(rows).savings
    assert found.value == pytest.approx(1 - rows.cost.sum() / rival.sum())
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.975, 49) * jackknife, rel=0.15)


def test_one_cluster_has_no_limits():
    """One entity says nothing about others."""
    rows = drawn(2, 50)
    found = evaluate(Scored(rows.y, rows.decision, rows.costs, np.full(50, 9)))
    for name in ("cost", "savings", "auc", "brier", "flag_rate", "slope", "calibration_in_the_large"):
        estimate = getattr(found, name)
        assert np.isfinite(estimate.value)
        assert np.isnan([estimate.low, estimate.high]).all()


def test_figures_are_flat_floats_with_limits():
    """Each figure appears once by its own name, with its limits around it."""
    figures = evaluate(drawn()).figures()
    names = ("cost", "savings", "log_loss", "brier", "auc", "calibration_in_the_large", "slope", "recall")
    assert figures["n"] == 400
    assert all(figures[f"{name}_low"] < figures[name] < figures[f"{name}_high"] for name in names)
    assert all(isinstance(value, (int, float)) for value in figures.values())


def test_taking_rows_takes_all_of_them():
    """Outcomes, decisions, costs and clusters stay together."""
    rows = drawn(3, 50, 10)
    index = np.array([7, 3, 3])
    part = rows.take(index)
    np.testing.assert_array_equal(part.cost, rows.cost[index])
    np.testing.assert_array_equal(part.cluster, rows.cluster[index])
    np.testing.assert_array_equal(part.decision.probability, rows.decision.probability[index])
    np.testing.assert_array_equal(part.decision.cost_if_passed, rows.decision.cost_if_passed[index])


def test_rows_that_do_not_fit_are_refused(wording):
    """Parts of different lengths, other outcomes than 0 and 1, rows without a cluster, and no rows."""
    rows = drawn(3, 4, 2)
    wrong = (
        (rows.y[:3], rows.decision, rows.costs),
        (rows.y, rows.decision, rows.costs.take(np.arange(3))),
        (rows.y, rows.decision, rows.costs, rows.cluster[:3]),
        (np.array([0, 1, 2, 0]), rows.decision, rows.costs),
        (rows.y, rows.decision, rows.costs, np.array([0, 1, -1, 0])),
    )
    none = refusal(ValueError, evaluate, rows.take(np.array([], dtype=int)))
    wording(*(refusal(ValueError, Scored, *one) for one in wrong), none)
