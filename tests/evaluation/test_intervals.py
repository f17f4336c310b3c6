import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from logitgate.evaluation.intervals import Means, Units, holm, lower_bound, mean_interval, upper_bound, wilson


def clustered_rows():
    """Return 300 values in 40 clusters that differ, and the clusters."""
    random = np.random.default_rng(5)
    cluster = random.integers(0, 40, 300)
    return random.normal(size=300) + random.normal(size=40)[cluster], cluster


def test_wilson_of_the_published_examples():
    """Seven of twelve, and none of twenty, to the published digits."""
    assert tuple(wilson(7, 12)) == pytest.approx((7 / 12, 0.319511, 0.806740), abs=1e-6)
    assert tuple(wilson(0, 20)) == pytest.approx((0.0, 0.0, 0.161125), abs=1e-6)


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_statsmodels(n, share, confidence):
    """The same interval, inside [0, 1] and around the rate, also without and with only successes."""
    from statsmodels.stats.proportion import proportion_confint

    successes = round(n * share)
    rate = wilson(successes, n, confidence)
    expected = proportion_confint(successes, n, 1 - confidence, method="wilson")
    assert (rate.low, rate.high) == pytest.approx(expected, abs=1e-12)
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


@given(arrays(float, st.integers(2, 30), elements=st.integers(-9, 9)), st.sampled_from([0.9, 0.95]))
def test_mean_interval_is_students(values, confidence):
    """Without clusters it is the textbook's t interval; rows that are their own clusters give the same."""
    found = tuple(mean_interval(values, None, confidence))
    with np.errstate(invalid="ignore"):
        reach = stats.sem(values) * stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    assert found == pytest.approx((values.mean(), values.mean() - reach, values.mean() + reach), abs=1e-12)
    assert tuple(mean_interval(values, np.arange(len(values)), confidence)) == pytest.approx(found, abs=1e-12)


def test_clustered_interval_agrees_with_statsmodels():
    """The error is the cluster-robust one of a regression on a constant, with G - 1 degrees of freedom."""
    import statsmodels.api as sm

    values, cluster = clustered_rows()
    fit = sm.OLS(values, np.ones(300)).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, use_t=True
    )
    groups = len(np.unique(cluster))
    error = fit.bse[0] * np.sqrt(groups / (groups - 1))
    found = mean_interval(values, cluster)
    assert found.value == pytest.approx(values.mean(), abs=1e-12)
    assert found.high - found.value == pytest.approx(error * stats.t.ppf(0.975, groups - 1), rel=1e-10)
    assert found.value - found.low == pytest.approx(found.high - found.value, rel=1e-10)
    assert found.high - found.low > 1.3 * np.diff(tuple(mean_interval(values))[1:])[0]


def test_cluster_codes_may_have_gaps_and_any_order():
    """What the clusters are called counts for nothing."""
    values, cluster = clustered_rows()
    renamed = np.random.default_rng(0).permutation(400)[cluster]
    assert tuple(mean_interval(values, renamed)) == pytest.approx(tuple(mean_interval(values, cluster)))


def test_one_sided_bounds_are_the_limits_of_twice_the_alpha():
    """A bound at 5 % is the limit of a 90 % interval."""
    values, cluster = clustered_rows()
    found = mean_interval(values, cluster, 0.9)
    assert upper_bound(values, cluster, 0.05) == pytest.approx(found.high, rel=1e-12)
    assert lower_bound(values, cluster, 0.05) == pytest.approx(found.low, rel=1e-12)
    assert upper_bound(values, cluster, 0.01) > found.high


@pytest.mark.parametrize(("values", "cluster"), [([1.0], None), ([1.0, 2.0, 4.0], [7, 7, 7]), ([], None)])
def test_fewer_than_two_clusters_have_no_interval(values, cluster):
    """One entity tells nothing about others: no limits, and no bound."""
    codes = None if cluster is None else np.array(cluster)
    found = mean_interval(np.array(values), codes)
    assert np.isnan([found.low, found.high, upper_bound(np.array(values), codes)]).all()


def test_what_is_missing_is_never_left_out():
    """A rate of no rows and a mean over a missing value are undefined; a row without a cluster is refused."""
    assert np.isnan([*wilson(0, 0), *mean_interval(np.array([1.0, np.nan, 2.0]))]).all()
    with pytest.raises(ValueError, match="without a cluster"):
        mean_interval(np.array([1.0, 2.0]), np.array([0, -1]))


