"""The schema of MLflow's database: which revision is there, and no migration without a request.

MLflow brings a database of an older MLflow to its own schema as soon as it opens it, and the older clients of
a team then refuse it. So the revision is read first, without MLflow.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from ...databases import database_url
from ...errors import UnavailableError
from ...redaction import redacted

_SQLITE = "sqlite:///"
_REVISION = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)
_BOOK, _QUESTION = "alembic_version", "SELECT version_num FROM alembic_version"


@dataclass(frozen=True, slots=True)
class Migrated:
    """A database, the revision that it had, and the one that it has now."""

    address: str
    before: str
    after: str


def refuse_another_schema(uri: str) -> None:
    """Refuse a database that MLflow would migrate, or that is not its own; an empty one is accepted.

    Raises
    ------
    UnavailableError
        With what to do about it.
    """
    subject = f"store {redacted(uri)}"
    try:
        found = revision(uri)
    except sqlite3.Error as error:
        raise UnavailableError(subject, str(error), "see that it runs and can be read") from error
    if found is None or found == _latest():
        return
    if not found:
        raise UnavailableError(subject, "has tables and is no database of MLflow", "name another one")
    if found not in _known():
        rule = f"was made by a later MLflow (schema {found}; this one has {_latest()})"
        raise UnavailableError(subject, rule, "use that MLflow, or another store")
    rule = (
        f"was made by an earlier MLflow (schema {found}; this one has {_latest()}), whose clients would fail"
    )
    raise UnavailableError(subject, rule, "back up the database, then run `logitgate migrate`")


def migrate(*uris: str) -> tuple[Migrated, ...]:
    """Bring databases to the schema of this MLflow; those that have it, and servers, are left alone.

    Raises
    ------
    UnavailableError
        When one is no database of MLflow, or was made by a later one.
    """
    done: list[Migrated] = []
    for uri in dict.fromkeys(uris):
        found = revision(uri) if _is_database(uri) else None
        if found is None or found == _latest():
            continue
        if found not in _known():
            refuse_another_schema(uri)
        from mlflow.store.db.utils import _upgrade_db

        engine = create_engine(database_url(uri), poolclass=NullPool)
        _upgrade_db(engine)  # type: ignore[no-untyped-call]
        done.append(Migrated(redacted(uri), found, revision(uri) or ""))
    return tuple(done)


def _is_database(uri: str) -> bool:
    return uri.startswith((_SQLITE, "postgresql", "mysql", "mssql"))


def revision(uri: str) -> str | None:
    """Return the revision; empty for a database of something else, None for one without any table."""
    if uri.startswith(_SQLITE):
        return _revision_of_file(Path(uri.removeprefix(_SQLITE)))
    engine = create_engine(database_url(uri), poolclass=NullPool)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if _BOOK not in tables:
            return "" if tables else None
        return str(connection.exec_driver_sql(_QUESTION).scalar() or "")


def _revision_of_file(path: Path) -> str | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in rows}
        if _BOOK not in tables:
            return "" if tables else None
        row = connection.execute(_QUESTION).fetchone()
    return str(row[0]) if row else ""


@cache
def _latest() -> str:
    """Return the revision that follows on all others."""
    steps = _steps()
    return next(iter(steps.keys() - steps.values()))


def _known() -> frozenset[str]:
    return frozenset(_steps())


@cache
def _steps() -> dict[str, str]:
    """Return each revision of this MLflow and the one before it, read from its scripts: none is run."""
    found = find_spec("mlflow")
    assert found is not None and found.submodule_search_locations  # noqa: S101 - it is required
    scripts = Path(found.submodule_search_locations[0]) / "store" / "db_migrations" / "versions"
    named = (_REVISION.findall(script.read_text("utf-8")) for script in scripts.glob("*.py"))
    both = ({bool(before): name for before, name in names} for names in named)
    return {one[False]: one.get(True, "") for one in both if False in one}
