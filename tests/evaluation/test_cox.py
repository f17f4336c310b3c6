from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import f, norm, t
from sklearn.linear_model import LogisticRegression

from logitgate.evaluation.probabilities import cox
from logitgate.evaluation.probabilities.cox import cox_line, fit_cox, log_odds

DEFAULT = Path(__file__).parents[2] / "data" / "default.csv.gz"


def drawn(seed=0, rows=600, drift=(-0.5, 0.7)):
    """Return outcomes, scores that are off by `drift`, and clusters that share their fate."""
    random = np.random.default_rng(seed)
    cluster = random.integers(0, 50, rows)
    score = random.normal(-1, 1.5, rows)
    truth = drift[0] + drift[1] * score + random.normal(0, 1, 50)[cluster]
    return (random.random(rows) < expit(truth)).astype(int), score, cluster


def fit_default():
    """Return an unpenalised fit on the odd rows of Default, and features and outcomes of the even ones."""
    table = pd.read_csv(DEFAULT)
    X = np.column_stack((table["balance"], table["income"] / 1000, table["student"] == "Yes")).astype(float)
    y = (table["default"] == "Yes").to_numpy().astype(int)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    return model.fit(X[1::2], y[1::2]), X[::2], y[::2]


def test_default_of_the_textbook():
    """Calibration-in-the-large and slope of a fit on the odd rows, on the even ones, with errors."""
    model, X, y = fit_default()
    cox = fit_cox(y, log_odds(model.predict_proba(X)[:, 1]))
    found = cox.in_the_large, cox.in_the_large_error, cox.slope, cox.slope_error
    assert found == pytest.approx((-0.0362284, 0.0984469, 1.0410507, 0.0609350), abs=5e-7)


def test_agrees_with_statsmodels():
    """Coefficients, their Wald errors and intervals, and the joint test are those of a binomial GLM."""
    import statsmodels.api as sm

    y, score, _ = drawn()
    line = sm.GLM(y, sm.add_constant(score), sm.families.Binomial()).fit(tol=1e-14)
    large = sm.GLM(y, np.ones(len(y)), sm.families.Binomial(), offset=score).fit(tol=1e-14)
    held = sm.GLM(y, np.ones((len(y), 1)), sm.families.Binomial(), offset=score)
    cox = fit_cox(y, score)
    assert (cox.intercept, cox.slope) == pytest.approx(tuple(line.params), rel=1e-9)
    np.testing.assert_allclose(cox.covariance, line.cov_params(), rtol=1e-7)
    assert (cox.in_the_large, cox.in_the_large_error) == pytest.approx(
        (large.params[0], large.bse[0]), rel=1e-8
    )
    assert tuple(cox.slope_interval(0.9))[1:] == pytest.approx(tuple(line.conf_int(0.1)[1]), rel=1e-8)
    assert cox.in_the_large_interval().high == pytest.approx(large.conf_int()[0][1], rel=1e-7)
    assert cox.joint_statistic == pytest.approx(2 * (line.llf - held.loglike(np.zeros(1))), rel=1e-9)
    assert cox.joint_p_value == pytest.approx(np.exp(-cox.joint_statistic / 2), rel=1e-9)
    assert cox.joint == (cox.joint_statistic, cox.joint_p_value)
    theirs = line.wald_test((np.eye(2), np.array([0, 1])), scalar=True, use_f=False)
    assert cox.wald == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-7)


def test_clustered_errors_agree_with_statsmodels():
    """The sandwich of statsmodels without its own correction, times G/(G-1), with G - 1 degrees."""
    import statsmodels.api as sm

    y, score, cluster = drawn()
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": cluster, "use_correction": False}}
    line = sm.GLM(y, sm.add_constant(score), sm.families.Binomial()).fit(tol=1e-14, **robust)
    large = sm.GLM(y, np.ones(len(y)), sm.families.Binomial(), offset=score).fit(tol=1e-14, **robust)
    cox = fit_cox(y, score, cluster)
    np.testing.assert_allclose(cox.covariance, line.cov_params() * 50 / 49, rtol=1e-7)
    assert cox.in_the_large_error == pytest.approx(large.bse[0] * np.sqrt(50 / 49), rel=1e-7)
    reach = cox.slope_interval().high - cox.slope
    assert reach == pytest.approx(cox.slope_error * t.ppf(0.975, 49), rel=1e-9)
    assert reach > norm.ppf(0.975) * cox.slope_error
    theirs = line.wald_test((np.eye(2), np.array([0, 1])), scalar=True, use_f=False)
    assert cox.wald.value == pytest.approx(theirs.statistic * 49 / 50, rel=1e-7)
    assert cox.wald.p_value == pytest.approx(f.sf(cox.wald.value * 48 / (2 * 49), 2, 48), rel=1e-9)
    assert cox.joint == cox.wald


@given(st.integers(0, 1000), st.floats(-6, 6), st.floats(0.1, 3))
@settings(deadline=None)
def test_recalibrating_twice_changes_nothing(seed, intercept, slope):
    """What was recalibrated has intercept 0 and slope 1, however far it was off."""
    y, score, _ = drawn(seed, 200)
    first = fit_cox(y, intercept + slope * score)
    again = fit_cox(y, first.intercept + first.slope * (intercept + slope * score))
    found = (again.intercept, again.slope, again.in_the_large, again.joint_statistic)
    assert found == pytest.approx((0.0, 1.0, 0.0, 0.0), abs=1e-7)


