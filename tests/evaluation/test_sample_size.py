"""What rows can prove: published sample sizes, and proofs that come true once the rows are there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.evaluation.intervals import upper_bound
from logitgate.evaluation.metrics import log_loss
from logitgate.evaluation.sample_size import (
    SHRINKAGE,
    cox_snell,
    criteria,
    largest_r2,
    learning,
    proof,
    row_findings,
)
from logitgate.findings import Status


def test_the_published_example_is_met():
    """``pmsampsize(type = "b", rsquared = .288, parameters = 24, prevalence = .174)``: 662 rows, EPP 4.8."""
    found = criteria(24, 0.288, 0.174)
    assert (found.shrinkage, found.optimism, found.prevalence, found.rows) == (623, 662, 221, 662)
    assert learning(662, 115, 24, 0.288).events_per_coefficient == pytest.approx(4.8, abs=0.01)
    assert largest_r2(0.174) == pytest.approx(0.6032, abs=5e-5)


@given(st.integers(1, 200), st.floats(0.01, 0.5), st.floats(0.02, 0.9))
def test_the_rows_give_the_shrinkage_that_is_asked_for(coefficients, prevalence, share):
    """``S = 1 + p / (n ln(1 - R2 / S))`` is .9 at n, and less with a row fewer (Riley et al. 2019)."""
    r2 = share * largest_r2(prevalence)
    rows = criteria(coefficients, r2, prevalence).shrinkage

    def asked(n):
        return 1 + coefficients / (n * math.log1p(-r2 / SHRINKAGE))

    assert asked(rows) >= SHRINKAGE - 1e-9
    assert rows == 1 or asked(rows - 1) < SHRINKAGE


def test_a_perfect_model_has_the_largest_r2():
    """Cox and Snell's R2 is that of the likelihood, and 0 for the prevalence itself."""
    y = np.array([1] * 30 + [0] * 70)
    assert cox_snell(y, y.astype(float)) == pytest.approx(largest_r2(0.3))
    assert cox_snell(y, np.full(100, 0.3)) == pytest.approx(0, abs=1e-12)
    assert cox_snell(y, 1 - y * 0.9 - 0.05) < 0
    said = np.where(y == 1, 0.6, 0.2)
    ratio = 200 * (log_loss(y, np.full(100, 0.3)) - log_loss(y, said))
    assert cox_snell(y, said) == pytest.approx(1 - math.exp(-ratio / 100))


def test_without_a_better_model_than_none_no_rows_are_enough():
    """An R2 of 0 or less asks for infinitely many; where it is not known a modest one is assumed."""
    assert math.isinf(criteria(5, 0.0, 0.2).rows) and math.isinf(criteria(5, -0.1, 0.2).rows)
    assert learning(1_000, 200, 5).r2 == pytest.approx(0.15 * largest_r2(0.2))
    assert criteria(0, 0.1, 0.2).rows == criteria(0, 0.1, 0.2).prevalence
    (finding,) = row_findings(learning(1_000, 0, 5), {})
    assert finding.status is Status.WARN


def drawn(rows, mean, clusters=None, seed=0):
    """Return differences with this very mean, and the clusters that they share their luck in."""
    random = np.random.default_rng(seed)
    cluster = None if clusters is None else np.arange(rows) % clusters
    values = random.normal(size=rows) + (0 if cluster is None else random.normal(0, 0.5, clusters)[cluster])
    return values - values.mean() + mean, cluster


@pytest.mark.parametrize("clusters", [None, 60])
def test_the_missing_rows_are_just_enough(clusters):
    """The same rows as often as it says, under new clusters, prove the difference; a tenth fewer do not."""
    values, cluster = drawn(1_200, -0.02, clusters)
    found = proof(values, cluster, alpha=0.05)
    assert found.factor > 1
    for factor, proven in ((found.factor, True), (0.9 * found.factor, False)):
        times = int(np.ceil(factor)) if proven else int(factor)
        often = np.tile(values, times)
        new = None if cluster is None else (cluster + clusters * np.arange(times)[:, None]).ravel()
        assert (upper_bound(often, new, 0.05) < 0) is proven
    assert found.more_rows == math.ceil(1_200 * (found.factor - 1))
    assert found.units == (clusters or 1_200)
    assert found.more_units == math.ceil(found.units * (found.factor - 1))


def test_a_proof_that_is_there_misses_nothing():
    """No more rows, and no finding about it; the half-width is that of the interval."""
    values, _ = drawn(1_200, -0.2)
    found = proof(values, None, alpha=0.05)
    assert (found.more_rows, found.factor < 1) == (0, True)
    assert found.reach == pytest.approx(1.962 * values.std(ddof=1) / np.sqrt(1_200), rel=1e-3)
    assert len(row_findings(learning(5_000, 1_000, 4), {"champion": found})) == 1


def test_a_difference_that_goes_the_wrong_way_is_never_proven():
    """Infinitely many rows, said and stopping nothing; nor does a single cluster prove anything."""
    values, _ = drawn(1_200, 0.02)
    found = proof(values, None, alpha=0.05)
    assert math.isinf(found.more_rows)
    alone = proof(-np.abs(values), np.zeros(1_200, dtype=int), alpha=0.05)
    assert math.isnan(alone.more_rows)
    findings = row_findings(learning(300, 30, 20), {"champion": found, "prior model": alone})
    assert [one.status for one in findings] == [Status.WARN] * 3
    assert {one.check for one in findings} == {"rows"}


def test_rows_that_meet_the_criteria_pass():
    """662 rows do for the published model, 661 do not."""
    for rows, status in ((662, Status.PASS), (661, Status.WARN)):
        assert row_findings(learning(rows, 115, 24, 0.288), {})[0].status is status
