"""MLflow's database, asked by SQL: SQLite and PostgreSQL, of the one schema that the questions are for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, create_engine, text
from sqlalchemy.pool import NullPool

from ...databases import database_url
from ..stores.addresses import SQLITE
from ..stores.schemas import revision
from .readers import KeptExperiment, KeptRun, RegisteredModel, RegisteredVersion

SCHEMA = "dc11669786a5"
"""Revision of MLflow's schema that the questions below are written for."""

_WORKSPACES = "MLFLOW_ENABLE_WORKSPACES"
_PROMPT = "mlflow.prompt.is_prompt"
_HERE = "workspace = 'default' AND name = :name"
_MODEL = f"SELECT name FROM registered_models WHERE {_HERE}"
_MODEL_TAGS = f"SELECT key, value FROM registered_model_tags WHERE {_HERE}"
_ALIAS = f"SELECT version FROM registered_model_aliases WHERE {_HERE} AND alias = :alias"
_VERSIONS = (
    "SELECT name, version, run_id, COALESCE(NULLIF(storage_location, ''), source) AS place "
    f"FROM model_versions WHERE {_HERE} AND current_stage <> 'Deleted_Internal' ORDER BY version DESC"
)
_VERSION_TAGS = f"SELECT version, key, value FROM model_version_tags WHERE {_HERE}"
_EXPERIMENT = f"SELECT experiment_id, lifecycle_stage FROM experiments WHERE {_HERE}"
_RUNS = (
    "SELECT runs.run_uuid, runs.lifecycle_stage FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
    "WHERE runs.experiment_id = :experiment AND tags.key = :tag AND tags.value = :value "
    "ORDER BY runs.start_time, runs.run_uuid"
)
_PARAMS = "SELECT key, value FROM params WHERE run_uuid = :run"


@cache
def is_readable(uri: str) -> bool:
    """Return whether a store is a database that can be asked here."""
    if os.environ.get(_WORKSPACES, "").lower() in ("true", "1"):
        return False
    return uri.startswith((SQLITE, "postgresql")) and revision(uri) == SCHEMA


@dataclass(frozen=True, slots=True)
class DatabaseReader:
    """Registered models, experiments and runs of one database; each question has a connection of its own."""

    uri: str

    def probe(self) -> None:
        """See that the database answers."""
        with self._asked() as connection:
            for table in ("experiments", "registered_models"):
                connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first()

    def model(self, name: str) -> RegisteredModel | None:
        """Return a model, or None."""
        with self._asked() as connection:
            return _model(connection, name)

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """Return the versions of a model, the highest number first; none where there is no model."""
        with self._asked() as connection:
            if _model(connection, name) is None:
                return ()
            return tuple(_versions(connection, name))

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """Return the version of this number, or None."""
        return next((one for one in self.versions(name) if one.number == number), None)

    def aliased(self, name: str, alias: str) -> RegisteredVersion | None:
        """Return the version that carries an alias, or None."""
        with self._asked() as connection:
            if _model(connection, name) is None:
                return None
            number = connection.execute(text(_ALIAS), {"name": name, "alias": alias}).scalar()
            return next((one for one in _versions(connection, name) if one.number == number), None)

    def place(self, name: str, number: int) -> str:
        """Return the address of a version's files.

        Raises
        ------
        LookupError
            When there is no such version.
        """
        with self._asked() as connection:
            for row in _rows(connection, _VERSIONS, name=name):
                if row.version == number:
                    return str(row.place)
        raise LookupError(f"{name} version {number} not found")

    def experiment(self, name: str) -> KeptExperiment | None:
        """Return the experiment of this name, or None."""
        with self._asked() as connection:
            found = connection.execute(text(_EXPERIMENT), {"name": name}).first()
        return None if found is None else KeptExperiment(str(found[0]), found[1] == "deleted")

    def tagged(self, experiment_id: str, tag: str, value: str) -> tuple[KeptRun, ...]:
        """Return the runs of an experiment with this tag, deleted ones too, in the order they began."""
        with self._asked() as connection:
            runs = _rows(connection, _RUNS, experiment=int(experiment_id), tag=tag, value=value)
            return tuple(
                KeptRun(run, _pairs(_rows(connection, _PARAMS, run=run)), stage == "deleted")
                for run, stage in runs
            )

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        engine = create_engine(database_url(self.uri), poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


def _model(connection: Connection, name: str) -> RegisteredModel | None:
    if connection.execute(text(_MODEL), {"name": name}).first() is None:
        return None
    tags = _pairs(_rows(connection, _MODEL_TAGS, name=name))
    return None if tags.get(_PROMPT, "").lower() == "true" else RegisteredModel(name, tags)


def _versions(connection: Connection, name: str) -> Iterator[RegisteredVersion]:
    tags: dict[int, dict[str, str]] = {}
    for number, key, value in _rows(connection, _VERSION_TAGS, name=name):
        tags.setdefault(number, {})[key] = value
    for row in _rows(connection, _VERSIONS, name=name):
        yield RegisteredVersion(row.name, row.version, str(row.run_id), tags.get(row.version, {}))


def _rows(connection: Connection, question: str, **asked: object) -> Sequence[Row[Any]]:
    return connection.execute(text(question), asked).all()


def _pairs(rows: Sequence[Row[Any]]) -> dict[str, str]:
    return {row[0]: row[1] for row in rows}