@pytest.mark.parametrize(("shift", "factor"), [(-25.0, 1.0), (12.0, 9.0), (0.0, -4.0), (0.0, 1e-4)])
def test_damping_finds_what_has_drifted_far(shift, factor):
    """Scores far from the truth, or turned round, are recalibrated to the same probabilities."""
    y, score, _ = drawn(3)
    plain, drifted = fit_cox(y, score), fit_cox(y, shift + factor * score)
    assert drifted.slope * factor == pytest.approx(plain.slope, rel=1e-7)
    assert drifted.intercept + drifted.slope * shift == pytest.approx(plain.intercept, rel=1e-6)
    assert np.isfinite(drifted.in_the_large)


@pytest.mark.parametrize("only", [0, 1])
def test_a_single_class_has_no_calibration(only):
    """Nothing can be said about the odds of what always or never happens, and nothing is raised."""
    cox = fit_cox(np.full(20, only), np.linspace(-1, 1, 20))
    assert np.isnan([cox.slope, cox.slope_error, cox.in_the_large, cox.in_the_large_error]).all()
    assert np.isnan([*cox.slope_interval(), cox.joint_statistic, cox.joint_p_value]).all()


@pytest.mark.parametrize(
    "score",
    [
        [-2.0, -1.0, 1.0, 2.0],
        [0.0, 1.0, 1.0, 2.0],
        [2.0, 1.0, 1.0, 0.0],
        np.linspace(-1, 1, 400),
        np.linspace(1, -1, 400),
        np.full(20, 0.3),
    ],
)
def test_separated_or_constant_scores_have_no_slope(score):
    """The best slope is infinite or any; the offset alone is still known."""
    rows = len(score)
    cox = fit_cox(np.arange(rows) * 2 // rows, np.array(score), np.arange(rows))
    assert np.isnan([cox.intercept, cox.slope, cox.slope_error, cox.joint_statistic, *cox.wald]).all()
    assert np.isfinite([cox.in_the_large, cox.in_the_large_error]).all()


def test_a_missing_score_or_no_row_leaves_nothing_defined():
    """NaN and infinite log-odds give no calibration rather than one of the other rows."""
    y, score, _ = drawn()
    for rows in ((y, np.r_[np.nan, score[1:]]), (y, np.r_[np.inf, score[1:]]), (y[:0], score[:0])):
        cox = fit_cox(*rows)
        assert np.isnan([cox.slope, cox.in_the_large, *cox.joint]).all()


def test_few_clusters_have_no_error_and_no_joint_test():
    """One gives a slope and no idea of how wrong it is; two leave one direction to test two figures in."""
    y, score, cluster = drawn()
    cox = fit_cox(y, score, np.zeros(len(y), dtype=int))
    assert np.isfinite(cox.slope)
    assert np.isnan(
        [cox.slope_error, *tuple(cox.slope_interval())[1:], cox.in_the_large_error, *cox.joint]
    ).all()
    assert np.isnan(fit_cox(y, score, cluster % 2).joint).all()
    assert np.isfinite(fit_cox(y, score, cluster % 3).joint).all()


def test_log_odds_of_certain_probabilities_are_finite():
    """Zero and one are clipped at one machine epsilon, symmetrically."""
    found = log_odds(np.array([0.0, 0.5, 1.0, expit(3.0)]))
    assert found == pytest.approx([-36.0437, 0.0, 36.0437, 3.0], abs=1e-4)


def test_a_start_from_some_of_many_rows_changes_nothing(monkeypatch):
    """The fit of all rows ends where it ends from zero."""
    y, score, _ = drawn(seed=8, rows=4_000)
    wanted = fit_cox(y, score)
    monkeypatch.setattr(cox, "_MANY", 1_000)
    found = fit_cox(y, score)
    assert found.intercept == pytest.approx(wanted.intercept, abs=1e-10)
    assert found.slope == pytest.approx(wanted.slope, abs=1e-10)
    assert found.in_the_large == pytest.approx(wanted.in_the_large, abs=1e-10)
    assert np.allclose(found.covariance, wanted.covariance, rtol=1e-8)


@pytest.mark.parametrize("drift", [(0.0, 1.0), (-0.5, 0.7), (3.0, 4.0), (0.5, -1.0)])
def test_the_line_alone_is_that_of_the_whole_fit_and_of_scikit_learn(drift):
    """Wherever it starts: from slope 1 on, or where that is worse than knowing nothing, from none."""
    y, score, _ = drawn(rows=40_000, drift=drift)
    found, whole = cox_line(y, score), fit_cox(y, score)
    assert found == pytest.approx((whole.intercept, whole.slope), abs=1e-10)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(score[:, None], y)
    assert found == pytest.approx((model.intercept_[0], model.coef_[0, 0]), abs=1e-7)


@pytest.mark.parametrize("score", [[1.0, 2.0, -1.0, -2.0], [1.0, np.nan, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0]])
def test_where_no_line_is_best_there_is_none(score):
    """Separated classes, a missing score, or one score for all."""
    assert np.isnan(cox_line(np.array([1, 1, 0, 0]), np.array(score))).all()
