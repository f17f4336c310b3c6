"""Databases behind SQLAlchemy, ours and those that MLflow opens: which driver, and no wait without an end.

PostgreSQL's own limits do not help against a server, or a proxy before it, that takes each question and stays
silent: so the client looks at the clock while it waits. SQLite waits for who is writing, which on a busy
machine takes longer than its usual five seconds.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.pool import NullPool

from .limits import ANSWER, FILE

if TYPE_CHECKING:
    from psycopg import Connection

SILENCE = "logitgate_silence"
"""Among a connection's arguments: seconds of silence after which it is given up; `ANSWER`'s otherwise."""

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
# A host that vanished closes no connection; by these its session, and so its lock, ends in half a minute.
_KEEPALIVES = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}


def database_url(text: str) -> URL:
    """Return the URL with the driver that we bring where it names none.

    Raises
    ------
    sqlalchemy.exc.ArgumentError, ValueError
        When it is no URL; both quote it.
    """
    url = make_url(text)
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def knock(text: str) -> None:
    """Connect once and ask for nothing: MLflow tries a database that refuses it fifteen times, for hours.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError, ImportError
        When it cannot be reached, or the driver is not there.
    """
    engine = create_engine(database_url(text), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")


@event.listens_for(Engine, "do_connect")
def _bounded(dialect: Dialect, _record: object, given: tuple[Any, ...], named: dict[str, Any]) -> Any:  # noqa: ANN401
    """Open a connection that does not wait for ever; the drivers that we do not know are left alone."""
    silence = named.pop(SILENCE, None)
    if dialect.driver == "pysqlite":
        named.setdefault("timeout", FILE.seconds)
    if dialect.driver not in ("psycopg", "psycopg2"):
        return None
    seconds = ANSWER.seconds if silence is None else silence
    limits = {"connect_timeout": max(2, round(ANSWER.seconds)), "tcp_user_timeout": round(1_000 * seconds)}
    for name, value in (limits | _KEEPALIVES).items():
        named.setdefault(name, value)
    if dialect.driver == "psycopg2":
        return None
    connection = _impatient().connect(*given, **named)
    connection.silence = seconds
    return connection


@cache
def _impatient() -> Any:  # noqa: ANN401 - the driver is an extra, so its class is made when it is there
    from psycopg import Connection, OperationalError, ServerCursor

    class Leaving(ServerCursor[Any]):
        """A cursor of the server that is gone with a lost connection; it is not closed then."""

        def __del__(self, *given: Any) -> None:  # noqa: ANN401 - those of its base
            """Warn of one that was forgotten."""
            if not self.connection.closed:
                super().__del__(*given)

    class Impatient(Connection[Any]):
        """A connection that is closed when nothing came for too long."""

        silence = ANSWER.usual

        def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - those of its base
            super().__init__(*given, **named)
            self.server_cursor_factory = Leaving

        def wait(self, gen: Generator[Any, Any, Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401
            """Wait for what was asked."""
            return super().wait(_watched(self, gen, OperationalError), *given, **named)

    return Impatient


def _watched(
    connection: Connection[Any], asking: Generator[Any, Any, Any], gone: type[Exception]
) -> Generator[Any, Any, Any]:
    """Go through a conversation with the server; the driver comes by ten times a second while it waits."""
    silence: float = getattr(connection, "silence", ANSWER.usual)
    heard, ready, first = time.monotonic(), None, True
    while True:
        try:
            wanted = next(asking) if first else asking.send(ready)
        except StopIteration as end:
            return end.value
        first = False
        ready = yield wanted
        if ready:
            heard = time.monotonic()
        elif time.monotonic() - heard > silence:
            asking.close()
            connection.close()
            raise gone(f"timed out: no answer within {silence:g} s")
