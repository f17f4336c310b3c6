"""Reading the rows that an SQL query returns, through SQLAlchemy, and nothing but reading.

SQLite's driver begins no transaction before a `DROP`, so rolling back does not help: the file is opened for
reading, and each statement is asked what it would do. PostgreSQL runs the query as a cursor of a read-only
transaction. Elsewhere there is a transaction that is rolled back, and the rights of the user that is named.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from ...decision.levels import text_of
from ...errors import DataError, LogitgateError, NoAnswerError, ProjectError, UnavailableError
from ...limits import ROWS
from .source import Source, numbered, unique_names

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_NAME = "rows.query"
_STEPS = 100_000  # of SQLite's machine, between two looks at the clock
_GRACE = 5.0  # the server gives up first, and says so


def query_blocks(
    query: str, url_env: str, texts: Collection[str], rows: int | None = None
) -> Iterator[Source]:
    """Read the rows of a query so many at a time, or all of them, the first block even when there are none.

    The database keeps the others meanwhile, where it can, in one transaction. The query can only read, as far
    as the database can tell; what it did elsewhere is rolled back. Cells of `texts` that come as several
    types become text.

    Raises
    ------
    UnavailableError
        When the variable is unset or no URL, or the database cannot be reached; the URL is never shown.
    ProjectError
        When the database refuses the query.
    DataError
        When a column's cells are of several types.
    """
    from sqlalchemy.exc import SQLAlchemyError

    clock = _Clock()
    engine = _engine(url_env, clock)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _unreachable(url_env, error) from None
    try:
        with connection:
            yield from _blocks(connection, query, texts, rows, clock)
    except SQLAlchemyError as error:
        raise _refused(url_env, error, clock) from None
    finally:
        engine.dispose()


@dataclass(slots=True)
class _Clock:
    """Until when the database may go on with what it was asked last."""

    until: float = inf

    def start(self) -> None:
        self.until = time.monotonic() + ROWS.seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.until


def _blocks(
    connection: Connection, query: str, texts: Collection[str], rows: int | None, clock: _Clock
) -> Iterator[Source]:
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.execution_options(postgresql_readonly=True)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(1_000 * ROWS.seconds)}")
    # Without parameters a percent sign or a colon in the query means itself. A cursor of the server takes
    # one statement, and only one that reads.
    options = connection.execution_options(
        no_parameters=True, stream_results=rows is not None or is_postgresql
    )
    clock.start()
    result = options.exec_driver_sql(query)
    if not result.returns_rows:
        raise ProjectError(_NAME, "returns no rows", "write a SELECT")
    names, before = list(result.keys()), 0
    unique_names(_NAME, names)
    while True:
        clock.start()
        cells = result.fetchall() if rows is None else result.fetchmany(rows)
        if cells or not before:
            yield replace(numbered(_NAME, _table(names, cells, texts), before), is_of_query=True)
        before += len(cells)
        if not cells or rows is None:
            return


def _table(names: list[str], rows: Sequence[Sequence[Any]], texts: Collection[str]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [_array(name, cells, is_text=name in texts) for name, cells in zip(names, columns, strict=True)]
    return pa.table(arrays, names=names)


def _engine(url_env: str, clock: _Clock) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    from ...databases import SILENCE, database_url

    text = os.environ.get(url_env, "")
    if not text:
        remedy = f"set {url_env} to the SQLAlchemy URL of the database"
        raise UnavailableError(f"environment variable {url_env}", "is not set", remedy)
    try:
        url = database_url(text)
        _refuse_absent_file(url, url_env)
        if url.get_backend_name() == "sqlite":
            engine = create_engine(_for_reading(url))
            event.listen(engine, "connect", partial(_let_it_read, clock))
            return engine
        is_ours = url.drivername == "postgresql+psycopg"
        return create_engine(url, connect_args={SILENCE: ROWS.seconds + _GRACE} if is_ours else {})
    except (ArgumentError, ValueError):
        rule, remedy = "is no SQLAlchemy URL", "write it like postgresql://user:password@host/database"
    except ImportError:
        rule = "names a database whose driver is not installed"
        remedy = "install it, for example logitgate[postgresql]"
    raise UnavailableError(f"environment variable {url_env}", rule, remedy)


def _for_reading(url: URL) -> URL:
    """Return the address of the same SQLite file, opened for reading; one in memory stays as it is."""
    file = url.database or ":memory:"
    if file == ":memory:":
        return url
    named = file if file.startswith("file:") else f"file:{quote(str(Path(file).absolute()))}"
    return url.set(database=named).update_query_dict({"mode": "ro", "uri": "true"})


def _let_it_read(clock: _Clock, connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
    """Refuse all that is more than reading, also in another file, and end what takes too long."""
    connection.execute("PRAGMA query_only = ON")
    connection.set_progress_handler(lambda: int(clock.is_over), _STEPS)
    reading = {
        getattr(sqlite3, f"SQLITE_{name}")
        for name in ("SELECT", "READ", "FUNCTION", "RECURSIVE", "TRANSACTION")
    }
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in reading else sqlite3.SQLITE_DENY
    )


def _refuse_absent_file(url: URL, url_env: str) -> None:
    # SQLite would create it, and then say that it has no such table.
    file = url.database or ":memory:"
    is_file = url.get_backend_name() == "sqlite" and not file.startswith((":", "file:"))
    if is_file and not Path(file).exists():
        rule = "names an SQLite file that does not exist"
        raise UnavailableError(f"environment variable {url_env}", rule, "correct the path")


def _unreachable(url_env: str, error: Exception) -> LogitgateError:
    rule = f"the database that it names cannot be reached ({_kind(error)})"
    remedy = "check the URL and that the database runs"
    return UnavailableError(f"environment variable {url_env}", rule, remedy)


def _refused(url_env: str, error: Exception, clock: _Clock) -> LogitgateError:
    if clock.is_over or _kind(error) == "QueryCanceled":
        return NoAnswerError(
            _NAME, f"the database took longer than {ROWS}", "ask for less, or give it longer"
        )
    if getattr(error, "connection_invalidated", False):
        return _unreachable(url_env, error)
    # The driver's own words are left out: they quote cells.
    remedy = "write one SELECT, and try it in the database's own client; a query here can only read"
    return ProjectError(_NAME, f"the database refuses it ({_kind(error)})", remedy)


def _kind(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _array(name: str, cells: Sequence[Any], *, is_text: bool) -> pa.Array:
    try:
        return pa.array(cells, from_pandas=False)
    except (pa.ArrowException, TypeError, OverflowError):
        if is_text:
            texts = [None if cell is None else text_of(cell) or str(cell) for cell in cells]
            return pa.array(texts, type=pa.large_string())
    kinds = ", ".join(sorted({type(cell).__name__ for cell in cells if cell is not None}))
    remedy = "cast the column to one type in the query"
    raise DataError(f"{_NAME}, column '{name}'", f"its cells are of the types {kinds}", remedy) from None
