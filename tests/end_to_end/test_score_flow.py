"""Scoring as a user runs it: rows in, a file out, and what happens when something is missing."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from tests import projects
from tests.command import living_in, logitgate, opened

QUARANTINED = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "load", "min_value": -50, "max_value": 80},
    "severity": "critical",
    "meta": {"because": "a load beyond that is a broken scale"},
}
OUTCOMES = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "bad", "value_set": ["no", "yes"]},
    "severity": "critical",
    "meta": {"because": "an outcome is yes or no"},
}
SIZE = {
    "type": "expect_table_row_count_to_be_between",
    "kwargs": {"min_value": 1_000},
    "severity": "critical",
    "meta": {"because": "a training table has a thousand rows"},
}
MEAN = {
    "type": "expect_column_mean_to_be_between",
    "kwargs": {"column": "load", "min_value": 5, "max_value": 15},
    "severity": "critical",
    "meta": {"because": "another mean is another unit"},
}


@pytest.fixture(scope="module")
def template(prefect_server, mlflow_template, tmp_path_factory):
    """A home with a champion, and the project that made it."""
    folder = tmp_path_factory.mktemp("champion")
    project = projects.write(
        folder / "project",
        projects.table(),
        rules=(QUARANTINED, OUTCOMES, SIZE, MEAN),
        contract={"quarantine": "quarantine", "most_quarantined": 0.02},
        scoring={"query": "select * from visits", "url_env": "VISITS_URL"},
    )
    with living_in(folder / "home", mlflow_template):
        assert logitgate("train", project, "--json").json["promoted"]
    return folder


@pytest.fixture
def project(template, tmp_path, mlflow_template):
    """The project file, in a copy of its folder; commands live in a copy of the home."""
    shutil.copytree(template / "project", tmp_path / "project")
    with living_in(template / "home", mlflow_template):
        yield tmp_path / "project" / "visits.toml"
    shutil.rmtree(template / "home" / "champions", ignore_errors=True)


@pytest.fixture(scope="module")
def new_rows():
    """Rows of other days, without what is only known later."""
    return projects.table(900, seed=9).drop(columns="bad")


@pytest.fixture
def table(new_rows, tmp_path):
    """The new rows as CSV."""
    new_rows.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def test_new_rows_are_scored_without_their_outcome(project, table, new_rows, tmp_path):
    """Exit 0; each row has the champion's answer, the manifest the file's digest and all counts."""
    out = tmp_path / "out.parquet"
    got = logitgate("score", project, "--table", table, "--out", out, "--json")
    assert got.code == 0, got.everything
    found, manifest = pd.read_parquet(out), json.loads((tmp_path / "out.parquet.manifest.json").read_text())
    assert found["id"].tolist() == new_rows["visit"].tolist()
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest() == got.json["sha256"]
    assert (manifest["rows"], manifest["rows_flagged"]) == (900, int(found["decision"].sum()))
    assert (manifest["status"], manifest["model_version"], manifest["stale_since"]) == ("PASS", 1, None)
    assert "left out" in got.findings("contract", stopping=False)
    again = logitgate("score", project, "--table", table, "--out", tmp_path / "again.parquet", "--json")
    other = pd.read_parquet(tmp_path / "again.parquet")
    assert (
        again.json["snapshot"] == manifest["snapshot"]
        and again.json["model_digest"] == manifest["model_digest"]
    )
    assert (found.drop(columns="scored_at") == other.drop(columns="scored_at")).all(axis=None)
    assert found["request_id"].is_unique


def test_batches_make_no_difference(project, table, tmp_path, monkeypatch):
    """The same decisions in one batch as in ten, and the same verdict about whole columns."""
    from logitgate.data import batches as table_batches

    one, ten = tmp_path / "one.parquet", tmp_path / "ten.parquet"
    assert logitgate("score", project, "--table", table, "--out", one).code == 0
    monkeypatch.setattr(table_batches.read_batches, "__defaults__", (90,))
    got = logitgate("score", project, "--table", table, "--out", ten, "--json")
    assert got.code == 0
    one, ten = pd.read_parquet(one), pd.read_parquet(ten)
    assert np.allclose(one["probability"], ten["probability"], rtol=0, atol=1e-12)
    assert one["decision"].equals(ten["decision"]) and one["request_id"].equals(ten["request_id"])
    whole = got.findings("contract", stopping=False)["visits"]
    assert whole["figures"]["holding"] == whole["figures"]["expectations"] == 3


def test_unusual_cells_are_scored_counted_and_harmless(project, new_rows, tmp_path):
    """Missing numbers, unknown levels, and ids that a spreadsheet or a browser would run."""
    odd = new_rows.copy()
    odd.loc[:4, "speed"] = np.nan
    odd.loc[5:7, "side"] = "<script>alert(1)</script>"
    odd.loc[8, "visit"], odd.loc[9, "visit"] = "=cmd|' /C calc'!A0", "<script>"
    odd.to_csv(tmp_path / "odd.csv", index=False)
    out = tmp_path / "out.csv"
    got = logitgate("score", project, "--table", tmp_path / "odd.csv", "--out", out)
    assert got.code == 0
    assert "Missing speed 5" in got.out and "levels unknown to the model: side 3" in got.out
    assert "<script>" not in got.everything + (tmp_path / "out.csv.manifest.json").read_text()
    read = pd.read_csv(out)
    assert read["id"][8] == "'=cmd|' /C calc'!A0" and read["id"][9] == "<script>"
    assert read["probability"].between(0, 1).all() and read["probability"].notna().all()


def test_a_breach_stops_before_anything_is_written(project, new_rows, tmp_path):
    """Exit 1 with the findings; yesterday's file stays as it is, and no draft is left."""
    out = tmp_path / "out.csv"
    out.write_text("yesterday's")
    cases = {
        "grip": new_rows.drop(columns="grip"),
        "load: expect_column_mean_to_be_between": new_rows.assign(load=new_rows["load"] + 30),
        "speed": new_rows.assign(speed=np.nan),
        "quarantine": new_rows.assign(load=np.where(np.arange(900) < 50, 400.0, new_rows["load"])),
        "table": new_rows.head(0),
    }
    for subject, frame in cases.items():
        frame.to_csv(tmp_path / "broken.csv", index=False)
        got = logitgate("score", project, "--table", tmp_path / "broken.csv", "--out", out, "--json")
        assert got.code == 1 and got.json["status"] == "FAIL" and got.json["sha256"] is None
        assert subject in got.findings("contract"), (subject, got.json)
    assert out.read_text() == "yesterday's"
    assert not list(tmp_path.glob(".out*")) and not list(tmp_path.glob("*.manifest.json"))
    assert (
        "nothing was written"
        in logitgate("score", project, "--table", tmp_path / "broken.csv", "--out", out).out
    )


