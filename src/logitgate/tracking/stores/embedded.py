"""The embedded store: one SQLite file, which appears whole, and lock files beside it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ...errors import HeldError, UnavailableError
from ...limits import LOCK
from .addresses import SQLITE
from .schemas import refuse_another_schema


def make(database: Path) -> None:
    """Make the SQLite file unless it is there, by renaming a finished one: none sees half of it."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        if _filled(database):
            if not all(_writable(path) for path in (database, database.parent)):
                raise PermissionError(f"{database.name} is read-only")
            refuse_another_schema(f"{SQLITE}{database}")
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


def _migrate(database: Path) -> None:
    from mlflow import MlflowClient

    draft = database.with_name(database.name + ".draft")
    for stale in database.parent.glob(draft.name + "*"):
        stale.unlink()  # of a process that died here; we hold the lock
    uri = f"{SQLITE}{draft}"
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
