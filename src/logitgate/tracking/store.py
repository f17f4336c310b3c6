"""Where runs and models are kept: the embedded SQLite store, or the server that the environment names."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from requests import RequestException
from requests import Timeout as HttpTimeout
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ..databases import database_url, knock
from ..errors import HeldError, NoAnswerError, UnavailableError
from ..limits import ANSWER, FILE, LOCK, PATIENCE, Bound
from ..redaction import redacted, without_secrets
from .schemas import refuse_another_schema

_SQLITE = "sqlite:///"
_MEMORY = ("", ":memory:")
_FOLDERS = ("file", "")
_DATABASES = ("postgresql", "postgres", "mysql", "mssql")
_PAUSES = (0.5, 1.0, 1.5)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Store:
    """Where runs (tracking) and models (registry) are kept.

    Parameters
    ----------
    tracking_uri, registry_uri : str
    embedded : bool
        Whether the runs are in a SQLite file, so that a file lock is enough to be alone.
    """

    tracking_uri: str
    registry_uri: str
    embedded: bool

    @property
    def client(self) -> MlflowClient:
        """MLflow's client for this store; nothing global is set."""
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.registry_uri)

    @property
    def folder(self) -> Path | None:
        """Folder of the SQLite file, when embedded."""
        return Path(self.tracking_uri.removeprefix(_SQLITE)).parent if self.embedded else None

    @property
    def artifact_root(self) -> str | None:
        """Where an embedded store puts files; a server decides for itself."""
        return None if self.folder is None else (self.folder / "artifacts").as_uri()

    def __str__(self) -> str:
        """Return the tracking URI without its password."""
        return redacted(self.tracking_uri)


def open_store(home: Path) -> Store:
    """Open the store, and make the embedded one when it is not there yet.

    ``MLFLOW_TRACKING_URI`` and ``MLFLOW_REGISTRY_URI`` are honoured; without them everything is kept in
    ``<home>/mlflow.db`` and ``<home>/artifacts/``. A SQLite URI is an embedded store wherever it lies.

    Raises
    ------
    UnavailableError
        When a server does not answer in time, a folder cannot be written, an address is none, or a database
        was made by another MLflow.
    """
    store = located(home)
    for uri in {store.tracking_uri, store.registry_uri}:
        if uri.startswith(_SQLITE):
            _make(Path(uri.removeprefix(_SQLITE)))
    with reached(store):
        runs, models = (
            FILE if uri.startswith(_SQLITE) else ANSWER for uri in (store.tracking_uri, store.registry_uri)
        )
        for uri in {store.tracking_uri, store.registry_uri}:
            if uri.startswith(_DATABASES):
                within(ANSWER, partial(knock, uri), store)
                within(ANSWER, partial(refuse_another_schema, uri), store)
        within(runs, lambda: store.client.search_experiments(max_results=1), store)
        within(models, lambda: store.client.search_registered_models(max_results=1), store)
    return store


def located(home: Path) -> Store:
    """Return where the store is, without asking whether it is there.

    Raises
    ------
    UnavailableError
        When a variable is no address of a store.
    """
    embedded = f"{_SQLITE}{home.absolute() / 'mlflow.db'}"
    tracking_uri = _named("MLFLOW_TRACKING_URI") or embedded
    registry_uri = _named("MLFLOW_REGISTRY_URI") or tracking_uri
    return Store(tracking_uri, registry_uri, tracking_uri.startswith(_SQLITE))


_FAILURES = (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError)
"""What a store raises that cannot be reached; MLflow's own stores add errors of their own kinds."""


@contextmanager
def reached(store: Store) -> Iterator[None]:
    """Say in our words that a store cannot be reached or does not do what it is asked.

    Raises
    ------
    NoAnswerError
        When it was reached and stayed silent.
    UnavailableError
        In every other case.
    """
    try:
        yield
    except ImportError as error:
        raise UnavailableError(
            f"store {store}",
            "needs a driver that is not installed",
            "install it, such as logitgate[postgresql]",
        ) from error
    except Exception as error:
        if not (isinstance(error, _FAILURES) or type(error).__module__.partition(".")[0] == "mlflow"):
            raise
        reason = without_secrets(str(error).strip()).partition("\n")[0][:300]
        raise (NoAnswerError if _timed_out(error) else UnavailableError)(
            f"store {store}",
            reason or type(error).__name__,
            "see that it runs, accepts you and can be written",
        ) from error


def again(store: Store, ask: Callable[[], Answer]) -> Answer:
    """Ask, and ask again a moment later when the store is just coming back.

    Only for what may be done twice: an answer can be lost after the deed.

    Raises
    ------
    UnavailableError
        When it does not come back, or stays silent.
    """
    for pause in _PAUSES:
        try:
            with reached(store):
                return ask()
        except NoAnswerError:
            raise
        except UnavailableError:
            time.sleep(pause)
    with reached(store):
        return ask()


