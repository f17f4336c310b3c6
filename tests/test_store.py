"""The store: made once whoever comes first, honest about what it cannot reach."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from logitgate.edge import store as module
from logitgate.edge.store import alone, open_store, without_password
from logitgate.errors import UnavailableError

SOURCE = Path(module.__file__).parents[2]


@pytest.fixture
def no_uris(monkeypatch):
    """Nobody has named a server."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    return monkeypatch


@contextmanager
def unprivileged():
    """Root may write everywhere, so it steps down."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_four_processes_start_on_a_fresh_store(tmp_path, no_uris):
    """All of four processes that start at once get the store, and it is migrated once and whole."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from logitgate.edge.store import open_store\n"
        "home = Path(sys.argv[1])\n"
        "(home / f'ready{sys.argv[2]}').touch()\n"
        "while len(list(home.glob('ready*'))) < 4:\n"
        "    time.sleep(0.01)\n"
        "store = open_store(home)\n"
        "store.client.create_experiment(sys.argv[2], artifact_location=store.artifact_root)\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(number)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], errors
    names = {found.name for found in open_store(tmp_path).client.search_experiments()}
    assert names == {"Default", "0", "1", "2", "3"}
    assert not list(tmp_path.glob("*.draft*"))


@pytest.mark.parametrize("made_by", ["us", "MLflow"])
def test_readers_do_not_wait_for_the_writer(mlflow_home, made_by):
    """The journal of the embedded store is a write-ahead log, also when `mlflow run` made the file."""
    if made_by == "MLflow":
        with closing(sqlite3.connect(mlflow_home / "mlflow.db")) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    open_store(mlflow_home)
    with closing(sqlite3.connect(mlflow_home / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_half_made_store_is_made_again(tmp_path, no_uris):
    """What a killed process left of a migration is thrown away."""
    (tmp_path / "mlflow.db").touch()  # SQLite makes an empty file before anything else
    (tmp_path / "mlflow.db.draft").write_bytes(b"half")
    (tmp_path / "mlflow.db.draft-wal").write_bytes(b"half")
    opened = open_store(tmp_path)
    assert opened.client.search_experiments()
    assert not list(tmp_path.glob("*.draft*"))


def test_the_embedded_store_lies_in_one_folder(store, mlflow_home):
    """Runs and files are in the folder that was named, by absolute paths."""
    assert store.tracking_uri == store.registry_uri == f"sqlite:///{mlflow_home}/mlflow.db"
    assert store.artifact_root == f"file://{mlflow_home}/artifacts"
    assert store.embedded


def test_a_named_sqlite_file_is_an_embedded_store(mlflow_home, monkeypatch, tmp_path):
    """MLFLOW_TRACKING_URI wins over the folder, and a relative one is pinned to where it was read."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///here.db")
    opened = open_store(tmp_path / "unused")
    assert opened.tracking_uri == f"sqlite:///{Path.cwd()}/here.db"
    assert opened.embedded
    assert opened.folder == Path.cwd()
    assert not (tmp_path / "unused").exists()


def test_the_registry_can_be_elsewhere(mlflow_home, no_uris):
    """MLFLOW_REGISTRY_URI is honoured on its own."""
    no_uris.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{mlflow_home}/registry.db")
    opened = open_store(mlflow_home)
    assert opened.registry_uri == f"sqlite:///{mlflow_home}/registry.db"
    opened.client.create_registered_model("flights")
    with closing(sqlite3.connect(mlflow_home / "registry.db")) as connection:
        assert connection.execute("SELECT name FROM registered_models").fetchall() == [("flights",)]


def test_a_server_that_is_down_is_named_within_15_seconds(tmp_path, no_uris):
    """A refused connection is an UnavailableError that names the server, but not its password."""
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    no_uris.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    start = time.monotonic()
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}") as refusal:
        open_store(tmp_path)
    assert time.monotonic() - start < 15
    assert "secret" not in str(refusal.value)
    assert refusal.value.exit_code == 3


def test_a_server_that_never_answers_is_given_up(tmp_path, no_uris):
    """A server that takes the call and stays silent does not hold us longer than the limit."""
    no_uris.setattr(module, "_ANSWER_SECONDS", 0.5)
    no_uris.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    no_uris.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        no_uris.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(UnavailableError, match="no answer within"):
            open_store(tmp_path)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("existing", [False, True])
def test_a_read_only_folder_is_named(no_uris, mlflow_template, tmp_path_factory, existing):
    """Whether the store is there or not: where nothing can be written, nothing is begun."""
    folder = tmp_path_factory.mktemp("closed")
    for above in list(folder.parents)[:3]:
        above.chmod(0o755)
    if existing:
        (folder / "mlflow.db").write_bytes(mlflow_template.read_bytes())
        (folder / "mlflow.db").chmod(0o444)
    folder.chmod(0o555)
    with unprivileged(), pytest.raises(UnavailableError, match="cannot be written") as refusal:
        open_store(folder)
    assert str(folder) in str(refusal.value)


def test_a_folder_that_is_a_file_is_named(tmp_path, no_uris):
    """A file where the folder should be is a refusal, not a stack trace."""
    (tmp_path / "home").touch()
    with pytest.raises(UnavailableError, match="cannot be written"):
        open_store(tmp_path / "home")


def test_a_lock_that_is_held_is_waited_for_and_named(tmp_path, monkeypatch):
    """One at a time, and who waits in vain is told for which file."""
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.2)
    with alone(tmp_path / "one.lock"), pytest.raises(UnavailableError, match=r"one\.lock"):  # noqa: SIM117
        with alone(tmp_path / "one.lock"):
            pass
    with alone(tmp_path / "one.lock"):
        pass


def test_passwords_leave_every_url():
    """Each of several URLs in a text loses its user and password."""
    text = without_password("http://a:b@h/x and postgresql+psycopg://c:d@h:5/y?z")
    assert text == "http://h/x and postgresql+psycopg://h:5/y?z"
