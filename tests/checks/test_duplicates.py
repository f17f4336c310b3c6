"""Near duplicates: copies with a little noise are counted, and honest neighbours are not."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.leakage.duplicates import duplicate_findings, near_duplicates
from logitgate.data.sampling.blocks import Blocks
from logitgate.data.sampling.sample import Sample
from logitgate.findings import Status
from tests.checks.test_single_features import project

LIMITS = {"duplicate_share": 1.0, "contradictory_share": 1.0}


def parts(frame, y=None):
    """Cut rows into five blocks by their place; the outcomes are zeros and ones in turn if not given."""
    n = len(frame)
    outcomes = np.arange(n) % 2 if y is None else np.asarray(y)
    whole = Sample(frame, outcomes.astype(np.int8), np.arange(n).astype(str).astype(object))
    return Blocks(whole, np.arange(n) * 5 // n, in_time=True)


def typed(frame):
    """Return the table after rows of it were copied, with its own types."""
    return frame.astype(dict.fromkeys("abcde", float) | {"k": "category"})


def table(seed=0):
    """Return rows of five normal numbers and a category."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(400, 5)), columns=list("abcde"))
    frame["k"] = pd.Categorical(rng.choice(["u", "v"], 400))
    return frame


DECLARED = project(tuple("abcde"), ("k",), **LIMITS)


def test_independent_rows_are_no_near_duplicates():
    """Five numbers never come so close by chance; another category is another row, however close they are."""
    frame = table()
    assert not near_duplicates(parts(frame), DECLARED)[0].any()
    frame.loc[320, list("abcde")] = frame.loc[0, list("abcde")].to_numpy() + 1e-9
    frame.loc[320, "k"] = "u" if frame.loc[0, "k"] == "v" else "v"
    assert not near_duplicates(parts(frame), DECLARED)[0].any()


@pytest.mark.parametrize(("noise", "found"), [(1e-9, 20), (1e-3, 15), (0.1, 0)])
def test_copies_with_noise_are_found(noise, found):
    """All where the noise is nothing, most where it is small, none where it is a tenth of the spread."""
    frame, rng = table(), np.random.default_rng(1)
    frame.loc[320:339, list("abcde")] = frame.loc[:19, list("abcde")].to_numpy() + noise * rng.normal(
        size=(20, 5)
    )
    frame.loc[320:339, "k"] = frame.loc[:19, "k"].to_numpy()
    near, _ = near_duplicates(parts(frame), DECLARED)
    assert not near[:320].any() and not near[340:].any()
    assert near.sum() >= found if found else not near.any()


def test_a_border_of_the_grid_parts_no_copies():
    """The second grid joins what the first one parts."""
    frame = table()
    step = 0.01 * np.subtract(*np.quantile(frame["a"], (0.75, 0.25)))
    values = frame.loc[0, list("abcde")].to_numpy(float).copy()
    values[0] = 100 * step
    frame.loc[0, list("abcde")] = values
    frame.loc[320, list("abcde")] = [values[0] - 1e-7, *values[1:]]
    frame.loc[320, "k"] = frame.loc[0, "k"]
    assert near_duplicates(parts(frame), DECLARED)[0].any()


@pytest.mark.parametrize(("limit", "status"), [(4 / 320, Status.PASS), (0.001, Status.FAIL)])
def test_the_share_has_a_limit(limit, status):
    """Exact copies are counted by their own finding, not twice."""
    frame = table()
    frame.loc[320:325] = frame.loc[:5].to_numpy()
    frame = typed(frame)
    frame.loc[322:325, "a"] += 1e-9
    findings = shares(frame, project(tuple("abcde"), ("k",), near_duplicate_share=limit, **LIMITS))
    assert findings["duplicate rows"].figures["share"] == 2 / 320
    assert findings["near-duplicate rows"].figures["share"] == 4 / 320
    assert findings["near-duplicate rows"].status is status


def test_honest_neighbours_are_not_counted():
    """One number of 400 rows fills most cells by chance; a grid ten times as coarse says how many."""
    declared = project(("a",), (), near_duplicate_share=0.05, **LIMITS)
    assert near_duplicates(parts(table()), declared)[0].mean() > 0.5
    assert shares(table(), declared)["near-duplicate rows"].status is Status.PASS


def shares(frame, declared, y=None):
    """Return the findings by subject."""
    return {one.subject: one for one in duplicate_findings(parts(frame, y), declared)}


def test_a_share_at_its_limit_passes_and_says_so(wording):
    """What is allowed is reported without a remedy; what is not, with one; no chance where there is none."""
    frame = table()
    frame.loc[320:323] = frame.loc[:3].to_numpy()
    limits = {"contradictory_share": 1.0, "near_duplicate_share": 1.0}
    at, beyond = (
        shares(typed(frame), project(tuple("abcde"), ("k",), duplicate_share=limit, **limits))[
            "duplicate rows"
        ]
        for limit in (4 / 320, 3.9 / 320)
    )
    assert (at.check, at.status, at.figures) == ("leakage", Status.PASS, {"share": 4 / 320, "limit": 4 / 320})
    assert beyond.status is Status.FAIL
    wording(at, beyond)


