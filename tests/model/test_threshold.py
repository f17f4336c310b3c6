import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import ENTRIES, CostMatrix, RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.model.recipes.threshold import (
    JudgedRows,
    bayes_rule,
    choose_rule,
    empirical_minimiser,
    threshold_interval,
)
from tests.wording import refusal

Y = np.array([0, 1] * 4)
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
AMOUNT = st.integers(0, 9).map(float)


@st.composite
def costly_rows(draw, entry_size=None):
    """Tied probabilities, outcomes, and costs (per row or constant) that need not even be sound."""
    rows = draw(st.integers(1, 12))
    probability = np.array([draw(st.integers(0, 6)) / 6 for _ in range(rows)])
    y = np.array([draw(st.integers(0, 1)) for _ in range(rows)])
    drawn = [[draw(AMOUNT) for _ in range(entry_size or rows)] for _ in ENTRIES]
    entries = [np.broadcast_to(np.array(entry), (rows,)) for entry in drawn]
    return probability, y, RowCosts(*entries)


def constant(rows, miss=5):
    """Return the costs of `rows` rows in which a flag costs 1 without and 0 with an event."""
    return CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=miss).rows(
        {}, rows
    )


def total(rule, probability, y, costs):
    """Return what a rule costs on these rows."""
    return costs.of(y, Decision.by(rule, probability, costs).flagged).sum()


@given(st.one_of(costly_rows(), costly_rows(entry_size=1)))
def test_sweep_equals_brute_force(rows):
    """No threshold at all costs less, and of those that cost the same the sweep flags the fewest rows."""
    probability, y, costs = rows
    candidates = [
        DecisionRule("flag-none"),
        *(DecisionRule("constant", t) for t in sorted(set(probability))[::-1]),
    ]
    tried = [total(rule, *rows) for rule in (*candidates, DecisionRule("flag-all"))]
    rule, cost = empirical_minimiser(probability, y, costs)
    assert cost == pytest.approx(min(tried) / len(y), abs=1e-12)
    first = candidates[tried.index(min(tried))]
    expected = Decision.by(first, probability, costs).flagged
    assert (Decision.by(rule, probability, costs).flagged == expected).all()
    if rule.name == "constant":
        assert rule.value == first.value
    else:
        assert expected.all() if rule.name == "flag-all" else not expected.any()


@given(costly_rows(), st.randoms(use_true_random=False), st.sampled_from([2.0**-7, 2.0**9, 0.01, 7.3]))
def test_neither_order_nor_currency_changes_the_rule(rows, random, factor):
    """Permuting rows, or scaling all costs, leaves the threshold where it was."""
    probability, y, costs = rows
    order = list(range(len(y)))
    random.shuffle(order)
    index = np.array(order)
    scaled = RowCosts(*(getattr(costs, entry)[index] * factor for entry in ENTRIES))
    assert empirical_minimiser(probability[index], y[index], scaled)[0] == empirical_minimiser(*rows)[0]


def judged(probability, y, costs, *, block=None, in_time=True, cluster=None):
    """Return rows in five blocks, in their order."""
    blocks = np.arange(len(y)) * 5 // max(len(y), 1) if block is None else block
    return JudgedRows(probability, y, costs, cluster, blocks, in_time)


MATRIX = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=5)
FIFTH = DecisionRule("constant", 0.2)


def test_textbook_rows():
    """FP = 1, FN = 5: Bayes at 1/6 costs 3 of 8, as much as the best threshold of these rows."""
    choice = choose_rule(judged(SCORE, Y, constant(8)), bayes_rule(MATRIX), 0.05)
    assert choice.rule == DecisionRule("constant", 1 / 6)
    assert (choice.cost, choice.bayes, choice.empirical) == (0.375, 0.375, 0.375)
    assert (choice.flag_none, choice.flag_all) == (2.5, 0.5)
    assert not choice.upper < 0


@pytest.mark.parametrize("in_time", [True, False])
def test_an_empirical_threshold_is_taken_where_it_is_proven_cheaper(in_time):
    """Nothing beats the Bayes threshold of right probabilities; ones that are too small need a lower one."""
    taken = 0
    for seed in range(30):
        p, y, costs, _ = _chosen_on(1_000, seed)
        taken += choose_rule(judged(p, y, costs, in_time=in_time), FIFTH, 0.05).rule.value != 0.2
    assert taken <= 3
    p, y, costs, _ = _chosen_on(4_000)
    found = choose_rule(judged(p / 3, y, costs, in_time=in_time), FIFTH, 0.05)
    assert found.upper < 0
    assert found.rule.value == pytest.approx(0.2 / 3, abs=0.02)
    assert found.cost == found.empirical < found.bayes


def test_clusters_make_the_proof_harder():
    """Rows that stand there ten times prove no more than once."""
    p, y, costs, _ = _chosen_on(1_500, seed=1)
    p, y, cluster = np.repeat(p, 10) / 2, np.repeat(y, 10), np.repeat(np.arange(1_500), 10)
    costs = costs.take(cluster)
    alone, together = (
        choose_rule(judged(p, y, costs, cluster=known), FIFTH, 0.05).upper for known in (None, cluster)
    )
    assert alone < together


