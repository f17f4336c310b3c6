"""CORP: the published values, another implementation, and what must hold on any rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from logitgate.evaluation.metrics import brier, log_loss
from logitgate.evaluation.probabilities import reliability
from logitgate.evaluation.probabilities.cox import fit_cox
from logitgate.evaluation.probabilities.reliability import Corp, consistency
from tests.evaluation.test_calibration import simulated
from tests.evaluation.test_cox import drawn, fit_default


@st.composite
def rows(draw):
    """Outcomes, one class or two, and probabilities with ties, zeros and ones."""
    size = draw(st.integers(1, 30))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    said = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    return y, np.array(said) / 12


def test_default_of_the_textbook():
    """Both decompositions of a fit on the odd rows of Default, on the even ones."""
    model, X, y = fit_default()
    corp = Corp.of(y, model.predict_proba(X)[:, 1])
    assert corp.brier() == pytest.approx((0.0194234, 0.00095563, 0.01138359, 0.02985136), abs=5e-8)
    assert corp.log_loss() == pytest.approx((0.07423345, 0.00415111, 0.06742980, 0.13751214), abs=5e-9)


def test_eight_rows_by_hand():
    """Two neighbours at a time are out of order and pooled, all but the first and the last."""
    corp = Corp.of(np.array([0, 1] * 4), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]))
    assert corp.rate.tolist() == [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]
    assert corp.blocks.tolist() == [0, 1, 7, 8]
    assert corp.brier() == pytest.approx((0.26125, 0.07375, 0.0625, 0.25), abs=1e-12)
    assert corp.log_loss().score == pytest.approx(0.71904808, abs=5e-9)


def test_agrees_with_model_diagnostics():
    """Scores, both decompositions and ties are those of the library, on Default and on rounded rows."""
    from model_diagnostics.scoring import LogLoss, SquaredError, decompose

    model, X, y = fit_default()
    other, score, _ = drawn()
    for outcome, said in ((y, model.predict_proba(X)[:, 1]), (other, expit(score).round(2).clip(0.01, 0.99))):
        corp = Corp.of(outcome, said)
        for found, scoring in ((corp.brier(), SquaredError()), (corp.log_loss(), LogLoss())):
            theirs = decompose(outcome, said, scoring_function=scoring).row(0, named=True)
            assert found._asdict() == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@given(rows())
@settings(deadline=None)
def test_the_parts_add_up(table):
    """Isotonic never lowers the in-sample score, no part is negative, and the score is the metric's."""
    y, said = table
    corp = Corp.of(y, said)
    for parts, metric in ((corp.brier(), brier), (corp.log_loss(), log_loss)):
        score, miscalibration, discrimination, uncertainty = parts
        assert min(miscalibration, discrimination, uncertainty) >= -1e-12
        assert score == pytest.approx(miscalibration - discrimination + uncertainty, abs=1e-12)
        assert score == pytest.approx(metric(y, said), abs=1e-12)
        assert score - miscalibration == pytest.approx(
            metric(y, corp.rate[np.searchsorted(corp.probability, said)]), abs=1e-9
        )
    assert (np.diff(corp.rate) >= 0).all()
    assert ((corp.rate >= 0) & (corp.rate <= 1)).all()


