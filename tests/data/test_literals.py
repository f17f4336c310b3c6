"""A contract's values are of the column's type: brought to it, or refused when the suite is read."""

import json

import numpy as np
import pandas as pd
import pytest

from logitgate.data.contract.batches import input_contract
from logitgate.data.contract.validation import check_table
from logitgate.data.table import read_rows
from logitgate.data.typed import Table
from logitgate.errors import ProjectError
from logitgate.findings import Status
from logitgate.project.reading.load import load_project
from tests import projects


def rule(kind, severity="critical", meta=None, **kwargs):
    """Return one entry of a suite."""
    return {
        "type": f"expect_column_{kind}",
        "kwargs": kwargs,
        "severity": severity,
        "meta": {"because": "the trade says so", **(meta or {})},
    }


def when(column, operator, parameter):
    """Return a condition."""
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


@pytest.fixture(params=["rows.csv", "rows.parquet"])
def check(request, tmp_path):
    """Hold visits with some odd columns, as CSV and as Parquet, against rules."""

    def _check(*rules):
        frame = projects.table(300)
        frame["grade"] = np.arange(300) % 4
        frame["paid"] = np.arange(300) % 2 == 0
        frame["bad"] = (frame["bad"] == "yes").astype(int)
        frame.loc[7, "grade"] = 999
        frame.loc[3:12, "load"] = np.nan
        changes = {"rows": {"path": request.param}, "outcome": {"event": 1}}
        changes["features"] = {"categorical": ["side", "grade", "paid"]}
        project = load_project(projects.write(tmp_path, frame, rules=rules, **changes))
        table = read_rows(project)
        result = check_table(table, project)
        contract, _ = input_contract(project).plus(table.frame)
        return result.findings, contract.findings()

    return _check


@pytest.mark.parametrize(
    "broken",
    [
        rule("values_to_not_be_in_set", column="grade", value_set=[999]),
        rule("values_to_not_be_in_set", column="grade", value_set=[999.0]),
        rule(
            "values_to_not_be_in_set",
            column="load",
            value_set=[999],
            row_condition=when("side", "==", "nort"),
        ),
        rule("values_to_be_in_set", column="grade", value_set=[0, 1, 2, 3]),
        rule("values_to_not_be_in_set", column="paid", value_set=[True]),
        rule("values_to_not_be_in_set", column="at", value_set=["2021-03-01T00:00:00Z"]),
    ],
)
def test_a_prohibition_finds_the_rows_in_any_format(check, broken):
    """Over integers and truth values that are categories, too."""
    if broken["kwargs"]["column"] == "at":
        broken["kwargs"]["value_set"] = [projects.table(300)["at"][5].isoformat()]
    statuses = [one.status for one in check(broken)[0] if broken["type"] in one.subject]
    assert statuses == [Status.FAIL]


@pytest.mark.parametrize(
    "kept",
    [
        rule("values_to_be_in_set", column="bad", value_set=[0, 1]),
        rule("values_to_be_in_set", column="bad", value_set=["0", "1"]),
        rule("values_to_be_in_set", column="paid", value_set=[True, False]),
        rule("values_to_be_in_set", column="grade", value_set=[0, 1, 2, 3, 999]),
        rule("distinct_values_to_equal_set", column="bad", value_set=[1, 0]),
        rule("values_to_be_between", column="speed", min_value=-9, row_condition=when("grade", "==", 999)),
        rule("values_to_be_between", column="speed", min_value=-9, row_condition=when("paid", "==", 1)),
    ],
)
def test_what_a_table_holds_matches_in_any_format(check, kept):
    """The outcome's integers as well, and the condition's rows are counted."""
    (held,) = check(kept)[0]
    assert held.status is Status.PASS and held.figures["holding"] == 2
    checked = [held.figures[key] for key in held.figures if key.endswith(kept["type"])]
    assert checked == [] or checked[0] in (300, 150, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        rule("values_to_not_be_in_set", column="load", value_set=["30"]),
        rule("values_to_not_be_in_set", column="load", value_set=[True]),
        rule("values_to_not_match_regex", column="load", regex="^30"),
        rule("values_to_be_between", column="load", min_value="3"),
        rule("values_to_not_be_in_set", column="at", value_set=[20210301]),
        rule("values_to_not_be_in_set", column="side", value_set=[None]),
        rule("values_to_be_between", column="load", min_value=0, row_condition=when("speed", "==", "fast")),
        rule("values_to_be_between", column="load", min_value=0, row_condition=when("at", ">", 3)),
        rule("values_to_be_between", column="load", min_value=0, mostly=0),
        rule("values_to_be_between", column="load", min_value=0, mostly=95),
    ],
)
def test_what_no_cell_can_match_is_refused_when_the_suite_is_read(tmp_path, wrong):
    """With exit code 2, by the rule's place and column."""
    project = load_project(projects.write(tmp_path, projects.table(50), rules=(wrong,)))
    for read in (lambda: check_table(Table(pd.DataFrame(), "", 0), project), lambda: input_contract(project)):
        with pytest.raises(ProjectError, match="expectation 2") as refusal:
            read()
        assert refusal.value.exit_code == 2 and json.dumps(wrong["kwargs"]) not in str(refusal.value)


def test_a_condition_that_no_row_meets_checks_nothing(check):
    """It fails, warns where rows are scored, and passes where the suite says that it may."""
    typo = when("side", "==", "studnet")
    kept, scored = check(rule("values_to_be_between", "info", column="load", min_value=0, row_condition=typo))
    assert any(one.status is Status.FAIL and "no row meets" in one.because for one in kept)
    assert any(one.status is Status.WARN and "no row meets" in one.because for one in scored)
    allowed = {"meta": {"may_match_nothing": True}}
    for found in check(
        rule("values_to_be_between", column="load", min_value=0, row_condition=typo, **allowed)
    ):
        assert not any("no row meets" in one.because for one in found)


def test_mostly_is_a_share_of_the_cells_that_are_there(check, wording):
    """Ten of 300 cells are missing; 290 count, in the limit, the figures and the words."""
    frame = projects.table(300)["load"].drop(range(3, 13))
    limit = float(frame.quantile(0.9))
    share = float((frame <= limit).mean())
    held = rule("values_to_be_between", column="load", max_value=limit, mostly=share - 1e-9)
    assert all(one.status is Status.PASS for one in check(held)[0])
    broken = rule("values_to_be_between", column="load", max_value=limit, mostly=share + 1e-3)
    (found,) = (one for one in check(broken)[0] if one.status is Status.FAIL)
    assert found.figures["unexpected_share"] == pytest.approx(1 - share) and found.figures["cells"] == 290
    wording(found)
