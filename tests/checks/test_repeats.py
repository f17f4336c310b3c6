"""Copies under new ids are one cluster; rows that coarse features make equal are what they are."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.leakage.repeats import equals, one_cluster, repeat_findings
from logitgate.data.sample import Sample
from logitgate.data.split import Split
from logitgate.findings import Status
from tests.checks.test_single_features import project


def fine(rows, seed=1):
    """Return rows of continuous numbers and a category."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("abc"))
    return frame.assign(k=pd.Categorical(rng.choice(["u", "v"], rows)))


def coarse(rows, seed=1):
    """Return rows like a census': ages in years, round hours, few levels that depend on each other."""
    rng = np.random.default_rng(seed)
    age, school = (
        rng.integers(17, 80, rows),
        rng.choice(8, rows, p=[0.4, 0.2, 0.15, 0.1, 0.06, 0.04, 0.03, 0.02]),
    )
    hours = np.where(rng.uniform(size=rows) < 0.5, 40, rng.integers(10, 80, rows) // 5 * 5)
    work = school // 3 * 3 + rng.integers(0, 4, rows)
    return pd.DataFrame(
        {
            "a": age.astype(float),
            "b": hours.astype(float),
            "c": school.astype(float),
            "k": pd.Categorical([f"w{number}" for number in work]),
        }
    )


DECLARED = project(tuple("abc"), ("k",))


def parted(frame, cluster=None):
    """Put the rows into each of the four parts, with outcomes that follow from the rows."""
    y = (frame["a"].to_numpy() > frame["a"].median()).astype(np.int8)
    ids = np.arange(len(frame)).astype(str).astype(object)
    return Split(*(Sample(frame, y, ids, cluster=cluster) for _ in range(4)))


@pytest.mark.parametrize("times", [2, 10])
def test_copies_of_fine_rows_are_one_cluster_each(times):
    """However often, and however they are ordered."""
    frame = pd.concat([fine(120)] * times, ignore_index=True).sample(frac=1, random_state=3)
    split = parted(frame.reset_index(drop=True))
    findings = list(repeat_findings(split, DECLARED))
    assert [one.subject for one in findings] == [f"equal rows in {name}" for name, _ in split]
    assert all(one.status is Status.WARN and one.figures["share"] == 1 for one in findings)
    assert all(one.figures["copied_as"] == 120 for one in findings)
    joined = one_cluster(split, DECLARED)
    assert len(np.unique(joined.test.cluster)) == 120
    assert joined.test.frame.groupby(joined.test.cluster)["a"].nunique().eq(1).all()


def test_copies_join_the_clusters_that_they_stand_in():
    """Two days that share a copy fail together; the others stay apart."""
    frame = fine(100)
    frame = pd.concat([frame, frame.iloc[:3]], ignore_index=True)
    days = np.r_[np.arange(100) // 10, [4, 4, 7]]
    joined = one_cluster(parted(frame, days), DECLARED).test.cluster
    same = pd.Series(joined).groupby(days).agg(["nunique", "first"])
    assert same["nunique"].eq(1).all() and same["first"].nunique() == 8
    assert same["first"][0] == same["first"][4] == same["first"][7]


@pytest.mark.parametrize("rows", [500, 5_000, 20_000])
def test_coarse_rows_are_equal_by_chance(rows):
    """A quarter of a census and more, and nothing is found; nor is anything clustered."""
    split = parted(coarse(rows))
    found = equals(split.test.frame, [split.test.y])
    assert rows < 5_000 or found.repeated.mean() > 0.24
    assert list(repeat_findings(split, DECLARED)) == []
    assert one_cluster(split, DECLARED) == split or one_cluster(split, DECLARED).test.cluster is None


def test_copies_among_coarse_rows_are_found():
    """Tenfold copies have not the neighbours that would explain them."""
    frame = pd.concat([coarse(400)] * 10, ignore_index=True)
    assert {one.subject for one in repeat_findings(parted(frame), DECLARED)} >= {"equal rows in test"}


def test_one_feature_alone_says_nothing():
    """Equal values of a single column are no copies."""
    frame = pd.DataFrame({"a": np.tile([1.0, 2.0], 50)})
    assert not equals(frame).copies.any()
