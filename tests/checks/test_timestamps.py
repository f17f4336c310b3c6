"""Time travel: features are known at the decision, outcomes only after it."""

import pandas as pd
import pytest

from logitgate.checks.leakage.timestamps import time_findings
from logitgate.data.sampling.sample import observe
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects


def found(frame, **columns):
    """Return the findings by subject."""
    declared = parse_project(projects.plain(columns=columns), "visits.toml")
    sample = observe(frame, declared, None).sample
    return {one.subject: one for one in time_findings(sample, declared)}


def visits(**hours):
    """Return visits with times so many hours after the decision."""
    frame = projects.table()
    return frame.assign(**{name: frame["at"] + pd.Timedelta(hours=shift) for name, shift in hours.items()})


def test_times_in_their_order_pass():
    """A measurement at the decision itself is known; a declared time that is absent was not looked at."""
    findings = found(visits(measured=0, reported=24), feature_times=["measured"], outcome_time="reported")
    assert {name: one.status.value for name, one in findings.items()} == dict.fromkeys(findings, "PASS")
    assert set(findings) == {"measured", "reported"}
    assert found(projects.table(), outcome_time="reported")["reported"].status is Status.INDETERMINATE


def test_a_single_feature_from_the_future_fails():
    """One row is enough, and is counted."""
    frame = visits(measured=-1)
    frame.loc[7, "measured"] += pd.Timedelta(hours=2)
    finding = found(frame, feature_times=["measured"])["measured"]
    assert (finding.status, finding.figures["late"]) == (Status.FAIL, 1)


@pytest.mark.parametrize(("hours", "count"), [(0, "early"), (-3, "early"), (25, "immature")])
def test_outcomes_at_the_wrong_time_fail(hours, count):
    """Known at the decision, or later than outcomes are counted as mature."""
    finding = found(visits(reported=hours), outcome_time="reported")["reported"]
    assert finding.status is Status.FAIL
    assert finding.figures[count] > 2_000


def test_missing_times_are_not_passed():
    """An outcome without its time may be any, and so may a feature."""
    frame = visits(measured=-1, reported=2)
    frame.loc[3, ["measured", "reported"]] = pd.NaT
    declared = {"feature_times": ["measured"], "outcome_time": "reported"}
    empty = frame.assign(measured=frame["measured"].where(frame["measured"].isna()))
    for some in (frame, empty):
        statuses = {name: one.status for name, one in found(some, **declared).items()}
        assert statuses == dict.fromkeys(("measured", "reported"), Status.INDETERMINATE)


def test_an_undeclared_time_is_warned_of():
    """When it mostly lies after the decision."""
    findings = found(visits(measured=-1, reported=5))
    assert {name: one.status for name, one in findings.items()} == {"reported": Status.WARN}


def test_half_a_second_decides_and_the_remedy_is_named(wording):
    """After the decision is after it, by however little; a sound time is reported without a remedy."""
    late = found(visits(measured=0.5 / 3600), feature_times=["measured"])["measured"]
    assert late.status is Status.FAIL
    sound = found(
        visits(measured=0, reported=0.5 / 3600), feature_times=["measured"], outcome_time="reported"
    )
    assert {one.status for one in sound.values()} == {Status.PASS}
    wrong = found(visits(reported=0), outcome_time="reported")["reported"]
    wording(late, *sound.values(), wrong)


@pytest.mark.parametrize(("shift", "warned"), [(0, False), (0.5 / 3600, True)])
def test_an_undeclared_time_at_the_decision_is_known_then(shift, warned):
    """The decision's own moment is not after it."""
    assert ("measured" in found(visits(measured=shift))) == warned