@contextmanager
def alone(path: Path, patience: float | None = None) -> Iterator[None]:
    """Hold the lock file until the end of the block; locks of dead processes are free.

    Raises
    ------
    HeldError
        When another process held it for two minutes, or for `patience` seconds.
    UnavailableError
        When the folder cannot be written.
    """
    seconds = LOCK.seconds if patience is None else patience
    lock = FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except Timeout as error:
        raise HeldError(
            f"lock {path}", f"held by another process for {seconds:g} s", "wait for it or stop it"
        ) from error
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    try:
        yield
    finally:
        lock.release()


def within(bound: Bound, ask: Callable[[], Answer], store: Store) -> Answer:
    """Ask in a thread that is left behind when no answer comes, whatever the driver's own patience.

    Raises
    ------
    NoAnswerError
        When no answer came in time.
    """
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def listen() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that asked
            errors.append(error)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    thread.join(bound.seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise NoAnswerError(
            f"store {store}", f"no answer within {bound}", "see that it runs and can be reached"
        )
    return answers[0]


def _timed_out(error: BaseException) -> bool:
    """Return whether another process was waited for in vain; MLflow keeps only the text of what it caught."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (HttpTimeout, TimeoutError)) or "timed out" in str(cause).lower():
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _named(variable: str) -> str | None:
    """Return the address that a variable names, in the form in which MLflow takes it.

    Raises
    ------
    UnavailableError
        When it cannot be one; MLflow would crash, or make a folder of that name.
    """
    uri = os.environ.get(variable, "").strip()
    if not uri or (uri.startswith("databricks") and _is_split(uri)):
        return uri or None
    scheme = uri.partition("://")[0].lower() if "://" in uri else ""
    rule = None
    if scheme in _FOLDERS:
        rule = "names a folder, which MLflow no longer keeps runs in" if scheme else "has no scheme"
    elif scheme.partition("+")[0] == "sqlite":
        uri, rule = _file_of(uri)
    elif scheme.startswith("http"):
        rule = None if _is_address(uri) else "is no address of a server"
    elif scheme.partition("+")[0] in _DATABASES:
        try:
            uri = database_url(uri).render_as_string(hide_password=False)
        except (ValueError, ArgumentError):
            rule = "is no address of a database"
    elif not _is_split(uri):
        rule = "is no address, as its brackets stand for nothing"
    if rule is not None:
        remedy = (
            "write it like http://host:5000, postgresql://user@host/mlflow or sqlite:////folder/mlflow.db"
        )
        raise UnavailableError(variable, rule, remedy)
    return uri


def _file_of(uri: str) -> tuple[str, str | None]:
    """Return the URI of a SQLite file by its whole path, and what is wrong with it."""
    path, _, options = uri.partition("://")[2].removeprefix("/").partition("?")
    if options:
        return (
            uri,
            f"has options ('{options}'), but a file takes none; {PATIENCE} sets how long to wait",
        )
    if path in _MEMORY:
        return uri, "names no file, and what is kept in memory ends with the command"
    if path.startswith("file:"):
        return uri, "names a file by a second URI"
    return _SQLITE + str(Path(path).absolute()), None


def _is_split(uri: str) -> bool:
    """Whether an address falls into its parts; MLflow says none of its own where it does not."""
    try:
        return bool(urlsplit(uri))
    except ValueError:
        return False


def _is_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _make(database: Path) -> None:
    """Make the SQLite file unless it is there, by renaming a finished one: none sees half of it."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if _filled(database):
            if not all(_writable(path) for path in (database, database.parent)):
                raise PermissionError(f"{database.name} is read-only")
            refuse_another_schema(f"{_SQLITE}{database}")
            with suppress(
                sqlite3.OperationalError
            ):  # another process is writing: the next one who opens it tries again
                _write_ahead(database)
            return
        with alone(database.with_name(database.name + ".lock")):
            if not _filled(database):
                _migrate(database)
    except (OSError, sqlite3.Error) as error:
        raise _unwritable(database.parent, error) from error


def _migrate(database: Path) -> None:
    draft = database.with_name(database.name + ".draft")
    for stale in database.parent.glob(draft.name + "*"):
        stale.unlink()  # of a process that died here; we hold the lock
    uri = f"{_SQLITE}{draft}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_registered_models(max_results=1)
    client.search_experiments(max_results=1)
    _write_ahead(draft)
    draft.replace(database)


def _write_ahead(database: Path) -> None:
    """Let readers and the writer not wait for each other; the mode is kept in the file."""
    with closing(sqlite3.connect(database, timeout=0.2)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _filled(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _unwritable(folder: Path, error: Exception) -> UnavailableError:
    reason = getattr(error, "strerror", None) or str(error)
    return UnavailableError(
        f"folder {folder}", f"cannot be written ({reason})", "name another one by LOGITGATE_HOME"
    )
