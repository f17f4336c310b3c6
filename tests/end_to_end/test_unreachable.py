"""A store that is gone, silent, full or closed: exit 3 in time, nothing promoted, and a rerun completes."""

import functools
import json
import os
import subprocess
import time
from contextlib import contextmanager

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from logitgate import environment
from logitgate import limits as bounds
from logitgate.errors import NoAnswerError, UnavailableError
from logitgate.tracking import heartbeat, recording
from logitgate.tracking import store as store_module
from logitgate.tracking.store import Store, again, reached
from tests import victims
from tests.command import close, empty_home, opened
from tests.databases import postgresql
from tests.unreliable import Line, mlflow_server
from tests.victims import AtStep

LIMIT = 2
"""Seconds that an answer is waited for in these tests; ten otherwise."""


@pytest.fixture(scope="module")
def line(tmp_path_factory, mlflow_template):
    """A line to a real MLflow server."""
    folder = tmp_path_factory.mktemp("server")
    empty_home(folder, mlflow_template)
    with mlflow_server(folder, f"sqlite:///{folder / 'mlflow.db'}") as port:
        opened = Line(port)
        yield opened
        opened.close()


def test_what_is_waited_for_adds_up_to_less_than_15_seconds():
    """One answer, the last try to end the run, and the last sign of life; MLflow itself repeats nothing."""
    got = environment.DEFAULTS
    assert got["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    ends = recording._FAREWELL.seconds + heartbeat._GOODBYE_SECONDS
    longest = int(got["MLFLOW_HTTP_REQUEST_TIMEOUT"]) + ends
    assert longest < 13
    assert bounds.ANSWER.usual < 13


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("fate", "until"),
    [
        ("dead", b"PUT /api/2.0/mlflow-artifacts"),
        ("silent", b"POST /api/2.0/mlflow/registered-models/alias"),
    ],
    ids=["dead in mid-upload", "silent in mid-promotion"],
)
def test_a_server_that_fails_in_mid_run(line, tmp_path, fate, until):
    """Exit 3 soon after, no champion, and when it is back the same training completes with one version."""
    name = f"visits-{tmp_path.name[-1]}{fate}"
    project = victims.project(tmp_path / "project", name=name)
    environ = {"MLFLOW_TRACKING_URI": line.url, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(LIMIT)}
    line.fail(fate, until)
    started = victims.training(project, tmp_path / "home", tmp_path / "a.json", **environ)
    started.start()
    victims.wait_until(lambda: line.has_fallen or not started.is_alive(), 60)
    fallen = time.monotonic()
    started.join(30)
    assert (started.exitcode, line.has_fallen) == (3, True), (tmp_path / "a.json").read_text()
    assert time.monotonic() - fallen < LIMIT + 6
    assert line.port and f"store {line.url}" in (tmp_path / "a.json").read_text()
    line.heal()
    client = MlflowClient(line.url, line.url)
    assert not any(one.aliases for one in client.search_registered_models(f"name = '{name}'"))
    assert victims.run(project, tmp_path / "home", tmp_path / "b.json", **environ) == 0
    (version,) = client.search_model_versions(f"name = '{name}'")
    assert (version.version, client.get_registered_model(name).aliases) == ("1", {"champion": "1"})
    runs = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    assert "RUNNING" not in {run.info.status for run in runs}


def test_a_server_that_is_down_from_the_start(quick, tmp_path):
    """No server listens there: exit 3 at once, naming it."""
    code = victims.run(
        quick, tmp_path / "home", tmp_path / "a.json", MLFLOW_TRACKING_URI="http://127.0.0.1:9"
    )
    assert code == 3 and "127.0.0.1:9" in (tmp_path / "a.json").read_text()


@contextmanager
def _small_disk(folder, size):
    """A file system of so many bytes; only root may make one."""
    folder.mkdir()
    try:
        words = ("mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder))
        if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("only root may mount a small disk")
        yield
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=False, capture_output=True)


