"""When a replayed history trains: the cadence, the dates, and the periods between them."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pydantic import TypeAdapter, ValidationError

from ..errors import ProjectError
from ..project.fields import Duration

_MONTHS = re.compile(r"\s*(\d{1,3})\s*months?\s*")
_DURATION = TypeAdapter(Duration)
_MOST = 1_000
"""Dates of one replay: each is a training."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a project is trained: every so many calendar months, or every so long."""

    months: int = 0
    span: timedelta = timedelta(0)

    @classmethod
    def of(cls, text: str, option: str = "--every") -> Cadence:
        """Read a cadence.

        Raises
        ------
        ProjectError
            When it is neither months nor a duration, or not above zero.

        Examples
        --------
        >>> Cadence.of("2 weeks").span.days
        14
        >>> Cadence.of("1 month").months
        1
        """
        found = _MONTHS.fullmatch(text)
        try:
            cadence = cls(months=int(found[1])) if found else cls(span=_DURATION.validate_python(text))
        except ValidationError as error:
            rule = f"'{text}' is no span of time"
            raise ProjectError(option, rule, "write it like '1 month', '2 weeks' or '30 days'") from error
        if not (cadence.months or cadence.span):
            raise ProjectError(option, f"'{text}' is no time at all", "write it like '1 month'")
        return cadence

    def __str__(self) -> str:
        """Return it as it is written in an option."""
        return _named(self.months, "month") if self.months else _spelt(self.span)

    def times(self, count: int) -> Cadence:
        """Return a cadence that is so many times as long."""
        return Cadence(self.months * count, self.span * count)

    def after(self, start: datetime, count: int) -> datetime:
        """Return the date that is `count` steps after a start; a day that a month lacks becomes its last."""
        if not self.months:
            return start + count * self.span
        month = start.month - 1 + count * self.months
        year, month = start.year + month // 12, month % 12 + 1
        return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))

    def first(self, moment: datetime) -> datetime:
        """Return the first date from a moment on: the first of a month for months, else the moment."""
        if not self.months:
            return moment
        start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return start if start == moment else Cadence(months=1).after(start, 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of the trainings, and where the last period ends."""

    every: Cadence
    starts: tuple[datetime, ...]
    until: datetime

    @classmethod
    def between(cls, every: Cadence, since: datetime, until: datetime) -> Dates:
        """Return the dates from `since` on and before `until`, both in UTC where they have no time zone.

        Raises
        ------
        ProjectError
            When there is no date between them, or there are too many.
        """
        since, until = aware(since), aware(until)
        if since >= until:
            rule = f"{since:%Y-%m-%d %H:%M} is not before the end, {until:%Y-%m-%d %H:%M}"
            raise ProjectError("--since", rule, "give an earlier --since, or rows of a longer time")
        starts = [since]
        while (after := every.after(since, len(starts))) < until:
            starts.append(after)
            if len(starts) > _MOST:
                rule = f"gives more than {_MOST} dates, and each is a training"
                raise ProjectError("--every", rule, "give a longer one, or a later --since")
        return cls(every, tuple(starts), until)

    @property
    def ends(self) -> tuple[datetime, ...]:
        """Where the period of each date ends."""
        return (*self.starts[1:], self.until)

    @property
    def periods(self) -> tuple[tuple[datetime, datetime], ...]:
        """Beginning and end of each period."""
        return tuple(pairwise((*self.starts, self.until)))


def default_since(every: Cadence, first: datetime, last: datetime, window: timedelta | None) -> datetime:
    """Return the first date with a whole training window behind it, or a third of the history without one.

    Parameters
    ----------
    every : Cadence
    first, last : datetime
        Times of the first and the last row.
    window : timedelta or None
        The training window; None for all rows.
    """
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return every.first(midnight + (window if window is not None else (last - midnight) / 3))


def aware(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a time zone is meant so."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(count: int, unit: str) -> str:
    return f"{count} {unit}" + ("" if count == 1 else "s")


def _spelt(span: timedelta) -> str:
    for unit, long in (
        ("week", timedelta(weeks=1)),
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
    ):
        if not span % long:
            return _named(span // long, unit)
    return _named(span // timedelta(minutes=1), "minute")
