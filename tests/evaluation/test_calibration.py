"""Calibration of any rows: published values, other implementations, and tests that hold their level."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import ttest_1samp

from logitgate.evaluation.estimates import Estimate
from logitgate.evaluation.probabilities.calibration import calibration, ece, ece_null, l2_error, spiegelhalter
from tests.evaluation.test_cox import fit_default


def simulated(seed, size=500, off=1.0):
    """Return outcomes and probabilities that are right, but for log-odds multiplied by `off`."""
    random = np.random.default_rng(seed)
    score = random.normal(-1, 1.2, size)
    return (random.random(size) < expit(score)).astype(int), expit(off * score)


def together(seed, clusters=40, size=12):
    """Return right probabilities whose rows share, within a cluster, half of their luck."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), size)
    said = expit(random.normal(-1, 1, clusters)[cluster] + random.normal(0, 0.7, len(cluster)))
    shared = random.random(len(cluster)) < 0.5
    luck = np.where(shared, random.random(clusters)[cluster], random.random(len(cluster)))
    return (luck < said).astype(int), said, cluster


def figures(found):
    """Return all figures of a calibration, flat."""
    flat = []
    for value in (getattr(found, part.name) for part in dataclasses.fields(found)):
        flat += [*value] if isinstance(value, (Estimate, tuple)) else [value]
    return flat


def test_default_of_the_textbook():
    """A fit on the odd rows of Default is calibrated on the even ones, by every figure."""
    model, X, y = fit_default()
    found = calibration(y, model.predict_proba(X)[:, 1])
    assert (found.n, found.events) == (5000, 154)
    assert found.in_the_large.value == pytest.approx(-0.0362284, abs=5e-8)
    assert found.slope.value == pytest.approx(1.0410507, abs=5e-8)
    reach = found.in_the_large.high - found.in_the_large.value, found.slope.high - found.slope.value
    assert reach == pytest.approx((1.959964 * 0.0984469, 1.959964 * 0.0609350), abs=2e-7)
    assert found.spiegelhalter == pytest.approx((-1.147412, 0.251211), abs=5e-7)
    assert found.ece == pytest.approx(0.00571299, abs=5e-9)
    assert found.ece_null.mean * 0.8 < found.ece < found.ece_null.high
    assert found.joint.p_value > 0.5
    assert found.l2_error == 0.0


def test_agrees_with_the_authors_of_the_debiased_error():
    """`lower_bound_scaling_ce(p, y, p=2, debias=True, num_bins=15)` of uncertainty-calibration 0.1.4."""
    random = np.random.default_rng(5)
    score = random.normal(-1, 1.5, 600)
    y = (random.random(600) < expit(1.8 * score - 0.4)).astype(int)
    assert l2_error(y, expit(score)) == pytest.approx(0.09839526495125757, rel=1e-12)
    tied = np.clip(np.round(expit(score), 1), 0.05, 0.95)
    assert l2_error(y, tied) == pytest.approx(0.10168033558781199, rel=1e-12)


def test_the_debiased_error_is_the_true_one():
    """Probabilities that are all too high by 0.1 are off by 0.1, right ones by about nothing."""
    random = np.random.default_rng(1)
    truth = random.uniform(0.2, 0.8, 20_000)
    y = (random.random(len(truth)) < truth).astype(int)
    assert l2_error(y, truth + 0.1) == pytest.approx(0.1, abs=0.01)
    assert l2_error(y, truth) < 0.015
    right = [l2_error(*simulated(seed, 300)) for seed in range(100)]
    assert 0.3 < np.mean([found == 0 for found in right]) < 0.8


def test_equal_probabilities_share_a_bin():
    """A model that always says the same has one bin, whatever the number of bins asked for."""
    y = np.array([1, 0, 0, 0])
    assert l2_error(y, np.full(4, 0.75)) == pytest.approx(np.sqrt(0.25 - 0.25 * 0.75 / 3), rel=1e-12)
    assert ece(y, np.full(4, 0.75)) == pytest.approx(0.5, rel=1e-12)


def test_eight_rows_by_hand():
    """ECE over five bins of equal width; the last bin holds probability 1 too."""
    y, said = np.array([0, 1] * 4), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    assert ece(y, said, bins=5) == pytest.approx(0.2125, abs=1e-12)
    assert ece(np.array([1, 0]), np.array([1.0, 0.9]), bins=5) == pytest.approx(0.45, abs=1e-12)


def test_a_perfect_model_has_an_ece():
    """At 500 rows it is far from 0 by chance alone, and inside its null in about 19 of 20 samples."""
    tables = [simulated(seed) for seed in range(150)]
    nulls = [ece_null(said, seed=0) for _, said in tables]
    found = np.array([ece(*table) for table in tables])
    assert 0.03 < found.mean() < 0.06
    assert found.mean() == pytest.approx(np.mean([one.mean for one in nulls]), rel=0.07)
    assert 0.89 < np.mean(found <= [one.high for one in nulls]) < 0.99


