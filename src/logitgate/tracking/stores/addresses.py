"""Addresses of stores, as the environment names them and as MLflow takes them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import ArgumentError

from ...databases import database_url
from ...errors import UnavailableError
from ...limits import PATIENCE

SQLITE = "sqlite:///"
DATABASES = ("postgresql", "postgres", "mysql", "mssql")
_MEMORY = ("", ":memory:")
_FOLDERS = ("file", "")


def named_by(variable: str) -> str | None:
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
    elif scheme.partition("+")[0] in DATABASES:
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
    return SQLITE + str(Path(path).absolute()), None


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
