"""The same training asked for again after its champion was lost: never reported as a success."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests import victims
from tests.command import close, empty_home, living_in, logitgate, opened
from tests.homes import put_back
from tests.prefect_server import unserved
from tests.services import listening


@pytest.fixture(scope="module")
def trained(tmp_path_factory, mlflow_template, quick):
    """A project, its home after the first release, and a copy of that home."""
    folder = tmp_path_factory.mktemp("trained")
    home = empty_home(folder / "home", mlflow_template)
    assert victims.run(quick, home, folder / "answer.json") == 0
    got = json.loads((folder / "answer.json").read_text())
    assert (got["promoted"], got["champion"]) == (True, 1)
    return quick, home, Path(shutil.copytree(home, folder / "copy"))


@pytest.fixture
def scene(trained, tmp_path, mlflow_template):
    """A store with a first release, its project, and how a training of it ends."""
    project, home, copy = trained
    put_back(copy, home)
    with living_in(home, mlflow_template), unserved():
        store = opened(home)

        def train():
            code = victims.run(project, home, tmp_path / "answer.json")
            return code, json.loads((tmp_path / "answer.json").read_text())

        yield store, project, train
        close(store)


def test_an_alias_that_is_gone_is_no_success(scene):
    """The remedy that is printed works as it is typed; then the recorded outcome is true again."""
    store, project, train = scene
    store.client.delete_registered_model_alias("visits", "champion")
    code, got = train()
    assert code == 4 and "the alias of version 1" in got["error"]
    assert "`logitgate doctor PROJECT --repair`" in got["error"]
    assert logitgate("doctor", project, "--repair").code == 0
    code, got = train()
    assert (code, got["repeated"], got["champion"]) == (0, True, 1)


@pytest.mark.parametrize("lost", ["version", "files"])
def test_a_champion_that_is_lost_is_trained_again(scene, lost):
    """After the repair nothing is in production; what was lost is made again, not just repeated."""
    store, project, train = scene
    lose(store, lost)
    code, got = train()
    assert code == 4 and "`logitgate doctor PROJECT --repair`" in got["error"]
    assert logitgate("doctor", project, "--repair").code == 0
    assert logitgate("history", project, "--json").json["state"] == "none"
    code, got = train()
    if lost == "version":
        assert got["version"] == 1  # MLflow gives the number of the last one that was deleted once more
    assert (code, got["promoted"], got["repeated"]) == (0, True, False)
    assert got["champion"] == got["version"]
    assert logitgate("history", project, "--verify").code == 0


def test_a_registry_that_counts_again_is_no_repetition(scene):
    """The recorded outcome is about another version 1 than the one that is there now."""
    store, project, train = scene
    store.client.rename_registered_model("visits", "before")
    assert train()[0] == 4
    assert logitgate("doctor", project, "--repair").code == 0
    code, got = train()
    assert (code, got["promoted"], got["champion"], got["repeated"]) == (0, True, 1, False)
    assert logitgate("history", project, "--verify").code == 0


LOSSES = {"alias": "alias gone", "version": "version gone", "files": "files damaged"}
WINDOW = ("--since", "2021-04-01", "--until", "2021-04-08", "--as-of", "2021-06-30", "--json")


@pytest.mark.parametrize("lost", LOSSES)
def test_who_watches_and_scores_without_a_champion(scene, lost, tmp_path, monkeypatch):
    """The kept copy scores and raises the alarm; the watch ends with a state, and its remedy can be typed."""
    store, project, train = scene
    table = project.parent / "visits.parquet"
    scoring = ("score", project, "--table", table, "--out", tmp_path / "out.csv", "--json")
    watch = ("monitor", project, "--table", table, *WINDOW)
    assert logitgate(*scoring).json["status"] == "PASS" and "action" in logitgate(*watch).json
    lose(store, lost)
    with listening() as (address, bodies):
        monkeypatch.setenv("LOGITGATE_NOTIFY", f"json://{address}")
        got = logitgate(*scoring)
    assert (got.code, got.json["status"], got.json["model_version"]) == (0, "STALE", 1), got.everything
    (alarm,) = bodies
    assert "kept copy of visits version 1" in alarm["title"]
    assert alarm["message"] == got.json["stale_because"] and "--repair`" in alarm["message"]
    with listening() as (address, bodies):
        monkeypatch.setenv("LOGITGATE_NOTIFY", f"json://{address}")
        refused = logitgate(*watch)
    (alarm,) = bodies
    assert alarm["message"] in refused.json["error"] and "visits" in alarm["title"]
    assert (refused.code, refused.json["state"]) == (4, LOSSES[lost]), refused.everything
    assert logitgate("history", project, "--verify", "--json").json["state"] == LOSSES[lost]
    (words,) = re.findall(r"`logitgate ([^`]*)`", refused.json["error"])
    typed = logitgate(*words.replace("PROJECT", str(project)).split())
    assert typed.code == 0, typed.everything
    if lost != "alias":
        assert logitgate(*watch).code == 1  # nothing is in production, and says so
        assert train()[0] == 0
    assert "action" in logitgate(*watch).json and logitgate(*scoring).json["status"] == "PASS"


def lose(store, what):
    """Take away the champion's alias, the version or its files."""
    if what == "alias":
        store.client.delete_registered_model_alias("visits", "champion")
    elif what == "version":
        store.client.delete_model_version("visits", "1")
    else:
        where = store.client.get_model_version_download_uri("visits", "1")
        shutil.rmtree(Path(unquote(urlparse(where).path)))
