"""The store: made once whoever comes first, honest about what it cannot reach."""

import multiprocessing
import os
import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from logitgate.errors import ProjectError, UnavailableError
from logitgate.limits import ANSWER
from logitgate.tracking import store as module
from logitgate.tracking.store import Store, located, open_store, within
from logitgate.tracking.stores.embedded import alone

SOURCE = Path(module.__file__).parents[2]
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def no_uris(monkeypatch):
    """No server is named."""
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

    def begin(number):
        (tmp_path / f"ready{number}").touch()
        while len(list(tmp_path.glob("ready*"))) < 4:
            time.sleep(0.01)
        store = open_store(tmp_path)
        store.client.create_experiment(number, artifact_location=store.artifact_root)
        os._exit(0)  # what other libraries do at the end of a process is not for a copy of it

    started = [FORK.Process(target=begin, args=(str(number),)) for number in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
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
    no_uris.setenv("LOGITGATE_PATIENCE", "0.5")
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
    """One at a time, and who waits in vain is given the file's name."""
    monkeypatch.setenv("LOGITGATE_PATIENCE", "0.2")
    with alone(tmp_path / "one.lock"), pytest.raises(UnavailableError, match=r"one\.lock"):  # noqa: SIM117
        with alone(tmp_path / "one.lock"):
            pass
    with alone(tmp_path / "one.lock"):
        pass


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("sqlite:///x.db?timeout=30", "options"),
        ("sqlite:///:memory:", "kept in memory"),
        ("sqlite://", "kept in memory"),
        ("sqlite:///file:x.db?mode=ro&uri=true", "options"),
        ("mlflow.example.org:5000", "no scheme"),
        ("/srv/runs", "no scheme"),
        ("file:///srv/runs", "names a folder"),
        ("http://", "no address of a server"),
        ("http://host:port", "no address of a server"),
        ("postgresql://host:port/mlflow", "no address of a database"),
    ],
)
@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"])
def test_what_cannot_be_an_address_is_refused(tmp_path, no_uris, variable, address, rule):
    """Before MLflow makes a folder of that name or crashes in a driver; the variable is named."""
    no_uris.chdir(tmp_path)
    no_uris.setenv(variable, address)
    with pytest.raises(UnavailableError, match=rule) as refused:
        open_store(tmp_path / "home")
    assert refused.value.subject == variable
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_of_postgresql_is_opened_by_the_driver_that_we_bring(tmp_path, no_uris, scheme):
    """Whatever the address calls it; signs in the password stay what they are."""
    no_uris.setenv("MLFLOW_TRACKING_URI", f"{scheme}://me:a%2Fb%40c@host/mlflow?sslmode=require")
    found = located(tmp_path).tracking_uri
    assert found == "postgresql+psycopg://me:a%2Fb%40c@host/mlflow?sslmode=require"


def test_a_file_that_somebody_writes_to_is_waited_for(mlflow_home, no_uris):
    """Longer than SQLite's own five seconds."""
    store = open_store(mlflow_home)
    writer = sqlite3.connect(mlflow_home / "mlflow.db", check_same_thread=False, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    freed = threading.Timer(7, writer.execute, ["COMMIT"])
    freed.start()
    began = time.monotonic()
    store.client.create_experiment("waited", artifact_location="x:/")
    assert time.monotonic() - began > 5
    freed.join()
    writer.close()
    store.client._tracking_client.store.engine.dispose()


def test_a_silent_store_is_reported_with_the_limit_that_moves_it(no_uris):
    """Who needs longer finds the variable's name in the message; what is no number is refused."""
    store = Store("http://host", "http://host", embedded=False)
    no_uris.setenv("LOGITGATE_PATIENCE", "0.1")
    with pytest.raises(UnavailableError, match=r"0\.1 s \(LOGITGATE_PATIENCE\)"):
        within(ANSWER, lambda: time.sleep(1), store)
    for got in ("soon", "-1", "nan", "inf"):
        no_uris.setenv("LOGITGATE_PATIENCE", got)
        with pytest.raises(ProjectError, match="no number of seconds"):
            within(ANSWER, lambda: 1, store)
