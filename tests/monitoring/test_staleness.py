"""Age against its limit."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from logitgate.findings import Status
from logitgate.monitoring.performance.staleness import staleness

NOW = datetime(2021, 6, 1, tzinfo=UTC)
LIMIT = timedelta(days=30)


@pytest.mark.parametrize(
    ("since", "limit", "status", "says"),
    [
        (NOW - LIMIT, LIMIT, Status.PASS, "30.0 days old, its limit is 30.0"),
        (NOW - LIMIT - timedelta(seconds=1), LIMIT, Status.FAIL, "its limit is 30.0"),
        (NOW - timedelta(days=400), None, Status.PASS, "sets no limit"),
        (NOW + timedelta(days=2), LIMIT, Status.INDETERMINATE, "2.0 days younger than now"),
        (NOW + timedelta(days=2), None, Status.INDETERMINATE, "correct the clock"),
        (None, LIMIT, Status.INDETERMINATE, "not recorded"),
        (NOW.replace(tzinfo=None), timedelta(0), Status.PASS, "0.0 days old"),
        (NOW.astimezone(timezone(timedelta(hours=9))), timedelta(0), Status.PASS, "0.0 days old"),
    ],
)
def test_age_against_its_limit(since, limit, status, says):
    """Beyond the limit FAILs; an unknown or impossible age never passes; time zones do not age a model."""
    found = staleness(since, NOW, limit)
    assert (found.check, found.status) == ("staleness", status)
    assert says in found.because