def test_the_empirical_threshold_is_judged_on_other_blocks():
    """A threshold that is best in each block by chance, and nowhere else, is not taken."""
    rng = np.random.default_rng(0)
    n = 2_000
    block = np.arange(n) * 5 // n
    y = (rng.random(n) < 0.2).astype(np.int64)
    p = np.where(y == 1, 0.15 + 0.01 * block, rng.uniform(0.0, 0.4, n))
    p = np.where((y == 0) & (np.abs(p - 0.15 - 0.01 * block) < 0.004), 0.0, p)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, n)
    found = choose_rule(judged(p, y, costs, block=block), FIFTH, 0.05)
    own = [
        empirical_minimiser(p[block == one], y[block == one], costs.take(block == one))[1] for one in range(5)
    ]
    assert np.mean(own) < found.bayes
    assert found.rule == FIFTH or found.upper < 0


def test_the_bayes_rule_is_one_number_only_for_constant_costs():
    """Costs over columns are decided row by row, though these rows may all cost the same."""
    assert bayes_rule(MATRIX) == DecisionRule("constant", 1 / 6)
    varying = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative="loss")
    assert bayes_rule(varying) == DecisionRule("per-row")


def test_the_threshold_is_a_score_to_the_last_bit():
    """A score that is no round number is flagged again when it comes back.

    Flags that gain as much as they lose are not raised; in floats 0.1 + 0.7 is less than 0.8.
    """
    probability = np.array([0.1 + 0.2, 1 / 3, np.nextafter(0.1 + 0.2, 0)])
    rule, cost = empirical_minimiser(probability, np.array([1, 1, 0]), constant(3))
    assert (rule.value, cost) == (0.1 + 0.2, 0.0)
    assert Decision.by(rule, probability, constant(3)).flagged.tolist() == [True, True, False]
    matrix = CostMatrix.of(true_positive=0, false_positive="fee", true_negative=0, false_negative=0.8)
    costs = matrix.rows({"fee": np.array([0.1, 0.7, 0.1])}, 3)
    found = empirical_minimiser(np.array([0.9, 0.8, 0.7]), np.array([0, 0, 1]), costs)
    assert found == (DecisionRule("flag-none"), pytest.approx(0.8 / 3))


@pytest.mark.parametrize(("y", "name"), [([0, 0, 0], "flag-none"), ([1, 1, 1], "flag-all")])
def test_one_class_flags_none_or_all(y, name):
    """Where no score separates anything, flagging no row or each one is the cheapest rule."""
    assert empirical_minimiser(np.array([0.2, 0.5, 0.7]), np.array(y), constant(3)) == (
        DecisionRule(name),
        0.0,
    )


def varying_rows(seed=0, rows=2_000):
    """Return true probabilities, outcomes drawn from them, and losses that have nothing to do with them."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 5, rows)
    loss = random.lognormal(1.5, 1.5, rows)
    matrix = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="1 + loss")
    return probability, (random.random(rows) < probability).astype(int), matrix.rows({"loss": loss}, rows)


def test_costs_that_vary_are_decided_per_row():
    """Each row's own threshold beats the best single one, unless probabilities are the wrong way round."""
    probability, y, costs = varying_rows()
    choice = choose_rule(judged(probability, y, costs), DecisionRule("per-row"), 0.05)
    assert choice.rule == DecisionRule("per-row")
    assert choice.cost == choice.bayes < choice.empirical < min(choice.flag_none, choice.flag_all)
    misled = choose_rule(judged(np.where(y == 1, 0.0, 1.0), y, costs), DecisionRule("per-row"), 0.05)
    assert misled.upper < 0
    assert misled.cost <= min(misled.flag_none, misled.flag_all) < misled.bayes


def test_no_rows_choose_nothing_and_a_missing_probability_is_refused(wording):
    """A threshold needs rows to be chosen on, each with its place in the sweep."""
    none = judged(np.array([]), np.array([], dtype=int), constant(0))
    missing = np.array([0.5, np.nan]), np.array([0, 1]), constant(2)
    refused = refusal(ValueError, choose_rule, none, DecisionRule("per-row"), 0.05)
    wording(refused, refusal(ValueError, empirical_minimiser, *missing))


def _chosen_on(rows, seed=0, clusters=None):
    rng = np.random.default_rng(seed)
    p = rng.random(rows)
    y = (rng.random(rows) < p).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, rows)
    cluster = None if clusters is None else rng.integers(0, clusters, rows)
    return p, y, costs, cluster


def test_the_threshold_interval_holds_the_bayes_threshold():
    """Right probabilities and a ratio of 5:1 have their best threshold at 0.2; more rows are narrower."""
    held, widths = 0, []
    for seed in range(20):
        p, y, costs, _ = _chosen_on(1000, seed)
        found = threshold_interval(p, y, costs, None, 0)
        held += found.low <= 0.2 <= found.high
    assert held >= 17
    for rows in (400, 6400):
        p, y, costs, _ = _chosen_on(rows)
        found = threshold_interval(p, y, costs, None, 0)
        assert found.value == empirical_minimiser(p, y, costs)[0].value
        widths.append(found.high - found.low)
    assert 0 <= widths[1] < widths[0]


def test_the_threshold_interval_knows_of_clusters():
    """One cluster has no interval; the same seed gives the same one; no row may be worth an alarm."""
    p, y, costs, cluster = _chosen_on(800, clusters=30)
    alone = threshold_interval(p, y, costs, np.zeros(800, dtype=np.int64), 0)
    assert np.isnan([alone.low, alone.high]).all()
    assert threshold_interval(p, y, costs, cluster, 3) == threshold_interval(p, y, costs, cluster, 3)
    assert threshold_interval(p, y, costs, cluster, 3) != threshold_interval(p, y, costs, None, 3)
    quiet = threshold_interval(p, np.zeros(800, dtype=np.int64), costs, None, 0)
    assert (quiet.value, quiet.low, quiet.high) == (np.inf, np.inf, np.inf)
