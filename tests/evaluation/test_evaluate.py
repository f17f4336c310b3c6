from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from logitgate.decision.costs import ENTRIES, CostMatrix, RowCosts
from logitgate.decision.rule import Decision, Rule
from logitgate.evaluation.cox import fit_cox, log_odds
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.evaluation.intervals import mean_interval, wilson

DEFAULT = Path(__file__).parents[2] / "data" / "default.csv.gz"


def scored(y, probability, costs, rule=Rule("per-row"), cluster=None):  # noqa: B008 - a rule is frozen
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
    table = pd.read_csv(DEFAULT)
    X = np.column_stack((table["balance"], table["income"] / 1000, table["student"] == "Yes")).astype(float)
    y = (table["default"] == "Yes").to_numpy().astype(int)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(X[1::2], y[1::2])
    found = evaluate(scored(y[::2], model.predict_proba(X[::2])[:, 1], constant(5000)), seed=1)
    assert (found.n, found.events) == (5000, 154)
    assert found.auc.value == pytest.approx(0.9464145, abs=5e-8)
    assert found.brier.value == pytest.approx(0.0194234, abs=5e-8)
    assert found.log_loss.value == pytest.approx(0.07423345, abs=5e-9)
    assert found.calibration_in_the_large.value == pytest.approx(-0.0362284, abs=5e-8)
    assert found.slope.value == pytest.approx(1.0410507, abs=5e-8)
    assert found.slope.high - found.slope.value == pytest.approx(1.959964 * 0.0609350, abs=5e-7)


def test_default_of_the_textbook_is_what_was_published():
    """The unpenalised fit on all rows has the book's coefficients, so the columns are read as the book's."""
    table = pd.read_csv(DEFAULT)
    X = np.column_stack((table["balance"], table["income"] / 1000, table["student"] == "Yes")).astype(float)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(
        X, table["default"] == "Yes"
    )
    found = [*model.intercept_, *model.coef_[0]]
    assert found == pytest.approx([-10.8690, 0.0057365, 0.0030335, -0.64678], rel=1e-4)


def test_textbook_rows():
    """Eight rows, FP = 1, FN = 5: cost 3 from 1/6 on and 12 from .5 on."""
    y, score = [0, 1] * 4, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    costs = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=5).rows({}, 8)
    found = evaluate(scored(y, score, costs), seed=0)
    assert found.total_cost.value == pytest.approx(3)
    assert found.cost.value == 0.375
    assert found.savings.value == 0.25
    half = evaluate(scored(y, score, costs, Rule("constant", 0.5)), seed=0)
    assert half.total_cost.value == pytest.approx(12)
    assert (half.flag_rate.value, half.recall.value) == (0.5, 0.5)
    assert (half.false_positive_rate.value, half.precision.value) == (0.5, 0.5)


@given(st.integers(0, 10_000), st.sampled_from([None, 30]))
@settings(deadline=None, max_examples=25)
def test_permuting_rows_changes_no_figure(seed, clusters):
    """Neither values nor intervals know the order of the rows."""
    rows = drawn(seed, 60, clusters)
    order = np.random.default_rng(seed).permutation(60)
    found, shuffled = (evaluate(part, seed=3, resamples=20).figures() for part in (rows, rows.take(order)))
    assert list(found) == list(shuffled)
    np.testing.assert_allclose(list(shuffled.values()), list(found.values()), rtol=1e-12, atol=1e-12)


def test_the_seed_is_all_the_chance_there_is():
    """The same seed gives the same intervals, another seed others, and the values do not depend on it."""
    rows = drawn()
    assert evaluate(rows, seed=1) == evaluate(rows, seed=1)
    assert evaluate(rows, seed=1).cost != evaluate(rows, seed=2).cost
    assert evaluate(rows, seed=1).cost.value == evaluate(rows, seed=2).cost.value


def test_bootstrap_of_a_mean_agrees_with_students():
    """For means of many rows the percentile limits are nearly the t limits, with and without clusters."""
    for clusters in (None, 200):
        rows = drawn(4, 4000, clusters)
        found = evaluate(rows, seed=5, resamples=2000)
        expected = mean_interval(rows.cost, rows.cluster)
        assert tuple(found.cost) == pytest.approx(tuple(expected), abs=0.06 * (expected.high - expected.low))
        total = tuple(4000 * value for value in found.cost)
        assert tuple(found.total_cost) == pytest.approx(total)


def copies(times):
    """Return rows that are each there `times` times, with the original row as their cluster."""
    rows = drawn(6, 300)
    index = np.repeat(np.arange(300), times)
    return Scored(
        **{name: getattr(rows.take(index), name) for name in ("y", "decision", "costs")}, cluster=index
    )


def test_copies_of_a_row_are_no_evidence():
    """Rows that are copies of one another, and known to be, widen no sample: every interval stays."""
    once, often = (evaluate(copies(times), seed=7).figures() for times in (1, 4))
    for name in ("cost", "savings", "auc", "average_precision", "brier", "log_loss", "recall", "slope"):
        for limit in ("", "_low", "_high"):
            assert often[name + limit] == pytest.approx(once[name + limit], rel=1e-9)
    assert often["total_cost"] == pytest.approx(4 * once["total_cost"])


