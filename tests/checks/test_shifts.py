"""Breaks in time: sabotaged flights are stopped with column and day, honest rows are not."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.change_points.shifts import shift_findings
from logitgate.checks.change_points.time_blocks import DayBlocks
from logitgate.data.sampling.sample import observe
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects

AS_OF = datetime(2013, 6, 1)
VISITS = parse_project(projects.plain(), "visits.toml")


@pytest.fixture(scope="module")
def flights():
    """The flights' project and table."""
    declared, table = projects.example("flights")
    return declared, table.frame


@pytest.fixture(scope="module")
def spring(flights):
    """The sample of the 120 days before June."""
    return observe(flights[1], flights[0], AS_OF).sample


def found(sample, declared):
    """Return the findings that did not pass, by subject."""
    findings = shift_findings(sample, declared)
    assert {one.check for one in findings} == {"shifts"}
    return {one.subject: one for one in findings if one.status is not Status.PASS}


def last(sample, days):
    """Return which rows are of the last days before the as-of date."""
    return sample.time >= np.datetime64(AS_OF) - np.timedelta64(days, "D")


def changed(sample, name, rows, values):
    """Return the sample with other values of a column in some rows."""
    column = sample.frame[name].astype(float if pd.api.types.is_float_dtype(values) else object)
    return replace(sample, frame=sample.frame.assign(**{name: column.where(~rows, values)}))


@pytest.mark.parametrize("month", [3, 5, 7, 9, 11, 13])
def test_honest_flights_raise_no_alarm(flights, month):
    """Seasons, storms and new destinations are the world."""
    declared, frame = flights
    as_of = datetime(2013 + month // 13, (month - 1) % 12 + 1, 1)
    assert found(observe(frame, declared, as_of).sample, declared) == {}


def trusting(declared, **trusted):
    """Return the project with breaks that are trusted for a reason."""
    gate = declared.gates.shifts.model_copy(update={"trusted": trusted})
    return declared.model_copy(update={"gates": declared.gates.model_copy(update={"shifts": gate})})


def test_the_banks_real_breaks_warn_and_stop_nothing():
    """Its campaign and its world changed, not its export; what stops nothing keeps its words when trusted."""
    declared, table = projects.example("bank")
    sample = observe(table.frame, declared, None).sample
    findings = found(sample, declared)
    assert {one.status for one in findings.values()} == {Status.WARN}
    assert findings.keys() == {"contact", "housing", "subscribed"}
    assert findings["contact"].figures["since"] == "2008-07-07"
    assert findings["subscribed"].figures["rate_after"] > 5 * findings["subscribed"].figures["rate_before"]
    trusted = found(sample, trusting(declared, subscribed="the rates of October 2008"))
    assert trusted["subscribed"] == findings["subscribed"]


def test_a_temperature_in_celsius_is_named(flights, spring, wording):
    """Since the day on which it changed, and no other column is accused."""
    rows = last(spring, 31)
    celsius = (spring.frame["temp"].astype(float) - 32) / 1.8
    (finding,) = found(changed(spring, "temp", rows, celsius), flights[0]).values()
    assert (finding.subject, finding.status, finding.figures["since"]) == ("temp", Status.FAIL, "2013-05-01")
    wording(finding)


def recoded(sample, codes, days=31):
    """Return the sample with other carrier codes in the last days."""
    carrier = sample.frame["carrier"].astype(object)
    return changed(sample, "carrier", last(sample, days), carrier.map(codes))


@pytest.mark.parametrize("how", ["numbers", "exchanged"])
def test_a_recoded_carrier_is_named(flights, spring, how):
    """New codes in the place of old ones, and the same codes for other carriers."""
    carriers = sorted(spring.frame["carrier"].unique())
    numbers = {name: str(number) for number, name in enumerate(carriers)}
    exchanged = dict(zip(carriers, carriers[3:] + carriers[:3], strict=True))
    sample = recoded(spring, numbers if how == "numbers" else exchanged)
    (finding,) = found(sample, flights[0]).values()
    assert (finding.subject, finding.status) == ("carrier", Status.FAIL)
    assert finding.figures["since"] == "2013-05-01"


def test_flipped_labels_are_named(flights, spring):
    """The features tell the opposite from the day on which they were flipped."""
    flipped = replace(spring, y=np.where(last(spring, 14), 1 - spring.y, spring.y).astype(np.int8))
    (finding,) = found(flipped, flights[0]).values()
    assert (finding.subject, finding.status) == ("late", Status.FAIL)
    since = datetime.fromisoformat(finding.figures["since"])
    assert abs(since - (AS_OF - timedelta(days=14))) <= timedelta(days=2)
    assert finding.figures["rate_before"] < 0.3
    assert finding.figures["rate_after"] > 0.6


def test_a_break_that_is_trusted_is_shown_with_its_reason(flights, spring, wording):
    """Whoever trusts one column does not trust another."""
    numbers = {name: f"c{name}" for name in spring.frame["carrier"].unique()}
    rows = last(spring, 31)
    sample = changed(recoded(spring, numbers), "temp", rows, spring.frame["temp"].astype(float) - 300)
    findings = found(sample, trusting(flights[0], carrier="the new booking system of May"))
    statuses = {name: one.status for name, one in findings.items()}
    assert statuses == {"carrier": Status.WARN, "temp": Status.FAIL}
    wording(findings["carrier"])


def test_a_mirrored_rate_stops_where_the_features_tell_nothing(wording):
    """Labels that cannot be foreseen are flipped all the same."""
    frame = projects.table(rows=6_000, signal=0.0)
    late = frame["at"] >= frame["at"].max() - pd.Timedelta(days=20)
    frame = frame.assign(bad=np.where(late ^ (frame["bad"] == "yes"), "yes", "no"))
    sample = observe(frame.assign(speed=1.0, load=1.0, grip=1.0, side="east"), VISITS, None).sample
    finding = found(sample, VISITS)["bad"]
    assert finding.status is Status.FAIL
    wording(finding)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.48, 0.8])
