import json
import logging
import math
import os
import stat
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from logitgate.data.contract.quarantine import keep, quarantine
from logitgate.data.contract.suite import read_suite
from logitgate.data.contract.validation import check_table
from logitgate.data.typed import Table
from logitgate.errors import ProjectError, UnavailableError
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects
from tests.projects import SMALL
from tests.wording import refusal

ROOT = Path(__file__).parents[2]
SUITES = ("bank", "flights", "spam", "tumour")
SECRET = "Mrs-Secret-4711"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"


def rule(kind, severity="critical", because="the test says so", **kwargs):
    """Return one entry of a suite as it is written."""
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": {"because": because}}


def table(rows=200):
    """Return a table that keeps every promise of the tests below."""
    return pd.DataFrame(
        {
            "id": pd.Series([f"r{row}" for row in range(rows)], dtype="str"),
            "seen": pd.Series(pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC", unit="us")),
            "x": np.linspace(0.0, 1.0, rows),
            "z": np.full(rows, 5.0),
            "kind": pd.Categorical(np.where(np.arange(rows) % 2, "a", "b")),
            "y": pd.Categorical(np.where(np.arange(rows) % 3, "no", "yes")),
        }
    ).set_axis(range(1000, 1000 + rows))


@pytest.fixture
def check(tmp_path):
    """Return a function that holds a table against the given rules."""

    def _check(frame, *rules, absent=(), **promises):
        suite = tmp_path / "suite.json"
        suite.write_text(json.dumps({"name": "visits", "expectations": rules}), encoding="utf-8")
        return check_table(Table(frame, "", len(frame), absent), project(suite=str(suite), **promises))

    return _check


def project(**promises):
    """Return the project of the table above."""
    plain = SMALL | {
        "name": "visits",
        "columns": {"id": "id", "time": "seen"},
        "features": {"numeric": ["x", "z"], "categorical": ["kind"]},
        "contract": promises,
    }
    return parse_project(plain, "visits.toml")


def statuses(result):
    """Return status by subject."""
    return {finding.subject: finding.status for finding in result.findings}


X_RULE = rule(BETWEEN, column="x", min_value=0, max_value=1)
X = f"x: {BETWEEN}"


def test_a_table_that_keeps_its_contract_leaves_one_finding_with_the_suites_digest(check, wording):
    """All hold: one PASS that counts the rules and the columns."""
    (finding,) = check(table(), X_RULE, rule(NOT_NULL, column="id"), rule(NOT_NULL, column="x")).findings
    assert (finding.check, finding.subject, finding.status) == ("contract", "visits", Status.PASS)
    assert finding.figures["expectations"] == finding.figures["holding"] == 3
    assert len(finding.figures["suite_digest"]) == 64
    wording(finding)


def test_a_breach_tells_the_reason_and_the_counts(check, wording):
    """One broken cell of 200, and the rules that hold are counted beside it."""
    frame = table()
    frame.iloc[3, frame.columns.get_loc("x")] = 7.0
    frame.iloc[4, frame.columns.get_loc("x")] = np.nan
    share = rule(BETWEEN, column="x", max_value=1, because="x is a share")
    found = {one.subject: one for one in check(frame, share, rule(NOT_NULL, column="id")).findings}
    assert found[X].status is Status.FAIL
    assert found[X].figures == {
        "severity": "critical", "rows": 200, "unexpected": 1, "unexpected_share": 0.005
    }  # fmt: skip
    wording(*found.values())


@pytest.mark.parametrize(
    ("severity", "status"), [("critical", Status.FAIL), ("warning", Status.WARN), ("info", Status.WARN)]
)
def test_severity_decides_what_a_breach_is(check, severity, status):
    """Only a critical breach stops; a wide bound and a narrow one do not replace each other."""
    result = check(table(), rule(BETWEEN, severity, column="x", max_value=0.5), X_RULE)
    assert [finding.status for finding in result.findings] == [Status.PASS, status]
    assert result.findings[0].figures["holding"] == 1


def test_an_empty_table_or_declared_column_fails_without_a_rule(check):
    """Every rule about values holds over no cells; the contract does not, whoever has said so already."""
    assert statuses(check(table(0), X_RULE)) == {"table": Status.FAIL}
    frame = table().assign(z=np.nan)
    assert statuses(check(frame, X_RULE)) == {"z": Status.FAIL, "visits": Status.PASS}
    assert statuses(check(frame.assign(undeclared=np.nan).assign(z=1.0), X_RULE)) == {"visits": Status.PASS}
    for absent in (("z",), ()):
        assert statuses(check(table().drop(columns="z"), X_RULE, absent=absent))["z"] == Status.FAIL


def test_a_rule_over_an_absent_column_fails_however_harmless(check):
    """It cannot be decided, so it does not pass; the other rules are still evaluated."""
    pair = "expect_column_pair_values_a_to_be_greater_than_b"
    result = check(
        table(),
        X_RULE,
        rule(NOT_NULL, "info", column="gone"),
        rule(pair, "warning", column_A="x", column_B="gone"),
    )
    assert statuses(result) == {
        f"gone: {NOT_NULL}": Status.FAIL,
        f"x, gone: {pair}": Status.FAIL,
        "visits": Status.PASS,
    }


def test_a_rule_that_the_library_drops_fails(check, monkeypatch):
    """What leaves no result was not shown to hold."""
    from logitgate.data.contract.engines import library as contract

    loaded = contract._loaded

    def dropping(asked):
        suite = loaded(asked)
        suite.expectations = suite.expectations[:1]
        return suite

    monkeypatch.setattr(contract, "_loaded", dropping)
    monkeypatch.setattr("logitgate.data.contract.engines.kernels._KERNELS", {})
    result = check(table(), rule(NOT_NULL, column="id"), rule(NOT_NULL, "info", column="x"))
    assert statuses(result) == {"visits": Status.PASS, f"x: {NOT_NULL}": Status.FAIL}
    assert result.findings[0].figures["holding"] == 1


def test_a_library_that_breaks_down_leaves_nothing_that_holds(check, monkeypatch, wording):
    """Its exception is named by its type."""
    from logitgate.data.contract.engines import library as contract

    def broken(asked):
        if calls.pop():
            raise RuntimeError(SECRET)
        return loaded(asked)

    loaded, calls = contract._loaded, [True]
    monkeypatch.setattr(contract, "_loaded", broken)
    monkeypatch.setattr("logitgate.data.contract.engines.kernels._KERNELS", {})
    (finding,) = check(table(), rule(NOT_NULL, "info", column="id")).findings
    assert finding.status == Status.FAIL
    wording(finding)


@pytest.mark.parametrize(
    "entry",
    [
        rule("expect_column_values_to_be_betwixt", column="x"),
        rule(BETWEEN, column="x", min_vlue=0, max_value=1),
        rule(BETWEEN, column="x"),
        rule(BETWEEN, min_value=0),
        rule(BETWEEN, column="x", min_value=0.0, max_value=1.0),
    ],
    ids=["unknown", "misspelt", "no limit", "no column", "the same again"],
)
def test_an_entry_that_the_library_cannot_read_is_a_breach(check, entry, wording):
    """Whatever its severity: it would be dropped, and nothing would check what it promises."""
    wording(*(one for one in check(table(), X_RULE, entry).findings if one.status is Status.FAIL))


def test_a_faulty_entry_is_refused_and_named(check, wording):
    """Never dropped, and never read as something else."""
    coded = {"column": "x", "row_condition": "z > 0"}
    entries = [
        X_RULE,
        X_RULE | {"severity": "warning"},
        X_RULE | {"severity": "fatal"},
        {key: X_RULE[key] for key in ("type", "kwargs", "meta")},
        X_RULE | {"meta": {}},
        X_RULE | {"meta": {"because": "         so"}},
        X_RULE | {"severty": "info"},
        X_RULE | {"kwargs": []},
        {"expectation_type": BETWEEN},
        rule(NOT_NULL, column="x", result_format="COMPLETE"),
        rule(NOT_NULL, column="x", catch_exceptions=True),
        rule(NOT_NULL, **coded),
        rule(NOT_NULL, **coded, condition_parser="pandas"),
    ]
    wording(*(refusal(ProjectError, check, table(), X_RULE, entry) for entry in entries))


def test_a_faulty_suite_is_refused(tmp_path, wording):
    """With the file's name and the rule it breaks."""
    path = tmp_path / "suite.json"
    refused = [refusal(ProjectError, read_suite, tmp_path / "none.json")]
    for content in (b"", b"\xff\xfe{"):
        path.write_bytes(content)
        assert refusal(ProjectError, read_suite, path).rule.startswith("is not JSON")
    for content in (
        b"[]",
        b'{"name": "n", "expectations": []}',
        b'{"name": "n", "expectations": {}}',
        b'{"name": 1, "expectations": [{}]}',
        b'{"name": "n", "name": "m", "expectations": [{}]}',
        b'{"name": NaN, "expectations": [{}]}',
        b'{"name": "n", "expectations": [{}], "meta": {}}',
    ):
        path.write_bytes(content)
        refused.append(refusal(ProjectError, read_suite, path))
        assert (refused[-1].exit_code, refused[-1].subject) == (2, str(path))
    wording(*refused)


def broken_table():
    """Return a table with three broken rows: two x, two z, one in common."""
    frame = table()
    frame.iloc[[3, 5], frame.columns.get_loc("x")] = 7.0
    frame.iloc[[5, 9], frame.columns.get_loc("z")] = np.nan
    return frame


Z_RULE = rule(NOT_NULL, column="z")
Z = f"z: {NOT_NULL}"


def test_quarantine_puts_broken_rows_aside_and_counts_them(check, tmp_path, wording):
    """Positions, whatever the index is called; the breaches become warnings."""
    frame = broken_table()
    result = check(frame, X_RULE, Z_RULE, quarantine=str(tmp_path / "aside"), most_quarantined=0.015)
    assert statuses(result) == {X: Status.WARN, Z: Status.WARN}
    wording(*result.findings)
    assert result.broken_rows.tolist() == [3, 5, 9]
    assert result.broken_by == {X: 2, Z: 2}
    kept = result.kept(frame)
    assert len(kept) == 197
    assert kept["x"].max() == 1.0
    assert statuses(check(kept, X_RULE, Z_RULE)) == {"visits": Status.PASS}


def test_more_broken_rows_than_allowed_stop_the_run(check, tmp_path):
    """Three of 200 are more than one in a hundred: the source is broken, not a row."""
    stopped = check(broken_table(), X_RULE, Z_RULE)
    assert statuses(stopped) == {X: Status.FAIL, Z: Status.FAIL}
    result = check(broken_table(), X_RULE, Z_RULE, quarantine=str(tmp_path))
    assert statuses(result) == {X: Status.FAIL, Z: Status.FAIL, "quarantine": Status.FAIL}
    assert result.findings[-1].figures == {"rows": 200, "broken": 3, "limit": 0.01}
    assert result.broken_rows.tolist() == stopped.broken_rows.tolist() == [] and result.broken_by == {}


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (rule("expect_column_max_to_be_between", column="x", max_value=0.5), Status.FAIL),
        (rule("expect_table_row_count_to_be_between", max_value=100), Status.FAIL),
        (rule(BETWEEN, column="x", max_value=0.99, mostly=0.999), Status.FAIL),
        (rule("expect_column_values_to_be_decreasing", column="x"), Status.FAIL),
        (rule(BETWEEN, "warning", column="x", max_value=0.9), Status.WARN),
    ],
)
def test_what_is_no_critical_rule_about_single_rows_puts_none_aside(check, tmp_path, entry, status):
    """It cannot mend an aggregate, an order or a share; a row that breaks a warning is learned from."""
    result = check(table(), entry, quarantine=str(tmp_path), most_quarantined=1.0)
    assert [finding.status for finding in result.findings] == [status]
    assert not len(result.broken_rows)


