"""The confidence sequence: what it promises, and that looking again and again breaks other intervals."""

import math

import numpy as np
import pytest

from logitgate.evaluation.confidence_sequence import NARROWEST, NO_UNITS, Sums, confidence_sequence

LOOKS = (30, 600)
"""First and last number of days after which one looks."""


def _days(rng, mean_gain=0.4):
    """Days of 50 to 150 rows; 3 % are decided differently and cost 8 more or 5 less."""
    rows = rng.integers(50, 150, LOOKS[1])
    different = rng.binomial(rows, 0.03)
    dearer = rng.binomial(different, mean_gain)
    return rows, 8.0 * dearer - 5.0 * (different - dearer)


def test_sums_add_up_and_are_those_of_the_units():
    """In parts or whole; a unit without rows is none."""
    rows, sums = np.array([2, 0, 5, 3]), np.array([1.0, 9.0, -2.0, 0.5])
    whole = Sums.of(rows, sums)
    assert whole == Sums(3, 10, 38, -0.5, 5.25, -6.5)
    assert Sums.of(rows[:2], sums[:2]) + Sums.of(rows[2:], sums[2:]) == whole == whole + NO_UNITS


def test_the_limits_are_those_of_the_formula():
    """For units of one row the mean and its standard deviation, by the published normal mixture."""
    values = np.random.default_rng(1).normal(0.3, 2.0, 80)
    found = confidence_sequence(Sums.of(np.ones(80), values), 0.05)
    r = (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / NARROWEST
    width = np.std(values, ddof=1) * math.sqrt(
        2 * (80 * r + 1) / (80**2 * r) * math.log(math.sqrt(80 * r + 1) / 0.05)
    )
    assert found.mean == pytest.approx(values.mean(), abs=1e-12)
    assert (found.low, found.high) == pytest.approx((values.mean() - width, values.mean() + width), abs=1e-12)
    assert (found.units, found.rows) == (80, 80)


def test_it_is_narrowest_about_where_it_was_asked_to_be():
    """Relative to an interval that may be looked at once, which is always narrower."""

    def ratio(units, narrowest):
        values = np.tile([-1.0, 1.0], units // 2)
        found = confidence_sequence(Sums.of(np.ones(units), values), 0.05, narrowest)
        return (found.high - found.mean) / (1.96 * np.std(values, ddof=1) / math.sqrt(units))

    ratios = {units: ratio(units, 60) for units in (10, 60, 600)}
    assert ratios[60] < min(ratios[10], ratios[600]) and min(ratios.values()) > 1.2


def test_it_covers_at_all_times_at_once_where_a_repeated_interval_does_not():
    """Looked at after each of 571 days, at most 5 % ever miss; of the usual intervals a third do."""
    rng = np.random.default_rng(7)
    truth = 0.03 * (0.4 * 8 - 0.6 * 5)
    missed, naive, runs = 0, 0, 200
    for _ in range(runs):
        rows, sums = _days(rng)
        looks = range(LOOKS[0], LOOKS[1] + 1)
        n, s = rows.astype(float), sums
        running = [np.cumsum(part) for part in (np.ones(len(n)), n, n * n, s, s * s, s * n)]
        out = again = False
        for look in looks:
            known = Sums(*(float(part[look - 1]) for part in running))
            found = confidence_sequence(known, 0.05)
            half = found.high - found.mean
            once = half / _widening(look)
            out |= not found.low <= truth <= found.high
            again |= abs(found.mean - truth) > 1.96 * once
        missed, naive = missed + out, naive + again
    assert missed / runs <= 0.05 + 1.64 * math.sqrt(0.05 * 0.95 / runs)
    assert naive / runs > 0.25


def _widening(k):
    """By how many standard errors the sequence reaches after k units."""
    r = (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / NARROWEST
    return math.sqrt(2 * (k * r + 1) / (k * r) * math.log(math.sqrt(k * r + 1) / 0.05))


@pytest.mark.parametrize("units", [0, 1])
def test_too_few_units_have_no_limits(units):
    """NaN, which no gate takes for a proof."""
    found = confidence_sequence(Sums.of(np.ones(units), np.ones(units)), 0.05)
    assert math.isnan(found.low) and math.isnan(found.high)
