"""Test windows: which decisions share one, and what is left of alpha."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.sampling.sample import Sample
from logitgate.gates.rules.alpha_spending import LookWindow, spent, spent_on_rules


def window(first, days, *, start=0):
    """Return the window of a row a day."""
    at = np.datetime64(first, "us") + np.arange(days) * np.timedelta64(1, "D")
    ids = np.arange(start, start + days).astype(str).astype(object)
    return LookWindow.of(Sample(pd.DataFrame(index=range(days)), np.zeros(days, dtype=np.int8), ids, at))


def timeless(ids):
    """Return the window of rows without a time."""
    names = np.array(ids, dtype=object)
    return LookWindow.of(
        Sample(pd.DataFrame(index=range(len(ids))), np.zeros(len(ids), dtype=np.int8), names)
    )


@given(st.floats(0.001, 0.499), st.integers(2, 3_000))
def test_the_first_training_has_all_of_alpha_against_the_rules(alpha, decisions):
    """All together, however many, at most twice as much; each further one less than the one before."""
    shares = [spent_on_rules(alpha, k) for k in range(1, decisions + 1)]
    assert shares[0] == pytest.approx(alpha)
    assert sum(shares) < 2 * alpha
    assert all(before > after > 0 for before, after in pairwise(shares))


@given(st.floats(0.001, 0.499), st.integers(1, 3_000))
def test_all_decisions_together_spend_at_most_alpha(alpha, decisions):
    """And nearly all of it when there are many: alpha (1 - 1/(k + 1))."""
    shares = [spent(alpha, k) for k in range(1, decisions + 1)]
    assert sum(shares) == pytest.approx(alpha * (1 - 1 / (decisions + 1)))
    assert sum(shares) < alpha
    assert all(before > after > 0 for before, after in pairwise(shares))


def test_decisions_are_counted_from_one():
    """The first spends half, the second a sixth; there is no decision before the first."""
    assert spent(0.05, 1) == 0.025
    assert spent(0.05, 2) == pytest.approx(0.05 / 6)
    for k in (0, -1):
        with pytest.raises(ValueError, match="from 1"):
            spent(0.05, k)


@pytest.mark.parametrize(
    ("first", "days", "worn"),
    [
        ("2021-03-01", 11, True),
        ("2021-03-06", 11, True),
        ("2021-03-07", 11, False),
        ("2021-02-24", 11, True),
        ("2021-02-23", 11, False),
        ("2021-04-01", 11, False),
        ("2021-01-01", 300, True),
        ("2021-03-04", 1, True),
        ("2021-03-12", 1, False),
    ],
)
def test_windows_that_share_half_of_the_shorter_one_overlap(first, days, worn):
    """Ten days from the first of March against others, both ways; the rows' ids play no part."""
    march, other = window("2021-03-01", 11), window(first, days, start=700)
    assert march.overlaps(other.tags()) is worn
    assert other.overlaps(march.tags()) is worn


def test_the_same_rows_are_the_same_window():
    """Without a time, nothing but the very same set of rows is; with one, it is enough."""
    one = timeless(["a", "b", "c"])
    assert one.overlaps(timeless(["c", "a", "b"]).tags())
    assert not one.overlaps(timeless(["a", "b"]).tags())
    assert not one.overlaps(window("2021-03-01", 3).tags())
    assert (one.first, one.last, one.rows) == ("", "", 3)


@pytest.mark.parametrize("name", ["test_first", "test_last"])
@pytest.mark.parametrize("forged", [None, "soon", "NaT", ""])
def test_what_cannot_be_read_counts(name, forged):
    """A tag that was removed or overwritten saves no alpha."""
    got = {"test_first": "2020-01-01", "test_last": "2020-01-09", "test_digest": "other"}
    assert not window("2021-03-01", 11).overlaps(got)
    broken = got | {name: forged} if forged is not None else {key: got[key] for key in got if key != name}
    assert window("2021-03-01", 11).overlaps(broken)


def test_no_rows_have_no_span():
    """They share time with none, and are the same as no rows."""
    none = window("2021-03-01", 0)
    assert (none.first, none.last, none.rows) == ("", "", 0)
    assert not none.overlaps(window("2021-03-01", 3).tags()) and none.overlaps(none.tags())


def test_tags_say_when_and_how_many():
    """A person reads them in the list of runs."""
    tags = window("2021-03-01", 11).tags()
    assert tags["test_first"] == "2021-03-01T00:00:00.000000"
    assert tags["test_last"] == "2021-03-11T00:00:00.000000"
    assert tags["test_rows"] == "11" and len(tags["test_digest"]) == 64
