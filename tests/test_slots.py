"""Slots: clocks that jump either way, and clocks that are set back."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.slots import due, outstanding, problem, slots

NEW_YORK = "America/New_York"


def at(text):
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(cron, first, last, zone=NEW_YORK):
    """Return the slots between two moments, as text."""
    return [f"{slot:%m-%d %H:%M}" for slot in due(cron, zone, (at(first), at(last)))]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2013-03-09 12:00", "2013-03-12 00:00", ["03-10 07:00", "03-11 06:30"]),
        ("2013-11-02 12:00", "2013-11-05 00:00", ["11-03 07:30", "11-04 07:30"]),
    ],
)
def test_an_hour_that_the_clocks_skip_comes_once(first, last, expected):
    """02:30 does not exist on one Sunday in March: it is done at the jump, once."""
    assert days("30 2 * * *", first, last) == expected


def test_an_hour_that_comes_twice_gives_one_slot():
    """01:30 comes twice on one Sunday in November: it is done the first time only."""
    assert days("30 1 * * *", "2013-11-02 12:00", "2013-11-04 12:00") == ["11-03 05:30", "11-04 06:30"]


def test_looking_again_and_again_finds_the_same_slots():
    """One look at the end and a look each minute through the hour that comes twice agree."""
    now, end, found = at("2013-11-03 04:00"), at("2013-11-03 09:00"), []
    done = now
    while now < end:
        now += timedelta(minutes=1)
        for slot in due("30 1 * * *", NEW_YORK, (done, now)):
            found.append(slot)
            done = slot
    assert found == [at("2013-11-03 05:30")]


def test_a_clock_set_back_does_nothing_again():
    """What was done stays done until the clock has passed it; then the next slot comes."""
    done = at("2024-05-01 06:00")
    assert due("0 6 * * *", "UTC", (done, at("2024-04-30 07:00"))) == ()
    assert due("0 6 * * *", "UTC", (done, at("2024-05-01 06:00"))) == ()
    assert due("0 6 * * *", "UTC", (done, at("2024-05-02 06:00"))) == (at("2024-05-02 06:00"),)


def test_the_limits_of_what_is_due():
    """A slot at the last moment done is not due again, one at this very moment is."""
    six = at("2024-05-01 06:00")
    assert due("0 6 * * *", "UTC", (six - timedelta(seconds=1), six)) == (six,)
    assert due("0 6 * * *", "UTC", (six - timedelta(hours=1), six - timedelta(seconds=1))) == ()


def test_what_is_too_old_is_left():
    """After a week of silence only the slots within the catch-up are outstanding."""
    span = (at("2024-05-01 07:00"), at("2024-05-08 07:00"))
    assert len(due("0 6 * * *", "UTC", span)) == 7
    assert outstanding("0 6 * * *", "UTC", span, timedelta(days=2)) == (
        at("2024-05-07 06:00"),
        at("2024-05-08 06:00"),
    )


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "61 * * * *", "0 0 30 2 *", "* * * * * *", "@daily", "0 25 * * *"]
)
def test_what_is_no_expression_is_named(cron):
    """Too few or too many fields, figures out of range, a day that never comes."""
    assert problem(cron) is not None


def test_what_is_wrong_is_said():
    """Which field it is about."""
    assert problem("0 0 30 2 *") == "'0 0 30 2 *' is no cron expression that ever comes (Bad day-of-month)"
    told = problem("61 * * * *")
    assert told.startswith("'61 * * * *' is no cron expression that ever comes (") and "inute" in told


def test_an_expression_is_no_problem():
    """Names, steps and lists are cron as people know it."""
    assert problem("*/15 8-18 * jan-jun mon-fri") is None


@given(
    zone=st.sampled_from([NEW_YORK, "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    begin=st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)),
)
def test_a_daily_expression_gives_one_slot_a_local_day(zone, hour, minute, begin):
    """Whatever the clocks do: slots rise, and the seven next ones lie on seven days."""
    found = list(islice(slots(f"{minute} {hour} * * *", zone, begin.replace(tzinfo=UTC)), 7))
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert all(timedelta(hours=22) <= gap <= timedelta(hours=26) for gap in gaps), found
