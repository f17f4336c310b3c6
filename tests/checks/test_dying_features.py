"""Features that die within the window are named with their day; those that live, in runs too, are not."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.change_points.dying_features import dying_findings
from logitgate.checks.change_points.shifts import shift_findings
from logitgate.data.sampling.sample import Sample
from logitgate.findings import Status
from tests.checks.test_single_features import project

DECLARED = project(("a", "b"), ("k",))


def table(rows=1_500):
    """Return rows of 30 days; `b` is missing in half of the rows, `k` is the weekday."""
    rng = np.random.default_rng(4)
    time = np.datetime64("2022-03-01", "us") + np.sort(rng.integers(0, 30 * 86_400, rows)).astype("m8[s]")
    a, b = rng.normal(size=(2, rows))
    days = time.astype("datetime64[D]").astype(int)
    frame = pd.DataFrame({"a": a, "b": np.where(rng.uniform(size=rows) < 0.5, b, np.nan)})
    frame["k"] = pd.Categorical([f"d{day % 7}" for day in days])
    return Sample(frame, (a > 0).astype(np.int8), np.arange(rows).astype(str).astype(object), time)


def found(sample):
    """Return status and day by feature."""
    findings = dying_findings(sample, DECLARED)
    return {one.subject: (one.status, one.figures.get("since")) for one in findings}


def test_features_that_live_are_not_named():
    """Also where days go by with one level."""
    assert found(table()) == {}


@pytest.mark.parametrize(
    ("name", "value"), [("a", np.nan), ("a", 0.0), ("b", np.nan), ("k", None), ("k", "d3")]
)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_feature_that_dies_is_named_with_its_day(name, value, share):
    """Empty or constant until the end, in whatever order the rows stand."""
    sample = table()
    place = int(share * len(sample))
    sample.frame.loc[place:, name] = value
    day = str(sample.time[place].astype("datetime64[D]"))
    shuffled = sample.take(np.random.default_rng(1).permutation(len(sample)))
    if value == "d3" and share == 0.9:  # three days are no longer than the runs of a weekday explain
        assert found(shuffled) == {}
        return
    status, since = found(shuffled)[name]
    assert status is Status.FAIL and since == day


def test_a_feature_in_a_handful_of_rows_is_a_warning():
    """It is there today, and no model can have learned from it."""
    sample = table()
    sample.frame.loc[12:, "b"] = np.nan
    sample.frame.loc[1_400, "b"] = 1.0
    assert found(sample) == {"b": (Status.WARN, None)}


def test_few_days_hide_nothing_and_a_reason_is_a_warning():
    """Breaks need many days, a death does not."""
    sample = table()
    sample.frame.loc[900:, "a"] = np.nan
    half = sample.take(np.arange(600, 1_300))
    statuses = {one.subject: one.status for one in shift_findings(half, DECLARED)}
    assert statuses["a"] is Status.FAIL
    gates = DECLARED.gates
    shifts = gates.shifts.model_copy(update={"trusted": {"a": "the station was closed for good"}})
    trusted = DECLARED.model_copy(update={"gates": gates.model_copy(update={"shifts": shifts})})
    assert {one.subject: one.status for one in shift_findings(half, trusted)}["a"] is Status.WARN
