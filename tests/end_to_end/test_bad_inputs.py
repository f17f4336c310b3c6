"""What is wrong with rows, project or surroundings is said in words and an exit code, never with a cell."""

import codecs
import json
import socket
import time

import numpy as np
import pandas as pd
import pytest

from tests import projects
from tests.command import close, logitgate, opened

SECRET = "Wilhelmine-Qz4711"
"""Stands in the broken cells; it may be read nowhere but in the table."""

TRUSTED = {"speed": "counted before the visit begins, as the archive shows"}


@pytest.fixture(scope="module")
def visits():
    """Sound rows, to be broken."""
    return projects.table()


def _refused(home, project, *options, is_read=True):
    """Train with --json, and without it where a person reads too; return the JSON when they are discreet."""
    got = logitgate("train", project, *options, "--json")
    assert got.code != 0
    assert got.json["status"] in ("ERROR", "FAIL", "INDETERMINATE")
    assert got.json["status"] != "ERROR" or got.json["exit_code"] == got.code
    assert "Traceback" not in got.everything and SECRET not in got.everything
    if is_read:
        read = logitgate("train", project, *options)
        assert read.code == got.code
        assert "Traceback" not in read.everything and SECRET not in read.everything
        if got.json["status"] == "ERROR":
            assert got.json["error"] in " ".join(read.err.split("\n"))
            assert read.out == ""
    _nothing_kept(home)
    return got


def _nothing_kept(home):
    """Neither the database nor an artifact holds a cell, and nothing is in production."""
    for path in home.rglob("*"):
        if path.is_file() and not path.name.startswith("prefect"):
            assert SECRET.encode() not in path.read_bytes(), path


def _said(got):
    """Return all that was said against the rows, on one line."""
    if got.json["status"] == "ERROR":
        return got.json["error"]
    return " | ".join(
        f"{one['check']} {one['subject']}: {one['because']}"
        for one in got.json["findings"]
        if one["status"] in ("FAIL", "INDETERMINATE")
    )


def _conflicting(frame):
    other = frame.iloc[2_000:2_003].assign(bad=lambda rows: np.where(rows["bad"] == "yes", "no", "yes"))
    return pd.concat([frame, other], ignore_index=True)


def _with(frame, row, column, value):
    changed = frame.copy()
    changed.loc[row, column] = value
    return changed


ROWS = {
    "no rows": (lambda rows: rows.iloc[:0], {}, ("table", "no rows")),
    "one outcome": (
        lambda rows: rows.assign(bad="no"),
        {},
        ("bad", "1 distinct outcome in", "two are needed"),
    ),
    "three outcomes": (
        lambda rows: _with(rows, 700, "bad", SECRET),
        {},
        ("bad", "3 distinct outcomes in", "map the outcome to two values"),
    ),
    "an event that never occurs": (
        lambda rows: rows,
        {"outcome": {"event": "Yes"}},
        ("bad", "declared event never occurs", "outcome.event"),
    ),
    "no such feature": (lambda rows: rows.drop(columns="load"), {}, ("load", "table does not have it")),
    "an empty column": (lambda rows: rows.assign(load=np.nan), {}, ("load", "every cell is empty")),
    "an infinite number": (
        lambda rows: _with(rows, 41, "load", np.inf),
        {},
        ("row 42", "'load'", "is infinite", "(1 such rows in all)", "finite number"),
    ),
    "repeated ids": (
        lambda rows: pd.concat([rows, rows.iloc[2_000:2_005]], ignore_index=True),
        {},
        ("visit", "5 of", "stand on several rows, 0 of them", "one row for each id"),
    ),
    "conflicting labels": (_conflicting, {}, ("visit", "3 of", "3 of them with conflicting outcomes")),
    "rows from the future": (
        lambda rows: rows.assign(
            at=rows["at"].where(rows.index < 2_990, pd.Timestamp("2190-01-01", tz="UTC"))
        ),
        {},
        ("at:", "10 rows lie in the future", "mend the clock"),
    ),
    "rows without a time": (
        lambda rows: rows.assign(at=rows["at"].where(rows.index < 2_993)),
        {},
        ("at:", "7 rows have no time", "quarantine"),
    ),
    "immature rows only": (
        lambda rows: rows,
        {"outcome": {"matures_after": "90 days"}},
        ("visits", "no row is left", "3000 immature", "later --as-of"),
    ),
    "too many levels": (
        lambda rows: rows,
        {"search": {"most_levels": 3}},
        ("'side'", "4 levels", "more than 3", "search.most_levels"),
    ),
    "a separating feature that is not trusted": (
        lambda rows: rows.assign(speed=np.where(rows["bad"] == "yes", 1.0, -1.0) + rows["speed"] / 100),
        {},
        ("leakage speed", "AUC 0.99", "known_after_outcome"),
    ),
    "a separating feature that is trusted": (
        lambda rows: rows.assign(speed=np.where(rows["bad"] == "yes", 1.0, -1.0) + rows["speed"] / 100),
        {"gates.leakage": {"trusted": TRUSTED}},
        ("'speed'", "separates the outcome perfectly", "drop what is only known after the outcome"),
    ),
    "costs that allow no threshold": (
        lambda rows: _with(rows, [2_700, 2_800], "worth", -1_000.0),
        {"costs": {"false_negative": "worth"}},
        ("costs over worth", "is negative, so no threshold exists (2 of"),
    ),
    "costs that are missing": (
        lambda rows: _with(rows, 2_700, "worth", np.nan),
        {"costs": {"false_negative": "worth"}},
        ("costs over worth", "not a finite number (1 of", "missing values of worth"),
    ),
    "no such cost column": (
        lambda rows: rows.drop(columns="worth"),
        {"costs": {"false_negative": "worth"}},
        ("worth", "table does not have it"),
    ),
}