def test_pairs_conditions_and_repeats_name_the_right_rows(check, tmp_path):
    """Rows that a rule does not look at do not shift the positions; of equal ids none is right."""
    frame = table()
    frame.iloc[[10, 11], frame.columns.get_loc("z")] = -1.0
    frame.iloc[2, frame.columns.get_loc("z")] = np.nan
    pair = "expect_column_pair_values_a_to_be_greater_than_b"
    known = rule(pair, column_A="z", column_B="x", ignore_row_if="either_value_is_missing")
    only_b = {"type": "comparison", "column": {"name": "kind"}, "operator": "==", "parameter": "b"}
    some = rule(BETWEEN, column="z", min_value=0, row_condition=only_b)
    aside = {"quarantine": str(tmp_path), "most_quarantined": 0.5}
    assert check(frame, known, **aside).broken_rows.tolist() == [10, 11]
    assert check(frame, some, **aside).broken_rows.tolist() == [10]
    frame.iloc[7, 0] = frame.iloc[8, 0]
    unique = rule("expect_column_values_to_be_unique", column="id")
    assert check(frame, unique, **aside).broken_rows.tolist() == [7, 8]


def test_quarantine_writes_the_rows_for_their_owner_alone(check, tmp_path):
    """Parquet with the rows, JSON with the counts, and nothing half-written."""
    frame, folder = broken_table(), tmp_path / "deep" / "aside"
    result = check(frame, X_RULE, Z_RULE, quarantine=str(folder), most_quarantined=0.1)
    path = quarantine(frame, result, folder)
    assert pd.read_parquet(path)["id"].tolist() == ["r3", "r5", "r9"]
    counts = json.loads(path.with_suffix(".json").read_text())
    assert counts == {"rows": 3, "of": 200, "by_rule": {X: 2, Z: 2}}
    assert sorted(folder.iterdir()) == [path.with_suffix(".json"), path]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert quarantine(frame, result, folder) == path
    assert len(list(folder.iterdir())) == 2


