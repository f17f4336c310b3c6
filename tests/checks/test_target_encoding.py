"""Encoders: a feature that is the mean of the judged rows' outcomes is found, an earlier mean is not."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.leakage.target_encoding import encoder_findings
from logitgate.data.sampling.blocks import Blocks, cut
from logitgate.data.sampling.sample import Sample, observe
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects


@pytest.fixture(scope="module")
def flights():
    """March to May, and the flights of January and February before them."""
    declared, read = projects.example("flights")
    table = read.frame
    known = table[table["late"].notna() & (table["scheduled_at"] < "2013-06-01")]
    early = known[known["scheduled_at"] < "2013-03-01"]
    recent = known[(known["scheduled_at"] >= "2013-03-01") & (known["scheduled_at"] < "2013-05-31")]
    features = declared.features.model_copy(update={"numeric": (*declared.features.numeric, "encoded")})
    return declared.model_copy(update={"features": features}), early, recent.copy()


def encoded(rows, smoothing=0.0, by="dest"):
    """Return the smoothed event rate of each level of a column."""
    late = (rows["late"] == "yes").astype(float)
    groups = late.groupby(rows[by].astype(str))
    return (groups.sum() + smoothing * late.mean()) / (groups.count() + smoothing)


def found(declared, frame, values):
    """Return the findings by subject for a table with the encoded column."""
    sample = observe(frame.assign(encoded=values), declared, datetime(2013, 6, 1)).sample
    return {one.subject: one for one in encoder_findings(cut(sample, declared), declared)}


@pytest.mark.parametrize("smoothing", [0.0, 7.0, 300.0])
def test_a_mean_of_all_rows_is_found(flights, smoothing, wording):
    """Whatever it was smoothed by, and the finding names the column that was encoded."""
    declared, _, recent = flights
    rates = encoded(recent, smoothing)
    finding = found(declared, recent, recent["dest"].astype(str).map(rates))["encoded"]
    assert finding.status is Status.FAIL
    assert finding.figures["source"] == "dest"
    wording(finding)


def test_a_mean_of_a_column_that_is_no_feature_is_found(flights):
    """The tail number was dropped after it was encoded."""
    declared, _, recent = flights
    rates = encoded(recent, 5.0, by="tailnum")
    finding = found(declared, recent, recent["tailnum"].astype(str).map(rates))["encoded"]
    assert (finding.status, finding.figures["source"]) == (Status.FAIL, "tailnum")


def test_a_mean_that_leaves_the_row_out_is_found(flights, wording):
    """It tells each row's own outcome by what is missing."""
    declared, _, recent = flights
    late = (recent["late"] == "yes").astype(float)
    groups = late.groupby(recent["dest"].astype(str))
    count = groups.transform("count")
    values = ((groups.transform("sum") - late) / (count - 1).clip(lower=1)).where(count > 1, late.mean())
    finding = found(declared, recent, values)["encoded"]
    assert finding.status is Status.FAIL
    wording(finding)


def test_a_mean_of_earlier_rows_is_honest(flights):
    """This is how an encoder is to be fitted."""
    declared, early, recent = flights
    values = recent["dest"].astype(str).map(encoded(early, 20.0)).astype(float).fillna(0.2)
    assert found(declared, recent, values).keys() == {"encoders"}


def test_a_property_of_a_level_is_honest(flights):
    """The distance follows from the route, and not from the outcomes."""
    declared, _, recent = flights
    place = {name: float(number) for number, name in enumerate(sorted(recent["dest"].unique()))}
    findings = found(declared, recent, recent["dest"].map(place).astype(float))
    assert findings.keys() == {"encoders"} and findings["encoders"].status is Status.PASS


def test_a_trusted_encoding_warns_with_its_reason(flights):
    """As for every other leak."""
    declared, _, recent = flights
    reason = "the timetable office publishes this rate in advance"
    gate = declared.gates.leakage.model_copy(update={"trusted": {"encoded": reason}})
    gates = declared.gates.model_copy(update={"leakage": gate})
    trusting = declared.model_copy(update={"gates": gates})
    finding = found(trusting, recent, recent["dest"].astype(str).map(encoded(recent)))["encoded"]
    assert finding.status is Status.WARN and reason in finding.because


def test_outcomes_of_the_earlier_blocks_alone_are_found(flights):
    """An encoder that was fitted to all blocks but the last still knows their outcomes."""
    declared, _, recent = flights
    plain = observe(recent.assign(encoded=0.0), declared, datetime(2013, 6, 1)).sample
    blocks = cut(plain, declared)
    learned = plain.frame[blocks.number < blocks.count - 1]
    values = recent["dest"].astype(str).map(encoded(learned, 10.0)).astype(float).fillna(0.2)
    assert found(declared, recent, values)["encoded"].status is Status.FAIL
    assert np.isfinite(values).all()


def encoder_statuses(code, y, rate, seed=0):
    """Return statuses by subject where a feature gives each level, of a column that is none, a rate."""
    declared = parse_project(projects.plain(), "visits.toml")
    n = len(code)
    frame = pd.DataFrame({name: np.zeros(n) for name in declared.features.numeric})
    frame = frame.assign(**dict.fromkeys(declared.features.categorical, "east"), clerk=code.astype(str))
    frame["speed"] = rate[code]
    order = np.random.default_rng(seed).permutation(n)
    whole = Sample(frame, y.astype(np.int8), np.arange(n).astype(str).astype(object)).take(order)
    blocks = Blocks(whole, np.arange(n) % 4, in_time=False)
    return {one.subject: one.status for one in encoder_findings(blocks, declared)}


@pytest.mark.parametrize(
    ("sizes", "stops"),
    [([5] * 8, True), ([5] * 7, False), ([5] * 7 + [4] * 3, False), ([5] * 8 + [4] * 3, True)],
)
def test_eight_levels_of_five_rows_are_enough(sizes, stops):
    """Fewer, or smaller ones, agree with an event rate by chance."""
    code = np.repeat(np.arange(len(sizes)), sizes)
    y = np.concatenate([np.arange(size) < at % (size + 1) for at, size in enumerate(sizes)])
    got = encoder_statuses(code, y, np.bincount(code, y) / sizes)
    assert got == ({"speed": Status.FAIL} if stops else {"encoders": Status.PASS})


@pytest.mark.parametrize(
    ("rows", "honest"), [(300, {"encoders": Status.PASS}), (30_000, {"speed": Status.WARN})]
)
def test_a_stable_rate_of_large_levels_is_a_suspicion(rows, honest):
    """Fitted on other rows, it follows these rates closely where they hardly scatter, and is honest."""
    rng = np.random.default_rng(0)
    code = np.repeat(np.arange(12), rows)
    y, before = (rng.random(12 * rows) < np.linspace(0.1, 0.6, 12)[code] for _ in range(2))
    assert encoder_statuses(code, y, np.bincount(code, before) / rows) == honest
    assert encoder_statuses(code, y, np.bincount(code, y) / rows) == {"speed": Status.FAIL}
