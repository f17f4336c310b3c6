"""`logitgate lab`: the page as a file, of a project that is named or the only one of the folder."""

from pathlib import Path

import pytest

from tests import projects
from tests.command import logitgate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one project."""
    made = tmp_path_factory.mktemp("project")
    projects.write(made, projects.table(1_200))
    return made


def test_it_writes_the_page_of_the_only_project(folder, monkeypatch):
    """Under the model's name, and says where."""
    monkeypatch.chdir(folder)
    answer = logitgate("lab", "--json")
    assert answer.code == 0, answer.everything
    path = Path(answer.json["lab"])
    assert path == folder / "visits-lab.html"
    assert "<h1>visits: the lab</h1>" in path.read_text("utf-8")


def test_it_asks_for_a_project_where_there_is_none(tmp_path, monkeypatch):
    """With a command that works."""
    monkeypatch.chdir(tmp_path)
    answer = logitgate("lab")
    assert answer.code == 2
    assert "0 project files in this folder" in answer.err


def test_it_refuses_a_folder_as_its_page(folder):
    """Before anything is trained."""
    answer = logitgate("lab", folder / "visits.toml", "--out", folder)
    assert answer.code == 2
    assert "is a folder" in answer.err
