from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from logitgate.evaluation.intervals import Units
from logitgate.evaluation.ranking.auc import group_aucs
from logitgate.evaluation.ranking.delong import delong

TUMOUR = Path(__file__).parents[2] / "data" / "tumour.csv"


@pytest.mark.parametrize(
    ("column", "auc", "error"),
    [
        ("mean_radius", 0.937516450881958, 0.010457255871058424),
        ("mean_texture", 0.7758244276046753, 0.019734312866399126),
        ("mean_fractal_dimension", 0.4845343232154846, 0.026294515047959724),
    ],
)
def test_the_error_is_delongs(column, auc, error):
    """As `delong_roc_variance` of confidenceinterval 1.0.5 finds on the tumours, in single precision."""
    rows = pd.read_csv(TUMOUR)
    everybody = np.zeros(len(rows), dtype=np.int64)
    y = (rows["diagnosis"] == "malignant").to_numpy(np.int64)
    found, low, high = group_aucs(Units.of(everybody, 1), everybody, rows[column].to_numpy(), y)
    assert (found.mean[0], found.error[0]) == pytest.approx((auc, error), rel=1e-6)
    assert 0 < low[0] < found.mean[0] < high[0] < 1


def drawn(seed=0, rows=600):
    """Return scores with ties, outcomes, groups and clusters."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(int)
    score = (random.normal(size=rows) + y).round(1)
    return score, y, random.integers(0, 3, rows), random.integers(0, 40, rows)


def by_the_book(score, y, cluster):
    """Return AUC and error by Obuchowski's formulas, written out pair by pair."""
    event, other = score[y == 1], score[y == 0]
    won = (event[:, None] > other) + (event[:, None] == other) / 2
    theta, m, n = won.mean(), len(event), len(other)
    own, foreign = won.mean(axis=1), won.mean(axis=0)
    s10 = s01 = s11 = 0.0
    for one in np.unique(cluster):
        here, there = cluster[y == 1] == one, cluster[y == 0] == one
        a, b = (own[here] - theta).sum(), (foreign[there] - theta).sum()
        s10, s01, s11 = s10 + a * a, s01 + b * b, s11 + a * b
    i10, i01, i = (len(np.unique(part)) for part in (cluster[y == 1], cluster[y == 0], cluster))
    s10, s01, s11 = s10 * i10 / ((i10 - 1) * m), s01 * i01 / ((i01 - 1) * n), s11 * i / (i - 1)
    return theta, np.sqrt(s10 / m + s01 / n + 2 * s11 / (m * n))


def test_clusters_count_as_obuchowski_has_it():
    """Each group by itself, in any order of the rows, with ties."""
    score, y, group, cluster = drawn()
    found, _, _ = group_aucs(Units.of(group, 3, cluster), group, score, y)
    for at in range(3):
        rows = group == at
        expected = by_the_book(score[rows], y[rows], cluster[rows])
        assert (found.mean[at], found.error[at]) == pytest.approx(expected, rel=1e-10)
        assert found.mean[at] == pytest.approx(roc_auc_score(y[rows], score[rows]), rel=1e-12)
    single = by_the_book(score, y, np.arange(600))
    alone = np.zeros(600, dtype=np.int64)
    assert single == pytest.approx([part[0] for part in _value(Units.of(alone, 1), alone, score, y)])


def test_the_error_is_that_of_the_test_of_two_scores():
    """Against a score that ranks nothing the comparison of two AUCs has the error of the one."""
    score, y, _, cluster = drawn(seed=3)
    everybody = np.zeros(600, dtype=np.int64)
    for known in (None, cluster):
        found, _, _ = group_aucs(Units.of(everybody, 1, known), everybody, score, y)
        compared = delong(y, score, np.zeros(600), known)
        assert found.mean[0] == pytest.approx(compared.first, rel=1e-12)
        assert (found.mean[0] - 0.5) / found.error[0] == pytest.approx(compared.z, rel=1e-10)


def _value(*arguments):
    found, _, _ = group_aucs(*arguments)
    return found.mean, found.error


def test_the_intervals_cover_what_they_claim():
    """Normal scores with a known AUC: about 95 of 100 intervals hold it, even with few events."""
    random, samples, rows = np.random.default_rng(5), 600, 200
    group = np.repeat(np.arange(samples), rows)
    y = (random.random(samples * rows) < 0.1).astype(int)
    score = random.normal(size=samples * rows) + 0.9538725524089 * y  # sqrt(2) * Phi^-1(.75)
    _, low, high = group_aucs(Units.of(group, samples), group, score, y)
    covered = ((low <= 0.75) & (high >= 0.75)).mean()
    assert 0.92 <= covered <= 0.985


def test_clusters_that_share_a_score_widen_the_interval():
    """Where the rows of a cluster move together, plain intervals miss the AUC far too often."""
    random, samples, rows, size = np.random.default_rng(6), 300, 600, 20
    group = np.repeat(np.arange(samples), rows)
    cluster = group * size + random.integers(0, size, samples * rows)
    y = (random.random(samples * rows) < 0.2).astype(int)
    shared = random.normal(size=(2, samples * size))[y, cluster]
    score = np.sqrt(0.7) * random.normal(size=samples * rows) + np.sqrt(0.3) * shared + 0.9538725524089 * y
    covered = []
    for known in (None, cluster):
        _, low, high = group_aucs(Units.of(group, samples, known), group, score, y)
        covered.append(((low <= 0.75) & (high >= 0.75)).mean())
    assert covered[0] < 0.75
    assert covered[1] > 0.9


def test_what_cannot_be_known_is_undefined():
    """One class, one event, a perfect order and nothing but ties have no interval."""
    group = np.repeat(np.arange(5), 6)
    y = np.concatenate([np.zeros(6), [1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], np.ones(6)])
    score = np.concatenate([np.arange(24.0), np.arange(6.0)])
    score[18:24] = 0.5
    found, low, high = group_aucs(Units.of(group, 6), group, score, y.astype(int))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    np.testing.assert_array_equal(found.mean, [np.nan, 0.0, 1.0, 0.5, np.nan, np.nan])