READ = ("three outcomes", "an infinite number", "a separating feature that is not trusted")
"""A cell's text in the rows, an error and a verdict: read on a screen too, which shows the same sentences."""


@pytest.mark.parametrize("case", ROWS)
def test_rows_that_cannot_be_learned_from(case, commands, tmp_path, visits):
    """Subject, rule and remedy are said, exit 1, and nothing reaches production."""
    breaking, changes, words = ROWS[case]
    project = projects.write(tmp_path / "here", breaking(visits), **changes)
    got = _refused(commands, project, is_read=case in READ)
    assert got.code == 1
    for word in words:
        assert word in _said(got)
    assert not got.json.get("promoted")


def _changed_line(text, number, change):
    lines = text.split("\n")
    lines[number - 1] = change(lines[number - 1])
    return "\n".join(lines)


CSV = {
    "Latin-1": (
        lambda text: _changed_line(text, 9, lambda line: f"{line[:8]}{SECRET}ö{line[8:]}").encode("latin-1"),
        ("visits.csv line 9", "is not utf-8", "rows.encoding", "latin-1"),
    ),
    "UTF-16": (
        lambda text: text.encode("utf-16"),
        ("visits.csv line 1", "byte order mark of utf-16", "rows.encoding = 'utf-16'"),
    ),
    "a NUL byte": (
        lambda text: _changed_line(text, 17, lambda line: f"{SECRET}\0{line}").encode(),
        ("visits.csv line 17", "NUL byte"),
    ),
    "a short row": (
        lambda text: _changed_line(text, 23, lambda line: f"{SECRET},{line.split(',')[1]}").encode(),
        ("visits.csv line 23", "has 2 cells, the header 9 (1 such rows in all)"),
    ),
    "a long row": (
        lambda text: _changed_line(text, 31, lambda line: f"{line},{SECRET}").encode(),
        ("visits.csv line 31", "has 10 cells, the header 9"),
    ),
    "text in a number": (
        lambda text: _changed_line(
            text, 44, lambda line: ",".join([*line.split(",")[:3], SECRET, *line.split(",")[4:]])
        ).encode(),
        ("visits.csv line 44", "'speed'", "no number"),
    ),
    "no bytes": (lambda _: b"", ("visits.csv", "has no bytes")),
}


@pytest.mark.parametrize("case", CSV)
def test_csv_that_is_not_what_it_says(case, commands, tmp_path, visits):
    """The line and the rule are named, exit 1."""
    breaking, words = CSV[case]
    project = projects.write(tmp_path, visits.iloc[:200], rows={"path": "visits.csv"})
    table = tmp_path / "visits.csv"
    table.write_bytes(breaking(table.read_text(encoding="utf-8")))
    got = _refused(commands, project, is_read=case == "text in a number")
    assert got.code == 1
    for word in words:
        assert word in got.json["error"]


def test_a_byte_order_mark_does_no_harm(commands, tmp_path, visits):
    """UTF-8 as spreadsheets write it is read like any other, and its first column keeps its name."""
    project = projects.write(tmp_path, visits, rows={"path": "visits.csv"})
    table = tmp_path / "visits.csv"
    table.write_bytes(codecs.BOM_UTF8 + table.read_bytes())
    got = logitgate("check", project, "--json")
    assert (got.code, got.json["status"]) == (0, "PASS"), got.everything