def test_broken_rows_are_put_aside(project, new_rows, tmp_path):
    """As many as the project allows: they are kept, counted and not scored."""
    new_rows.assign(load=np.where(np.arange(900) < 10, 400.0, new_rows["load"])).to_parquet(
        tmp_path / "in.parquet"
    )
    got = logitgate(
        "score", project, "--table", tmp_path / "in.parquet", "--out", tmp_path / "out.parquet", "--json"
    )
    assert got.code == 0
    assert (got.json["rows_read"], got.json["rows"], got.json["rows_quarantined"]) == (900, 890, 10)
    assert pd.read_parquet(tmp_path / "out.parquet")["id"].tolist() == new_rows["visit"].tolist()[10:]
    (aside,) = (project.parent / "quarantine").glob("rows-*.parquet")
    assert pd.read_parquet(aside)["visit"].tolist() == new_rows["visit"].tolist()[:10]
    counts = json.loads(aside.with_suffix(".json").read_text())
    assert (counts["rows"], counts["of"]) == (10, 900)


def test_a_quiet_night_must_be_declared(template, mlflow_template, new_rows, tmp_path):
    """Then a table without rows gives a file without rows."""
    quiet = projects.write(tmp_path / "quiet", rules=(MEAN,), scoring={"may_be_empty": True})
    new_rows.head(0).to_csv(tmp_path / "none.csv", index=False)
    with living_in(template / "home", mlflow_template):
        got = logitgate(
            "score", quiet, "--table", tmp_path / "none.csv", "--out", tmp_path / "out.csv", "--json"
        )
    assert got.code == 0 and got.json["rows"] == 0
    assert len(pd.read_csv(tmp_path / "out.csv")) == 0


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (
            lambda rows: rows.assign(visit=[*rows["visit"][:-1], rows["visit"][0]]),
            "1 of 900 rows repeat the id",
        ),
        (lambda rows: rows.assign(load=rows["load"].astype(str) + "kg"), "holds text that is no number"),
    ],
)
def test_rows_that_are_not_as_declared_are_refused(project, new_rows, tmp_path, change, got):
    """Exit 1 and no file."""
    change(new_rows).to_csv(tmp_path / "in.csv", index=False)
    answer = logitgate(
        "score", project, "--table", tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--json"
    )
    assert answer.code == 1 and got in answer.json["error"]
    assert not list(tmp_path.glob("*out*"))


