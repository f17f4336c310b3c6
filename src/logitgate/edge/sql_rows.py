"""Reading the rows that an SQL query returns, through SQLAlchemy."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import DataError, LogitgateError, ProjectError, UnavailableError
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
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(url_env)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _unreachable(url_env, error) from None
    try:
        with connection:
            names, rows = _fetched(connection, query)
    except SQLAlchemyError as error:
        raise _refused(url_env, error) from None
    finally:
        engine.dispose()
    unique_names(_NAME, names)
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [_array(name, cells, is_text=name in texts) for name, cells in zip(names, columns, strict=True)]
    return numbered(_NAME, pa.table(arrays, names=names))


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


def _fetched(connection: Connection, query: str) -> tuple[list[str], Sequence[Sequence[Any]]]:
    # Without parameters a percent sign or a colon in the query means itself.
    result = connection.execution_options(no_parameters=True).exec_driver_sql(query)
    if not result.returns_rows:
        raise ProjectError(_NAME, "returns no rows", "write a SELECT")
    return list(result.keys()), result.fetchall()


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
            return pa.array([None if cell is None else str(cell) for cell in cells], type=pa.large_string())
    kinds = ", ".join(sorted({type(cell).__name__ for cell in cells if cell is not None}))
    remedy = "cast the column to one type in the query"
    raise DataError(f"{_NAME}, column '{name}'", f"its cells are of the types {kinds}", remedy) from None
