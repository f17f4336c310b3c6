"""Reading the rows that an SQL query returns, through SQLAlchemy."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import DataError, LogitgateError, ProjectError, UnavailableError
from ..levels import text_of
from .source import Source, numbered, unique_names

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_NAME = "rows.query"


def read_query(query: str, url_env: str, texts: Collection[str]) -> Source:
    """Read the rows of a query; cells of `texts` that come as several types become text.

    The query runs in a transaction that is rolled back.

    Raises
    ------
    UnavailableError
        When the variable is unset or no URL, or the database cannot be reached; the URL is never shown.
    ProjectError
        When the database refuses the query.
    DataError
        When a column's cells are of several types.
    """
    (whole,) = query_blocks(query, url_env, texts)
    return whole


def query_blocks(
    query: str, url_env: str, texts: Collection[str], rows: int | None = None
) -> Iterator[Source]:
    """Read the rows of a query so many at a time, or all of them, the first block even when there are none.

    The database keeps the others meanwhile, where it can, in one transaction that is rolled back.

    Raises
    ------
    UnavailableError, ProjectError, DataError
        As `read_query`.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(url_env)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _unreachable(url_env, error) from None
    try:
        with connection:
            yield from _blocks(connection, query, texts, rows)
    except SQLAlchemyError as error:
        raise _refused(url_env, error) from None
    finally:
        engine.dispose()


def _blocks(connection: Connection, query: str, texts: Collection[str], rows: int | None) -> Iterator[Source]:
    # Without parameters a percent sign or a colon in the query means itself.
    options = connection.execution_options(no_parameters=True, stream_results=rows is not None)
    result = options.exec_driver_sql(query)
    if not result.returns_rows:
        raise ProjectError(_NAME, "returns no rows", "write a SELECT")
    names, before = list(result.keys()), 0
    unique_names(_NAME, names)
    while True:
        cells = result.fetchall() if rows is None else result.fetchmany(rows)
        if cells or not before:
            yield numbered(_NAME, _table(names, cells, texts), before)
        before += len(cells)
        if not cells or rows is None:
            return


def _table(names: list[str], rows: Sequence[Sequence[Any]], texts: Collection[str]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [_array(name, cells, is_text=name in texts) for name, cells in zip(names, columns, strict=True)]
    return pa.table(arrays, names=names)


def _engine(url_env: str) -> Engine:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError

    text = os.environ.get(url_env, "")
    if not text:
        remedy = f"set {url_env} to the SQLAlchemy URL of the database"
        raise UnavailableError(f"environment variable {url_env}", "is not set", remedy)
    try:
        url = make_url(text)
        _refuse_absent_file(url, url_env)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        patience = {"connect_timeout": 10} if url.drivername == "postgresql+psycopg" else {}
        return create_engine(url, connect_args=patience)
    except (ArgumentError, ValueError):
        rule, remedy = "is no SQLAlchemy URL", "write it like postgresql://user:password@host/database"
    except ImportError:
        rule = "names a database whose driver is not installed"
        remedy = "install it, for example logitgate[postgresql]"
    raise UnavailableError(f"environment variable {url_env}", rule, remedy)


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


def _refused(url_env: str, error: Exception) -> LogitgateError:
    if getattr(error, "connection_invalidated", False):
        return _unreachable(url_env, error)
    # The driver's own words are left out: they quote cells.
    remedy = "try it in the database's own client"
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
