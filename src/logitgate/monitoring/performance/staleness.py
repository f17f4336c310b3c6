"""The age limit of a model, which applies even when no figure has raised an alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...catalogue import Check
from ...findings import Finding, Status

CHECK = Check.STALENESS


def staleness(since: datetime | None, now: datetime, limit: timedelta | None) -> Finding:
    """Compare the age of a model with its limit: FAIL beyond it.

    Parameters
    ----------
    since : datetime or None
        When it was trained; UTC where it has no time zone. None where unknown.
    now : datetime
        The same.
    limit : timedelta or None
        The largest age; None where the project sets none.

    Returns
    -------
    Finding
        INDETERMINATE for an unknown age, and for a model from the future: then a clock is wrong.
    """
    if since is None:
        because = "it is not recorded when the model was trained"
        return Finding(CHECK, "champion", Status.INDETERMINATE, because)
    age = _aware(now) - _aware(since)
    figures: dict[str, float | None] = {"age_days": _days(age), "limit_days": _days(limit) if limit else None}
    if age < timedelta(0):
        because = f"the model is {_days(-age):.1f} days younger than now; correct the clock"
        return Finding(CHECK, "champion", Status.INDETERMINATE, because, figures)
    if limit is None:
        because = f"the model is {_days(age):.1f} days old; the project sets no limit"
        return Finding(CHECK, "champion", Status.PASS, because, figures)
    status = Status.FAIL if age > limit else Status.PASS
    because = f"the model is {_days(age):.1f} days old, its limit is {_days(limit):.1f}"
    return Finding(CHECK, "champion", status, because, figures)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)
