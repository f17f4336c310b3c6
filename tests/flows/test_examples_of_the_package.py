"""The examples that come with the package can be copied, are sound, and are all packed into the wheel."""

import tomllib
from pathlib import Path

import pytest

from logitgate.data.project_files import load_project
from logitgate.errors import ProjectError
from logitgate.scaffold.file_check import mistakes_of
from logitgate_flows.cli.beginning import _Example
from logitgate_flows.commands.beginning.examples import EXAMPLES, copy_example

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_whole(tmp_path, name):
    """Rows, contract and cases are where the project file says; again is the same."""
    project_file = copy_example(name, tmp_path)
    project = load_project(project_file)
    assert (
        project.rows.path.is_file() and project.contract.suite.is_file() and project.behaviour.cases.is_file()
    )
    assert mistakes_of(project_file) == ()
    assert copy_example(name, tmp_path) == project_file


def test_nothing_is_overwritten(tmp_path):
    """An edited example stays as it is."""
    project_file = copy_example("tumour", tmp_path)
    project_file.write_text("name = 'mine'\n")
    with pytest.raises(ProjectError, match="is there and is not the example's"):
        copy_example("tumour", tmp_path)
    assert project_file.read_text() == "name = 'mine'\n"


def test_the_wheel_holds_every_file_of_every_example(tmp_path):
    """By the build's own list; folders count as all that is in them."""
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    included = packed["force-include"]
    assert all(place == f"logitgate_flows/examples/{source}" for source, place in included.items())
    for name in EXAMPLES:
        copy_example(name, tmp_path)
    copied = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert all(any(part == Path(one) or Path(one) in part.parents for one in included) for part in copied)
    assert [one.value for one in _Example] == list(EXAMPLES)


def test_the_pre_commit_hook_runs_a_command_that_is_there():
    """With files as its arguments, as pre-commit gives them."""
    import typer.main
    import yaml

    from logitgate_flows.cli.main import app

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, command = hook["entry"].split()
    assert program == "logitgate" and hook["language"] == "python"
    (files,) = [one for one in typer.main.get_command(app).commands[command].params if one.name == "projects"]
    assert files.nargs == -1
