"""The age limit that a replayed history proposes."""

from datetime import UTC, datetime, timedelta

import pytest

from logitgate.evaluation.estimates import Estimate
from logitgate.replay.results.ageing import AgeCost, age_limit

STARTS = [datetime(2021, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]
SAME, DEARER, UNSURE = Estimate(0.0, 0.0, 0.0), Estimate(0.8, 0.1, 1.5), Estimate(0.8, -0.1, 1.7)


def _ages(*estimates):
    return [AgeCost(age, 100, 2.0, estimate) for age, estimate in enumerate(estimates)]


@pytest.mark.parametrize(
    ("ages", "days"),
    [
        (_ages(SAME, DEARER, UNSURE), 31),
        (_ages(SAME, UNSURE, DEARER, DEARER), 59),
        (_ages(SAME, UNSURE, UNSURE), None),
        (_ages(SAME), None),
        ([], None),
        (_ages(SAME, Estimate(-0.5, -0.9, -0.1)), None),
    ],
)
def test_the_youngest_age_that_is_proven_dearer_is_proposed(ages, days):
    """In days from the first period's start; what is not proven, or cheaper, proposes nothing."""
    found = age_limit(ages, STARTS)
    assert (found and found.days) == days


def test_the_proposed_line_is_one_that_a_project_takes():
    """Typed into the section, it is the age that was proposed."""
    import tomllib

    from logitgate.project.operations.monitoring import Monitoring

    found = age_limit(_ages(SAME, UNSURE, DEARER), STARTS)
    assert Monitoring(**tomllib.loads(found.line)).age_limit == timedelta(days=59)
    assert found.line in found.sentence("EUR")