PARQUET = {
    "truncated": lambda raw: raw[: len(raw) // 2],
    "empty": lambda _: b"",
    "with a flipped bit": lambda raw: raw[:20_000] + bytes([raw[20_000] ^ 8]) + raw[20_001:],
}


@pytest.mark.parametrize("case", PARQUET)
def test_damaged_parquet(case, commands, tmp_path, visits):
    """The file is named, exit 1."""
    project = projects.write(tmp_path, visits)
    table = tmp_path / "visits.parquet"
    visits.to_parquet(table, index=False, write_page_checksum=True)
    table.write_bytes(PARQUET[case](table.read_bytes()))
    got = _refused(commands, project, is_read=False)
    assert got.code == 1
    assert "visits.parquet" in got.json["error"] and "export" in got.json["error"]


def test_levels_as_many_as_rows_are_an_id(commands, tmp_path):
    """A category in which every row has its own level is refused by its count, soon."""
    rows = 150_000
    rng = np.random.default_rng(4)
    numbers = pd.Series(np.arange(rows)).astype(str)
    frame = pd.DataFrame(
        {
            "visit": "v" + numbers,
            "at": pd.Series(projects.START + np.arange(rows).astype("timedelta64[s]")).dt.tz_localize("UTC"),
            "day": "one",
            "speed": rng.normal(size=rows),
            "side": "s" + numbers,
            "bad": np.where(rng.uniform(size=rows) < 0.3, "yes", "no"),
        }
    )
    project = projects.write(
        tmp_path,
        frame,
        features={"numeric": ["speed"]},
        columns={"cluster": None},
        slices={"columns": []},
    )
    started = time.perf_counter()
    got = logitgate("train", project, "--json")
    assert got.code == 1
    assert "'side'" in _said(got) and "more than 2000" in _said(got)
    assert time.perf_counter() - started < 60


PROJECTS = {
    "an unknown key": ({"features": {"numerics": ["speed"]}}, ("features.numerics", "did you mean numeric?")),
    "a negative denominator": (
        {"costs": {"false_negative": -8}},
        ("costs", "C_FP - C_TN + C_FN - C_TP = -7 is negative", "raise false_negative"),
    ),
    "a zero denominator": (
        {"costs": {"false_negative": -1}},
        ("costs", "is zero, so no threshold exists"),
    ),
    "a call in a cost": (
        {"costs": {"false_negative": "exec('1')"}},
        ("costs.false_negative", "Call is not arithmetic"),
    ),
    "an attribute in a cost": (
        {"costs": {"false_negative": "worth.__class__"}},
        ("costs.false_negative", "Attribute is not arithmetic"),
    ),
    "a slice on no column": (
        {"slices": {"columns": ["colour"]}},
        ("slices.columns", "'colour' is not in visits.parquet", "correct the name"),
    ),
    "bins on no column": ({"slices": {"bins": {"height": [1, 2]}}}, ("slices.bins.height", "is not in")),
    "a column with two roles": (
        {"features": {"numeric": ["speed", "bad"]}},
        ("'bad' stands 2 times among id, time, outcome and features", "keep one"),
    ),
    "no duration": ({"outcome": {"matures_after": "soon"}}, ("outcome.matures_after", "90 days")),
}


@pytest.mark.parametrize("case", PROJECTS)
def test_projects_that_contradict_themselves(case, commands, tmp_path, visits):
    """The key and the remedy are named, exit 2."""
    changes, words = PROJECTS[case]
    got = _refused(commands, projects.write(tmp_path, visits.iloc[:300], **changes))
    assert got.code == 2
    for word in words:
        assert word in got.json["error"]


def test_a_project_file_that_is_not_there_or_no_toml(commands, tmp_path):
    """Exit 2, with the path, and the line where there is one."""
    absent = _refused(commands, tmp_path / "nowhere.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text(f"name = \n{SECRET}\n", "utf-8")
    wrong = _refused(commands, broken)
    assert absent.code == wrong.code == 2
    assert "nowhere.toml: cannot be read" in absent.json["error"]
    assert "broken.toml: is not TOML" in wrong.json["error"] and "line 1" in wrong.json["error"]


def test_a_date_that_is_none(commands, tmp_path, visits):
    """Exit 2 with an example, before a run is begun."""
    got = _refused(commands, projects.write(tmp_path, visits.iloc[:300]), "--as-of", "2013-13-45")
    assert got.code == 2
    assert "--as-of" in got.json["error"] and "write it like 2013-05-01" in got.json["error"]
    assert opened(commands).client.get_experiment_by_name("visits") is None


def test_a_table_that_is_not_there(commands, tmp_path):
    """It may come, so this is no fault of the rows: exit 3, and no version is made."""
    got = _refused(commands, projects.write(tmp_path))
    assert got.code == 3
    assert "visits.parquet" in got.json["error"] and "No such file" in got.json["error"]


def test_a_tracking_server_that_refuses_connections(commands, tmp_path, visits, monkeypatch):
    """Exit 3 within half a minute, naming the server."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    started = time.perf_counter()
    got = logitgate("train", projects.write(tmp_path, visits.iloc[:300]), "--json")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert time.perf_counter() - started < 30
    assert got.code == 3
    assert f"store {uri}" in got.json["error"] and got.json["exit_code"] == 3


def test_a_home_that_cannot_be_written(commands, tmp_path, visits, monkeypatch):
    """Exit 3 with the folder and the variable that names another one."""
    (tmp_path / "file").write_text("in the way", "utf-8")
    project = projects.write(tmp_path / "here", visits.iloc[:300])
    with monkeypatch.context() as patch:
        patch.setenv("LOGITGATE_HOME", str(tmp_path / "file" / "home"))
        got = logitgate("train", project, "--json")
    assert got.code == 3
    assert "cannot be written" in got.json["error"] and "LOGITGATE_HOME" in got.json["error"]


def test_no_cell_of_a_quarantined_or_broken_row_is_repeated(commands, tmp_path, visits):
    """A row that breaks the contract is counted, in the verdict as in the artifacts, and never shown."""
    rule = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "side", "value_set": ["north", "south", "east", "west"]},
        "severity": "critical",
        "meta": {"because": "a visit comes from one of four sides"},
    }
    frame = _with(visits, 5, "side", SECRET)
    got = _refused(commands, projects.write(tmp_path / "strict", frame, rules=[rule]))
    assert got.code == 1
    assert "a visit comes from one of four sides: 1 of 3,000 rows break it" in _said(got)

    aside = tmp_path / "aside"
    project = projects.write(tmp_path / "lenient", frame, rules=[rule], contract={"quarantine": str(aside)})
    kept = logitgate("train", project, "--json")
    assert kept.code == 0, kept.out
    (found,) = [
        one for one in kept.json["findings"] if one["check"] == "contract" and one["status"] == "WARN"
    ]
    assert "quarantined" in found["because"]
    assert SECRET not in kept.everything
    _nothing_kept(commands)
    (rows,) = aside.glob("*.parquet")
    assert pd.read_parquet(rows)["side"].tolist() == [SECRET]
    assert SECRET not in json.dumps(json.loads(rows.with_suffix(".json").read_text("utf-8")))


def test_a_mark_in_every_role_is_repeated_nowhere(commands, tmp_path, visits):
    """One person's text as id, entity, slice level and row of costs: counts and columns are named alone."""
    last = len(visits) - 300
    frame = visits.assign(town="Ulm", owner=visits["visit"].str[-4:], worth=visits["worth"].astype(object))
    for name in ("visit", "town", "owner"):
        frame = _with(frame, last, name, SECRET)
    changes = {
        "slices": {"columns": ["side", "town"], "crossings": [["side", "town"]]},
        "columns": {"entity": "owner"},
        "split": {"by": "time"},
        "gates": {"leakage": {"single_feature_auc": 0.9, "gap": 0.4}},
    }
    project = projects.write(tmp_path / "marked", frame.astype({"worth": float}), **changes)
    read = [logitgate("train", project, *more) for more in ((), ("--json",))]
    rows = frame.drop(columns="bad").assign(worth=lambda one: one["worth"].astype(float))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    version = ("--version", "1", "--table", tmp_path / "rows.csv", "--out", tmp_path / "out.csv")
    read.append(logitgate("score", project, *version))
    dear = projects.write(
        tmp_path / "dear",
        _with(rows.assign(bad=frame["bad"]), last, "worth", -50.0),
        **changes,
        costs={"false_negative": "worth"},
    )
    read.append(logitgate("train", dear, "--json"))
    assert "costs over worth: C_FP - C_TN" in _said(read[-1]), _said(read[-1])
    assert not any(SECRET in one.everything for one in read)
    for path in commands.rglob("*"):
        if path.is_file() and not path.name.startswith("prefect") and path.suffix != ".skops":
            assert SECRET.encode() not in path.read_bytes(), path
    assert any(b"town = rare levels" in path.read_bytes() for path in commands.rglob("slices*"))


def test_a_refused_run_is_finished_and_keeps_its_verdict(commands, tmp_path, visits):
    """Whoever looks into MLflow reads why: the run is FINISHED, its verdict and outcome are kept."""
    got = logitgate("train", projects.write(tmp_path, visits.assign(bad="no")), "--json")
    store = opened(commands)
    run = store.client.get_run(got.json["run_id"])
    assert run.info.status == "FINISHED" and run.data.tags["verdict"] == "FAIL"
    assert "distinct outcome" in run.data.tags["mlflow.note.content"]
    assert {one.path for one in store.client.list_artifacts(run.info.run_id)} >= {
        "verdict.md",
        "verdict.json",
    }
    assert store.client.search_model_versions("name='visits'") == []
    close(store)