def test_a_quarantine_that_cannot_be_written_leaves_nothing_behind(check, tmp_path, monkeypatch):
    """Not even a temporary file."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    folder = tmp_path / "aside"
    result = check(broken_table(), X_RULE, quarantine=str(folder))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        quarantine(broken_table(), result, folder)
    assert list(folder.iterdir()) == []


def test_only_rows_that_break_the_contract_are_written(check, tmp_path):
    """A table that keeps its contract makes no folder."""
    folder = tmp_path / "aside"
    promises = {"suite": str(tmp_path / "suite.json"), "quarantine": str(folder)}
    whole, broken = table(), broken_table()
    assert keep(whole, check(whole, X_RULE, quarantine=str(folder)), project(**promises)) is whole
    assert not folder.exists()
    assert len(keep(broken, check(broken, X_RULE, quarantine=str(folder)), project(**promises))) == 198
    assert len(list(folder.glob("*.parquet"))) == 1


def test_no_cell_reaches_a_finding_a_log_or_the_terminal(check, tmp_path, caplog, capfd):
    """Not by a result, an exception, a progress bar or the counts of the quarantine."""
    caplog.set_level(logging.DEBUG)
    frame = table().astype({"kind": "str", "y": "str"})
    frame.iloc[4, frame.columns.get_loc("kind")] = SECRET
    frame.iloc[4, frame.columns.get_loc("x")] = 471147114711.0
    rules = [
        rule(IN_SET, column="kind", value_set=["a", "b"]),
        rule(BETWEEN, "info", column="kind", min_value=0),
        rule("expect_column_mean_to_be_between", "info", column="kind", max_value=1),
        rule("expect_column_values_to_match_strftime_format", column="kind", strftime_format="%Y"),
        rule("expect_column_values_to_match_regex", column="x", regex="^a$"),
        rule("expect_column_max_to_be_between", column="x", max_value=1),
        rule("expect_column_values_to_be_unique", column="kind"),
        rule("expect_column_most_common_value_to_be_in_set", column="kind", value_set=["q"]),
        rule("expect_column_distinct_values_to_be_in_set", column="kind", value_set=["a", "b"]),
        rule("expect_column_value_lengths_to_be_between", column="kind", max_value=2),
        X_RULE,
    ]
    for promises in ({}, {"quarantine": str(tmp_path / "aside"), "most_quarantined": 1.0}):
        result = check(frame, *rules, **promises)
        assert len(result.findings) == len(rules)
        assert {finding.status for finding in result.findings} <= {Status.FAIL, Status.WARN}
        got = repr(result) + json.dumps([finding.as_json() for finding in result.findings])
        got += json.dumps(dict(result.broken_by)) + caplog.text + "".join(capfd.readouterr())
        assert SECRET not in got
        assert "4711471147" not in got
        assert "Metrics" not in got


def test_the_library_is_never_asked_for_cells(check, tmp_path, monkeypatch):
    """Neither when it counts nor when it locates rows: what it does not return cannot leak later."""
    from logitgate.data.contract.engines import library as contract

    results, outcome = [], contract._outcome

    def spying(rule, result):
        results.append(repr(result.result))
        return outcome(rule, result)

    monkeypatch.setattr(contract, "_outcome", spying)
    frame = table().astype({"kind": "str"})
    frame.iloc[4, frame.columns.get_loc("kind")] = SECRET
    known = rule(IN_SET, column="kind", value_set=["a", "b"])
    assert check(frame, known, quarantine=str(tmp_path)).broken_rows.tolist() == [4]
    assert len(results) == 2
    assert "unexpected_index_list" in results[1]
    assert SECRET not in "".join(results)


def test_an_error_inside_the_library_fails_and_names_its_type(check, wording):
    """However harmless the rule was declared: it was not shown to hold. A number of rows is no cell."""
    (broken,) = check(table(), rule(BETWEEN, "info", column="kind", min_value=0)).findings
    assert broken.status == Status.FAIL
    wording(broken, *check(table(), rule("expect_table_row_count_to_be_between", min_value=900)).findings)


@pytest.mark.parametrize(
    "entry",
    [
        rule("expect_table_column_count_to_equal", value=6),
        rule("expect_table_columns_to_match_ordered_list", column_list=["id", "seen", "x", "z", "kind", "y"]),
        rule("expect_table_columns_to_match_set", column_set=["id", "seen", "x", "z", "kind", "y"]),
        rule("expect_table_row_count_to_equal", value=200),
    ],
)
def test_rules_about_the_table_see_all_of_it(check, entry):
    """Also beside rules about few of its columns, and alone."""
    assert statuses(check(table(), X_RULE, entry)) == {"visits": Status.PASS}
    assert statuses(check(table(), entry)) == {"visits": Status.PASS}


def test_nothing_is_left_behind(check, tmp_path, monkeypatch):
    """Neither cells nor index change; the library would leave a folder for its documents with each check."""
    folder, frame = tmp_path / "temporary", broken_table()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = frame.copy()
    check(frame, X_RULE, Z_RULE)
    assert list(folder.iterdir()) == []
    pd.testing.assert_frame_equal(frame, before)


# The suites of the examples.


@pytest.fixture(scope="module")
def examples():
    """Read the real rows of the four examples."""
    return {name: projects.example(name) for name in SUITES}


@pytest.mark.parametrize("name", SUITES)
def test_the_real_rows_keep_their_contract(examples, name):
    """Every expectation holds, warnings as well, and none was lost on the way."""
    project, rows = examples[name]
    (finding,) = check_table(rows, project).findings
    written = json.loads(project.contract.suite.read_text())["expectations"]
    assert finding.status == Status.PASS
    assert finding.figures["holding"] == finding.figures["expectations"] == len(written)


@pytest.mark.parametrize("name", SUITES)
def test_every_column_that_decides_is_promised_something(examples, name):
    """Features, id, time and outcome each have an expectation."""
    project, _ = examples[name]
    promised = {column for one in read_suite(project.contract.suite).rules for column in one.columns}
    assert set(project.declared_types) <= promised


def entries():
    """Yield each expectation of each suite."""
    for name in SUITES:
        plain = json.loads((ROOT / "expectations" / f"{name}.json").read_text())
        for place, entry in enumerate(plain["expectations"]):
            yield pytest.param(name, entry, id=f"{name}-{place}-{entry['kwargs'].get('column', 'table')}")


@pytest.mark.parametrize(("name", "entry"), list(entries()))
def test_every_expectation_of_the_suites_can_fail(examples, check, name, entry):
    """Each way of breaking it is found, with the severity that it declares."""
    _, rows = examples[name]
    frame = rows.frame.iloc[:1000]
    status = Status.FAIL if entry["severity"] == "critical" else Status.WARN
    for broken in breakages(frame, entry["type"], entry["kwargs"]):
        subjects = {
            finding.status
            for finding in check(broken, entry).findings
            if finding.subject.endswith(entry["type"])
        }
        assert subjects == {status}


def breakages(frame, kind, kwargs):
    """Yield the frame, broken in each way that an expectation must notice."""
    column = kwargs.get("column")
    cells = len(frame) if kwargs.get("mostly", 1) < 1 else 1
    match kind:
        case "expect_table_row_count_to_be_between":
            yield frame.iloc[: kwargs["min_value"] - 1]
        case "expect_column_values_to_not_be_null":
            yield spoilt(frame, column, None, cells)
        case "expect_column_values_to_be_unique":
            yield spoilt(frame, column, frame[column].iloc[1], cells)
        case "expect_column_values_to_be_in_set":
            yield spoilt(frame, column, "no-such-level", cells)
        case "expect_column_values_to_match_regex":
            yield spoilt(frame, column, "(none)", cells)
        case "expect_column_proportion_of_non_null_values_to_be_between":
            yield spoilt(frame, column, None, math.floor(len(frame) * (1 - kwargs["min_value"])) + 1)
        case "expect_column_pair_values_a_to_be_greater_than_b":
            yield spoilt(frame.assign(**{kwargs["column_B"]: 50.0}), kwargs["column_A"], 49.0, cells)
        case "expect_column_values_to_be_between":
            counted = pd.api.types.is_integer_dtype(frame[column].dtype)
            yield from (spoilt(frame, column, cell, cells) for cell in outside(kwargs, counted=counted))
        case _:
            pytest.fail(f"no way to break {kind} is known here")


def outside(kwargs, *, counted):
    """Yield the nearest cells below and above the bounds: whole numbers where a column counts."""
    for bound, sign in (("min_value", -1), ("max_value", 1)):
        edge = kwargs.get(bound)
        if isinstance(edge, str):
            yield pd.Timestamp(edge) + sign * pd.Timedelta(days=1)
        elif counted and edge is not None:
            yield edge + sign
        elif edge is not None:
            strict = kwargs.get(f"strict_{bound[:3]}", False)
            yield float(edge) if strict else float(np.nextafter(edge, sign * np.inf))


def spoilt(frame, column, cell, cells):
    """Return a copy of the frame whose first cells of a column are replaced."""
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("str")
    values = values.copy()
    values.iloc[:cells] = cell
    return frame.assign(**{column: values})


def test_rules_cost_what_they_are_and_not_their_square(check):
    """Counted in calls, which no busy machine changes: three times as many rules, three times the calls."""
    import cProfile

    calls = []
    for number in (100, 300):
        rules = [rule(BETWEEN, column="x", min_value=-9 - at, max_value=99 + at) for at in range(number)]
        counted = cProfile.Profile()
        counted.runcall(check, table(), *rules)
        calls.append(sum(one.callcount for one in counted.getstats()))
    assert calls[1] < 3.6 * calls[0]
