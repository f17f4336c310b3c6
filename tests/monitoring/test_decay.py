"""Evidence since the release: sums that add up, what they find, and how rarely they are wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from logitgate.monitoring.performance.decay import ALL_ROWS, decay, earlier_sums, window_sums
from logitgate.monitoring.reactions.records import WindowRecord
from logitgate.monitoring.since_release import ErrorSums, added
from logitgate.project.reading.load import parse_project
from tests.projects import plain

PROJECT = parse_project(plain(slices={"columns": ["side"]}), "visits.toml")
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=6)
MONTH, ROWS = 28, 1_400


def month(rng, *, off=0.0, rare_off=0.0, first=0, sway=0.3):
    """Return a month of a model that is right but for `off`, and in a slice for `rare_off` beyond."""
    day = np.sort(rng.integers(0, MONTH, ROWS))
    score, rare = rng.normal(-2.0, 1.0, ROWS), rng.random(ROWS) < 0.1
    y = rng.random(ROWS) < expit(score + off + rare_off * rare + sway * rng.normal(size=MONTH)[day])
    at = np.datetime64("2021-01-01", "us") + (first + day).astype("timedelta64[D]")
    frame = pd.DataFrame({"side": np.where(rare, "rare", "often")})
    sample = Sample(frame, y.astype(np.int8), np.arange(ROWS).astype(str).astype(object), at)
    costs = COSTS.rows({}, ROWS)
    decision = Decision.by(DecisionRule("constant", 1 / 6), expit(score), costs)
    return Scored(y.astype(np.int64), decision, costs), sample


def played(seed, months, **worlds):
    """Return the findings of each month of a version, by what they are about."""
    rng, sums, found = np.random.default_rng(seed), {}, []
    for number in range(months):
        world = {name: value(number + 1) for name, value in worlds.items()}
        sums = added([sums, window_sums(*month(rng, first=MONTH * number, **world), PROJECT)])
        found.append({one.subject: one for one in decay(sums, PROJECT)})
    return found


def failed(found):
    """Return the first month with a FAIL, counted from 1; infinity without any."""
    return next(
        (n + 1 for n, one in enumerate(found) if Status.FAIL in {f.status for f in one.values()}), np.inf
    )


def test_windows_add_up_to_the_whole():
    """Two halves, cut between days, have the sums of both together."""
    scored, sample = month(np.random.default_rng(0))
    half = sample.time < np.datetime64("2021-01-15")
    parts = [window_sums(scored.take(keep), sample.take(keep), PROJECT) for keep in (half, ~half)]
    whole, both = window_sums(scored, sample, PROJECT), added(parts)
    assert set(whole) == set(both) == {ALL_ROWS, "flag-none", "flag-all", "side = often", "side = rare"}
    for name, one in whole.items():
        assert both[name].as_json() == pytest.approx(one.as_json())
        assert ErrorSums.from_json(one.as_json()).as_json() == one.as_json()
    error = scored.y - scored.decision.probability
    assert whole[ALL_ROWS].sums.total == pytest.approx(error.sum()) and whole[ALL_ROWS].sums.units == MONTH


def test_a_right_model_is_left_alone():
    """A year, looked at each month: wrong in at most alpha of the runs, in any figure or slice."""
    wrong = sum(failed(played(seed, 12)) < np.inf for seed in range(40))
    assert wrong <= 40 * 0.05 + 2


@pytest.mark.parametrize(
    ("world", "by", "subject"),
    [
        ({"off": lambda _: -0.8}, 2, ALL_ROWS),
        ({"off": lambda month: 0.15 * month}, 5, ALL_ROWS),
        ({"rare_off": lambda _: 1.5}, 4, "side = rare"),
    ],
)
def test_what_decays_is_found(world, by, subject):
    """A break at once, a slow rise, and a slice of a tenth of the rows; the slice is named."""
    runs = [played(seed, by + 3, **world) for seed in range(9)]
    assert np.median([failed(one) for one in runs]) <= by
    assert (
        sum(one[-1].get(subject) is not None and one[-1][subject].status is Status.FAIL for one in runs) >= 7
    )


def test_a_proven_trifle_is_a_remark():
    """Below `monitoring.decay` nothing is asked for."""
    coarse = PROJECT.monitoring.model_copy(update={"decay": 2.0})
    project = PROJECT.model_copy(update={"monitoring": coarse})
    sums = window_sums(*month(np.random.default_rng(1), off=1.0), project)
    (whole,) = [one for one in decay(sums, project) if one.subject == ALL_ROWS]
    assert whole.status is Status.WARN and whole.figures["log_odds"] > 0.5


def test_a_model_that_costs_more_than_none_is_reported():
    """One that flags nearly all where hardly anything happens, month after month."""
    scored, sample = month(np.random.default_rng(2), off=-3.0)
    got = {one.subject: one.status for one in decay(window_sums(scored, sample, PROJECT), PROJECT)}
    assert got["flag-none"] is Status.FAIL and got["flag-all"] is Status.PASS


def test_few_units_say_nothing():
    """A week is too short; rows with neither cluster nor time have no sums at all."""
    scored, sample = month(np.random.default_rng(3))
    week = sample.time < np.datetime64("2021-01-08")
    (few,) = decay(window_sums(scored.take(week), sample.take(week), PROJECT), PROJECT)
    assert few.status is Status.INSUFFICIENT
    assert decay(window_sums(scored, replace(sample, time=None), PROJECT), PROJECT) == []


def test_no_row_counts_twice():
    """Windows of another version, later ones, and those that overlap are left out; again is instead."""

    def record(first, last, version=2, size=1.0):
        start = datetime(2021, 1, 1, tzinfo=UTC)
        sums = {ALL_ROWS: ErrorSums(events=size)}
        since, end = start + timedelta(days=first), start + timedelta(days=last)
        return WindowRecord(f"{first}-{last}", end, version, frozenset(), since=since, sums=sums)

    history = [
        *(record(0, 10, size=1), record(0, 10, size=2), record(5, 15, size=4), record(10, 20, size=8)),
        *(record(10, 20, version=1, size=16), record(20, 30, size=32), record(30, 40, size=64)),
    ]
    history += [replace(record(15, 20, size=128), sums={})]
    sums = added(earlier_sums(record(20, 30), history))
    assert sums[ALL_ROWS].events == 2 + 8
    assert earlier_sums(replace(record(20, 30), since=None), history) == []


def test_many_slices_are_few_lines():
    """A model that is off everywhere: the worst slices, and the others by name in one finding."""
    rng = np.random.default_rng(4)
    scored, sample = month(rng, off=2.0)
    frame = pd.DataFrame({"side": rng.choice([f"s{number}" for number in range(8)], ROWS)})
    sample = replace(sample, frame=frame)
    project = PROJECT.model_copy(update={"search": PROJECT.search.model_copy(update={"rare_level_rows": 10})})
    judged = decay(window_sums(scored, sample, project), project)
    found = [one for one in judged if "side" in one.because + one.subject]
    assert [one.status for one in found] == [Status.FAIL] * 4
    assert found[-1].figures["slices"] == 5
