"""Folds: nothing later is ever learned from, and a cluster is on one side only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.folds import Folds
from logitgate.errors import DataError


@given(n=st.integers(40, 300), count=st.integers(2, 10))
def test_each_fold_is_judged_after_all_it_learned_from(n, count):
    """In time order every learned row stands before every judged one, and all earlier rows are used."""
    y = np.arange(n) % 2
    folds = Folds.in_time(y, count)
    for fold in folds.parts:
        assert fold.train.tolist() == list(range(fold.judged.min()))
    judged = np.concatenate([fold.judged for fold in folds.parts])
    assert judged.tolist() == list(range(judged[0], n))
    assert len({len(fold.judged) for fold in folds.parts}) <= 2


@given(n=st.integers(100, 300), days=st.integers(20, 60), count=st.integers(2, 5))
def test_a_day_is_never_cut_between_learning_and_judging(n, days, count):
    """Rows of a cluster that reaches into the judged stretch are left out of what is learned."""
    day = np.arange(n) * days // n
    folds = Folds.in_time(np.arange(n) % 2, count, day)
    for fold in folds.parts:
        assert not set(day[fold.train]) & set(day[fold.judged])
        assert len(fold.train) >= fold.judged.min() - n // days - 1
    assert np.array_equal(folds.cluster, day)


def test_clusters_throughout_leave_nothing_to_learn_from():
    """When every cluster has rows at all times no fold can respect both, and that is said."""
    with pytest.raises(DataError, match="fold 1 learns from 0 rows"):
        Folds.in_time(np.arange(100) % 2, 4, np.arange(100) % 5)


def test_a_fold_of_one_class_is_refused():
    """If the early rows hold no event, no model can be learned from them."""
    with pytest.raises(DataError, match="fold 1 learns from 20 rows that hold fewer than two classes"):
        Folds.in_time(np.r_[np.zeros(25), np.arange(75) % 2], 4)


@given(seed=st.integers(0, 1000))
def test_shuffled_folds_judge_each_row_once_with_equal_shares_of_events(seed):
    """At random each row is judged exactly once, and each fold holds its share of events."""
    y = (np.arange(400) < 40).astype(np.int8)
    folds = Folds.at_random(y, 4, seed)
    assert sorted(np.concatenate([fold.judged for fold in folds.parts])) == list(range(400))
    for fold in folds.parts:
        assert not set(fold.train) & set(fold.judged)
        assert y[fold.judged].sum() == 10


def test_the_seed_decides():
    """The same seed parts the rows alike, another one differently."""
    y = np.arange(200) % 2
    first, again, other = (Folds.at_random(y, 4, seed).parts[0].judged for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shuffled_clusters_stay_whole():
    """At random, too, all rows of a cluster stand on one side."""
    cluster = np.arange(300) % 30
    y = np.random.default_rng(0).integers(2, size=300)
    folds = Folds.at_random(y, 3, 0, cluster)
    for fold in folds.parts:
        assert not set(cluster[fold.train]) & set(cluster[fold.judged])
    assert sorted(np.concatenate([fold.judged for fold in folds.parts])) == list(range(300))


def test_too_few_events_or_clusters_are_counted():
    """Fewer events, or clusters, than folds are refused with their number."""
    y = np.r_[1, 1, 1, np.zeros(50)].astype(int)
    with pytest.raises(DataError, match="3 rows of the rarer class for 4 folds"):
        Folds.at_random(y, 4, 0)
    with pytest.raises(DataError, match="2 clusters for 3 folds"):
        Folds.at_random(y, 3, 0, np.arange(53) % 2)
