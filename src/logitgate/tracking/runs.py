"""What a run leaves behind for its readers: parameters, metrics, candidates, the data's profile and files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .batches import RunEntries, Value, write
from .store import Store, reached

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

NO_GATE = "nobody"
"""Value of the tag `refused_by` of what passed every gate."""
KEY = "logitgate.key"
"""Tag with what makes a training the same training."""
_LONGEST_DIGEST = 36
_KIND = {"mlflow.experimentKind": "custom_model_development"}  # the UI shows training runs, not chats


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is being recorded."""

    store: Store
    run_id: str
    experiment_id: str
    name: str
    began: int
    """Milliseconds since 1970; the moment of all its metrics, so that writing them again adds none."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of the run list sees: its name, its description in Markdown, its tags."""

    name: str
    description: str = ""
    tags: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatasetNote:
    """What a run learned from, without a single cell of it.

    Parameters
    ----------
    name : str
    digest : str
        At most 36 characters are kept; the whole belongs into a tag.
    source : str
        Where the rows came from.
    profile : mapping of str to number
        Counts, such as rows and events.
    """

    name: str
    digest: str
    source: str
    profile: Mapping[str, float]


def experiment(store: Store, name: str) -> str:
    """Return the id of the experiment of this name, and make it when there is none.

    MLflow's Default experiment is never used: the first process to start decides where its files go.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    from mlflow.exceptions import MlflowException

    with reached(store):
        found = store.client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage == "deleted":
            store.client.restore_experiment(found.experiment_id)
        if found is not None:
            return str(found.experiment_id)
        try:
            root = store.artifact_root
            place = root and f"{root}/{name}"
            return str(store.client.create_experiment(name, artifact_location=place, tags=_KIND))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            made = store.client.get_experiment_by_name(name)  # another process was faster
            if made is None:
                raise
            return str(made.experiment_id)


def known_run(store: Store, run_id: str) -> Run:
    """Return a run that has ended, to record more about it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached, or does not know the run.
    """
    with reached(store):
        info = store.client.get_run(run_id).info
    return Run(store, run_id, str(info.experiment_id), str(info.run_name), int(info.start_time))


def record(run: Run, entries: RunEntries) -> None:
    """Record parameters, metrics and tags in as few calls as MLflow allows; see `batches.write`.

    Raises
    ------
    UnavailableError
        When the store cannot be reached, or a parameter is recorded again with another value.
    """
    with reached(run.store):
        write(run.store.client, run.run_id, entries, run.began)


def candidates(run: Run, tried: Mapping[str, RunEntries]) -> None:
    """Record each model that the search tried, by its name, as a run of its own below this one.

    One that is there already, by an attempt whose answer was lost, is completed and not made again.

    Parameters
    ----------
    run : Run
    tried : mapping of str to RunEntries
        Such as ``{"spline C=0.1": Entries(params={"C": 0.1}, metrics={"mean_cost": 2.5})}``.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    from mlflow.utils import mlflow_tags

    client = run.store.client
    tags = {mlflow_tags.MLFLOW_PARENT_RUN_ID: run.run_id, mlflow_tags.MLFLOW_USER: user()}
    with reached(run.store):
        there = {child.info.run_name: child for child in children(run.store, run.experiment_id, run.run_id)}
        for name, entries in tried.items():
            child = there.get(name) or client.create_run(run.experiment_id, tags=tags, run_name=name)
            if child.info.status != "FINISHED":
                write(client, child.info.run_id, entries, child.info.start_time)
                client.set_terminated(child.info.run_id, "FINISHED")


def children(store: Store, experiment_id: str, run_id: str) -> list[Recorded]:
    """Return the runs below a run, such as the candidates of its search."""
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    return found_runs(store, experiment_id, f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'")


def found_runs(store: Store, experiment_id: str, query: str) -> list[Recorded]:
    """Return all runs of an experiment that a query finds, newest first.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    runs: list[Recorded] = []
    token = None
    with reached(store):
        while True:
            page = store.client.search_runs([experiment_id], query, page_token=token)
            runs.extend(page)
            token = page.token
            if not token:
                return runs


def dataset(run: Run, note: DatasetNote) -> None:
    """Record what the run learned from, as its dataset with the context "training".

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    logged = Dataset(
        name=note.name,
        digest=note.digest[:_LONGEST_DIGEST],
        source_type="local",
        source=json.dumps({"uri": note.source}),
        schema=None,
        profile=json.dumps(dict(note.profile)),
    )
    context = InputTag(key=MLFLOW_DATASET_CONTEXT, value="training")
    with reached(run.store):
        run.store.client.log_inputs(run.run_id, datasets=[DatasetInput(dataset=logged, tags=[context])])


def artifacts(run: Run, folder: Path) -> None:
    """Keep all files of a folder with the run.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(run.store):
        run.store.client.log_artifacts(run.run_id, str(folder))


def user() -> str:
    """Return who is running this, as the environment says it."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or "unknown"
