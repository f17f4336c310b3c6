"""Rows that no id names: a clear refusal by column and count, wherever such a table is given."""

import numpy as np
import pytest

from tests import projects
from tests.command import living_in, logitgate
from tests.prefect_server import unserved

RULE = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "load", "min_value": -50, "max_value": 80},
    "severity": "critical",
    "meta": {"because": "a load beyond that is a broken scale"},
}
WINDOW = ("--since", "2021-04-01", "--until", "2021-05-01", "--as-of", "2021-06-30")


@pytest.fixture(scope="module")
def visits():
    """Visits whose ids nothing else of the table holds."""
    return projects.table(1_500).assign(visit=[f"XQJ{number:06d}W" for number in range(1_500)])


@pytest.fixture(scope="module")
def project(prefect_server, mlflow_template, tmp_path_factory, visits):
    """A project with a champion, whose suite says nothing of ids."""
    folder = tmp_path_factory.mktemp("ids")
    file = written(folder / "project", visits, "visits.parquet")
    with living_in(folder / "home", mlflow_template):
        assert logitgate("train", file, "--json").json["promoted"]
        yield file


def written(folder, frame, name):
    """Write a project without slices, and with a suite that says nothing of ids."""
    file = projects.write(folder, frame, rules=(RULE,), rows={"path": name}, slices=None, search={"C": [1.0]})
    suite = folder / "visits.json"
    suite.write_text(suite.read_text().replace('"visit"', '"day"'))
    return file


def nameless(visits, fault):
    """Take ids away: of one row, of several, or all with their column."""
    if fault == "column":
        return visits.drop(columns="visit")
    rows = np.flatnonzero(visits["at"] > "2021-04-02")[: 1 if fault == "one" else 40]
    return visits.assign(visit=visits["visit"].where(~visits.index.isin(rows)))


# The kind of file alternates: cells are empty in one way or another before any place looks at them.
FILES = {"one": "given.csv", "several": "given.parquet", "column": "given.csv"}


@pytest.mark.parametrize("fault", FILES)
@pytest.mark.parametrize("place", ["check", "train", "score", "rows", "labels"])
def test_a_missing_id_is_refused(project, visits, tmp_path, place, fault):
    """Exit 1 with the column's name, no trace, no cell, and nothing written."""
    frame, name = nameless(visits, fault), FILES[fault]
    if place in ("check", "train"):
        answer = logitgate(place, written(tmp_path / "given", frame, name), "--json")
    else:
        given, out = tmp_path / name, tmp_path / "out.csv"
        frame = frame[["visit", "bad"]] if place == "labels" and fault != "column" else frame
        projects.write(tmp_path, frame, rows={"path": name})
        whole = project.parent / "visits.parquet"
        words = {
            "score": ("score", project, "--table", given, "--out", out),
            "rows": ("monitor", project, "--table", given, *WINDOW),
            "labels": ("monitor", project, "--table", whole, "--labels", given, *WINDOW),
        }
        with unserved():
            answer = logitgate(*words[place], "--json")
        assert not out.exists()
    assert answer.code == 1, answer.everything
    assert "visit" in answer.out and "Traceback" not in answer.everything
    assert "unforeseen" not in answer.everything and "XQJ" not in answer.everything
