"""The files of a draft: written once, never over others, and of the form that their readers ask for."""

import json
import subprocess
import sys
import tomllib

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import logitgate as lg
from logitgate.data import memory
from logitgate.data.streaming import glance
from logitgate.data.table import read_rows
from logitgate.errors import DataError, ProjectError, UnavailableError
from logitgate.scaffold.draft import draft_of_file, draft_of_frame, write
from logitgate.scaffold.file_check import mistakes_of
from logitgate.scaffold.guesses.asked import Asked
from logitgate.scaffold.guesses.names import project_name
from logitgate.scaffold.toml_text import line, listed, value
from tests.scaffold.tables import base


@pytest.fixture
def table(tmp_path):
    """Write a plain table."""
    frame, _, _, y = base(400, 1)
    frame.assign(late=y).to_csv(tmp_path / "visits.csv", index=False)
    return tmp_path / "visits.csv"


def test_nothing_is_overwritten(table, tmp_path):
    """What was edited stays, and the difference stands beside it."""
    out = tmp_path / "project"
    draft = draft_of_file(table, Asked("late"), out)
    assert set(write(draft, out).new) == set(draft.files)
    assert set(write(draft, out).same) == set(draft.files)
    edited = (out / "visits.toml").read_text().replace('unit = "cost"', 'unit = "EUR"')
    (out / "visits.toml").write_text(edited)
    again = write(draft, out)
    assert again.different == ("visits.toml",)
    assert (out / "visits.toml").read_text() == edited
    assert '-unit = "EUR"' in again.diff.read_text() and '+unit = "cost"' in again.diff.read_text()


def test_a_table_larger_than_memory_is_drafted_from_a_sample(table, tmp_path, monkeypatch):
    """The same columns and roles, and the question whether the limits hold; or it is refused."""
    whole = draft_of_file(table, Asked("late"), tmp_path)
    columns = pd.read_csv(table).shape[1]
    monkeypatch.setattr(glance, "FEWEST", 100)
    monkeypatch.setattr(glance, "ROWS", 64)
    monkeypatch.setenv(memory.LIMIT, str(250 * 60 * columns / 1e9))
    sampled = draft_of_file(table, Asked("late"), tmp_path)
    assert [len(one.guess.outcome.known) for one in (whole, sampled)] == [400, 200]
    assert "400 rows only 200" in next(one.text for one in sampled.questions if one.key == "contract.suite")
    found = [tomllib.loads(one.files[one.project_file]) for one in (whole, sampled)]
    assert found[0]["columns"] == found[1]["columns"] and found[0]["features"] == found[1]["features"]
    monkeypatch.setattr(glance, "FEWEST", 1_000)
    with pytest.raises(UnavailableError, match="larger machine"):
        draft_of_file(table, Asked("late"), tmp_path)


def test_a_frame_becomes_a_project_with_its_rows(tmp_path):
    """As `lg.init` writes it; the same rows are read."""
    frame, _, _, y = base(400, 2)
    draft = lg.init(frame.assign(late=y), "late", tmp_path / "visits", cost_miss=8, cost_false_alarm=2)
    project = lg.load_project(tmp_path / "visits" / draft.project_file)
    assert (project.costs.false_negative, project.costs.false_positive) == (8, 2)
    assert len(read_rows(project).frame) == 400
    assert not any(one.key == "costs" for one in draft.questions)


def test_a_frame_alone_writes_nothing(tmp_path, monkeypatch):
    """Only what it would write is returned."""
    monkeypatch.chdir(tmp_path)
    frame, _, _, y = base(400, 2)
    draft = lg.init(frame.assign(late=y), "late")
    assert "project.toml" in draft.files and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("outcome", "asked", "refused"),
    [
        ("lat", {}, (ProjectError, "'lat' is not in the table")),
        ("late", {"event": "maybe"}, (ProjectError, "no value of 'late'")),
        ("late", {"id": "number"}, (ProjectError, "'number' is not in the table")),
        ("income", {}, (DataError, "two are needed")),
        ("plan", {}, (DataError, "3 distinct values")),
    ],
)
def test_what_the_table_does_not_have_is_refused(table, tmp_path, outcome, asked, refused):
    """By the option, with a remedy."""
    with pytest.raises(refused[0], match=refused[1]):
        draft_of_file(table, Asked(outcome, **asked), tmp_path)


def test_too_few_events_are_refused():
    """A project cannot begin with five."""
    frame = pd.DataFrame({"x": range(100), "y": ["yes"] * 5 + ["no"] * 95})
    with pytest.raises(DataError, match="5 rows of the rarer value"):
        draft_of_frame(frame, Asked("y"), "few")


@pytest.mark.parametrize(
    ("ci", "file", "schema"),
    [
        ("github", ".github/workflows/visits.yml", "vendor.github-workflows"),
        ("gitlab", ".gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)
def test_workflows_keep_their_schema(table, tmp_path, ci, file, schema):
    """That of the vendor, as shipped with check-jsonschema."""
    draft = draft_of_file(table, Asked("late"), tmp_path / "p", ci=ci)
    write(draft, tmp_path / "p")
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        str(tmp_path / "p" / file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_workflow_is_written_where_none_is_wanted(table, tmp_path):
    """The other files are the same."""
    draft = draft_of_file(table, Asked("late"), tmp_path / "p", ci="none")
    assert not any(name.startswith(".") for name in draft.files)


def test_the_deployment_names_a_flow_that_is_there(table, tmp_path):
    """By its module, as Prefect imports it."""
    from importlib import import_module

    draft = draft_of_file(table, Asked("late"), tmp_path / "p")
    (deployment,) = yaml.safe_load(draft.files["prefect.yaml"])["deployments"]
    module, _, name = deployment["entrypoint"].rpartition(".")
    assert callable(getattr(import_module(module), name))
    assert deployment["parameters"] == {"project_file": "visits.toml"}


def test_the_schema_beside_the_project_is_the_one_that_it_names(table, tmp_path):
    """So that an editor completes."""
    draft = draft_of_file(table, Asked("late"), tmp_path / "p")
    first = draft.files["visits.toml"].splitlines()[0]
    assert first == "#:schema ./logitgate.schema.json"
    assert json.loads(draft.files["logitgate.schema.json"])["properties"]["features"]


def test_cases_can_be_filled_in(table, tmp_path):
    """The header is the one that a case file must have."""
    out = tmp_path / "p"
    write(draft_of_file(table, Asked("late"), out), out)
    text = (
        (out / "visits.toml").read_text().replace("# [behaviour]", "[behaviour]").replace("# cases", "cases")
    )
    (out / "visits.toml").write_text(text)
    with (out / "cases.csv").open("a") as file:
        file.write("rich,p <= 0.9,an example,90,40,gold\n")
    assert mistakes_of(out / "visits.toml") == ()


@given(st.text(max_size=20))
def test_any_name_can_be_written(name):
    """And is read back as it was."""
    text = line(name, name, "because") + "\n" + listed("names", [(name, "because")]) + "\n"
    assert tomllib.loads(text)["names"] == [name]
    assert tomllib.loads(line("it", name))["it"] == name
    assert tomllib.loads(f"it = {value([name, name])}")["it"] == [name, name]


@given(st.text(max_size=80))
def test_any_file_gives_a_name_of_a_project(text):
    """That the project file allows."""
    import re

    assert re.fullmatch(r"[a-z][a-z0-9_-]*", project_name(text)) and len(project_name(text)) <= 63
