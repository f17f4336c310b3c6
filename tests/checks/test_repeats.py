"""Copies under new ids are one cluster; rows that coarse features make equal are what they are."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.leakage.equal_rows import EqualRows
from logitgate.checks.leakage.repeats import copied_rows, one_cluster, repeat_findings
from logitgate.data.sampling.sample import Sample
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
    """Return the rows with outcomes that follow from them."""
    y = (frame["a"].to_numpy() > frame["a"].median()).astype(np.int8)
    return Sample(frame, y, np.arange(len(frame)).astype(str).astype(object), cluster=cluster)


@pytest.mark.parametrize("times", [2, 10])
def test_copies_of_fine_rows_are_one_cluster_each(times):
    """However often, and however they are ordered."""
    frame = pd.concat([fine(480)] * times, ignore_index=True).sample(frac=1, random_state=3)
    split = parted(frame.reset_index(drop=True))
    (finding,) = repeat_findings(copied_rows(split, DECLARED), DECLARED)
    assert (finding.status, finding.figures["share"], finding.figures["copied_as"]) == (Status.WARN, 1, 480)
    joined = one_cluster(split, copied_rows(split, DECLARED))
    assert len(np.unique(joined.cluster)) == 480
    assert joined.frame.groupby(joined.cluster)["a"].nunique().eq(1).all()


def test_copies_join_the_clusters_that_they_stand_in():
    """Two days that share a copy fail together; the others stay apart."""
    frame = fine(100)
    frame = pd.concat([fine(309, seed=2), frame, frame.iloc[:3]], ignore_index=True)
    days = np.r_[np.full(309, 99), np.arange(100) // 10, [4, 4, 7]]
    split = parted(frame, days)
    joined = one_cluster(split, copied_rows(split, DECLARED)).cluster[309:]
    days = days[309:]
    same = pd.Series(joined).groupby(days).agg(["nunique", "first"])
    assert same["nunique"].eq(1).all() and same["first"].nunique() == 8
    assert same["first"][0] == same["first"][4] == same["first"][7]


@pytest.mark.parametrize("rows", [500, 5_000, 20_000])
def test_coarse_rows_are_equal_by_chance(rows):
    """A quarter of a census and more, and nothing is found or clustered; tenfold copies are."""
    split = parted(coarse(rows))
    found = EqualRows.of(coarse(rows)).matches(split.y)
    assert rows < 5_000 or found.matched.mean() > 0.24
    assert list(repeat_findings(copied_rows(split, DECLARED), DECLARED)) == []
    assert one_cluster(split, copied_rows(split, DECLARED)) is split
    if rows == 500:
        assert copied_rows(parted(pd.concat([coarse(400)] * 10, ignore_index=True)), DECLARED) is not None


def levels(rows, sizes, seed=1):
    """Return rows of independent columns with so many levels each."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"x{place}": rng.integers(0, size, rows) for place, size in enumerate(sizes)})


def correlated(rows, columns, seed=1):
    """Return rows of binary columns that share much of their luck."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, 1)) + rng.normal(size=(rows, columns)) > 0.5).astype(float)


def mostly_zero(rows, seed=1):
    """Return rows of six counts, nine tenths of them zero."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(np.where(rng.random((rows, 6)) < 0.9, 0, rng.normal(size=(rows, 6)).round(1)))


def empty_or_not(rows, seed=1):
    """Return rows of which six in ten are zero but for a cell now and then, and the others fine."""
    rng = np.random.default_rng(seed)
    empty = rng.random((rows, 6)) < 0.98 * (rng.random((rows, 1)) < 0.6)
    return pd.DataFrame(np.where(empty, 0, rng.normal(size=(rows, 6))))


def copied(frame, share):
    """Return the rows, and a share of them once more under new ids."""
    return pd.concat([frame, frame.sample(frac=share, random_state=1)], ignore_index=True)


