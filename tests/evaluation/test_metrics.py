import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from logitgate.evaluation.metrics import ScoreGroups, brier, log_loss, log_losses
from logitgate.evaluation.ranking.auc import auc
from logitgate.evaluation.ranking.average_precision import average_precision
from tests.wording import refusal

Y = np.array([0, 1] * 4)
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])


@st.composite
def weighted_rows(draw):
    """Outcomes of both classes, tied probabilities from 0 to 1, and weights."""
    rows = draw(st.integers(2, 25))
    y = np.array([0, 1] + [draw(st.integers(0, 1)) for _ in range(rows - 2)])
    probability = np.array([draw(st.integers(0, 8)) / 8 for _ in range(rows)])
    weight = np.array([float(draw(st.integers(1, 5))) for _ in range(rows)])
    return y, probability, weight


def ranks(y, score, weight=None):
    """Return AUC and average precision."""
    counts = ScoreGroups.of(score).counts(y, weight)
    return auc(*counts), average_precision(*counts)


def test_textbook_rows():
    """Eight rows with known Brier score, log loss and AUC."""
    assert brier(Y, SCORE) == pytest.approx(0.26125, abs=1e-12)
    assert log_loss(Y, SCORE) == pytest.approx(0.71904808, abs=5e-9)
    assert ranks(Y, SCORE)[0] == 0.625


@given(weighted_rows())
@settings(deadline=None)
def test_agrees_with_scikit_learn(rows):
    """All four metrics, with weights, ties and certain probabilities."""
    y, probability, weight = rows
    found = (*ranks(y, probability, weight), log_loss(y, probability, weight), brier(y, probability, weight))
    expected = (
        sklearn_metrics.roc_auc_score(y, probability, sample_weight=weight),
        sklearn_metrics.average_precision_score(y, probability, sample_weight=weight),
        sklearn_metrics.log_loss(y, probability, sample_weight=weight, labels=[0, 1]),
        sklearn_metrics.brier_score_loss(y, probability, sample_weight=weight),
    )
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)
    unweighted = (*ranks(y, probability), log_loss(y, probability), brier(y, probability))
    ones = np.ones(len(y))
    assert unweighted == pytest.approx(
        (*ranks(y, probability, ones), log_loss(y, probability, ones), brier(y, probability, ones)), rel=1e-14
    )


@given(weighted_rows())
def test_doubling_rows_equals_weight_two(rows):
    """A weight is how often a row is there; none at all is weight zero."""
    y, probability, weight = rows
    often = np.repeat(np.arange(len(y)), weight.astype(int))
    found = (*ranks(y, probability, weight), log_loss(y, probability, weight), brier(y, probability, weight))
    repeated = y[often], probability[often]
    assert found == pytest.approx((*ranks(*repeated), log_loss(*repeated), brier(*repeated)), rel=1e-12)
    doubled = np.r_[y, y], np.r_[probability, probability]
    absent = np.r_[np.ones(len(y)), np.zeros(len(y))]
    assert ranks(np.r_[y, 1 - y], doubled[1], absent) == pytest.approx(ranks(y, probability), rel=1e-12)


@given(weighted_rows(), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(rows, random):
    """The order of the rows in a table is no information."""
    order = list(range(len(rows[0])))
    random.shuffle(order)
    y, probability, weight = rows
    shuffled = y[order], probability[order], weight[order]
    assert ranks(*shuffled) == pytest.approx(ranks(*rows), rel=1e-12)
    assert log_loss(*shuffled) == pytest.approx(log_loss(*rows), rel=1e-12)


def test_what_is_undefined_is_nan():
    """AUC of one class, also where only weights leave one; precision about no events; a mean of no rows."""
    for only in (0, 1):
        assert np.isnan(ranks(np.full(8, only), SCORE)[0])
        assert np.isnan(ranks(Y, SCORE, np.where(only == Y, 1.0, 0.0))[0])
    assert np.isnan(ranks(np.zeros(8, dtype=int), SCORE)[1])
    nothing = np.array([], dtype=int), np.array([])
    assert np.isnan([*ranks(*nothing), log_loss(*nothing), brier(*nothing)]).all()
    assert np.isnan(log_loss(Y, SCORE, np.zeros(8)))


def test_a_certain_error_costs_thirty_six_nats():
    """Probabilities are clipped to one machine epsilon from 0 and 1, on both sides alike."""
    assert log_losses(np.array([1, 0]), np.array([0.0, 1.0])) == pytest.approx([36.0437, 36.0437], abs=1e-4)
    assert log_losses(np.array([1, 0]), np.array([1.0, 0.0])) == pytest.approx([0.0, 0.0], abs=1e-15)


def test_a_missing_score_is_refused(wording):
    """A row without a score has no place in the order."""
    wording(refusal(ValueError, ScoreGroups.of, np.array([0.1, np.nan])))
