"""The questions that are asked of a store without writing to it, and what answers them.

MLflow's own database is asked by SQL where its schema is the one that these questions were written for,
because the import of MLflow takes longer than most commands that only read. Every other store is asked by
MLflow's client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model in the registry."""

    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version of a model in the registry."""

    name: str
    number: int
    run_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeptExperiment:
    """An experiment, which may have been deleted in the UI."""

    experiment_id: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run and its parameters; it may have been deleted in the UI."""

    run_id: str
    params: Mapping[str, str]
    is_deleted: bool


class RegistryReader(Protocol):
    """Registered models. What MLflow shows as a prompt is none of them."""

    def probe(self) -> None:
        """See that the registry answers."""

    def model(self, name: str) -> RegisteredModel | None:
        """Return a model, or None."""

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """Return the versions of a model, the highest number first; none where there is no model."""

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """Return the version of this number, or None."""

    def aliased(self, name: str, alias: str) -> RegisteredVersion | None:
        """Return the version that carries an alias, or None."""

    def place(self, name: str, number: int) -> str:
        """Return the address of a version's files.

        Raises
        ------
        LookupError
            When there is no such version.
        """


class RunReader(Protocol):
    """Experiments and runs."""

    def probe(self) -> None:
        """See that the store answers."""

    def experiment(self, name: str) -> KeptExperiment | None:
        """Return the experiment of this name, or None."""

    def tagged(self, experiment_id: str, tag: str, value: str) -> tuple[KeptRun, ...]:
        """Return the runs of an experiment with this tag, deleted ones too, in the order they began."""