@pytest.mark.parametrize(
    ("share", "turned"), [(1.0, Status.FAIL), (0.8, Status.FAIL), (None, Status.WARN)], ids=str
)
def test_a_world_that_turns_is_distinguished_from_labels_that_are_flipped(rate, share, turned):
    """A share of the labels flipped mirrors the rate as well; where only the causes turn the rate stays.

    A rate near one half is its own mirror image, so that there a turn of the causes stops too.
    """
    rng = np.random.default_rng(3)
    frame = projects.table(rows=8_000)
    late = (frame["at"] >= frame["at"].max() - pd.Timedelta(days=20)).to_numpy()
    z = 2 * rng.normal(size=len(frame))
    turned_z = np.where(late, -z, z) if share is None else z
    level = np.quantile(z + rng.logistic(size=len(z)), 1 - rate)
    event = turned_z + rng.logistic(size=len(z)) > level
    if share is not None:
        event ^= late & (rng.random(len(z)) < share)
    frame = frame.assign(speed=z, bad=np.where(event, "yes", "no"))
    finding = found(observe(frame, VISITS, None).sample, VISITS)["bad"]
    assert finding.status is (Status.FAIL if rate == 0.48 else turned)
    assert ("labels are flipped" in finding.because) == (finding.status is Status.FAIL)


def test_a_column_without_rows_before_the_cut_is_no_break(wording):
    """A new sensor starts with missing cells: there is nothing to compare, nor is there in a few days."""
    sample = observe(projects.table(rows=6_000), VISITS, None).sample
    values = sample.frame["speed"].where(sample.time >= np.datetime64("2021-04-01"))
    assert found(replace(sample, frame=sample.frame.assign(speed=values)), VISITS) == {}
    few = observe(projects.table(days=15), VISITS, None).sample
    (finding,) = found(few, VISITS).values()
    assert (finding.subject, finding.status) == ("time", Status.INSUFFICIENT)
    wording(finding)


def test_blocks_hold_fifty_rows_or_a_day():
    """Thin days are put together, and a thin end belongs to the block before."""
    days = np.repeat(np.arange(7), [80, 20, 20, 20, 60, 30, 10])
    blocks = DayBlocks.of(np.datetime64("2024-01-01", "us") + days * np.timedelta64(1, "D"))
    assert [str(day) for day in blocks.starts] == ["2024-01-01", "2024-01-02", "2024-01-05"]
    assert np.bincount(blocks.code).tolist() == [80, 60, 100]