@pytest.mark.parametrize("room", [60_000, 420_000], ids=["for a run", "for some of the files"])
def test_a_full_disk(quick, tmp_path, mlflow_template, room):
    """Exit 3 with the reason; with room again the training completes, and nothing of it is torn."""
    home = tmp_path / "home"
    with _small_disk(home, mlflow_template.stat().st_size + room):
        empty_home(home, mlflow_template)
        assert victims.run(quick, home, tmp_path / "a.json") == 3
        assert "full" in (got := (tmp_path / "a.json").read_text()) or "No space" in got, got
        subprocess.run(("mount", "-o", "remount,size=64m", str(home)), check=True)
        assert victims.run(quick, home, tmp_path / "b.json") == 0
        store = opened(home)
        assert len(store.client.search_model_versions("name = 'visits'")) == 1
        assert store.client.get_registered_model("visits").aliases == {"champion": 1}
        close(store)


def test_a_disk_that_is_closed(quick, tmp_path, mlflow_template):
    """A store that cannot be written is named before anything begins."""
    home = tmp_path / "home"
    with _small_disk(home, "16m"):
        empty_home(home, mlflow_template)
        subprocess.run(("mount", "-o", "remount,ro", str(home)), check=True)
        assert victims.run(quick, home, tmp_path / "a.json") == 3
        got = json.loads((tmp_path / "a.json").read_text())["error"]
    assert str(home) in got and "cannot be written" in got


def test_four_trainings_on_a_fresh_store(tmp_path):
    """Four processes of four models start where nothing is yet: each gets its version, by one migration."""
    home = tmp_path / "home"
    files = [victims.project(tmp_path / f"p{number}", name=f"visits{number}") for number in range(4)]
    started = [victims.training(file, home, tmp_path / f"{number}.json") for number, file in enumerate(files)]
    for one in started:
        one.start()
    for one in started:
        one.join(60)
    assert [one.exitcode for one in started] == [0] * 4
    store = opened(home)
    models = store.client.search_registered_models()
    assert {one.name: one.aliases for one in models} == {f"visits{n}": {"champion": 1} for n in range(4)}
    close(store)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MlflowException("API request failed with timeout exception"), UnavailableError),
        (MlflowException("HTTPConnectionPool: Read timed out. (read timeout=10)"), NoAnswerError),
        (TimeoutError(), NoAnswerError),
        (ConnectionRefusedError(111, "refused"), UnavailableError),
    ],
)
def test_silence_is_distinguished_from_a_refusal(error, kind):
    """Who is silent is not asked again, who refuses may be about to come back."""
    store = Store("sqlite:///x.db", "sqlite:///x.db", embedded=True)
    with pytest.raises(UnavailableError) as refusal, reached(store):
        raise error
    assert type(refusal.value) is kind


def test_a_store_that_comes_back_is_asked_again(monkeypatch):
    """A few times, a few seconds in all; silence ends it at once."""
    monkeypatch.setattr(store_module, "_PAUSES", (0.01, 0.01))
    store = Store("sqlite:///x.db", "sqlite:///x.db", embedded=True)
    answers = iter([ConnectionRefusedError(), ConnectionRefusedError(), "here"])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert again(store, ask) == "here"
    answers = iter([ConnectionRefusedError()] * 3)
    with pytest.raises(UnavailableError):
        again(store, ask)
    answers = iter([TimeoutError(), "too late"])
    with pytest.raises(NoAnswerError):
        again(store, ask)


@pytest.mark.acceptance
def test_postgresql_is_restarted_in_mid_run(quick, tmp_path):
    """The sessions of store and lock are lost: the training completes or exits 3, the next is through."""
    with postgresql() as database, mlflow_server(tmp_path, database.url) as port:
        url = f"http://127.0.0.1:{port}"
        environ = {"MLFLOW_TRACKING_URI": url, "LOGITGATE_LOCK_URL": database.url}
        stop = AtStep("learn", functools.partial(victims.pause, str(tmp_path / "paused")))
        started = victims.training(quick, tmp_path / "home", tmp_path / "a.json", stop, **environ)
        started.start()
        victims.wait_until((tmp_path / "paused").exists, 60)
        database.restart()
        (tmp_path / "paused").unlink()
        started.join(60)
        assert started.exitcode in (0, 3), (tmp_path / "a.json").read_text()
        assert victims.run(quick, tmp_path / "home", tmp_path / "b.json", **environ) == 0
        client = MlflowClient(url, url)
        assert len(client.search_model_versions("name = 'visits'")) == 1
        assert client.get_registered_model("visits").aliases == {"champion": "1"}
        runs = client.search_runs([client.get_experiment_by_name("visits").experiment_id])
        assert "RUNNING" not in {run.info.status for run in runs}
        assert json.loads((tmp_path / "b.json").read_text())["promoted"]
