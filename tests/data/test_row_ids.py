"""Rows without ids: named by what they hold, the same in each format, whole or in batches."""

import sqlite3

import pandas as pd
import pytest

from logitgate.data import batches as table_batches
from logitgate.data.row_ids import RowNames
from logitgate.data.table import read_rows
from logitgate.errors import ProjectError
from logitgate.project.reading.load import load_project
from tests import projects
from tests.command import logitgate
from tests.wording import refusal


def without_ids(folder, rows, file="visits.parquet", **changes):
    """Write visits without their ids; return the project."""
    rows = rows.drop(columns="visit")
    project = projects.write(folder, rows, rows={"path": file}, columns={"id": None}, **changes)
    suite = folder / "visits.json"
    suite.write_text(suite.read_text().replace('"visit"', '"day"'))
    return project


@pytest.fixture(scope="module")
def visits():
    """Visits of which some are equal in all that is known of them."""
    rows = projects.table(120)
    return pd.concat([rows, rows.iloc[:7], rows.iloc[3:5]], ignore_index=True)


def test_names_are_unique_and_the_same_in_each_format(tmp_path, visits, monkeypatch):
    """CSV, Parquet, SQL, and batches of any size."""
    parquet = load_project(without_ids(tmp_path / "parquet", visits))
    names = read_rows(parquet).frame["row_id"].tolist()
    assert len(set(names)) == len(visits) == 129
    assert sum(name.endswith("-2") for name in names) == 7 and sum(name.endswith("-3") for name in names) == 2
    csv = load_project(without_ids(tmp_path / "csv", visits, "visits.csv"))
    assert read_rows(csv).frame["row_id"].tolist() == names
    for size in (1, 50, 4_096):
        batches = table_batches.read_batches(csv.rows.path, csv, rows=size)
        assert [name for batch in batches for name in batch.frame["row_id"]] == names
    with sqlite3.connect(tmp_path / "visits.db") as database:
        visits.assign(at=visits["at"].astype(str)).to_sql("visits", database, index=False)
    monkeypatch.setenv("VISITS", f"sqlite:///{tmp_path / 'visits.db'}")
    query = {"path": None, "query": "select * from visits", "url_env": "VISITS"}
    sql = load_project(projects.write(tmp_path / "sql", rows=query, columns={"id": None}))
    assert read_rows(sql).frame["row_id"].tolist() == names


def test_what_is_known_later_does_not_change_a_name(tmp_path, visits):
    """A row has the same name when it is scored, without outcome; only the place among equal rows counts."""
    project = load_project(without_ids(tmp_path / "here", visits))
    known = read_rows(project).frame["row_id"].tolist()
    visits.drop(columns=["visit", "bad"]).to_parquet(tmp_path / "new.parquet", index=False)
    (batch,) = table_batches.read_batches(tmp_path / "new.parquet", project)
    assert batch.frame["row_id"].tolist() == known
    names, turned = (RowNames().name(visits[::way], ["speed", "load"]) for way in (1, -1))
    assert set(names) == set(turned)


def test_a_model_is_trained_and_scores_without_ids(commands, tmp_path):
    """Training, scoring and explaining do without them; a registered model's name may have dots."""
    project = without_ids(tmp_path / "here", projects.table(), name="prod.ml.visits")
    assert logitgate("train", project, "--json").json["version"] == 1
    out = tmp_path / "scores.csv"
    scored = logitgate(
        "score", project, "--table", project.parent / "visits.parquet", "--version", 1, "--out", out
    )
    assert scored.code == 0, scored.everything
    first = pd.read_csv(out)["id"][0]
    assert logitgate("explain", project, "--id", first, "--version", 1).code == 0


def test_what_joins_tables_needs_an_id(tmp_path, visits, wording):
    """The error names the key and what needs it; a table's own `row_id` would be shadowed by the made one."""
    project = load_project(without_ids(tmp_path / "here", visits))
    with_it = load_project(without_ids(tmp_path / "there", visits.assign(row_id="x")))
    wording(refusal(ProjectError, project.business_key, "labels"), refusal(ProjectError, read_rows, with_it))
