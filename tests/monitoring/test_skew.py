"""Served rows against offline rows of the same request."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.errors import DataError
from logitgate.findings import Status
from logitgate.monitoring.skew import skew
from logitgate.project.project import Project
from tests.projects import plain, table
from tests.wording import refusal

PROJECT = Project.model_validate(plain(costs={"false_negative": "3 * worth"}))


def logged(rows=300):
    """Return rows as they were answered: features, what the costs read, request id, probability."""
    frame = table(rows=rows)[["speed", "load", "grip", "side", "worth"]]
    frame["request"] = [f"r{number:05d}" for number in range(rows)]
    return frame.assign(probability=np.linspace(0.01, 0.99, rows))


def the_finding(served, offline, tolerance=1e-6):
    """Return the one finding."""
    (finding,), _ = skew(served, offline, PROJECT, "request", tolerance)
    assert finding.check == "skew"
    return finding


def test_the_same_rows_in_any_order_agree():
    """More offline rows than served ones do not matter, missing values on both sides are equal."""
    offline = logged()
    offline.loc[[1, 2], ["speed", "side"]] = None
    served = offline.sample(frac=0.5, random_state=1)
    finding = the_finding(served, offline)
    assert finding.status is Status.PASS
    assert (finding.figures["compared"], finding.figures["not_offline"]) == (150, 0)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("speed", lambda value: value + 1e-3),
        ("load", lambda value: value * 1.609344),
        ("grip", lambda value: np.nan),
        ("side", lambda value: value.title()),
        ("side", lambda value: None),
        ("worth", lambda value: value + 0.01),
        ("probability", lambda value: value + 2e-6),
    ],
    ids=["rounded", "rescaled", "lost", "spelt", "lost level", "cost", "answer"],
)
def test_one_row_that_differs_is_skew(column, change, wording):
    """A rounded, rescaled or lost value, another spelling, cost or answer: FAIL with the column."""
    served, offline = logged(), logged()
    served[column] = served[column].astype(object)
    served.loc[7, column] = change(served.loc[7, column])
    finding = the_finding(served, offline)
    assert finding.status is Status.FAIL
    assert finding.figures["columns"] == 1
    wording(finding)


def test_the_worst_column_is_named_first_and_no_value_is_printed(wording):
    """Counts and columns only, in the finding and in the exhibit."""
    served, offline = logged(), logged()
    served["load"] = 31_337.5
    served.loc[:9, "side"] = "elsewhere"
    (finding,), (exhibit,) = skew(served, offline, PROJECT, "request")
    wording(finding)
    got = json.dumps([finding.as_json(), exhibit.as_json()])
    assert "31337" not in got
    assert "elsewhere" not in got
    assert "r00" not in got
    rows = {row["column"]: row for row in exhibit.rows}
    assert [rows[name]["differing"] for name in ("load", "side", "speed")] == [300, 10, 0]


@given(st.floats(-1e6, 1e6), st.floats(0, 1e-3))
def test_the_tolerance_is_the_limit(value, tolerance):
    """Just inside agrees, twice the tolerance does not; relative above 1, absolute below."""
    offline = logged(1).assign(speed=value)
    room = tolerance * max(1.0, abs(value))
    near, far = offline.assign(speed=value + 0.5 * room), offline.assign(speed=value + 2 * room + 1e-6)
    assert the_finding(near, offline, tolerance).status is Status.PASS
    assert the_finding(far, offline, tolerance).status is Status.FAIL


def test_a_number_that_was_served_as_text_is_read_as_a_number():
    """So is one in another type; what is no number equals nothing. A category is a text: 07 is not 7."""
    served = logged()
    assert the_finding(served.assign(speed=served["speed"].astype(str)), logged()).status is Status.PASS
    assert the_finding(served.assign(speed="fast"), logged().assign(speed="fast")).status is Status.FAIL
    assert the_finding(logged().assign(side="07"), logged().assign(side="7")).status is Status.FAIL


def test_requests_that_are_not_found_are_counted():
    """Some make a WARN, all of them INDETERMINATE; rows without an id count among them."""
    served, offline = logged(), logged()
    served.loc[:4, "request"] = None
    finding = the_finding(served, offline.iloc[:200])
    assert finding.status is Status.WARN
    counts = {"served": 300, "compared": 195, "not_offline": 100, "without_id": 5}
    assert {name: finding.figures[name] for name in counts} == counts
    elsewhere = offline.assign(request="x" + offline["request"])
    assert the_finding(served, elsewhere).status is Status.INDETERMINATE
    assert the_finding(logged().iloc[:0], logged()).status is Status.INSUFFICIENT
    assert the_finding(logged(), logged().iloc[:0]).status is Status.INDETERMINATE


@pytest.mark.parametrize("column", ["speed", "side", "worth", "probability"])
def test_a_column_that_one_side_lacks_is_indeterminate(column, wording):
    """It cannot be compared, so it does not agree; a difference elsewhere is still a FAIL."""
    finding = the_finding(logged().drop(columns=column), logged())
    assert finding.status is Status.INDETERMINATE
    wording(finding)
    assert the_finding(logged(), logged().drop(columns=column).assign(grip=0.0)).status is Status.FAIL


def test_repeated_requests_are_refused(wording):
    """On either side, by count; so are rows that log no request."""
    twice = pd.concat([logged(), logged().iloc[:3]])
    tables = ((twice, logged()), (logged(), twice), (logged().drop(columns="request"), logged()))
    wording(*(refusal(DataError, skew, *one, PROJECT, "request") for one in tables))
