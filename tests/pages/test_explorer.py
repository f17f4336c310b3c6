"""The explorer's groups give the very figures of the rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision
from logitgate.evaluation.evaluate import Scored
from logitgate.pages.explorer import ExplorerEntries, Slider, cost_by_threshold, explored, score_groups


def scored(rows=600, seed=0, digits=16):
    """Rows with probabilities that are right, and constant costs."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.8, 2.5, rows).round(digits)
    y = (rng.uniform(size=rows) < probability).astype(np.int64)
    costs = RowCosts(*(np.full(rows, float(value)) for value in (1, 2, 0, 8)))
    return Scored(y, Decision.at(np.full(rows, 0.5), probability, costs), costs)


costs = st.floats(0, 50).map(lambda value: round(value, 2))


@given(st.integers(1, 900), st.integers(0, 50), st.sampled_from([16, 2, 1]), costs, costs)
def test_the_figures_are_those_of_the_rows(rows, seed, digits, miss, alarm):
    """Counts and cost are what `Decision` and `RowCosts` say about each row at the threshold shown."""
    judged = scored(rows, seed, digits)
    entries = ExplorerEntries(true_positive=1, false_positive=alarm, true_negative=0, false_negative=miss)
    found = explored(score_groups(judged), entries)
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    by_row = RowCosts(*(np.full(rows, getattr(entries, name)) for name in names))
    decision = Decision.at(np.full(rows, found.threshold), judged.decision.probability, by_row)
    flagged, event = decision.flagged, judged.y == 1
    assert found.true_positive == (flagged & event).sum()
    assert found.false_positive == (flagged & ~event).sum()
    assert found.true_negative == (~flagged & ~event).sum()
    assert found.false_negative == (~flagged & event).sum()
    assert found.flag_rate == flagged.mean()
    np.testing.assert_allclose(found.cost, by_row.of(judged.y, flagged).mean(), atol=1e-9)
    assert found.threshold >= entries.threshold() or found.threshold == 0


@given(st.integers(1, 2_000), st.integers(0, 50), st.sampled_from([16, 2, 1]))
def test_no_group_shows_a_person(rows, seed, digits):
    """Each group has ten rows or more, unless there are fewer in all; every row is in one of them."""
    judged = scored(rows, seed, digits)
    groups = score_groups(judged)
    sizes = np.add(groups.events, groups.others)
    assert sizes.sum() == rows
    assert sum(groups.events) == judged.y.sum()
    assert sizes.min() >= min(rows, 10)
    assert groups.edges[0] == 0
    assert list(groups.edges) == sorted(set(groups.edges))


def test_the_groups_are_fine_enough():
    """A threshold moves by less than a hundredth of the rows."""
    sizes = np.add(*(getattr(score_groups(scored(20_000)), kind) for kind in ("events", "others")))
    assert sizes.max() <= 200


def test_the_curve_reaches_from_all_to_none():
    """Its ends are the two rules that need no model."""
    judged = scored()
    first, *_, last = cost_by_threshold(score_groups(judged), ExplorerEntries.mean(judged.costs))
    assert (first.flag_rate, last.flag_rate) == (1, 0)
    assert (first.recall, last.false_positive_rate) == (1, 0)


def test_where_errors_cost_nothing_none_is_flagged():
    """There is no threshold where being wrong costs less than being right."""
    cheap = ExplorerEntries(true_positive=1, false_positive=0, true_negative=0.5, false_negative=0)
    assert explored(score_groups(scored()), cheap).flag_rate == 0


def test_the_slider_stands_at_the_declared_cost():
    """Position 100 is the declared cost to the last bit, 0 is nothing, 400 four times as much."""
    one = Slider.around(0.1 + 0.2, 1.0)
    assert one.value(100) == 0.1 + 0.2
    np.testing.assert_allclose([one.value(0), one.value(400)], [0, 1.2], atol=1e-12)
    assert Slider.around(0.0, 5.0).value(200) == 5


def test_costs_that_vary_begin_at_their_mean():
    """Constant ones are kept to the last bit."""
    rows = RowCosts(np.array([1.0, 3.0]), np.full(2, 0.1), np.zeros(2), np.full(2, 7.0))
    assert ExplorerEntries.mean(rows) == ExplorerEntries(
        true_positive=2, false_positive=0.1, true_negative=0, false_negative=7
    )
