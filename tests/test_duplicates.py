"""Near duplicates: copies with a little noise are counted, and honest neighbours are not."""

import numpy as np
import pandas as pd
import pytest

from logitgate.duplicates import duplicate_findings, near_duplicates
from logitgate.findings import Status
from logitgate.sample import Sample
from logitgate.split import Split
from tests.test_leakage import project

LIMITS = {"duplicate_share": 1.0, "contradictory_share": 1.0}


def parts(frame):
    """Part 400 rows by their place: 240 train, 40 calibrate, 40 threshold, 80 test."""
    n = len(frame)
    whole = Sample(frame, (np.arange(n) % 2).astype(np.int8), np.arange(n).astype(str).astype(object))
    return Split(*(whole.take(np.arange(a, b)) for a, b in ((0, 240), (240, 280), (280, 320), (320, 400))))


def table(seed=0):
    """Return rows of five normal numbers and a category."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(400, 5)), columns=list("abcde"))
    frame["k"] = pd.Categorical(rng.choice(["u", "v"], 400))
    return frame


DECLARED = project(tuple("abcde"), ("k",), **LIMITS)


def test_independent_rows_are_no_near_duplicates():
    """Five numbers never come so close by chance."""
    assert not near_duplicates(parts(table()), DECLARED)[0].any()


@pytest.mark.parametrize(("noise", "found"), [(1e-9, 20), (1e-3, 15), (0.1, 0)])
def test_copies_with_noise_are_found(noise, found):
    """All where the noise is nothing, most where it is small, none where it is a tenth of the spread."""
    frame, rng = table(), np.random.default_rng(1)
    frame.loc[320:339, list("abcde")] = frame.loc[:19, list("abcde")].to_numpy() + noise * rng.normal(
        size=(20, 5)
    )
    frame.loc[320:339, "k"] = frame.loc[:19, "k"].to_numpy()
    near, _ = near_duplicates(parts(frame), DECLARED)
    assert not near[20:].any()
    assert near[:20].sum() >= found if found else not near.any()


def test_another_category_is_another_row():
    """However close the numbers are."""
    frame = table()
    frame.loc[320, list("abcde")] = frame.loc[0, list("abcde")].to_numpy() + 1e-9
    frame.loc[320, "k"] = "u" if frame.loc[0, "k"] == "v" else "v"
    assert not near_duplicates(parts(frame), DECLARED)[0].any()


def test_a_border_of_the_grid_parts_no_copies():
    """The second grid joins what the first one parts."""
    frame = table()
    step = 0.01 * np.subtract(*np.quantile(frame["a"], (0.75, 0.25)))
    values = frame.loc[0, list("abcde")].to_numpy(float).copy()
    values[0] = 100 * step
    frame.loc[0, list("abcde")] = values
    frame.loc[320, list("abcde")] = [values[0] - 1e-7, *values[1:]]
    frame.loc[320, "k"] = frame.loc[0, "k"]
    assert near_duplicates(parts(frame), DECLARED)[0][0]


@pytest.mark.parametrize(("limit", "status"), [(4 / 80, Status.PASS), (0.01, Status.FAIL)])
def test_the_share_has_a_limit(limit, status):
    """Exact copies are counted by their own finding, not twice."""
    frame = table()
    frame.loc[320:325] = frame.loc[:5].to_numpy()
    frame["a"] = frame["a"].astype(float)
    frame.loc[322:325, "a"] += 1e-9
    declared = project(tuple("abcde"), ("k",), near_duplicate_share=limit, **LIMITS)
    typed = frame.astype(dict.fromkeys("abcde", float) | {"k": "category"})
    findings = {one.subject: one for one in duplicate_findings(parts(typed), declared)}
    assert findings["duplicate rows"].figures["share"] == 2 / 80
    assert findings["near-duplicate rows"].figures["share"] == 4 / 80
    assert findings["near-duplicate rows"].status is status


def test_honest_neighbours_are_not_counted():
    """One number of 400 rows fills most cells by chance; a grid ten times as coarse says how many."""
    declared = project(("a",), (), near_duplicate_share=0.05, **LIMITS)
    assert near_duplicates(parts(table()), declared)[0].mean() > 0.5
    findings = {one.subject: one for one in duplicate_findings(parts(table()), declared)}
    assert findings["near-duplicate rows"].status is Status.PASS