def test_only_equal_rows_of_both_outcomes_contradict_each_other():
    """Of three pairs of equal rows, one holds two events, one none, and one both: 2 rows of 400."""
    frame, y = table(), np.zeros(400, dtype=np.int8)
    for first, second in ((0, 1), (2, 3), (4, 5)):
        frame.loc[second] = frame.loc[first]
    frame = typed(frame)
    y[[0, 1, 4]] = 1
    limits = {"duplicate_share": 1.0, "near_duplicate_share": 1.0}
    for limit, status in ((2 / 400, Status.PASS), (1.9 / 400, Status.FAIL)):
        declared = project(tuple("abcde"), ("k",), contradictory_share=limit, **limits)
        found = shares(frame, declared, y)["contradictory rows"]
        assert (found.status, found.figures["share"]) == (status, 2 / 400)


def test_what_chance_gives_is_granted_and_reported(wording):
    """One number of 400 rows, in a grid of a tenth of its spread; two standard errors are granted."""
    values = table()["a"].to_numpy()
    cells = pd.Series(np.floor(values / (0.1 * np.subtract(*np.quantile(values, (0.75, 0.25))))))
    block = np.arange(400) // 80
    others = [int(((cells == cell) & (block < own)).sum()) for cell, own in zip(cells, block, strict=True)]
    expected = (1 - np.exp(-0.15 * np.array(others[80:]))).mean()
    granted = 2 * np.sqrt(expected * (1 - expected) / 320)
    chance = near_duplicates(parts(table()), project(("a",), ()))[1]
    assert chance == pytest.approx(expected + granted, rel=1e-12)
    declared = project(("a",), (), near_duplicate_share=0.01, **LIMITS)
    got = shares(table(), declared)["near-duplicate rows"]
    assert got.figures["chance"] > 0
    wording(got)


@pytest.mark.parametrize("rare", [0.0, 0.06, 0.004])
def test_a_column_of_one_value_for_most_rows_is_still_measured(rare):
    """The spread is that of the middle, else of the tails, else of all; else each number counts."""
    frame = table().assign(a=5.0)
    some = np.linspace(0, 399, round(400 * 2 * rare)).astype(int)
    frame.loc[some, "a"] = np.linspace(0.0, 10.0, len(some))
    frame.loc[320] = frame.loc[1]
    frame = typed(frame)
    assert near_duplicates(parts(frame), DECLARED)[0].nonzero()[0].tolist() == [320]


def joined(a, first, second):
    """Tell whether two rows that agree but for one column are near-duplicates; `a` is its other values."""
    frame = table()
    frame["a"] = np.resize(a, 400).astype(float)
    frame.loc[320] = frame.loc[1]
    frame = typed(frame)
    frame.loc[1, "a"], frame.loc[320, "a"] = first, second
    return bool(near_duplicates(parts(frame), DECLARED)[0][320])


TAILS = [5.0] + [10.0] * 6 + [15.0]
"""Half of the rows and more are one value, and the tails lie 10 apart: a step is 0.1."""


FEW = np.where(np.isin(np.arange(400), [100, 101]), [0.0, 10.0] * 200, 5.0)
"""A few rows alone differ, by 10."""


@pytest.mark.parametrize(
    ("values", "first", "second", "near"),
    [
        *((TAILS, 6.01, second, near) for second, near in ((6.06, True), (6.19, False), (6.9, False))),
        *((FEW, 3.02, second, near) for second, near in ((3.04, True), (3.19, False))),
    ],
)
def test_a_step_is_a_hundredth_of_the_tails_or_of_all(values, first, second, near):
    """Where the middle, or the tails, are one value; neither an outlier nor missing cells widen it."""
    assert joined(values, first, second) is near
    if values is TAILS:
        far, holes = np.resize(TAILS, 400), np.resize(TAILS, 400)
        far[200], holes[np.arange(400) % 10 == 5] = 1e6, np.nan
        assert joined(far, first, second) is joined(holes, first, second) is near


def coarse(rows, sizes, seed=2):
    """Return rows of independent features with so many levels each, and outcomes that lean on the first."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: rng.integers(0, size, rows) for name, size in zip("abc", sizes, strict=False)}
    )
    return frame.astype(float), rng.random(rows) < 0.2 + 0.3 * (frame["a"] > 0)


@pytest.mark.parametrize("sizes", [(2, 2, 2), (4, 3, 2), (30, 30, 30), (60, 60)])
def test_what_coarse_features_repeat_by_construction_is_no_finding(sizes):
    """Nearly all rows have an equal one in another part and one of the other outcome."""
    declared = project(tuple("abc"[: len(sizes)]), ())
    findings = duplicate_findings(parts(*coarse(3_000, sizes)), declared)
    assert {one.status for one in findings} == {Status.PASS}


def test_copies_across_parts_are_found_in_a_coarse_table():
    """A sixth of the rows stand in the test part once more; as many with the other outcome contradict."""
    frame, y = coarse(3_000, (30, 30, 30))
    again = pd.concat([frame, frame.iloc[:600]], ignore_index=True)
    declared = project(tuple("abc"), ())
    for outcomes, contradicted in ((y[:600], Status.PASS), (~y[:600], Status.FAIL)):
        findings = shares(again, declared, np.concatenate([y, outcomes]))
        assert findings["duplicate rows"].status is Status.FAIL
        assert findings["contradictory rows"].status is contradicted