def test_doubled_log_odds_are_found_by_every_test():
    """A model that is twice as sure as it may be: slope, joint test, Spiegelhalter, L2 and ECE."""
    found = calibration(*simulated(4, 4_000, off=2.0))
    assert found.slope.high < 1
    assert found.slope.value == pytest.approx(0.5, abs=0.1)
    assert found.in_the_large.low > 0
    assert max(found.joint.p_value, found.spiegelhalter.p_value) < 1e-6
    assert found.spiegelhalter.value > 0
    assert found.l2_error > 0.05
    assert found.ece > 2 * found.ece_null.high


def test_right_probabilities_are_rejected_as_often_as_promised():
    """Of 300 calibrated samples about one in twenty fails each test."""
    found = [calibration(*simulated(seed, 400)) for seed in range(300)]
    rejected = np.mean(
        [[one.joint.p_value < 0.05, one.spiegelhalter.p_value < 0.05] for one in found], axis=0
    )
    assert ((rejected > 0.015) & (rejected < 0.09)).all()


def test_rows_that_fail_together_are_not_counted_singly():
    """The plain tests reject calibrated clusters several times too often, the clustered ones do not."""
    plain, clustered = [], []
    for seed in range(200):
        y, said, cluster = together(seed, 12)
        for cases, found in ((plain, calibration(y, said)), (clustered, calibration(y, said, cluster))):
            cases.append([found.joint.p_value < 0.05, found.spiegelhalter.p_value < 0.05])
    assert (np.mean(plain, axis=0) > 0.15).all()
    assert (np.mean(clustered, axis=0) < 0.12).all()


def test_clustered_spiegelhalter_is_a_t_test_of_the_clusters():
    """The statistic and p-value of scipy on the sums of each cluster; gaps in the codes do not matter."""
    y, said, cluster = together(3)
    sums = np.bincount(cluster, (y - said) * (1 - 2 * said))
    assert spiegelhalter(y, said, 2 * cluster) == pytest.approx(tuple(ttest_1samp(sums, 0)), rel=1e-12)


@given(st.integers(0, 1000), st.booleans())
@settings(deadline=None, max_examples=25)
def test_permuting_rows_changes_nothing(seed, clustered):
    """The order of the rows in a table is no information, for the simulated null neither."""
    y, said, cluster = together(seed, 8, 5)
    order = np.random.default_rng(seed).permutation(len(y))
    one = calibration(y, said, cluster if clustered else None, seed)
    other = calibration(y[order], said[order], cluster[order] if clustered else None, seed)
    assert figures(other) == pytest.approx(figures(one), rel=1e-7, abs=1e-9, nan_ok=True)


def test_the_null_is_that_of_outcomes_drawn_row_by_row():
    """Whether a bin's events are drawn as a normal number or not; and it is that of its seed."""
    for said in (np.full(60, 0.01), *(simulated(0, rows)[1] for rows in (200, 2_000, 12_000))):
        random, rows = np.random.default_rng(7), len(said)
        drawn = [ece((random.random(rows) < said).astype(int), said) for _ in range(1_000)]
        found = ece_null(said, 1, resamples=1_000)
        assert found.mean == pytest.approx(np.mean(drawn), rel=0.05)
        assert found.high == pytest.approx(np.quantile(drawn, 0.95), rel=0.05)
    assert found == ece_null(said, 1, resamples=1_000) != ece_null(said, 2, resamples=1_000)


def test_what_cannot_be_known_is_undefined():
    """About no rows nothing, about chance nothing from a single entity, and no test is passed.

    Certain probabilities and one half have the same Brier score whatever happens.
    """
    none = figures(calibration(np.array([], dtype=int), np.array([])))
    assert none[:2] == [0, 0] and np.isnan(none[2:]).all()
    y, said, _ = together(0)
    alone = calibration(y, said, np.zeros(len(y), dtype=int))
    assert np.isnan([*alone.joint, *alone.spiegelhalter, alone.slope.low, alone.in_the_large.low]).all()
    for same in (0.0, 0.5, 1.0):
        assert np.isnan(spiegelhalter(np.array([0, 1, 1, 0]), np.full(4, same))).all()


@pytest.mark.parametrize("only", [0, 1])
def test_a_single_class_has_no_log_odds(only):
    """Cox's figures are NaN; what was said is still held against what happened."""
    found = calibration(np.full(30, only), np.linspace(0.3, 0.6, 30))
    assert np.isnan([*found.in_the_large, *found.slope, *found.joint]).all()
    assert found.ece == pytest.approx(abs(only - 0.45), abs=1e-12)
    assert found.l2_error > 0.4
    assert np.isfinite(found.spiegelhalter.value)


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_probability_is_refused(wrong):
    """Counted, not dropped."""
    with pytest.raises(ValueError, match="1 of 3 probabilities"):
        calibration(np.array([0, 1, 1]), np.array([0.1, wrong, 0.3]))
