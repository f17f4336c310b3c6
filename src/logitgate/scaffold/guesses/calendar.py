"""Time: which column is the decision's, how often rows come, how far back to learn from, and a season."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from ...errors import ProjectError
from .asked import Asked, Question
from .names import names_person, words
from .outcome import OutcomeGuess, found_column
from .profiles import ColumnKind, Look, Profile

_FEWEST_TIMES, _FEWEST_BEFORE, _DAYS_OF_CLUSTERS = 10, 20, 40
_LONGEST_YEARS = 60
_WINDOWS = (90, 120, 180, 365, 730)
_ENOUGH_RARER, _ENOUGH_ROWS = 1_000, 5_000
_AFTERWARDS = {
    "end",
    "ended",
    "closed",
    "close",
    "cancelled",
    "canceled",
    "returned",
    "resolved",
    "paid",
    "answered",
    "updated",
    "modified",
    "exit",
    "left",
    "outcome",
}
_SEASON_P, _SEASON_RATIO = 1e-6, 1.3


@dataclass(frozen=True)
class Calendar:
    """What was found about time.

    Parameters
    ----------
    time : str or None
        When the decision is due.
    cluster : str or None
        Day of a row, where the table has it.
    form : str or None
        How the time is written, where it is no ISO 8601.
    because, cadence : str
        Evidence.
    window_days : int or None
    season : str or None
    weekly : bool
        Whether rows come as seldom as once a week.
    questions : tuple of Question
    left_out : tuple of str
        Other columns of moments.
    """

    time: str | None = None
    cluster: str | None = None
    form: str | None = None
    because: str = ""
    cadence: str = ""
    window_days: int | None = None
    season: str | None = None
    weekly: bool = False
    questions: tuple[Question, ...] = ()
    left_out: tuple[str, ...] = ()


def calendar_of(look: Look, asked: Asked, outcome: OutcomeGuess) -> Calendar:
    """Find the decision's time and what follows from it.

    Raises
    ------
    ProjectError
        When the column that was named as the time holds no moments.
    """
    if asked.time is not None:
        _refuse_no_time(found_column(look, asked.time, "--time"))
    columns = [one for one in look.columns.values() if one.name != asked.outcome]
    moments = [one for one in columns if one.kind is ColumnKind.MOMENT]
    usable = [one for one in moments if _is_usable(one, outcome) or one.name == asked.time]
    if not usable:
        return Calendar(left_out=tuple(one.name for one in moments), because=_why_none(moments))
    named = [one for one in usable if one.name == asked.time]
    chosen = named[0] if named else max(usable, key=_preference)
    return replace(
        _about(chosen, moments, outcome),
        questions=tuple(_questions(chosen, 1 if named else len(usable))),
    )


def _refuse_no_time(profile: Profile) -> None:
    """Refuse what the owner calls the time, where rows cannot be put in order by it."""
    if profile.kind is not ColumnKind.MOMENT:
        rule = f"'{profile.name}' holds texts or numbers that are read as no date or time"
        raise ProjectError("--time", rule, "leave it out, and say under rows.formats how it is written")
    if profile.missing:
        rule = f"'{profile.name}' is empty in {profile.missing:,} rows"
        raise ProjectError("--time", rule, "fill it, leave those rows out, or name another column")


def _about(chosen: Profile, moments: Sequence[Profile], outcome: OutcomeGuess) -> Calendar:
    times = chosen.values.to_numpy("datetime64[us]")
    cluster = _day_column(chosen, times, moments)
    return Calendar(
        chosen.name,
        cluster,
        chosen.form,
        _because(times),
        _cadence(times),
        _window(times[outcome.known], outcome),
        _season(times[outcome.known], outcome.y),
        _is_weekly(times),
        left_out=tuple(one.name for one in moments if one.name not in (chosen.name, cluster)),
    )


def _questions(chosen: Profile, usable: int) -> Iterator[Question]:
    if doubt := _doubt(chosen):
        yield Question("rows.formats", doubt)
    if usable > 1:
        text = f"Is '{chosen.name}' when the decision is due? There are {usable} columns of moments."
        yield Question("columns.time", text)


def _is_usable(profile: Profile, outcome: OutcomeGuess) -> bool:
    """Whether blocks of equal time can be judged by it."""
    if profile.missing or profile.distinct < _FEWEST_TIMES or names_person(profile.name):
        return False
    times = profile.present.astype("datetime64[us]")
    years = (times.max() - times.min()) / np.timedelta64(365, "D")
    if times.max() > _now() or years > _LONGEST_YEARS:
        return False
    return _is_spread(times[outcome.known], outcome)


def _is_spread(times: NDArray[np.datetime64], outcome: OutcomeGuess) -> bool:
    """Whether enough of both outcomes stand before the last block, and before the one before it."""
    number = times.astype(np.int64)
    for part in (0.4, 0.8):
        before = number < number.min() + part * (number.max() - number.min())
        events = int(outcome.y[before].sum())
        if min(events, int(before.sum()) - events) < _FEWEST_BEFORE * part:
            return False
    return True


def _now() -> np.datetime64:
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def _why_none(moments: Sequence[Profile]) -> str:
    if not moments:
        return "no column holds dates or times"
    named = ", ".join(f"'{one.name}'" for one in moments)
    return f"{named}: gaps, the future, too few days or a birth, so no order of time is taken from it"


def _preference(profile: Profile) -> tuple[bool, int]:
    """Prefer what is not named like an end, then what tells most rows apart."""
    return not _AFTERWARDS & set(words(profile.name)), profile.distinct


def _doubt(profile: Profile) -> str:
    """Return the question which of two readings is meant, where both read every cell."""
    if profile.other_form is None:
        return ""
    return f"'{profile.name}' is read as {profile.form}; {profile.other_form} would fit as well. Which is it?"


def _day_column(time: Profile, times: NDArray[np.datetime64], moments: Sequence[Profile]) -> str | None:
    days = times.astype("datetime64[D]")
    count = len(np.unique(days))
    if count < _DAYS_OF_CLUSTERS or len(days) < 2 * count:
        return None
    if (days.astype("datetime64[us]") == times).all():
        return time.name
    for one in moments:
        other = one.values.to_numpy("datetime64[us]")
        if one.name == time.name or np.isnat(other).any():
            continue
        near = np.abs((other.astype("datetime64[D]") - days).astype(np.int64)) <= 1
        if (other.astype("datetime64[D]") == other).all() and near.all():
            return one.name
    return None


def _span_days(times: NDArray[np.datetime64]) -> float:
    return float((times.max() - times.min()) / np.timedelta64(1, "D"))


def _because(times: NDArray[np.datetime64]) -> str:
    return f"{len(np.unique(times)):,} distinct moments over {_span_days(times):,.0f} days"


def _cadence(times: NDArray[np.datetime64]) -> str:
    days, rows = np.unique(times.astype("datetime64[D]"), return_counts=True)
    gap = float(np.median(np.diff(days).astype(np.int64))) if len(days) > 1 else 0.0
    how = "daily" if gap <= 1 else f"every {gap:.0f} days"
    return f"rows come {how}, {np.median(rows):,.0f} on a median day"


def _is_weekly(times: NDArray[np.datetime64]) -> bool:
    days = np.unique(times.astype("datetime64[D]"))
    return len(days) > 1 and float(np.median(np.diff(days).astype(np.int64))) >= 7


def _window(times: NDArray[np.datetime64], outcome: OutcomeGuess) -> int | None:
    """Return the shortest usual window that still holds enough rows, where the table is twice as long."""
    newest, span = times.max(), _span_days(times)
    for days in _WINDOWS:
        inside = times >= newest - np.timedelta64(days, "D")
        events = int(outcome.y[inside].sum())
        enough = min(events, int(inside.sum()) - events) >= _ENOUGH_RARER and inside.sum() >= _ENOUGH_ROWS
        if enough and span >= 2 * days:
            return days
    return None


def _season(times: NDArray[np.datetime64], y: NDArray[np.int8]) -> str | None:
    """Return "hour" or "weekday" where the event rate clearly follows it, proven and by a third or more."""
    clock = pd.DatetimeIndex(times)
    for name, code in (("hour", clock.hour), ("weekday", clock.day_of_week)):
        table = pd.crosstab(np.asarray(code), y)
        table = table[(table.sum(axis=1) >= 100)]
        if len(table) < 2 or (table.sum(axis=0) == 0).any():
            continue
        rates = table[1] / table.sum(axis=1)
        if chi2_contingency(table).pvalue < _SEASON_P and rates.max() > _SEASON_RATIO * rates.min():
            return name
    return None
