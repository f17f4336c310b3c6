from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import CostMatrix, RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.comparisons.comparison import paired
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.intervals import mean_interval, upper_bound
from tests.wording import refusal

MATRIX = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="loss")


def drawn(seed=0, rows=400):
    """Return outcomes, what a miss loses in each row, and the entity of each row."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(int)
    costs = MATRIX.rows({"loss": 2 + random.integers(0, 6, rows).astype(float)}, rows)
    return y, costs, random.integers(0, rows // 4, rows)


def decided(flagged, y, costs, cluster=None):
    """Return rows that were flagged as asked."""
    probability = np.where(flagged, 0.9, 0.1)
    return Scored(y, Decision.by(DecisionRule("constant", 0.5), probability, costs), costs, cluster)


def test_the_difference_is_challenger_minus_champion():
    """A challenger that misses less has costs below zero, with the clustered interval of the mean."""
    y, costs, cluster = drawn()
    challenger = decided(np.ones(400, dtype=bool), y, costs, cluster)
    champion = decided(np.zeros(400, dtype=bool), y, costs, cluster)
    found = paired(challenger, champion, alpha=0.01)
    difference = challenger.cost - champion.cost
    assert found.difference == mean_interval(difference, cluster)
    assert found.upper == upper_bound(difference, cluster, 0.01)
    assert found.difference.value == pytest.approx(difference.mean())
    assert found.difference.value < 0
    swapped = paired(champion, challenger, alpha=0.01)
    assert swapped.difference.value == pytest.approx(-found.difference.value)


def test_a_model_against_itself_differs_by_nothing():
    """Mean and bound are zero, nothing flips, and no event tells them apart; one entity bounds nothing."""
    y, costs, cluster = drawn()
    same = decided(y == 1, y, costs, cluster)
    found = paired(same, same, alpha=0.05)
    assert (*found.difference, found.upper, found.effective_events) == (0.0,) * 5
    assert (found.newly_flagged.rows, found.newly_passed.rows) == (0, 0)
    one = np.zeros(400, dtype=int)
    challenger, champion = (decided(np.full(400, on), y, costs, one) for on in (True, False))
    assert np.isnan(paired(challenger, champion, alpha=0.05).upper)


def test_flips_are_counted_in_both_directions():
    """Who is newly flagged and who no longer, how many of them had the event, and what it cost."""
    y = np.array([1, 1, 0, 0, 1, 0])
    costs = MATRIX.rows({"loss": np.array([3.0, 5.0, 9.0, 9.0, 7.0, 9.0])}, 6)
    before = np.array([False, False, False, True, True, True])
    after = np.array([True, True, True, False, False, True])
    found = paired(decided(after, y, costs), decided(before, y, costs), alpha=0.05)
    assert (found.newly_flagged.rows, found.newly_flagged.events, found.newly_flagged.cost) == (3, 2, -5.0)
    assert (found.newly_passed.rows, found.newly_passed.events, found.newly_passed.cost) == (2, 1, 5.0)
    figures = found.figures()
    assert (figures["newly_flagged_cost"], figures["newly_passed_rows"], figures["n"]) == (-5.0, 2, 6)


@pytest.mark.parametrize(
    ("losses", "expected"), [([4.0, 4.0, 4.0], 3.0), ([1e6, 2.0, 2.0], 1.0), ([2.0, 3.0, 4.0], 36 / 14)]
)
def test_effective_events_are_fewer_where_one_dominates(losses, expected):
    """Three equal misses count three; one huge one among small ones counts one."""
    y = np.array([1, 1, 1, 0, 1])
    costs = MATRIX.rows({"loss": np.array([*losses, 2.0, 50.0])}, 5)
    after, before = np.array([1, 1, 1, 1, 0], dtype=bool), np.zeros(5, dtype=bool)
    found = paired(decided(after, y, costs), decided(before, y, costs), alpha=0.05)
    size = np.array(losses) - 1
    assert found.effective_events == pytest.approx(size.sum() ** 2 / (size**2).sum())
    assert found.effective_events == pytest.approx(expected, rel=0.1)


def test_other_rows_are_refused(wording):
    """Comparisons are paired or they are not made."""
    y, costs, _ = drawn()
    rows = decided(y == 1, y, costs)
    dearer = MATRIX.rows({"loss": costs.false_negative + 1}, 400)
    others = (rows.take(np.arange(399)), decided(y == 1, 1 - y, costs), decided(y == 1, y, dearer))
    wording(*(refusal(ValueError, paired, rows, one, alpha=0.05) for one in others))


@pytest.mark.parametrize("clustered", [False, True])
def test_a_copy_of_the_champion_is_rarely_promoted(clustered):
    """Two models that err equally often: the bound promises a gain in at most about alpha of all samples."""
    promoted, samples = 0, 1000
    for seed in range(samples):
        y, costs, entity = drawn(seed)
        random = np.random.default_rng([seed, 1])
        luck = random.random((2, 400)) if not clustered else random.random((2, 100))[:, entity]
        challenger, champion = (decided(draw < 0.4, y, costs, entity) for draw in luck)
        promoted += paired(challenger, champion, alpha=0.05).upper < 0
    assert 0.02 * samples < promoted < 0.07 * samples


@given(st.integers(0, 10_000), st.floats(0.01, 1e4))
def test_scaled_costs_scale_the_difference(seed, factor):
    """Another currency changes amounts, and neither decisions' flips nor the effective number of events."""
    y, costs, cluster = drawn(seed, 120)
    scaled = RowCosts(*(factor * getattr(costs, part.name) for part in fields(RowCosts)))
    after, before = np.random.default_rng(seed).random((2, 120)) < 0.5
    one, two = (
        paired(decided(after, y, each, cluster), decided(before, y, each, cluster), 0.05)
        for each in (costs, scaled)
    )
    assert tuple(two.difference) == pytest.approx([factor * value for value in one.difference])
    assert two.upper == pytest.approx(factor * one.upper)
    assert two.effective_events == pytest.approx(one.effective_events)
    assert two.newly_flagged.cost == pytest.approx(factor * one.newly_flagged.cost)
    assert two.newly_passed.rows == one.newly_passed.rows


@given(st.integers(0, 10_000))
def test_swapping_the_two_flips_every_sign(seed):
    """What one gains the other loses, and the flips change sides."""
    y, costs, cluster = drawn(seed, 120)
    after, before = np.random.default_rng(seed).random((2, 120)) < 0.5
    one, other = decided(after, y, costs, cluster), decided(before, y, costs, cluster)
    found, swapped = paired(one, other, 0.05), paired(other, one, 0.05)
    assert swapped.difference.value == pytest.approx(-found.difference.value)
    assert swapped.difference.low == pytest.approx(-found.difference.high)
    assert swapped.newly_flagged.cost == pytest.approx(-found.newly_passed.cost)
    assert swapped.newly_flagged.events == found.newly_passed.events


@given(st.integers(0, 10_000))
def test_the_order_of_the_rows_does_not_matter(seed):
    """Rows and clusters may come in any order."""
    y, costs, cluster = drawn(seed, 120)
    after, before = np.random.default_rng(seed).random((2, 120)) < 0.5
    rows = [decided(flagged, y, costs, cluster) for flagged in (after, before)]
    order = np.random.default_rng(seed).permutation(120)
    found, again = paired(*rows, 0.05), paired(*(each.take(order) for each in rows), 0.05)
    assert again.figures() == pytest.approx(found.figures(), nan_ok=True)
