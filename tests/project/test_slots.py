"""Slots: clocks that jump either way, and clocks that are set back."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.project.operations.slots import due, outstanding, problem, slots

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


def test_what_is_wrong_is_said(wording):
    """Which field it is about."""
    wording(problem("0 0 30 2 *"), problem("61 * * * *"))


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


def test_what_the_clocks_show_twice_counts_once():
    """A night with hours of its own comes six times, however often in the hour; each hour comes each hour."""
    autumn = ("2013-11-03 04:00", "2013-11-03 09:00")
    assert days("*/20 1-2 * * *", *autumn) == [
        *("11-03 05:00", "11-03 05:20", "11-03 05:40"),
        *("11-03 07:00", "11-03 07:20", "11-03 07:40"),
    ]
    assert days("0 * * * *", *autumn) == [f"11-03 0{hour}:00" for hour in (5, 6, 7, 8, 9)]
    every_half_hour = [f"11-03 0{hour}:{minute}" for hour in (4, 5, 6, 7, 8) for minute in ("00", "30")]
    assert days("*/30 * * * *", *autumn) == [*every_half_hour[1:], "11-03 09:00"]


def test_a_day_that_the_clocks_skip_comes_at_the_jump():
    """Samoa had no 30 December 2011: its slot comes when the 31st begins."""
    found = days("0 6 * * *", "2011-12-29 00:00", "2011-12-31 18:00", "Pacific/Apia")
    assert found == ["12-29 16:00", "12-30 10:00", "12-30 16:00", "12-31 16:00"]
    assert days("15 9 30 12 *", "2011-01-01 00:00", "2011-12-31 18:00", "Pacific/Apia") == ["12-30 10:00"]


ZONES = (NEW_YORK, "America/Asuncion", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia")
"""Clocks that jump at night, at midnight, four times a year, by half an hour, and over a whole day."""
YEARS = (datetime(2008, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC))
"""With the new dates of New York, the lost day of Samoa, and what Morocco and Paraguay decided."""
STEP = 10
"""Minutes; all clocks of these years stand at multiples of it."""


@pytest.mark.parametrize("zone", ZONES)
def test_eight_years_agree_with_counting_each_ten_minutes(zone):
    """The rule, written a second time over all moments of 2008 to 2015 at once."""
    expressions = {
        "*/20 1-2 * 3,4,10,11 *": lambda clock: (
            (clock["hour"] >= 1)
            & (clock["hour"] <= 2)
            & (clock["minute"] % 20 == 0)
            & np.isin(clock["month"], (3, 4, 10, 11))
        ),
        "30 * 25-31 3,10 *": lambda clock: (
            (clock["minute"] == 30) & (clock["day"] >= 25) & np.isin(clock["month"], (3, 10))
        ),
        "0 0 * * *": lambda clock: (clock["hour"] == 0) & (clock["minute"] == 0),
        "40 */6 * * sun": lambda clock: (
            (clock["hour"] % 6 == 0) & (clock["minute"] == 40) & (clock["weekday"] == 6)
        ),
    }
    moments, wall = clocks(zone)
    shown = parts(wall)
    span = (YEARS[0] - timedelta(minutes=1), YEARS[1] - timedelta(minutes=STEP))
    for cron, shows in expressions.items():
        found = [int(slot.timestamp()) // 60 for slot in due(cron, zone, span)]
        assert found == counted(moments, wall, shown, shows, every_hour=cron.split()[1] == "*"), cron


def clocks(zone):
    """Return each tenth minute since 1970 and what the clocks of a zone show then, in minutes."""
    begin, end = (int(moment.timestamp()) // 60 for moment in YEARS)
    moments = np.arange(begin, end, STEP)
    offsets = np.empty(len(moments), dtype=np.int64)
    known = ZoneInfo(zone)

    def fill(low, high):  # both ends known: equal offsets half a day apart hide no change
        if high - low <= 72 and offset(low) == offset(high):
            offsets[low : high + 1] = offset(low)
        elif high - low <= 1:
            offsets[low], offsets[high] = offset(low), offset(high)
        else:
            fill(low, (low + high) // 2)
            fill((low + high) // 2, high)

    def offset(index):
        moment = datetime.fromtimestamp(int(moments[index]) * 60, known)
        return int(moment.utcoffset().total_seconds()) // 60

    for low in range(0, len(moments), 72):
        fill(low, min(low + 72, len(moments) - 1))
    return moments, moments + offsets


def parts(wall):
    """Return the fields of times of day that are given in minutes since 1970, a Thursday."""
    dates = wall.astype("datetime64[m]")
    months = dates.astype("datetime64[M]")
    return {
        "minute": wall % 60,
        "hour": wall // 60 % 24,
        "day": (dates.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int) + 1,
        "month": months.astype(int) % 12 + 1,
        "weekday": (wall // 1440 + 3) % 7,
    }


def counted(moments, wall, shown, shows, *, every_hour):
    """Return the slots in minutes since 1970."""
    matches = shows(shown)
    if every_hour:
        return moments[matches].tolist()
    latest = np.concatenate([[wall[0] - STEP], np.maximum.accumulate(wall)[:-1]])
    jumps = [
        int(moments[at])
        for at in np.flatnonzero(wall - latest > STEP)
        if shows(parts(np.arange(latest[at] + STEP, wall[at], STEP))).any()
    ]
    return sorted({*moments[matches & (wall > latest)].tolist(), *jumps})