def test_a_truncated_table_is_refused(project, table, tmp_path):
    """A copy that broke off is no shorter night."""
    cut = tmp_path / "cut.csv"
    cut.write_bytes(table.read_bytes()[:-30])
    answer = logitgate("score", project, "--table", cut, "--out", tmp_path / "out.csv")
    assert answer.code == 1 and "line 901: has" in answer.err and not (tmp_path / "out.csv").exists()


def test_without_a_table_the_declared_query_is_read(project, new_rows, tmp_path, monkeypatch):
    """And without either nothing is assumed: exit 2."""
    with sqlite3.connect(tmp_path / "visits.db") as database:
        new_rows.astype({"at": str}).to_sql("visits", database, index=False)
    monkeypatch.setenv("VISITS_URL", f"sqlite:///{tmp_path / 'visits.db'}")
    got = logitgate("score", project, "--out", tmp_path / "out.csv", "--json")
    assert got.code == 0 and got.json["rows"] == 900
    bare = projects.write(tmp_path / "bare")
    got = logitgate("score", bare, "--out", tmp_path / "out.csv")
    assert got.code == 2 and "no rows are named" in got.err
    got = logitgate("score", bare, "--out", tmp_path / "out.xlsx", "--table", tmp_path / "new.csv")
    assert got.code == 2 and "is no kind of table that is written" in got.err


def _away(home, patch):
    """Put the registry out of reach; where it would be stays the same."""
    from logitgate.errors import UnavailableError
    from logitgate.production.scoring import champion as serving

    def gone(_home):
        raise UnavailableError("store", "no answer within 12 s", "see that it runs")

    patch.setattr(serving, "open_store", gone)


def test_without_a_registry_the_last_champion_answers_and_says_so(
    project, table, tmp_path, monkeypatch, template
):
    """Exit 0 and STALE everywhere; the same decisions; without a copy, and for a numbered version, exit 3."""
    words = ("score", project, "--table", table)
    with monkeypatch.context() as patch:
        _away(template / "home", patch)
        assert logitgate(*words, "--out", tmp_path / "out.csv").code == 3
    assert logitgate(*words, "--out", tmp_path / "fresh.csv").code == 0
    _away(template / "home", monkeypatch)
    got = logitgate(*words, "--out", tmp_path / "stale.csv", "--json")
    manifest = json.loads((tmp_path / "stale.csv.manifest.json").read_text())
    assert got.code == 0 and got.json["status"] == manifest["status"] == "STALE"
    assert manifest["stale_since"] and "no answer within 12 s" in manifest["stale_because"]
    assert "STALE since" in logitgate(*words, "--out", tmp_path / "again.csv").out
    fresh, stale = (pd.read_csv(tmp_path / name) for name in ("fresh.csv", "stale.csv"))
    assert fresh.drop(columns="scored_at").equals(stale.drop(columns="scored_at"))
    assert logitgate(*words, "--out", tmp_path / "out.csv", "--version", "1").code == 3


def test_a_real_server_that_is_gone_leaves_the_copy(project, table, tmp_path, monkeypatch, template):
    """A copy is kept by the store's address: that of another store never answers for a dead server."""
    assert logitgate("score", project, "--table", table, "--out", tmp_path / "out.csv").code == 0
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert logitgate("score", project, "--table", table, "--out", tmp_path / "out.csv").code == 3
    (kept,) = (template / "home" / "champions").iterdir()
    assert kept.name.startswith("visits-")


