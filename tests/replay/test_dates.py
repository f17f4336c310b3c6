"""When a replayed history trains."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.errors import ProjectError
from logitgate.replay.dates import Cadence, Dates, default_since


def at(year, month, day=1, hour=0):
    """Return a moment in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "written"),
    [("1 month", "1 month"), (" 3 months", "3 months"), ("14 days", "2 weeks"), ("36 hours", "36 hours")],
)
def test_a_cadence_is_read_and_written(text, written):
    """What it is written as means the same."""
    assert str(Cadence.of(text)) == written
    assert Cadence.of(written) == Cadence.of(text)


@pytest.mark.parametrize("text", ["", "monthly", "0 months", "0 days", "-1 day", "1 year", "1.5 months"])
def test_no_span_of_time_is_refused(text):
    """With the option and how to write it."""
    with pytest.raises(ProjectError, match="--every"):
        Cadence.of(text)


def test_months_follow_the_calendar():
    """The 31st becomes the last day of a shorter month, and the 31st again after it."""
    every, start = Cadence.of("1 month"), at(2023, 12, 31)
    days = [every.after(start, step) for step in range(4)]
    assert days == [start, at(2024, 1, 31), at(2024, 2, 29), at(2024, 3, 31)]


@given(st.integers(1, 40), st.integers(0, 400), st.integers(1, 3_000))
def test_periods_follow_each_other_without_a_gap(step, offset, length):
    """They begin at the first date and end at the end."""
    since = at(2020, 1) + timedelta(hours=offset)
    until = since + timedelta(hours=length)
    dates = Dates.between(Cadence(span=timedelta(hours=step + 5)), since, until)
    assert dates.periods[0][0] == since and dates.periods[-1][1] == until
    assert all(one[1] == other[0] for one, other in zip(dates.periods, dates.periods[1:], strict=False))
    assert all(start < end for start, end in dates.periods)


def test_a_history_that_ends_before_it_begins_is_refused():
    """And so is one with more dates than anybody waits for."""
    with pytest.raises(ProjectError, match="--since"):
        Dates.between(Cadence.of("1 month"), at(2021, 2), at(2021, 2))
    with pytest.raises(ProjectError, match="--every"):
        Dates.between(Cadence.of("1 minute"), at(2021, 2), at(2021, 4))


@pytest.mark.parametrize(
    ("every", "window", "first"),
    [
        ("1 month", timedelta(days=120), at(2013, 5)),
        ("1 month", timedelta(days=121), at(2013, 6)),
        ("1 week", timedelta(days=30), at(2013, 1, 31)),
        ("1 month", None, at(2013, 6)),
    ],
)
def test_the_first_date_has_a_whole_window_behind_it(every, window, first):
    """Whatever the hour of the first row; without a window it is a third of the history."""
    found = default_since(Cadence.of(every), at(2013, 1, 1, 10), at(2013, 12, 31, 23), window)
    assert found == first