@given(rows(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_permuting_rows_changes_nothing(table, random):
    """Neither the fit nor the drawn bands know the order of the table."""
    y, said = table
    order = list(range(len(y)))
    random.shuffle(order)
    one, other = Corp.of(y, said), Corp.of(y[order], said[order])
    assert one.log_loss() == other.log_loss()
    for first, second in zip(_bands(one), _bands(other), strict=True):
        np.testing.assert_array_equal(first, second)


def _bands(corp):
    drawn_again = consistency(corp, seed=3, resamples=5)
    return drawn_again.low, drawn_again.high, drawn_again.brier, drawn_again.log_loss


def test_recalibrated_probabilities_have_no_miscalibration():
    """What the isotonic fit says is its own best recalibration, and ranks as well as before."""
    y, said = simulated(1, off=2.0)
    corp = Corp.of(y, said)
    again = Corp.of(y, corp.rate[np.searchsorted(corp.probability, said)])
    assert again.brier().miscalibration == pytest.approx(0, abs=1e-12)
    assert again.brier().discrimination == pytest.approx(corp.brier().discrimination, abs=1e-12)


def test_bands_cover_what_they_promise():
    """Of right probabilities about 95 % of the curve lies in its bands, and MCB stays under its null."""
    inside, under = [], []
    for seed in range(40):
        corp = Corp.of(*simulated(seed))
        chance = consistency(corp, seed)
        curve = corp.rate[np.searchsorted(corp.probability, chance.probability)]
        inside.append(((chance.low <= curve) & (curve <= chance.high)).mean())
        pairs = (corp.brier(), chance.brier), (corp.log_loss(), chance.log_loss)
        under.append([parts.miscalibration <= by_chance.high for parts, by_chance in pairs])
    assert 0.92 < np.mean(inside) < 0.98
    assert (np.mean(under, axis=0) > 0.87).all() and np.mean(under) < 1


def test_the_null_is_the_miscalibration_of_right_probabilities():
    """Its mean is what fresh outcomes of the same probabilities show on average."""
    _, said = simulated(5)
    random = np.random.default_rng(6)
    again = [Corp.of((random.random(len(said)) < said).astype(int), said) for _ in range(200)]
    chance = consistency(again[0], 7)
    assert chance.brier.mean == pytest.approx(np.mean([one.brier().miscalibration for one in again]), rel=0.1)
    assert chance.log_loss.mean == pytest.approx(
        np.mean([one.log_loss().miscalibration for one in again]), rel=0.1
    )
    assert chance.log_loss.high > chance.log_loss.mean > 0


def test_doubled_log_odds_leave_the_bands():
    """A model that is twice as sure as it may be is found, in the curve and in both miscalibrations."""
    corp = Corp.of(*simulated(2, 5_000, off=2.0))
    chance = consistency(corp, 0)
    curve = corp.rate[np.searchsorted(corp.probability, chance.probability)]
    assert ((curve < chance.low) | (curve > chance.high)).mean() > 0.5
    assert corp.brier().miscalibration > 2 * chance.brier.high
    assert corp.log_loss().miscalibration > 2 * chance.log_loss.high


def test_rare_events_need_the_log_loss():
    """At 3 % prevalence Brier's MCB prefers a model that calls the unlikely impossible; others do not."""
    random = np.random.default_rng(0)
    score = random.normal(-4.6, 1.5, 40_000)
    y = (random.random(len(score)) < expit(score)).astype(int)
    assert 0.02 < y.mean() < 0.04
    crushed, shifted = np.where(score < -4, 5 * score + 16, score), score + 0.35
    one, other = Corp.of(y, expit(crushed)), Corp.of(y, expit(shifted))
    assert 2 * one.brier().miscalibration < other.brier().miscalibration
    assert one.log_loss().miscalibration > 2 * other.log_loss().miscalibration
    assert fit_cox(y, crushed).joint_statistic > 2 * fit_cox(y, shifted).joint_statistic


def test_the_tail_is_not_coarse():
    """Bands are drawn at both ends, and neither the crowd nor the thin tail is left out."""
    said = np.r_[np.linspace(0.001, 0.01, 5_000), np.linspace(0.02, 0.9, 60)]
    at = consistency(Corp.of(np.arange(5_060) % 2, said), 0, resamples=2).probability
    assert (at[0], at[-1]) == (0.001, 0.9)
    assert (at < 0.01).sum() > 80
    assert (at > 0.02).sum() > 40


@pytest.mark.parametrize("only", [0, 1])
def test_a_single_class_is_certain(only):
    """Nothing to discriminate and no uncertainty: all of the score is miscalibration."""
    corp = Corp.of(np.full(6, only), np.linspace(0.2, 0.7, 6))
    for parts in (corp.brier(), corp.log_loss()):
        assert parts == (parts.score, parts.score, 0, 0)
        assert parts.score > 0


def test_certain_errors_are_clipped_as_in_the_log_loss():
    """One event at probability 0 costs 36 nats, not infinity; the recalibration knows better."""
    corp = Corp.of(np.array([0, 1, 1]), np.array([0.0, 0.0, 1.0]))
    assert corp.log_loss().score == pytest.approx(36.0437 / 3, abs=1e-4)
    assert corp.log_loss().miscalibration == pytest.approx(36.0437 / 3 - 2 * np.log(2) / 3, abs=1e-4)
    none = Corp.of(np.array([], dtype=int), np.array([]))
    chance = consistency(none, 0)
    assert np.isnan([*none.brier(), *none.log_loss(), *chance.brier, *chance.log_loss]).all()
    assert len(chance.probability) == len(chance.low) == len(chance.high) == 0


def test_groups_of_many_rows_reach_as_far_as_single_rows(monkeypatch):
    """Bands and miscalibrations by chance are those of outcomes drawn row by row, within their noise."""
    y, said = simulated(5, size=20_000)
    corp = Corp.of(y, said)
    by_row = consistency(corp, 1)
    monkeypatch.setattr(reliability, "MANY", 10_000)
    by_group = consistency(corp, 1)
    assert np.array_equal(by_group.probability, by_row.probability)
    inner = slice(10, -10)
    for one, other in ((by_group.low, by_row.low), (by_group.high, by_row.high)):
        assert np.abs(one - other)[inner].mean() < 0.1 * (by_row.high - by_row.low)[inner].mean()
    for one, other in ((by_group.brier, by_row.brier), (by_group.log_loss, by_row.log_loss)):
        assert one.mean == pytest.approx(other.mean, rel=0.1)
        assert one.high == pytest.approx(other.high, rel=0.15)