def test_a_copy_that_was_changed_is_refused(project, table, tmp_path, monkeypatch, template):
    """Exit 4 with the file's name; with the registry back it is fetched again."""
    words = ("score", project, "--table", table, "--out", tmp_path / "out.csv")
    assert logitgate(*words).code == 0
    (decision,) = (template / "home" / "champions").rglob("decision.json")
    decision.write_text(decision.read_text().replace("0.", "0.0", 1))
    (tmp_path / "out.csv").unlink()
    with monkeypatch.context() as patch:
        _away(template / "home", patch)
        got = logitgate(*words)
    assert got.code == 4 and "decision.json" in got.err and not (tmp_path / "out.csv").exists()
    assert logitgate(*words, "--json").json["status"] == "PASS"


def test_an_alias_that_was_moved_by_hand_does_not_answer(project, table, tmp_path, template):
    """The last champion that the ledger confirmed goes on, STALE; without a copy none does: exit 4."""
    words = ("score", project, "--table", table, "--out", tmp_path / "out.csv")
    client = opened(template / "home").client
    client.delete_registered_model_alias("visits", "champion")
    try:
        got = logitgate(*words)
        assert got.code == 4 and "the alias of version 1" in got.err and "doctor PROJECT --repair" in got.err
        client.set_registered_model_alias("visits", "champion", "1")
        assert logitgate(*words).code == 0
        client.delete_registered_model_alias("visits", "champion")
        got = logitgate(*words, "--json")
        assert got.code == 0 and got.json["status"] == "STALE"
        made = client.create_model_version("visits", client.get_model_version("visits", "1").source)
        client.set_registered_model_alias("visits", "champion", made.version)
        got = logitgate(*words, "--json")
        assert got.code == 0 and (got.json["status"], got.json["model_version"]) == ("STALE", 1)
        assert "version 1 by the ledger: moved by hand" in got.json["stale_because"]
        client.delete_model_version("visits", made.version)
    finally:
        client.set_registered_model_alias("visits", "champion", "1")


@pytest.mark.acceptance
def test_a_command_that_is_killed_while_it_writes_leaves_no_file(project, new_rows, tmp_path, template):
    """kill -9 in mid-write: no OUT, no manifest; the next run removes the draft and writes the whole."""
    many = pd.concat([new_rows] * 400, ignore_index=True)
    many["visit"] = [f"w{number}" for number in range(len(many))]
    many.to_parquet(tmp_path / "many.parquet")
    out = tmp_path / "out.csv"
    words = ["score", project, "--table", tmp_path / "many.parquet", "--out", out]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))}
    kept |= {"LOGITGATE_HOME": str(template / "home"), "PREFECT_HOME": str(tmp_path / "prefect")}
    scorer = subprocess.Popen(
        [sys.executable, "-m", "logitgate_flows", *map(str, words)],
        env=kept,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 90
        while not any(one.stat().st_size > 100_000 for one in tmp_path.glob(".out.csv.*.writing")):
            assert scorer.poll() is None and time.monotonic() < end
            time.sleep(0.002)
    finally:
        os.killpg(scorer.pid, signal.SIGKILL)
        scorer.wait()
    assert len(list(tmp_path.glob(".out.csv.*.writing"))) == 1
    assert not out.exists() and not list(tmp_path.glob("*.manifest.json"))
    assert logitgate(*words).code == 0
    assert len(pd.read_csv(out)) == len(many) and not list(tmp_path.glob(".out.csv.*"))


@pytest.mark.acceptance
def test_without_a_server_no_prefect_is_loaded(project, table, template, tmp_path):
    """A process of its own, with no server named, neither starts one nor imports Prefect."""
    commands = (
        ("score", "--table", str(table), "--out", "scores.csv"),
        ("monitor", "--table", str(table)),
        ("check", "--table", str(table)),
        ("explain", "--id", "v1"),
        ("history",),
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    watched = (
        "import sys\nfrom logitgate_flows.cli import main\n"
        f"for command, *rest in {commands!r}:\n"
        f"    sys.argv = ['logitgate', command, {str(project)!r}, *rest]\n"
        "    try:\n        main.main()\n"
        "    except SystemExit as end:\n        code = end.code\n"
        "    print('prefect' in sys.modules, code, file=sys.stderr)"
    )
    got = subprocess.run(
        (sys.executable, "-c", watched),
        env=kept | {"LOGITGATE_HOME": str(template / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = [line.split() for line in got.stderr.splitlines() if line.startswith(("True ", "False "))]
    assert len(loaded) == len(commands), got.stderr
    assert all(prefect == "False" and code in ("0", "1", "None") for prefect, code in loaded), got.stderr
