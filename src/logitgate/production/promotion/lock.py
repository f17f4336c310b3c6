"""One promotion at a time: a file lock for an embedded store, a PostgreSQL advisory lock for a shared one."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...databases import database_url
from ...environment import home
from ...errors import HeldError, UnavailableError
from ...limits import LOCK
from ...tracking.store import Store
from ...tracking.stores.embedded import alone

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LOCK_URL = "LOGITGATE_LOCK_URL"
"""Environment variable with the URL of a PostgreSQL database whose advisory lock is taken."""

_POLL_SECONDS = 0.1
_SQLITE, _POSTGRESQL = "sqlite:///", "postgres"
_DRIVERS = ("postgresql+psycopg", "postgresql+psycopg2")
# The server's side of `databases`: a client's host that vanished closes no connection either.
_KEEPALIVES = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held.

    Parameters
    ----------
    name : str
        What it is, for people.
    identity : str
        Equal for two locks exactly where one would wait for the other.
    is_shared : bool
        Whether everybody who can reach the store waits for it, wherever they are.
    is_held : function
        Whether it still is; asked right before production changes.
    """

    name: str
    identity: str
    is_shared: bool
    is_held: Callable[[], bool]


@contextmanager
def locked(store: Store, model: str) -> Iterator[Lock]:
    """Hold the lock of a model's promotions until the end of the block; see `held`.

    Raises
    ------
    HeldError
        When another process held it for two minutes.
    UnavailableError
        When the database of the lock cannot be reached.
    """
    with held(store, f"promote-{model}", LOCK.seconds) as lock:
        yield lock


@contextmanager
def held(store: Store, name: str, patience: float) -> Iterator[Lock]:
    """Hold the lock of this name until the end of the block.

    It is an advisory lock of the database of ``LOGITGATE_LOCK_URL``, or of the tracking store where that is
    PostgreSQL; a file next to an embedded store; otherwise a file in the home folder, which keeps apart only
    those who share that folder. The lock of a process that dies is free at once.

    Raises
    ------
    HeldError
        When another process held it for `patience` seconds.
    UnavailableError
        When the database cannot be reached.
    """
    url = os.environ.get(LOCK_URL) or store.tracking_uri
    if os.environ.get(LOCK_URL) or url.startswith(_POSTGRESQL):
        with _advisory(url, name, patience) as lock:
            yield lock
        return
    embedded = store.folder if store.registry_uri.startswith(_SQLITE) else None
    folder = embedded or home()
    where = "beside the store" if embedded else f"{socket.gethostname()}:{folder}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.lock"
    with alone(path, patience):
        taken = path.stat().st_ino
        yield Lock(f"file lock {path}", f"file {where}", embedded is not None, lambda: _is_still(path, taken))


def _is_still(path: Path, inode: int) -> bool:
    """Return whether the file is still there: a new one could be locked by another process."""
    return path.exists() and path.stat().st_ino == inode


@contextmanager
def _advisory(url: str, name: str, patience: float) -> Iterator[Lock]:
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(url)
    key = int.from_bytes(hashlib.sha256(f"logitgate {name}".encode()).digest()[:8], signed=True)
    try:
        try:
            connection = engine.connect()
            _wait(connection, key, name, patience)
            database = _asked(connection, _WHICH)
        except SQLAlchemyError as error:
            raise _unreachable(error) from None
        try:
            name = f"PostgreSQL advisory lock {key}"
            shared = Lock(
                name, f"postgresql {database} {key}", is_shared=True, is_held=lambda: _holds(connection, key)
            )
            yield shared
        finally:
            connection.invalidate()  # ends the session, and the lock with it, however the block ended
    finally:
        engine.dispose()


_TRY = "SELECT pg_try_advisory_lock({key})"
_WHICH = "SELECT system_identifier || '/' || current_database() FROM pg_control_system()"
_HOLDS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
    " AND (classid::bigint << 32 | objid::bigint) = {key} AND objsubid = 1"
)


def _wait(connection: Connection, key: int, name: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _asked(connection, _TRY.format(key=key)):
        if time.monotonic() > deadline:
            rule = f"held by another session for {patience:g} s"
            raise HeldError(f"lock {name}", rule, "wait for it, or end that session")
        time.sleep(_POLL_SECONDS)


def _holds(connection: Connection, key: int) -> bool:
    """Return whether this very session has the lock; behind a pooler it may be another one by now."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return bool(_asked(connection, _HOLDS.format(key=key)))
    except SQLAlchemyError:
        return False


def _asked(connection: Connection, question: str) -> object:
    from sqlalchemy import text

    return connection.execute(text(question)).scalar()


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    try:
        parsed = database_url(url)
        if parsed.drivername not in _DRIVERS:
            rule = "is not of PostgreSQL by one of the drivers psycopg and psycopg2"
            raise UnavailableError(LOCK_URL, rule, "write it like postgresql://user@host/database")
        return create_engine(
            parsed, connect_args={"options": _KEEPALIVES}, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
    except (ArgumentError, ValueError):
        rule, remedy = "is no SQLAlchemy URL", "write it like postgresql://user@host/database"
    except ImportError:
        rule, remedy = "needs a driver that is not installed", "install logitgate[postgresql]"
    raise UnavailableError(LOCK_URL, rule, remedy)


def _unreachable(error: Exception) -> UnavailableError:
    rule = f"the database of the lock cannot be reached ({type(error).__name__})"
    return UnavailableError("promotion", rule, f"see that it runs, and what {LOCK_URL} says")
