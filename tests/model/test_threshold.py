import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import ENTRIES, CostMatrix, RowCosts
from logitgate.decision.rule import Decision, Rule
from logitgate.model.threshold import choose_rule, empirical_minimiser, threshold_interval

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
    candidates = [Rule("flag-none"), *(Rule("constant", t) for t in sorted(set(probability))[::-1])]
    tried = [total(rule, *rows) for rule in (*candidates, Rule("flag-all"))]
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


def test_textbook_rows():
    """FP = 1, FN = 5: flagging from .2 on costs 3 of 8, the Bayes threshold of 1/6 the same."""
    choice = choose_rule(SCORE, Y, constant(8))
    assert choice.rule == Rule("constant", 0.2)
    assert choice.figures() == {
        "cost": 0.375,
        "cost_bayes": 0.375,
        "cost_empirical": 0.375,
        "cost_flag_none": 2.5,
        "cost_flag_all": 0.5,
    }


def test_the_threshold_is_a_score_to_the_last_bit():
    """A score that is no round number is flagged again when it comes back."""
    probability = np.array([0.1 + 0.2, 1 / 3, np.nextafter(0.1 + 0.2, 0)])
    rule, cost = empirical_minimiser(probability, np.array([1, 1, 0]), constant(3))
    assert rule.value == 0.1 + 0.2
    assert cost == 0.0
    assert Decision.by(rule, probability, constant(3)).flagged.tolist() == [True, True, False]


@pytest.mark.parametrize(("y", "name"), [([0, 0, 0], "flag-none"), ([1, 1, 1], "flag-all")])
def test_one_class_flags_none_or_all(y, name):
    """Where no score separates anything, flagging nobody or everybody is the rule."""
    choice = choose_rule(np.array([0.2, 0.5, 0.7]), np.array(y), constant(3))
    assert choice.rule == Rule(name)
    assert choice.cost == 0.0


def test_ties_flag_the_fewest():
    """Flags that gain as much as they lose are not raised; in floats 0.1 + 0.7 is less than 0.8."""
    y, probability = np.array([0, 0, 1]), np.array([0.9, 0.8, 0.7])
    matrix = CostMatrix.of(true_positive=0, false_positive="fee", true_negative=0, false_negative=0.8)
    costs = matrix.rows({"fee": np.array([0.1, 0.7, 0.1])}, 3)
    assert empirical_minimiser(probability, y, costs) == (Rule("flag-none"), pytest.approx(0.8 / 3))


def varying_rows(seed=0, rows=2_000):
    """Return true probabilities, outcomes drawn from them, and losses that have nothing to do with them."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 5, rows)
    loss = random.lognormal(1.5, 1.5, rows)
    matrix = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="1 + loss")
    return probability, (random.random(rows) < probability).astype(int), matrix.rows({"loss": loss}, rows)


def test_costs_that_vary_are_decided_per_row():
    """Where costs really vary, each row's own threshold beats the best single one, and is chosen."""
    choice = choose_rule(*varying_rows())
    assert choice.rule == Rule("per-row")
    assert choice.cost == choice.bayes < choice.empirical < min(choice.flag_none, choice.flag_all)


def test_costs_that_vary_fall_back_when_the_model_misleads():
    """Probabilities that are the wrong way round do worse than the better of none and all."""
    _, y, costs = varying_rows()
    choice = choose_rule(np.where(y == 1, 0.0, 1.0), y, costs)
    cheaper = "flag-none" if choice.flag_none < choice.flag_all else "flag-all"
    assert choice.rule == Rule(cheaper)
    assert choice.cost == min(choice.flag_none, choice.flag_all) < choice.bayes


def test_no_rows_choose_nothing():
    """A threshold needs rows to be chosen on."""
    with pytest.raises(ValueError, match="no rows"):
        choose_rule(np.array([]), np.array([], dtype=int), constant(0))


def test_a_missing_probability_is_refused():
    """Its row has no place in the sweep."""
    with pytest.raises(ValueError, match="1 of 2 scores are missing"):
        empirical_minimiser(np.array([0.5, np.nan]), np.array([0, 1]), constant(2))


def _chosen_on(rows, seed=0, clusters=None):
    rng = np.random.default_rng(seed)
    p = rng.random(rows)
    y = (rng.random(rows) < p).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, rows)
    cluster = None if clusters is None else rng.integers(0, clusters, rows)
    return p, y, costs, cluster


def test_the_threshold_interval_holds_the_bayes_threshold():
    """Calibrated probabilities and a ratio of 5:1 have their best threshold at 0.2."""
    held = 0
    for seed in range(20):
        p, y, costs, _ = _chosen_on(1000, seed)
        found = threshold_interval(p, y, costs, None, 0)
        held += found.low <= 0.2 <= found.high
    assert held >= 17


def test_the_threshold_interval_is_about_the_empirical_minimiser():
    """Its value is the very threshold of the sweep, and more rows make it narrower."""
    widths = []
    for rows in (400, 6400):
        p, y, costs, _ = _chosen_on(rows)
        found = threshold_interval(p, y, costs, None, 0)
        assert found.value == empirical_minimiser(p, y, costs)[0].value
        assert found.low <= found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_the_threshold_interval_knows_of_clusters():
    """One cluster has no interval; the same seed gives the same one."""
    p, y, costs, cluster = _chosen_on(800, clusters=30)
    one = np.zeros(800, dtype=np.int64)
    alone = threshold_interval(p, y, costs, one, 0)
    assert np.isnan([alone.low, alone.high]).all()
    assert threshold_interval(p, y, costs, cluster, 3) == threshold_interval(p, y, costs, cluster, 3)
    assert threshold_interval(p, y, costs, cluster, 3) != threshold_interval(p, y, costs, None, 3)


def test_flagging_nobody_is_an_infinite_threshold():
    """Where no row is worth an alarm every resample flags nobody."""
    p = np.linspace(0.01, 0.99, 200)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, 200)
    found = threshold_interval(p, np.zeros(200, dtype=np.int64), costs, None, 0)
    assert (found.value, found.low, found.high) == (np.inf, np.inf, np.inf)