def test_rates_have_wilsons_interval_unless_rows_are_clustered():
    """Independent rows: Wilson's; clusters: the bootstrap's, which is wider where clusters agree."""
    rows = drawn()
    found = evaluate(rows, seed=1)
    flagged, event = rows.decision.flagged, rows.y == 1
    assert found.recall == wilson(int((flagged & event).sum()), int(event.sum()))
    assert found.false_positive_rate == wilson(int((flagged & ~event).sum()), int((~event).sum()))
    assert found.precision == wilson(int((flagged & event).sum()), int(flagged.sum()))
    assert found.flag_rate == wilson(int(flagged.sum()), 400)
    assert found.prevalence == wilson(int(event.sum()), 400)
    fourfold = evaluate(copies(4), seed=1)
    alone = wilson(int(copies(4).decision.flagged.sum()), 1200)
    assert fourfold.flag_rate.high - fourfold.flag_rate.low > 1.5 * (alone.high - alone.low)


def test_calibration_is_coxs():
    """The figures are those of the Cox fit, with clustered errors for clustered rows."""
    rows = drawn(8, 400, 40)
    cox = fit_cox(rows.y, log_odds(rows.decision.probability), rows.cluster)
    found = evaluate(rows, seed=0, resamples=5)
    assert tuple(found.slope) == pytest.approx(tuple(cox.slope_interval()), rel=1e-9)
    assert tuple(found.calibration_in_the_large) == pytest.approx(
        tuple(cox.in_the_large_interval()), rel=1e-9
    )


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_true_probabilities_save(seed):
    """Decided by true probabilities, many rows cost no more than the better of flag-none and flag-all."""
    assert evaluate(drawn(seed, 3000), seed=0, resamples=2).savings.value >= 0


def test_scaling_all_costs_scales_costs_only():
    """Cents for euros: a hundred times the cost, the same decisions, savings and rates."""
    rows = drawn()
    costs = RowCosts(*(getattr(rows.costs, entry) * 128 for entry in ENTRIES))
    dear = evaluate(scored(rows.y, rows.decision.probability, costs), seed=1)
    plain = evaluate(rows, seed=1)
    assert tuple(dear.cost) == tuple(128 * value for value in plain.cost)
    for name in ("savings", "recall", "precision", "flag_rate", "auc", "slope"):
        assert getattr(dear, name) == getattr(plain, name)


@pytest.mark.parametrize("only", [0, 1])
def test_a_single_class_leaves_ranks_and_calibration_undefined(only):
    """Undefined figures are NaN, the cost is known all the same."""
    rows = scored(np.full(30, only), np.linspace(0.1, 0.9, 30), constant(30))
    found = evaluate(rows, seed=0, resamples=20)
    assert np.isnan([*found.auc, *found.slope, *found.calibration_in_the_large]).all()
    assert np.isnan(found.recall.value if only == 0 else found.false_positive_rate.value)
    assert np.isfinite(tuple(found.cost)).all()


def test_few_events_have_an_auc_without_limits():
    """With two events many resamples have none, and limits over the others would flatter."""
    y = np.zeros(200, dtype=int)
    y[[3, 50]] = 1
    found = evaluate(scored(y, np.linspace(0.9, 0.1, 200), constant(200)), seed=0)
    assert np.isfinite(found.auc.value)
    assert np.isnan([found.auc.low, found.auc.high]).all()


def test_one_cluster_has_no_limits():
    """One entity says nothing about others."""
    rows = drawn(2, 50)
    found = evaluate(Scored(rows.y, rows.decision, rows.costs, np.full(50, 9)), seed=0, resamples=20)
    for name in ("cost", "savings", "auc", "brier", "flag_rate", "slope", "calibration_in_the_large"):
        estimate = getattr(found, name)
        assert np.isfinite(estimate.value)
        assert np.isnan([estimate.low, estimate.high]).all()


def test_figures_are_flat_floats_with_limits():
    """Each figure appears once by its own name, with its limits around it."""
    figures = evaluate(drawn(), seed=1).figures()
    assert figures["n"] == 400
    for name in (
        "cost",
        "savings",
        "log_loss",
        "brier",
        "auc",
        "calibration_in_the_large",
        "slope",
        "recall",
    ):
        assert figures[f"{name}_low"] < figures[name] < figures[f"{name}_high"]
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


def test_rows_that_do_not_fit_are_refused():
    """Parts of different lengths, other outcomes than 0 and 1, rows without a cluster, and no rows."""
    rows = drawn(3, 4, 2)
    with pytest.raises(ValueError, match="4 probabilities for 3 outcomes"):
        Scored(rows.y[:3], rows.decision, rows.costs)
    with pytest.raises(ValueError, match="3 costs for 4 outcomes"):
        Scored(rows.y, rows.decision, rows.costs.take(np.arange(3)))
    with pytest.raises(ValueError, match="3 clusters for 4 outcomes"):
        Scored(rows.y, rows.decision, rows.costs, rows.cluster[:3])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        Scored(np.array([0, 1, 2, 0]), rows.decision, rows.costs)
    with pytest.raises(ValueError, match="without a cluster"):
        Scored(rows.y, rows.decision, rows.costs, np.array([0, 1, -1, 0]))
    with pytest.raises(ValueError, match="no rows"):
        evaluate(rows.take(np.array([], dtype=int)), seed=0)
