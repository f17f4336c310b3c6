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
    """Yield the slots of an expression later than a moment, in UTC, without end.

    A slot that the clocks skip in spring comes at the moment they are put forward; one that they show twice
    in autumn comes the first time only, unless the expression runs each hour. That is Debian's cron.

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
    last = after.astimezone(UTC)
    for local in CronSim(cron, last.astimezone(ZoneInfo(time_zone))):
        slot = local.astimezone(UTC)
        if slot > last:
            yield slot
            last = slot


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
