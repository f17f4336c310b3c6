"""Sums over a replayed history, by hand and by the laws that tie them together."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from logitgate.evaluation.estimates import Estimate
from logitgate.replay.costs import ReplayCosts
from logitgate.replay.policies import Policy, PolicyStanding
from logitgate.replay.results.accounts import ages, policy_costs
from logitgate.replay.results.plain import worded
from logitgate.replay.results.result import PolicyCost, Replay, ReplayedRelease

BOUNDS = (0, 3, 3, 7, 10)
"""Four periods, the second without a row."""


def costs(seed=0, cluster=(0, 0, 1, 1, 2, 2, 2, 3, 4, 4)):
    """Return costs of three versions, fitted in the periods 0, 2 and 3."""
    rng = np.random.default_rng(seed)
    rules = {"flag-none": rng.integers(0, 9, 10) / 1, "flag-all": rng.integers(0, 9, 10) / 1}
    versions = tuple(rng.integers(0, 9, 10 - begin) / 1 for begin in (0, 3, 7))
    return ReplayCosts(rules, versions, BOUNDS, np.array(cluster))


def test_each_period_pays_its_holder():
    """A version by its own rows, a rule by its name, and nothing by the cheaper rule."""
    one = costs()
    paid = one.under((None, 1, 2, "flag-all"))
    cheaper = min(one.rules.values(), key=np.sum)
    whole = [cheaper[:3], one.versions[1][:4], one.rules["flag-all"][7:]]
    np.testing.assert_array_equal(paid, np.concatenate(whole))


def test_a_version_has_no_cost_before_its_date():
    """Asking for it is a mistake of the program; a period without rows has none to ask for."""
    with pytest.raises(ValueError, match="version 3"):
        costs().in_period(3, 2)
    assert len(costs().in_period(3, 1)) == 0


def test_the_interval_is_that_of_whole_clusters():
    """Five clusters: the sums of residuals, and Student's quantile with four degrees of freedom."""
    one, rows = costs(3), slice(0, 10)
    difference = one.versions[0] - one.rules["flag-none"]
    found = one.total(difference, rows)
    residual = difference - difference.mean()
    sums = np.array([residual[one.cluster == code].sum() for code in range(5)])
    error = np.sqrt(5 / 4 * (sums**2).sum())
    reach = stats.t.ppf(0.975, 4) * error
    np.testing.assert_allclose(
        [*found], [difference.sum(), difference.sum() - reach, difference.sum() + reach]
    )


@given(
    st.integers(0, 1_000),
    st.lists(st.sampled_from([None, 1, "flag-all", "flag-none"]), min_size=4, max_size=4),
)
def test_differences_are_differences_of_totals(seed, line):
    """Total less total is the paired difference; the gated policy differs by nothing from itself."""
    found = policy_costs(costs(seed), {Policy.GATED: (1, 1, 1, 1), Policy.NEVER: tuple(line)})
    gated, other = found
    assert other.against_gated.value == pytest.approx(other.cost - gated.cost)
    assert tuple(gated.against_gated) == (0.0, 0.0, 0.0)
    assert gated.cost == pytest.approx(gated.per_row * 10)


@given(st.integers(0, 1_000))
def test_the_oracle_costs_no_more_than_any_version_in_each_period(seed):
    """As it knows the best of those that were fitted by then."""
    one = costs(seed)
    for period, known in enumerate(([1], [1], [1, 2], [1, 2, 3])):
        best = one.in_period(one.cheapest(period, known), period).sum()
        assert all(best <= one.in_period(number, period).sum() for number in known)


def test_age_compares_with_the_newest_version_of_the_same_period():
    """By hand: version 1 in periods 0, 2 and 3, version 2 in 2 and 3, version 3 in 3."""
    one = costs(1)
    found = {age.age: age for age in ages(one, (0, 2, 3))}
    assert {age: part.rows for age, part in found.items()} == {0: 10, 1: 3, 2: 4, 3: 3}
    assert found[0].against_newest.value == 0
    older = one.versions[0][3:7] - one.versions[1][:4]
    assert found[2].against_newest.value == pytest.approx(older.mean())
    assert found[1].per_row == pytest.approx(one.versions[1][4:].mean())


def test_a_rollback_restores_what_was_there_before_once():
    """And a release ends the state of having been rolled back."""
    there = PolicyStanding().released(1).released(3)
    back = there.rolled_back()
    assert (there.previous, back.champion, back.previous, back.is_rolled_back) == (1, 1, None, True)
    assert not back.released(4).is_rolled_back and back.released(4).previous == 1


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (Estimate(18_200.0, 2_100.0, 34_000.0), "saved 18,200 USD [2,100, 34,000]"),
        (Estimate(-18_200.0, -34_000.0, -2_100.0), "cost 18,200 USD [2,100, 34,000]"),
    ],
)
def test_a_saving_in_words(saved, words):
    """A cost is a saving with its signs turned."""
    assert worded(saved, "USD") == words


def replayed(low, high, policy=Policy.ALWAYS):
    """Return a replay in which one policy differs from the gates by an interval."""
    gated = PolicyCost(Policy.GATED, 5.0, 0.5, Estimate(0.0, 0.0, 0.0), (0.5,), (1,), 1)
    other = PolicyCost(policy, 4.0, 0.4, Estimate((low + high) / 2, low, high), (0.4,), (1,), 1)
    start, end = (datetime(2021, month, 1, tzinfo=UTC) for month in (1, 2))
    release = ReplayedRelease(start, version=None, released=False, reasons=(), champion=None, saved=None)
    return Replay(
        "visits",
        "USD",
        "1 month",
        (start,),
        end,
        10,
        3,
        (10,),
        "flag-none",
        (gated, other),
        (release,),
        (),
        (),
        (),
    )


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (replayed(-2.0, -0.1), 1),
        (replayed(-2.0, 0.0), 0),
        (replayed(0.1, 2.0), 0),
        (replayed(float("nan"), float("nan")), 0),
        (replayed(-2.0, -0.1, Policy.ORACLE), 0),
        (replayed(-2.0, -0.1, Policy.UNWATCHED), 0),
    ],
)
def test_only_proof_of_a_cheaper_simpler_policy_fails(found, code):
    """Not an equal one, not an unproven one, and not what could not have been done."""
    assert found.exit_code == code == found.as_json()["exit_code"]
