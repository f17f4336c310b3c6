"""Two AUCs: the published value, the slow formulas, and what must not depend on anything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from logitgate.evaluation.ranking.delong import delong

# 113 patients after an aneurysmal subarachnoid haemorrhage (data set aSAH of the R package pROC 1.18):
# by outcome and grade (World Federation of Neurosurgical Societies), the S100 beta in hundredths of ug/l.
_GOOD = {
    1: "4 4 4 4 5 5 6 6 7 7 7 7 8 8 8 8 9 9 9 9 10 10 10 10 11 11 13 13 14 14 14 15 16 18 19 48 50",
    2: "4 7 8 8 9 9 10 10 10 11 11 13 14 15 15 15 16 17 19 43",
    3: "5 7 33",
    4: "16 17 28 32 34 38 45 47",
    5: "24 46 47 50",
}
_POOR = {
    1: "7 8",
    2: "7 7 9 9 10 10 11 14 25 30 41 58",
    3: "13",
    4: "13 16 23 26 27 48 71 96",
    5: "3 12 22 32 33 35 44 44 49 52 56 70 71 74 77 82 86 207",
}
ASAH = np.array(
    [
        (poor, grade, int(level) / 100)
        for poor, patients in enumerate((_GOOD, _POOR))
        for grade, levels in patients.items()
        for level in levels.split()
    ]
)


def drawn(seed, rows=60):
    """Return outcomes, two coarse scores and clusters."""
    random = np.random.default_rng(seed)
    y = np.concatenate([[0, 1], random.integers(0, 2, rows - 2)])
    scores = (y + random.normal(0, 1.5, (2, rows))).round(1)
    return y, *scores, random.integers(0, rows // 3, rows)


def test_the_published_value_is_met():
    """``roc.test(roc(outcome ~ wfns), roc(outcome ~ s100b))`` of pROC."""
    y, grade, level = ASAH.T
    found = delong(y.astype(int), grade, level)
    assert (len(y), int(y.sum())) == (113, 41)
    assert found.z == pytest.approx(2.20898359144091, abs=1e-13)
    assert found.p_value == pytest.approx(0.0271757822291882, abs=1e-14)
    assert (found.first, found.second) == pytest.approx((0.8236789, 0.7313686), abs=1e-7)
    assert 0 < found.difference.low < found.difference.value < found.difference.high


@given(st.integers(0, 10_000))
def test_the_midranks_agree_with_the_slow_formula(seed):
    """Every event against every other row, the clusters as Obuchowski sums them."""
    y, first, second, cluster = drawn(seed)
    event = y == 1
    pairs = [np.sign(score[event][:, None] - score[~event][None, :]) / 2 + 0.5 for score in (first, second)]
    apart = pairs[0] - pairs[1]
    for code in (None, cluster):
        found = delong(y, first, second, code)
        assert found.first == pytest.approx(roc_auc_score(y, first))
        assert found.second == pytest.approx(roc_auc_score(y, second))
        assert found.z == pytest.approx(_slow_z(apart, event, np.arange(len(y)) if code is None else code))


def _slow_z(apart, event, cluster):
    ids = np.unique(cluster)
    by_event = [apart.mean(axis=1)[cluster[event] == one] - apart.mean() for one in ids]
    by_other = [apart.mean(axis=0)[cluster[~event] == one] - apart.mean() for one in ids]
    sums = np.array([[part.sum() for part in parts] for parts in (by_event, by_other)])
    used = np.array([sum(len(part) > 0 for part in parts) for parts in (by_event, by_other)])
    rows = np.array([event.sum(), (~event).sum()])
    variance = (used / (used - 1) * (sums**2).sum(axis=1) / rows**2).sum()
    variance += 2 * len(ids) / (len(ids) - 1) * (sums[0] @ sums[1]) / rows.prod()
    return apart.mean() / np.sqrt(variance)


@given(st.integers(0, 10_000))
def test_a_score_against_itself_differs_by_nothing(seed):
    """Z is 0 and p is 1, whatever increasing change of scale was made."""
    y, first, _, cluster = drawn(seed)
    for code in (None, cluster):
        found = delong(y, first, 3 * first + 7, code)
        assert (found.z, found.p_value, found.difference.value) == (0.0, 1.0, 0.0)


@given(st.integers(0, 10_000))
def test_the_order_of_scores_and_rows(seed):
    """Swapping the scores flips the sign; permuting rows, or renaming clusters, changes nothing."""
    y, first, second, cluster = drawn(seed)
    found, swapped = delong(y, first, second, cluster), delong(y, second, first, cluster)
    assert swapped.z == pytest.approx(-found.z, abs=1e-12)
    assert swapped.p_value == pytest.approx(found.p_value)
    order = np.random.default_rng(seed).permutation(len(y))
    again = delong(y[order], first[order], second[order], 900 - 3 * cluster[order])
    assert (again.z, again.first) == pytest.approx((found.z, found.first))


@given(st.integers(0, 10_000))
def test_rows_written_twice_are_no_evidence(seed):
    """As clusters of two they leave Z as it was; taken for independent they would inflate it."""
    y, first, second, _ = drawn(seed)
    once = delong(y, first, second)
    twice = [np.repeat(values, 2) for values in (y, first, second)]
    assert delong(*twice, np.repeat(np.arange(len(y)), 2)).z == pytest.approx(once.z)
    assert abs(delong(*twice).z) >= abs(once.z) - 1e-12


def test_clusters_keep_the_error_rate():
    """Two scores with good and bad days: five in a hundred are distinguished, without clusters many more."""
    got = np.zeros(2)
    samples = 600
    for seed in range(samples):
        random = np.random.default_rng(seed)
        day = np.repeat(np.arange(40), 10)
        y = (random.random(400) < 0.4).astype(int)
        first, second = y + random.normal(0, 1, (2, 400)) + y * random.normal(0, 1, (2, 40))[:, day]
        got += [delong(y, first, second, code).p_value < 0.05 for code in (day, None)]
    assert 0.025 * samples < got[0] < 0.08 * samples
    assert got[1] > 2 * got[0]


def test_what_cannot_be_tested_is_not_a_number():
    """One class, or one cluster of a class: neither Z nor p. All right against all wrong is certain."""
    y, first, second, _ = drawn(1)
    assert np.isnan(delong(np.ones(60, dtype=int), first, second).first)
    alone = delong(y, first, second, np.zeros(60, dtype=int))
    assert np.isnan([alone.z, alone.p_value, alone.difference.low]).all()
    assert alone.first == delong(y, first, second).first
    with pytest.raises(ValueError, match="1 of 60 rows"):
        delong(y, np.where(np.arange(60) == 3, np.nan, first), second)
    sure = delong(y, y.astype(float), -y.astype(float))
    assert (sure.difference.value, sure.z, sure.p_value) == (1.0, np.inf, 0.0)
