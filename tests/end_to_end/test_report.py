"""`logitgate report`: the page of a version, from what its run keeps."""

import json
from pathlib import Path

import pytest

from logitgate.report.page import FACTS, FILE
from tests import projects
from tests.command import living_in, logitgate, opened


@pytest.fixture(scope="module")
def road(home):
    """Two trainings: the first release, and one month later the next."""
    folder = home.parent
    project = projects.write(folder, projects.table())
    first = logitgate("train", project, "--as-of", "2021-04-20", "--json")
    second = logitgate("train", project, "--json")
    assert (first.code, second.code) == (0, 0), second.everything
    return home, project, first.json, second.json


def text_of(answer):
    """The page that a command has written."""
    assert answer.code == 0, answer.everything
    return Path(answer.json["report"]).read_text("utf-8")


def test_each_run_keeps_its_page(road):
    """With what it is made from; it holds the verdict's own figures."""
    home, _, first, _ = road
    client = opened(home).client
    assert {FILE, FACTS} <= {one.path for one in client.list_artifacts(first["run_id"])}
    text = Path(client.download_artifacts(first["run_id"], FILE)).read_text("utf-8")
    assert "Released: version 1 saves" in text
    assert f"{first['test']['n']:,.0f} rows" in text
    for shown in ("ML Test Score", "All versions, refused ones too", "It came into production by promotion"):
        assert shown in text


def test_the_champion_is_reported_about(road, tmp_path, monkeypatch):
    """With the history, what changed, and the way back; the file is named after the version."""
    _, project, _, _ = road
    monkeypatch.chdir(tmp_path)
    text = text_of(logitgate("report", project, "--json"))
    assert (tmp_path / "visits-2-report.html").read_text("utf-8") == text
    assert "Since version 1" in text
    assert "logitgate rollback PROJECT --to 1" in text
    assert "2021-04-20" in text


def test_the_audit_counts_what_the_store_holds(road, tmp_path):
    """A rehearsal is worth half a point; without a monitored window the monitoring has little."""
    _, project, _, second = road
    before, rehearsed = logitgate("audit", project, "--json").json, logitgate("rehearse", project)
    after = logitgate("audit", project, "--json").json
    assert rehearsed.code == 0, rehearsed.everything
    assert (before["version"], before["score"]) == (second["version"], 1)
    gained = {name: after["sections"][name] - points for name, points in before["sections"].items()}
    assert gained == {"features and data": 0, "model development": 0, "infrastructure": 0.5, "monitoring": 0}
    shown = logitgate("audit", project)
    assert all(one["test"] in " ".join(shown.out.split()) for one in after["tests"])
    text = text_of(logitgate("report", project, "--out", tmp_path / "page.html", "--json"))
    assert all(one["test"] in text for one in after["tests"])


def test_another_version_can_be_named(road, tmp_path):
    """It says what was decided then."""
    _, project, _, _ = road
    text = text_of(logitgate("report", project, "--version", 1, "--out", tmp_path / "one.html", "--json"))
    assert "Released: version 1 saves" in text
    assert "There was no version in production to compare with." in text


def test_no_identifier_is_on_it(road, tmp_path):
    """No name of a row, wherever it could hide."""
    _, project, _, _ = road
    text = text_of(logitgate("report", project, "--out", tmp_path / "page.html", "--json"))
    assert not any(name in text for name in projects.table()["visit"])


@pytest.mark.parametrize(
    ("words", "code"), [(["--version", 9], 1), (["--out", "nowhere/page.html"], 2), (["--out", "."], 2)]
)
def test_what_cannot_be_reported_is_refused(road, words, code):
    """A version that is not there, a folder that is not there, a file that is a folder."""
    _, project, _, _ = road
    answer = logitgate("report", project, *words, "--json")
    assert answer.code == code, answer.everything
    assert json.loads(answer.out)["status"] == "ERROR"


def test_without_any_version_it_says_what_to_do(prefect_server, mlflow_template, tmp_path):
    """Train one."""
    with living_in(tmp_path / "home", mlflow_template):
        answer = logitgate("report", projects.write(tmp_path, projects.table(100)), "--json")
    assert answer.code == 1
    assert "logitgate train" in answer.err