COARSE = {
    "one binary": lambda rows: levels(rows, (2,)),
    "three binary": lambda rows: levels(rows, (2, 2, 2)),
    "twelve binary": lambda rows: levels(rows, (2,) * 12),
    "correlated": lambda rows: correlated(rows, 6),
    "three levels": lambda rows: levels(rows, (3, 4, 5)),
    "many levels": lambda rows: levels(rows, (20, 30, 10)),
    "yet more levels": lambda rows: levels(rows, (50, 60, 10, 2)),
    "mostly zero": mostly_zero,
    "empty or not": empty_or_not,
    "census": coarse,
}


@pytest.mark.parametrize("rows", [500, 5_000])
@pytest.mark.parametrize("name", COARSE)
def test_chance_explains_what_coarse_features_repeat(name, rows):
    """Equal rows, equal rows of one outcome and of both: none goes beyond what chance may give."""
    rng = np.random.default_rng(5)
    frame = COARSE[name](rows)
    y = (rng.random(rows) < 0.2 + 0.4 * (frame.iloc[:, 0].to_numpy() > 0)).astype(int)
    equal = EqualRows.of(frame)
    for found in (equal.matches(), equal.matches(y), equal.matches(y, opposite=True)):
        assert found.matched.mean() <= found.share_by_chance() + 0.01


@pytest.mark.parametrize(
    ("name", "rows", "share"),
    [
        ("yet more levels", 500, 0.1),
        ("yet more levels", 5_000, 0.1),
        ("many levels", 5_000, 0.2),
        ("census", 500, 0.2),
        ("census", 5_000, 0.2),
        ("twelve binary", 500, 0.2),
    ],
)
def test_copies_in_coarse_tables_exceed_chance(name, rows, share):
    """As long as not nearly every row has an equal one anyway."""
    found = EqualRows.of(copied(COARSE[name](rows), share)).matches()
    assert found.matched.mean() > found.share_by_chance() + 0.01


def test_what_chance_gives_is_about_what_is_found():
    """On independent columns the expected share is near the share of rows with an equal one."""
    for sizes in ((20, 30, 10), (50, 60, 10, 2), (2,) * 12):
        found = EqualRows.of(levels(5_000, sizes)).matches()
        assert found.chance.mean() == pytest.approx(found.matched.mean(), abs=0.03)


def test_labels_choose_the_partners():
    """Equal rows count where the label is the same, or another one; one feature alone says nothing."""
    frame = pd.DataFrame({"a": [1.0, 1.0, 1.0, 2.0], "b": list("uuuv")})
    label = np.array([0, 0, 1, 1])
    equal = EqualRows.of(frame)
    assert equal.matches().found.tolist() == [2, 2, 2, 0]
    assert equal.matches(label).found.tolist() == [1, 1, 0, 0]
    assert equal.matches(label, opposite=True).found.tolist() == [1, 1, 2, 0]
    assert not EqualRows.of(pd.DataFrame({"a": np.tile([1.0, 2.0], 50)})).matches().copies.any()


def test_values_that_are_written_differently_are_equal():
    """Zeros of both signs, every kind of missing cell, and the same level of another order of categories."""
    frame = pd.DataFrame({"a": [0.0, -0.0, np.nan, -np.nan, 1.0], "b": ["u", "u", None, np.nan, "u"]})
    assert EqualRows.of(frame).matches().found.tolist() == [1, 1, 1, 1, 0]


def test_copies_of_fine_rows_are_found():
    """Copies of fine rows are found where no other two rows share a value."""
    assert EqualRows.of(copied(fine(1_000), 0.05)).matches().copies.sum() == 100


@pytest.mark.parametrize("seed", range(12))
def test_rows_that_are_not_compared_change_nothing(seed):
    """Fine rows with near copies, each of which differs in a column or two: chance is that of all rows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(300, 7)).round(1), columns=list("abcdefg"))
    near = frame.iloc[:60].copy()
    for row in range(60):
        for column in rng.choice(7, rng.integers(1, 3), replace=False):
            near.iloc[row, column] = frame.iloc[rng.integers(300), column]
    frame = pd.concat([frame, near], ignore_index=True)
    some, every = EqualRows.of(frame), EqualRows.of(frame)
    vars(every)["_rows"] = np.arange(len(frame))
    assert 60 <= len(some._rows) < len(frame)
    assert np.array_equal(some.matches().expected, every.matches().expected)
    assert every.matches().expected.any()
