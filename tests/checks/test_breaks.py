"""Breaks in time at their very limits, on days whose rows are all alike before the cut and after it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.change_points.shifts import shift_findings
from logitgate.data.sampling.sample import Sample
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects

DAYS, ROWS = 40, 100


def parted(days, cut, y, columns):
    """Return rows on equal days, and their project."""
    declared = parse_project(projects.plain(), "visits.toml")
    given = {name: columns.get(name, ([0.0], [0.0])) for name in declared.features.numeric}
    given |= {name: columns.get(name, (["east"], ["east"])) for name in declared.features.categorical}

    def every_day(pair):
        return np.concatenate([np.resize(pair[int(day >= cut)], ROWS) for day in range(days)])

    frame = pd.DataFrame({name: every_day(pair) for name, pair in given.items()})
    time = np.datetime64("2024-01-01", "us") + np.repeat(np.arange(days), ROWS) * np.timedelta64(1, "D")
    n = days * ROWS
    return Sample(
        frame, every_day(y).astype(np.int8), np.arange(n).astype(str).astype(object), time
    ), declared


QUIET = ([0, 0, 0, 1], [0, 0, 0, 1])


def dated(days=DAYS, cut=20, y=QUIET, **columns):
    """Return the findings that did not pass, on rows of equal days.

    Each column is a pair, the values of a day before the cut and of one after it; what is not given is
    the same every day.
    """
    found = shift_findings(*parted(days, cut, y, columns))
    return {one.subject: one for one in found if one.status is not Status.PASS}


def test_days_without_a_break_or_a_time_pass_and_say_so(wording):
    """One finding for all columns and the labels; without a time nothing stops."""
    sample, declared = parted(DAYS, 20, QUIET, {})
    found = [*shift_findings(sample, declared), *shift_findings(replace(sample, time=None), declared)]
    assert [(one.subject, one.status) for one in found] == [("columns", Status.PASS), ("time", Status.PASS)]
    wording(*found)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("gap", "stops"), [(1.5, True), (2.0, True), (1.49, False)])
def test_a_column_jumps_by_spreads_of_a_day(gap, stops, sign, wording):
    """One and a half are a break, up or down; missing cells do not change what a spread is."""
    day = np.tile([-1.0, 1.0], 50)
    holes = np.where(np.arange(ROWS) % 10 < 2, np.nan, day)
    for before in (day, holes):
        findings = dated(speed=(before + 3, before + 3 + sign * gap))
        assert bool(findings) is stops
        if stops:
            assert findings["speed"].figures["gap"] == pytest.approx(gap)
            assert findings["speed"].figures["since"] == "2024-01-21"
    wording(*findings.values())


@pytest.mark.parametrize(("known", "stops"), [(10, True), (8, False)])
def test_a_day_needs_ten_values(known, stops):
    """Fewer make no mean to rely on."""
    day = np.where(np.arange(ROWS) < known, np.tile([-1.0, 1.0], 50), np.nan)
    assert bool(dated(speed=(day, day + 3))) is stops


@pytest.mark.parametrize(("days", "cut"), [(20, 10), (30, 20), (30, 10)])
def test_ten_days_on_each_side_are_enough(days, cut):
    """A break is found as soon as it can be, and as long."""
    day = np.tile([-1.0, 1.0], 50)
    assert dated(days, cut, speed=(day, day + 3))["speed"].status is Status.FAIL


@pytest.mark.parametrize(("rows", "stops"), [(5, True), (4, False)])
def test_codes_that_replace_others(rows, stops, wording):
    """Five in a hundred rows are a recoding; which levels, and since when, is reported."""
    kept = ["east"] * (ROWS - rows)
    findings = dated(side=(kept + ["old"] * rows, kept + ["new"] * rows))
    assert bool(findings) is stops
    if stops:
        assert findings["side"].figures == {"share": 0.05, "limit": 0.05, "since": "2024-01-21"}
        wording(findings["side"])


def shares(**rows):
    """Return the levels of a day by their numbers of rows."""
    return [level for level, count in rows.items() for _ in range(count)]


def test_many_levels_that_exchange_their_rows_stop(wording):
    """Four levels are a mixed-up code book; two may be a campaign, which is reported and stops nothing."""
    four = (shares(a=55, b=25, c=15, d=5), shares(a=25, b=55, c=5, d=15))
    found = dated(side=four)["side"]
    assert (found.status, found.figures["levels"]) == (Status.FAIL, 4)
    assert found.figures["share"] == pytest.approx(0.4)
    two = dated(side=(shares(a=70, b=30), shares(a=30, b=70)))["side"]
    assert (two.status, two.figures["levels"]) == (Status.WARN, 2)
    wording(found, two)


def test_levels_that_stay_are_not_counted():
    """Nor is what the shares of all levels, sorted, have changed by: here by a tenth."""
    pair = (shares(a=60, b=20, c=20), shares(a=10, b=70, c=20))
    found = dated(side=pair)["side"]
    assert (found.status, found.figures["levels"]) == (Status.WARN, 2)
    assert found.figures["share"] == pytest.approx(0.4)


@pytest.mark.parametrize(("moved", "expected"), [(30, True), (29, False)])
def test_levels_exchange_three_tenths_of_the_rows(moved, expected):
    """Less is the world."""
    low = 35 - moved // 2
    rest = ROWS - 2 * low - moved
    findings = dated(side=(shares(a=low + moved, b=low, c=rest), shares(a=low, b=low + moved, c=rest)))
    assert bool(findings) is expected


def outcomes(*rates):
    """Return the outcomes of a day whose rows come in equal groups, each with so many events in a hundred."""
    size = ROWS // len(rates)
    return np.concatenate([np.arange(size) < round(size * rate / 100) for rate in rates]).astype(int)


HALVES = (["east"] * 50 + ["west"] * 50,) * 2


@pytest.mark.parametrize(("east", "west", "stops"), [(34, 66, True), (44, 56, True), (47, 53, False)])
def test_a_relation_that_turns(east, west, stops, wording):
    """A quarter of the relation, turned round, is the limit; before, 66 of the east and 34 of the west."""
    findings = dated(side=HALVES, y=(outcomes(66, 34), outcomes(east, west)))
    assert bool(findings) is stops
    if stops:
        found = findings["bad"]
        turned = (east - west) / 32
        assert found.status is Status.FAIL
        assert found.figures["relation"] == pytest.approx(turned, abs=1e-9)
        assert (found.figures["since"], found.figures["limit"]) == ("2024-01-21", -0.25)
        assert (found.figures["rate_before"], found.figures["rate_after"]) == (0.5, 0.5)
        wording(found)


def test_a_weak_relation_cannot_be_shown_to_turn():
    """Sixty against forty in a hundred explain 4 % of the outcome: less than the 5 % that it takes."""
    assert not dated(side=HALVES, y=(outcomes(60, 40), outcomes(40, 60)))


@pytest.mark.parametrize(
    "cells",
    [
        np.r_[np.resize([0.0, 1.0], 50), np.full(50, np.nan)],
        np.r_[np.zeros(50), np.full(50, np.nan)],
        np.where(np.arange(ROWS) % 10 == 3, np.nan, np.repeat([0.0, 1.0], 50)),
    ],
    ids=["missing or not", "one value or none", "numbers with holes"],
)
def test_missing_cells_are_a_bin_of_their_own(cells):
    """The outcome follows from whether the cell is missing; nor do they hide what the others tell."""
    found = dated(speed=(cells, cells), y=(outcomes(66, 34), outcomes(34, 66)))["bad"]
    assert found.status is Status.FAIL


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (30, 64, None),
        (30, 66, Status.WARN),
        (66, 30, Status.WARN),
        (24, 76, Status.WARN),
        (22, 78, Status.FAIL),
        (78, 22, Status.FAIL),
        (20, 94, Status.FAIL),
        (40, 96, Status.WARN),
        (4, 60, Status.WARN),
        (40, 100, Status.WARN),
        (60, 0, Status.WARN),
    ],
)
def test_a_rate_that_jumps(before, after, status, wording):
    """By 1.5 in log-odds it is reported; by 2.4, and to its mirror image, it stops."""
    findings = dated(y=(outcomes(before), outcomes(after)))
    assert {one.status for one in findings.values()} == ({status} if status else set())
    if status:
        found = findings["bad"]
        assert found.figures == {
            "rate_before": before / 100,
            "rate_after": after / 100,
            "since": "2024-01-21",
        }
    wording(*findings.values())
