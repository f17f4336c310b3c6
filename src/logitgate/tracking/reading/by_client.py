"""Any store, asked by MLflow's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from .readers import KeptExperiment, KeptRun, RegisteredModel, RegisteredVersion

Found = TypeVar("Found")
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True, slots=True)
class ClientRegistry:
    """Registered models."""

    client: MlflowClient

    def probe(self) -> None:
        """See that the registry answers."""
        self.client.search_registered_models(max_results=1)

    def model(self, name: str) -> RegisteredModel | None:
        """Return a model, or None."""
        found = _or_none(lambda: self.client.get_registered_model(name))
        return None if found is None else RegisteredModel(found.name, dict(found.tags))

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """Return the versions of a model, the highest number first; none where there is no model."""
        return tuple(sorted(map(_version, self._pages(name)), key=lambda one: -one.number))

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """Return the version of this number, or None."""
        return _or_none(lambda: _version(self.client.get_model_version(name, str(number))))

    def aliased(self, name: str, alias: str) -> RegisteredVersion | None:
        """Return the version that carries an alias, or None."""
        return _or_none(lambda: _version(self.client.get_model_version_by_alias(name, alias)))

    def place(self, name: str, number: int) -> str:
        """Return the address of a version's files."""
        return str(self.client.get_model_version_download_uri(name, str(number)))

    def _pages(self, name: str) -> Iterator[ModelVersion]:
        token = None
        while True:
            page = self.client.search_model_versions(f"name = '{name}'", page_token=token)
            yield from page
            token = page.token
            if not token:
                return


@dataclass(frozen=True, slots=True)
class ClientRuns:
    """Experiments and runs."""

    client: MlflowClient

    def probe(self) -> None:
        """See that the store answers."""
        self.client.search_experiments(max_results=1)

    def experiment(self, name: str) -> KeptExperiment | None:
        """Return the experiment of this name, or None."""
        found = self.client.get_experiment_by_name(name)
        if found is None:
            return None
        return KeptExperiment(str(found.experiment_id), found.lifecycle_stage == "deleted")

    def tagged(self, experiment_id: str, tag: str, value: str) -> tuple[KeptRun, ...]:
        """Return the runs of an experiment with this tag, deleted ones too, in the order they began."""
        runs = self.client.search_runs(
            [experiment_id], f"tags.`{tag}` = '{value}'", ViewType.ALL, order_by=["start_time ASC"]
        )
        return tuple(
            KeptRun(run.info.run_id, dict(run.data.params), run.info.lifecycle_stage == "deleted")
            for run in runs
        )


def _version(found: ModelVersion) -> RegisteredVersion:
    return RegisteredVersion(found.name, int(found.version), str(found.run_id), dict(found.tags))


def _or_none(ask: Callable[[], Found]) -> Found | None:
    try:
        return ask()
    except MlflowException as error:
        if error.error_code not in _ABSENT:
            raise
        return None
