"""Tables with more rows than a training may hold: a sample is kept, and every row is read and checked."""

import gzip
import json
import re
import sqlite3
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import logitgate as lg
from logitgate.data import memory
from logitgate.data.contract.validation import check_table
from logitgate.data.one_row import rows_of_id
from logitgate.data.readers.source import Scan
from logitgate.data.sampling.sample import observe
from logitgate.data.streaming.stretch import read_stretch
from logitgate.data.table import read_history, read_rows, read_table
from logitgate.errors import DataError, ProjectError, UnavailableError
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project
from tests import projects
from tests.wording import refusal

ROWS = 3_000
RULE = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "load", "min_value": -50, "max_value": 80},
    "severity": "critical",
    "meta": {"because": "a load beyond that is a broken scale"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The visits in five kinds of storage, with an undeclared column; the parts are in another order."""
    folder = tmp_path_factory.mktemp("visits")
    frame = projects.table(ROWS).assign(note="free words")
    frame.to_parquet(folder / "rows.parquet", index=False, row_group_size=500)
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "rows.csv.gz").write_bytes(gzip.compress((folder / "rows.csv").read_bytes()))
    (folder / "parts").mkdir()
    shuffled = frame.sample(frac=1.0, random_state=0)
    for place, rows in enumerate(np.array_split(np.arange(ROWS), 3)):
        shuffled.iloc[rows].to_parquet(folder / "parts" / f"{place}.parquet", index=False)
    with sqlite3.connect(folder / "rows.db") as base:
        frame.assign(at=frame["at"].astype(str)).to_sql("visits", base, index=False)
    (folder / "visits.json").write_text(json.dumps(projects.suite()))
    return folder


def asked(folder, kind="rows.parquet", most=1_000, monkeypatch=None, **changes):
    """Return a project of one of the tables, of which so many rows may be in memory."""
    rows = {"path": folder / kind, "in_memory": most}
    if kind == "query":
        monkeypatch.setenv("VISITS_URL", f"sqlite:///{folder / 'rows.db'}")
        rows = {"path": None, "query": "select * from visits", "url_env": "VISITS_URL", "in_memory": most}
    changes = {"contract": {"suite": folder / "visits.json"}} | changes
    rows |= changes.pop("rows", {})
    return Project.model_validate(projects.plain(rows=rows, **changes))


def cells(frame):
    """Return the rows in the order of their ids, levels as texts: unused ones are no part of a row."""
    texts = {name: frame[name].astype("str") for name in frame.columns if frame[name].dtype == "category"}
    return frame.assign(**texts).sort_values("visit").reset_index(drop=True)


KINDS = ["rows.parquet", "rows.csv", "rows.csv.gz", "parts", "query"]


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_rows_as_fit_are_read_as_ever(folder, kind, monkeypatch):
    """The same cells and digest as without a limit."""
    expected = read_rows(asked(folder, kind, None, monkeypatch))
    found = read_rows(asked(folder, kind, ROWS, monkeypatch))
    assert (found.digest, found.rows, found.whole) == (expected.digest, ROWS, None)
    pd.testing.assert_frame_equal(found.frame, expected.frame)


def test_of_more_rows_a_sample_is_kept_whatever_holds_them(folder, monkeypatch):
    """The same rows cell by cell, in the columns that the project names; rows and digest are those of all."""
    everything = cells(read_rows(asked(folder, most=None)).frame.drop(columns=["note", "worth"]))
    tables = [read_rows(asked(folder, kind, monkeypatch=monkeypatch)) for kind in KINDS]
    for table in tables:
        assert (table.rows, table.whole.rows, table.digest) == (1_000, ROWS, tables[0].digest)
        frame = cells(table.frame)
        kept = everything[everything["visit"].isin(set(frame["visit"]))].reset_index(drop=True)
        pd.testing.assert_frame_equal(frame, kept, check_like=True)
    assert [table.unchecked for table in tables] == [1, 0, 0, 3, 0]
    (said,) = [one for one in check_table(tables[0], asked(folder)).findings if "in_memory" in one.subject]
    assert dict(said.figures) == {"rows": 1_000, "of": ROWS}
    assert read_rows(asked(folder, most=1_200)).digest != tables[0].digest


def test_rows_without_ids_are_sampled_by_what_they_hold(folder):
    """And named as in the whole table."""
    plain = asked(folder, columns={"id": None}, contract={"suite": None})
    every = read_rows(plain.model_copy(update={"rows": plain.rows.model_copy(update={"in_memory": None})}))
    table = read_rows(plain)
    assert table.rows == 1_000 and set(table.frame["row_id"]) < set(every.frame["row_id"])


@pytest.mark.parametrize("as_of", [None, datetime(2021, 4, 10, tzinfo=UTC)])
def test_window_and_condition_are_those_of_a_table_in_memory(folder, as_of):
    """Of a window with fewer rows than fit all are kept, and are those that a training uses."""
    changes = {"split": {"window": "15 days"}, "rows": {"where": "load > 9"}}
    plain = asked(folder, **changes)
    whole = observe(read_rows(asked(folder, most=None, **changes)).frame, plain, as_of).sample
    table = read_rows(plain, as_of)
    assert table.whole is None and len(whole) < 1_000
    found = observe(table.frame, plain, as_of).sample
    assert found.ids.tolist() == whole.ids.tolist()
    assert len(table.frame) < 1.2 * len(whole)


def damaged(tmp_path, folder, group, column, **options):
    """Write the rows with a damaged page of one column in one row group."""
    path = tmp_path / "rows.parquet"
    rows = pq.read_table(folder / "rows.parquet")
    pq.write_table(rows, path, write_page_checksum=True, **options)
    chunk = pq.read_metadata(path).row_group(group).column(rows.column_names.index(column))
    raw = bytearray(path.read_bytes())
    raw[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(raw)
    (tmp_path / "visits.json").write_text(json.dumps(projects.suite()))


def test_what_a_project_does_not_ask_for_is_not_read(tmp_path, folder):
    """Row groups outside the window, columns that are not declared: damage there does not matter."""
    damaged(tmp_path, folder, 0, "speed", row_group_size=500)
    assert read_rows(asked(tmp_path, split={"window": "15 days"})).rows > 500
    for plain in (asked(tmp_path), asked(tmp_path, most=None)):
        with pytest.raises(DataError, match="damaged"):
            read_rows(plain)
    damaged(tmp_path, folder, 0, "note", use_dictionary=False)
    assert read_rows(asked(tmp_path)).rows == 1_000


def test_a_cell_that_is_not_as_declared_is_refused_wherever_it_stands(tmp_path):
    """By its line, though the row would not be of the sample; the cell is not shown."""
    frame = projects.table(ROWS)
    (tmp_path / "visits.json").write_text(json.dumps(projects.suite()))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    kept = set(read_rows(asked(tmp_path, "rows.csv")).frame["visit"])
    row = int(np.flatnonzero(~frame["visit"].isin(kept))[7])
    frame = frame.astype({"load": object})
    frame.loc[row, "load"] = "heavy"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=rf"line {row + 2}, column 'load'") as found:
        read_rows(asked(tmp_path, "rows.csv"))
    assert "heavy" not in str(found.value)


def _broken(tmp_path, folder, **changes):
    """Return project and table whose one broken row is not of the sample."""
    (tmp_path / "visits.json").write_text(json.dumps(projects.suite(RULE)))
    frame = projects.table(ROWS)
    kept = set(read_rows(asked(folder)).frame["visit"])
    frame.loc[np.flatnonzero(~frame["visit"].isin(kept))[7], "load"] = 9_999.0
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    project = asked(tmp_path, contract={"suite": tmp_path / "visits.json", **changes})
    return project, read_rows(project)


def test_rules_by_row_speak_of_every_row(tmp_path, folder):
    """A breach outside the sample stops before a fit; quarantined, it warns, up to the limit."""
    project, table = _broken(tmp_path, folder)
    assert table.frame["load"].max() < 80
    (found,) = [one for one in check_table(table, project).findings if one.status.stops]
    assert "broken scale" in found.because
    assert (found.figures["rows"], found.figures["unexpected"]) == (ROWS, 1)
    aside = {"quarantine": tmp_path / "aside"}
    project, table = _broken(tmp_path, folder, **aside)
    findings = check_table(table, project).findings
    assert not any(one.status.stops for one in findings)
    assert [one.status.value for one in findings if "broken scale" in one.because] == ["WARN"]
    project, table = _broken(tmp_path, folder, **aside, most_quarantined=0.0001)
    assert [one.subject for one in check_table(table, project).findings if one.status.stops] == [
        f"load: {RULE['type']}",
        "quarantine",
    ]


def test_rows_whose_id_is_no_id_are_found(tmp_path):
    """One without is always of the sample, for the check of ids; one on two rows is found twice."""
    frame = projects.table(ROWS)
    frame.loc[17, "visit"] = None
    frame.loc[150, "visit"] = "v000007"
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    project = asked(tmp_path, contract={"suite": None})
    (found,) = [one for one in check_table(read_rows(project), project).findings if one.status.stops]
    assert (found.subject, found.figures["missing"]) == ("visit", 1)
    assert rows_of_id(project, "v000007").index.size == 2


def test_rows_that_change_while_they_are_read_are_refused(tmp_path, folder, wording):
    """By their number, and by the state of their files."""
    rows = projects.table(ROWS)
    rows.to_parquet(tmp_path / "rows.parquet", index=False)
    whole = read_rows(asked(tmp_path, contract={"suite": None})).whole
    assert sum(source.cells.num_rows for source in whole.sources()) == ROWS
    said = []
    for changed in (rows[1:], rows.assign(load=1.0)):
        changed.to_parquet(tmp_path / "rows.parquet", index=False)
        said.append(refusal(DataError, lambda: list(whole.sources())))
    wording(*said)


def test_without_a_limit_the_machine_says_how_many_rows_fit(folder, monkeypatch):
    """A table that fits is read whole, a larger one sampled in round numbers, and one too large refused."""
    columns = len(asked(folder).declared_types)
    monkeypatch.setattr(memory, "FEWEST", 500)
    monkeypatch.setattr("logitgate.data.table.FEWEST", 500)
    for kind in KINDS:
        project = asked(folder, kind, None, monkeypatch)
        monkeypatch.setenv(memory.LIMIT, str(memory._CELL * columns * 1_300 / 1e9))
        table = read_rows(project)
        assert (table.rows, table.whole.rows) == (1_000, ROWS)
        (said,) = [one for one in check_table(table, project).findings if one.subject == "rows.in_memory"]
        assert (said.status.value, said.figures["rows"]) == ("WARN", 1_000)
        if kind == "query":
            monkeypatch.setenv(memory.LIMIT, str(memory._CELL * columns * 3_050 / 1e9))
            assert read_rows(project).whole is None
        monkeypatch.setenv(memory.LIMIT, "1")
        assert read_rows(project).whole is None
        monkeypatch.setenv(memory.LIMIT, "0.000001")
        assert "rows.in_memory" in refusal(UnavailableError, read_rows, project).remedy


def test_what_the_machine_cannot_hold_is_refused(folder, monkeypatch):
    """Before anything is learned: the key, or the variable that names another folder, is the remedy."""
    with monkeypatch.context() as patch:
        patch.setenv(memory.LIMIT, "0.001")
        refused = refusal(UnavailableError, read_rows, asked(folder, most=1_000_000))
    assert "rows.in_memory" in refused.subject and "rows.in_memory" in refused.remedy
    monkeypatch.setattr(memory, "_NUMBER", 10**15)
    assert "TMPDIR" in refusal(UnavailableError, read_rows, asked(folder)).remedy


@pytest.mark.parametrize("most", [0, 999, -5, "many"])
def test_a_limit_that_is_no_number_of_rows_is_refused(most):
    """By its key."""
    with pytest.raises(ProjectError, match=re.escape("rows.in_memory")):
        parse_project(projects.plain(rows={"in_memory": most}), "visits.toml")


def _rule(kind, because="so the export has it each month", **kwargs):
    kept = {"severity": "critical", "meta": {"because": because}}
    return {"type": f"expect_{kind}", "kwargs": kwargs} | kept


DEAR = {"type": "comparison", "column": {"name": "worth"}, "operator": ">", "parameter": 11.99}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (_rule("table_row_count_to_be_between", min_value=2_500, max_value=3_500), True),
        (_rule("table_row_count_to_be_between", min_value=900, max_value=1_100), False),
        (_rule("table_row_count_to_be_between", min_value=3_000, strict_min=True), False),
        (_rule("table_row_count_to_equal", value=3_000), True),
        (_rule("table_row_count_to_equal", value=1_000), False),
        (_rule("column_values_to_not_be_null", column="note"), True),
        (_rule("column_values_to_be_in_set", column="note", value_set=["other words"]), False),
        (_rule("table_column_count_to_equal", value=10), True),
        (_rule("column_mean_to_be_between", column="worth", min_value=6, max_value=10), True),
        (_rule("column_values_to_be_between", column="load", min_value=-50, row_condition=DEAR), True),
    ],
)
def test_rules_about_the_table_speak_of_the_whole_of_it(tmp_path, folder, rule, holds):
    """Of all its rows, and of columns that the contract alone names."""
    (tmp_path / "visits.json").write_text(json.dumps(projects.suite(rule)))
    found = {}
    for most in (None, 1_000):
        project = asked(folder, most=most, contract={"suite": tmp_path / "visits.json"})
        findings = check_table(read_rows(project), project).findings
        found[most] = [one.subject for one in findings if one.status.stops]
    assert found[None] == found[1_000] and (not found[None]) == holds


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "query"])
def test_a_stretch_of_time_is_read_without_the_rest(folder, kind, monkeypatch):
    """The same rows as of the whole table, in the memory that they need."""
    project = asked(folder, kind, None)
    scan = Scan(None, "at", datetime(2021, 4, 1, tzinfo=UTC), datetime(2021, 4, 3, tzinfo=UTC))
    whole = read_table(folder / kind, project).frame
    expected = whole[(whole["at"] >= scan.start) & (whole["at"] < scan.end)]
    monkeypatch.setenv(memory.LIMIT, "0.0003")
    with pytest.raises(UnavailableError):
        read_table(folder / kind, project)
    found = read_stretch(folder / kind, project, scan)
    assert 50 < found.rows == len(expected)
    pd.testing.assert_frame_equal(cells(found.frame), cells(expected))
    with pytest.raises(UnavailableError, match="shorter time"):
        read_stretch(folder / kind, project, Scan(None, "at", None, scan.end))


def test_a_stretch_without_rows_is_a_table_without_rows(folder):
    """As is one that ends before it begins; a row without a time is of each."""
    project = asked(folder, most=None)
    later = datetime(2031, 1, 1, tzinfo=UTC)
    for scan in (Scan(None, "at", later, None), Scan(None, "at", later, datetime(2021, 1, 1, tzinfo=UTC))):
        assert read_stretch(folder / "rows.parquet", project, scan).rows == 0
    frame = pd.read_parquet(folder / "rows.parquet")
    frame.loc[3, "at"] = pd.NaT
    frame.to_parquet(folder / "without.parquet", index=False)
    found = read_stretch(folder / "without.parquet", project, Scan(None, "at", later, None))
    assert found.frame["visit"].tolist() == ["v000003"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_is_found_wherever_it_stands(folder, kind, monkeypatch):
    """Outside the window and the sample too; without declared ids by its name among equal rows."""
    project = asked(folder, kind, monkeypatch=monkeypatch, split={"window": "10 days"})
    found = rows_of_id(project, "v000007")
    expected = read_rows(asked(folder, kind, None, monkeypatch)).frame.query("visit == 'v000007'")
    pd.testing.assert_frame_equal(cells(found), cells(expected)[list(found.columns)], check_like=True)
    assert not len(rows_of_id(project, "v999999"))
    unnamed = asked(folder, kind, None, monkeypatch, columns={"id": None}, contract={"suite": None})
    every = read_rows(unnamed).frame
    for row in (0, ROWS - 1):
        name = every["row_id"].iloc[row]
        assert rows_of_id(unnamed, name)["load"].tolist() == [every["load"].iloc[row]]


def test_what_looks_back_reads_the_rows_of_all_time(folder):
    """A replay and a comparison need rows before the window; windows of files are read whole."""
    project = asked(folder, split={"window": "10 days"})
    assert read_table(folder / "rows.parquet", project).rows == ROWS
    window, history = read_rows(project).frame["at"], read_history(project)
    assert (history.rows, history.whole.rows) == (1_000, ROWS)
    assert history.frame["at"].min() < window.min() - pd.Timedelta("30 days")
    assert lg.read_table(project).digest == history.digest
    played = lg.replay(project, every="10 days", since="2021-04-01", policies=("never", "always"))
    assert len(played.starts) >= 2


def test_a_query_whose_blocks_differ_in_type_is_one_table(tmp_path, monkeypatch):
    """No cells at first, whole numbers before broken ones, numbers before the texts of a category."""
    rows = 70_000
    frame = projects.table(rows)[["visit", "at", "day", "speed", "load", "grip", "side", "bad"]]
    late = np.arange(rows) >= 66_000
    whole = [float(cell) if row else int(cell) for cell, row in zip(frame["load"], late, strict=True)]
    sides = ["west" if row else number % 3 for number, row in enumerate(late)]
    grips = [cell if row else None for cell, row in zip(frame["grip"], late, strict=True)]
    stored = frame.assign(at=frame["at"].astype(str)).astype(object)
    for name, column in (("load", whole), ("side", sides), ("grip", grips)):
        stored[name] = pd.Series(column, dtype=object)
    with sqlite3.connect(tmp_path / "rows.db") as base:
        base.execute("create table visits (visit, at, day, speed, load, grip, side, bad)")
        base.executemany("insert into visits values (?, ?, ?, ?, ?, ?, ?, ?)", stored.to_numpy().tolist())
    monkeypatch.setenv("VISITS_URL", f"sqlite:///{tmp_path / 'rows.db'}")
    numbers = pd.DataFrame({"load": whole, "grip": grips}, index=frame["visit"], dtype=np.float64)
    texts = pd.Series(sides, frame["visit"])
    for most in (None, 20_000):
        query = {"path": None, "query": "select * from visits", "url_env": "VISITS_URL", "in_memory": most}
        table = read_rows(Project.model_validate(projects.plain(rows=query, contract={"suite": None})))
        found = table.frame.set_index("visit")
        assert table.rows == min(most or rows, rows)
        pd.testing.assert_frame_equal(found[["load", "grip"]], numbers.loc[found.index], check_names=False)
        assert found["side"].astype(str).tolist() == texts[found.index].astype(str).tolist()