def test_p_value_is_students_one_sided():
    """The chance of so large a mean under the margin, as scipy has it."""
    values = np.random.default_rng(1).normal(0.3, 1, 50)
    expected = stats.ttest_1samp(values, 0.1, alternative="greater").pvalue
    means = Means.of(values, np.zeros(50, dtype=np.int64), 1)
    assert means.p_above(0.1)[0] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("value", "margin", "expected"), [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (1.0, 2.0, 1.0)])
def test_rows_that_all_agree_are_certain(value, margin, expected):
    """No spread and no excess is no evidence; no spread and an excess is all the evidence there is."""
    means = Means.of(np.full(5, value), np.zeros(5, dtype=np.int64), 1)
    assert means.p_above(margin).tolist() == [expected]


def test_means_of_groups_are_the_means_of_their_rows():
    """Many groups at once give what each gives alone; an empty group has nothing."""
    values, cluster = clustered_rows()
    group = np.arange(300) % 3
    low, high = Means.of(values, group, 4, cluster).limits(0.95)
    for code in range(3):
        alone = mean_interval(values[group == code], cluster[group == code])
        assert (low[code], high[code]) == pytest.approx((alone.low, alone.high), rel=1e-10)
    assert np.isnan([low[3], high[3]]).all()


def test_holm_of_the_published_example():
    """The three smallest of ten p-values."""
    p_values = np.array([0.01, 0.013, 0.014, 0.19, 0.35, 0.5, 0.63, 0.67, 0.75, 0.81])
    np.testing.assert_allclose(holm(p_values)[:3], [0.1, 0.117, 0.117], atol=1e-12)


@given(arrays(float, st.integers(1, 20), elements=st.floats(0, 1)))
def test_holm_agrees_with_statsmodels(p_values):
    """In the order given, never above one."""
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


def test_the_error_of_a_ratio_is_that_of_a_regression_without_intercept():
    """A ratio of sums is a weighted mean: statsmodels' cluster-robust error, small samples corrected."""
    import statsmodels.api as sm

    values, cluster = clustered_rows()
    weight = np.random.default_rng(6).uniform(0.5, 2, 300)
    group = np.zeros(300, dtype=np.int64)
    found = Units.of(group, 1, cluster).ratio(values * weight, weight)
    fitted = sm.WLS(values, np.ones(300), weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    clusters = len(np.unique(cluster))
    assert found.mean[0] == pytest.approx(fitted.params[0], rel=1e-12)
    assert found.error[0] == pytest.approx(fitted.bse[0] * np.sqrt(clusters / (clusters - 1)), rel=1e-9)
    assert found.degrees[0] == clusters - 1


def test_a_ratio_counts_only_the_units_that_take_part():
    """Rows that are in neither sum add no degrees of freedom: the mean of a part is its own mean."""
    values, cluster = clustered_rows()
    part, group = cluster < 12, np.zeros(300, dtype=np.int64)
    found = Units.of(group, 1, cluster).ratio(np.where(part, values, 0.0), part)
    low, high = found.limits(0.95)
    alone = mean_interval(values[part], cluster[part])
    assert (found.mean[0], low[0], high[0]) == pytest.approx(tuple(alone), rel=1e-9)
    assert np.isnan(Units.of(group, 1, cluster).ratio(values * (cluster == 3), cluster == 3).error[0])


def test_holm_counts_a_missing_test_and_leaves_it_missing():
    """A test that could not be made still belongs to the family."""
    np.testing.assert_allclose(holm(np.array([np.nan, 0.01, 0.02])), [np.nan, 0.03, 0.04])


@pytest.mark.parametrize("cluster", [None, np.arange(60) % 7, np.arange(60) % 7 * 3])
def test_means_and_shares_are_ratios(cluster):
    """To ones, and of marks among marks; codes in use or with gaps."""
    random = np.random.default_rng(5)
    values, among = random.normal(size=60), random.random(60) < 0.6
    hits = among & (random.random(60) < 0.5)
    units = Units.of(np.arange(60) % 2, 2, cluster)
    share, rows = units.share(hits, among)
    assert rows.sum() == among.sum()
    for found, ratio in (
        (units.mean(values), units.ratio(values, np.ones(60))),
        (share, units.ratio(hits, among)),
    ):
        for one in ("mean", "error", "degrees", "skewness"):
            assert getattr(found, one) == pytest.approx(getattr(ratio, one), rel=1e-12)
