"""When something is due: moments of a cron expression in a declared time zone, each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


def problem(cron: str) -> str | None:
    """Return what is wrong with a cron expression of five fields, or None."""
    if len(cron.split()) != 5:
        return f"'{cron}' has not five fields; write minute, hour, day, month and weekday"
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        return f"'{cron}' is no cron expression that ever comes ({str(error) or 'no such day'})"
    return None


def slots(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """Yield the slots of an expression later than a moment, in UTC, in order, without end.

    The expression names times of day on the zone's clocks. An expression whose hours are not all of the day
    comes once for each such time: a time that the clocks show twice counts when they show it first, and times
    that they skip (an hour in spring, a whole day at the date line) come together once, at the jump. An
    expression that matches every hour follows elapsed time: it comes whenever clocks show a matching time.

    Parameters
    ----------
    cron : str
        Minute, hour, day, month and weekday.
    time_zone : str
        Name in the IANA database.
    after : datetime
        With a time zone.

    Examples
    --------
    >>> spring = slots("30 2 * * *", "America/New_York", datetime(2013, 3, 9, 12, tzinfo=UTC))
    >>> [f"{next(spring):%d %H:%M}" for _ in range(2)]
    ['10 07:00', '11 06:30']
    """
    zone, last = ZoneInfo(time_zone), after.astimezone(UTC)
    for slot in _moments(cron, zone, last):
        if slot > last:
            yield slot
            last = slot


def _moments(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments of an expression in order, from some time before `after`; a moment may come twice."""
    # Within two days before `after` the clocks may have shown its time of day already.
    times = CronSim(cron, after.astimezone(zone).replace(tzinfo=None) - timedelta(days=2))
    every_hour = len(times.hours) == 24
    again: list[datetime] = []
    for time in times:
        first, second = (time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        yield from (moment for moment in again if moment < first)
        again = [moment for moment in again if moment >= first]
        if first > second:  # the clocks skip this time
            if not every_hour:
                yield _jump(zone, second, first)
            continue
        yield first
        if every_hour and second > first:
            again.append(second)


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the moment between two others, in UTC, at which the clocks of a zone are put forward."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after.replace(microsecond=0)


def due(cron: str, time_zone: str, span: tuple[datetime, datetime]) -> tuple[datetime, ...]:
    """Return the slots later than the first moment and not later than the second one.

    When the clock was set back behind the first moment there is none, so that nothing is done again.
    """
    found: list[datetime] = []
    after, now = span
    if now > after:
        for slot in slots(cron, time_zone, after):
            if slot > now:
                break
            found.append(slot)
    return tuple(found)


def outstanding(
    cron: str, time_zone: str, span: tuple[datetime, datetime], catch_up: timedelta
) -> tuple[datetime, ...]:
    """Return the due slots that are not older than `catch_up`."""
    done, now = span
    return due(cron, time_zone, (max(done, now - catch_up), now))
