from itertools import product

import numpy as np
import pytest
from scipy import stats

from logitgate.evaluation.intervals import holm
from logitgate.evaluation.slices import SliceLevels
from logitgate.findings import Status
from logitgate.gates.rules.slice_harm import HarmRule, proven_harm

LEVELS = SliceLevels(np.arange(3000) % 3, ("good", "bad", "same"))
Y = (np.arange(3000) // 3 % 5 == 0).astype(int)


def differences(seed=0):
    """Return extra costs: none on average, but .5 for the bad, and rows that are all the same."""
    difference = np.random.default_rng(seed).normal(0, 1, 3000)
    difference[LEVELS.codes == 1] += 0.5
    difference[LEVELS.codes == 2] = 0.0
    return difference


def statuses(found):
    """Return the status of each slice by name."""
    return {part.name: part.status for part in found}


def test_harm_is_found_where_it_is():
    """The slice that really costs more fails, the others do not; what is tolerated is not proven harm."""
    found = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(margin=0.1))
    assert statuses(found) == {"s = good": Status.PASS, "s = bad": Status.FAIL, "s = same": Status.PASS}
    assert found[1].difference.value == pytest.approx(0.5, abs=0.1)
    assert found[2].p_value == 1.0
    wide = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(margin=0.5))
    assert statuses(wide)["s = bad"] is Status.PASS


def test_p_values_are_students_and_holms():
    """One-sided t tests against the margin, adjusted over all columns together."""
    difference = differences()
    slices = {"s": LEVELS, "t": SliceLevels(np.arange(3000) % 2, ("even", "odd"))}
    found = proven_harm(difference, Y, slices, None, HarmRule(margin=0.2))
    members = [LEVELS.codes == 0, LEVELS.codes == 1, np.arange(3000) % 2 == 0, np.arange(3000) % 2 == 1]
    tested = [part for part in found if part.name != "s = same"]
    for part, member in zip(tested, members, strict=True):
        expected = stats.ttest_1samp(difference[member], 0.2, alternative="greater").pvalue
        assert part.p_value == pytest.approx(expected, rel=1e-9)
    adjusted = holm(np.array([part.p_value for part in found]))
    np.testing.assert_allclose([part.adjusted for part in found], adjusted, rtol=1e-12)


def test_bound_and_interval_are_students():
    """A one-sided bound at an alpha of its own, whatever other slices there are; two-sided limits at 95 %."""
    for alpha, at in product((0.05, 0.2), (0, 1)):
        part = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(0.1, 0.01, bound_alpha=alpha))[at]
        rows = differences()[LEVELS.codes == at]
        bound = stats.ttest_1samp(rows, 0, alternative="less").confidence_interval(1 - alpha).high
        assert part.upper == pytest.approx(bound, rel=1e-9)
        limits = stats.ttest_1samp(rows, 0).confidence_interval(0.95)
        np.testing.assert_allclose([part.difference.low, part.difference.high], limits, rtol=1e-9)


def test_a_p_value_of_alpha_itself_proves_nothing():
    """Holm rejects what lies below."""
    p_value = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(0.1))[1].adjusted
    for alpha, status in ((p_value, Status.PASS), (p_value * 1.000001, Status.FAIL)):
        rule = HarmRule(0.1, alpha)
        assert proven_harm(differences(), Y, {"s": LEVELS}, None, rule)[1].status is status


def test_clusters_weaken_the_evidence():
    """The same excess from a handful of entities proves little."""
    difference = np.where(LEVELS.codes == 1, 1.0, 0.0) * (np.arange(3000) // 3 % 4 == 0)
    cluster = np.arange(3000) // 3 % 4
    assert statuses(proven_harm(difference, Y, {"s": LEVELS}, None, HarmRule(0.0)))["s = bad"] is Status.FAIL
    assert (
        statuses(proven_harm(difference, Y, {"s": LEVELS}, cluster, HarmRule(0.0)))["s = bad"] is Status.PASS
    )


@pytest.mark.parametrize(
    "minimum", [{"rows": 1001}, {"events": 201}, {"non_events": 801}], ids=["rows", "events", "non_events"]
)
def test_too_few_rows_are_insufficient(minimum):
    """Below any minimum a slice neither passes nor fails, and costs the others no significance."""
    found = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(0.1, **minimum))
    assert set(statuses(found).values()) == {Status.INSUFFICIENT}
    assert all(np.isnan(part.adjusted) for part in found)
    enough = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(0.1, 0.05, 1000, 200, 800))
    assert Status.INSUFFICIENT not in statuses(enough).values()


def test_small_slices_cost_the_others_nothing():
    """Holm counts only the slices that are large enough to be tested."""
    tiny = SliceLevels(np.where(np.arange(3000) < 90, np.arange(3000) // 3, -1), tuple(map(str, range(30))))
    alone = proven_harm(differences(), Y, {"s": LEVELS}, None, HarmRule(0.4))
    beside = proven_harm(differences(), Y, {"s": LEVELS, "t": tiny}, None, HarmRule(0.4))
    assert [part.adjusted for part in beside[:3]] == [part.adjusted for part in alone]


def test_a_slice_of_a_single_row_or_none():
    """Where the minimum lets one be tested there is no p-value, so that it cannot be decided."""
    free = HarmRule(0.1, 0.05, 0, 0, 0)
    single = SliceLevels((np.arange(3000) == 7).astype(int), ("others", "single"))
    one = proven_harm(differences(), Y, {"s": single}, None, free)[1]
    assert (one.n, one.status) == (1, Status.INDETERMINATE)
    empty = SliceLevels(np.zeros(3000, dtype=int), ("all", "empty"))
    assert proven_harm(differences(), Y, {"s": empty}, None, free)[1].status is Status.INSUFFICIENT


def test_enough_rows_without_a_p_value_are_indeterminate():
    """A missing difference, or a single entity, never passes."""
    missing = np.r_[np.nan, differences()[1:]]
    assert (
        statuses(proven_harm(missing, Y, {"s": LEVELS}, None, HarmRule(0.1)))["s = good"]
        is Status.INDETERMINATE
    )
    one = proven_harm(differences(), Y, {"s": LEVELS}, np.zeros(3000, dtype=int), HarmRule(0.1))
    assert set(statuses(one).values()) == {Status.INDETERMINATE}


def test_a_harmless_challenger_is_rarely_blocked():
    """Thirty slices of pure noise: some slice fails in at most about 5 of 100 comparisons."""
    levels = SliceLevels(np.arange(3000) // 100, tuple(map(str, range(30))))
    blocked = 0
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(0, 1, 3000)
        found = proven_harm(noise, Y, {"s": levels}, None, HarmRule(0.0))
        blocked += any(part.status is Status.FAIL for part in found)
    assert 3 <= blocked <= 20


def test_a_rule_that_cannot_decide_is_refused():
    """Without a chance of error or a margin there is no test."""
    for wrong in (
        {"margin": float("nan")},
        {"margin": 0.0, "alpha": float("nan")},
        {"margin": 0.0, "alpha": 1.0},
        {"margin": 0.0, "alpha": 0.0},
    ):
        with pytest.raises(ValueError, match=r"outside \(0, 1\) or margin"):
            HarmRule(**wrong)
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="bound_alpha"):
            HarmRule(0.0, bound_alpha=wrong)
