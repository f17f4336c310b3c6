"""Age against its limit."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from logitgate.findings import Status
from logitgate.monitoring.performance.staleness import staleness

NOW = datetime(2021, 6, 1, tzinfo=UTC)
LIMIT = timedelta(days=30)


@pytest.mark.parametrize(
    ("since", "limit", "status"),
    [
        (NOW - LIMIT, LIMIT, Status.PASS),
        (NOW - LIMIT - timedelta(seconds=1), LIMIT, Status.FAIL),
        (NOW - timedelta(days=400), None, Status.PASS),
        (NOW + timedelta(days=2), LIMIT, Status.INDETERMINATE),
        (NOW + timedelta(days=2), None, Status.INDETERMINATE),
        (None, LIMIT, Status.INDETERMINATE),
        (NOW.replace(tzinfo=None), timedelta(0), Status.PASS),
        (NOW.astimezone(timezone(timedelta(hours=9))), timedelta(0), Status.PASS),
    ],
    ids=["at", "beyond", "no limit", "future", "future without", "unknown", "no zone", "another zone"],
)
def test_age_against_its_limit(since, limit, status, wording):
    """Beyond the limit FAILs; an unknown or impossible age never passes; time zones do not age a model."""
    found = staleness(since, NOW, limit)
    assert (found.check, found.status) == ("staleness", status)
    wording(found)
