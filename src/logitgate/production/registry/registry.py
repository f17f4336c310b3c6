"""Versions of a model, and which of them is in production."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import mlflow.artifacts
from mlflow.entities import LoggedModel, LoggedModelOutput
from mlflow.entities.model_registry import ModelVersion as RegistryVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model as MLmodel
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS
from mlflow.utils.uri import is_local_uri

from ...errors import ConflictError, RefusedError
from ...files.temporary import temporary_folder
from ...redaction import redacted
from ...tracking.batches import Value, shortened
from ...tracking.runs import Run
from ...tracking.store import Store, reached
from ..ledger.entries import Release
from ..ledger.state import REPAIR, State
from ..packaging.model_folder import files_of
from ..packaging.model_package import ModelPackage, pack, unpack

CHAMPION, PREVIOUS, CANDIDATE = "champion", "previous", "candidate"
"""Aliases: the version in production, the one before it, and one that passed and awaits approval."""

DIGEST = "digest"
"""Tag that each version has: the sha256 of its files' manifest. Its run has the code that made it."""

JUDGED_AGAINST, JUDGED_DIGEST = "logitgate.judged_against", "logitgate.judged_against.digest"
"""Tags of a version: number ("none" for a first release) and digest of the champion it was judged against."""

_LONGEST_TAG = 5_000
_TAKEN, _ABSENT = "RESOURCE_ALREADY_EXISTS", ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One registered version of a model.

    Parameters
    ----------
    name : str
    version : int
    run_id : str
        Run that made it.
    digest : str
        sha256 of the manifest of its files.
    """

    name: str
    version: int
    run_id: str
    digest: str

    @property
    def release(self) -> Release:
        """What the ledger calls it."""
        return Release(self.version, self.digest, self.run_id)

    def __str__(self) -> str:
        """Return name and version, as people say it."""
        return f"{self.name} version {self.version}"


@dataclass(frozen=True, slots=True)
class Label:
    """What a reader of the registry sees: a description in Markdown, and tags such as the verdict."""

    description: str
    tags: Mapping[str, Value]


def register(run: Run, name: str, package: ModelPackage, label: Label) -> ModelVersion:
    """Keep a model with its run and give it the next version number.

    A refused challenger is registered as well, with a label. The version is made last, so that
    one whose files are incomplete never appears. What an earlier attempt of this run has uploaded is let go.

    Raises
    ------
    DataError
        When the pipeline is made of parts that loading would not trust.
    UnavailableError
        When the store cannot be reached.
    """
    client = run.store.client
    with reached(run.store):
        for left in uploads(run.store, run.experiment_id, run.run_id):
            if MLFLOW_MODEL_VERSIONS not in left.tags:
                client.delete_logged_model(left.model_id)
        model_id, source, digest = _upload(run, name, package)
        client.log_outputs(run.run_id, [LoggedModelOutput(model_id, step=0)])
        tags = {**label.tags, DIGEST: digest}
        tags = {key: value for key, value in tags.items() if value != ""}
        _make_model(run.store, name)
        made = client.create_model_version(
            name,
            # Not "models:/<id>": MLflow looks that up in its current store.
            source=source,
            run_id=run.run_id,
            tags={key: shortened(value, _LONGEST_TAG) for key, value in tags.items()},
            description=label.description,
            model_id=model_id,
        )
        link = json.dumps([{"name": name, "version": int(made.version)}])
        client.set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: link})
    return ModelVersion(name, int(made.version), run.run_id, digest)


def uploads(store: Store, experiment_id: str, run_id: str) -> list[LoggedModel]:
    """Return the models that a run has uploaded, or begun to."""
    with reached(store):
        return list(store.client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'"))


def champion(store: Store, name: str) -> ModelVersion | None:
    """Return the version in production, or None before the first release.

    Raises
    ------
    UnavailableError
        When the store cannot be reached: an absent answer is not an absent champion.
    """
    return by_alias(store, name, CHAMPION)


def by_alias(store: Store, name: str, alias: str) -> ModelVersion | None:
    """Return the version that carries an alias, or None."""
    with reached(store):
        try:
            return _version(store.client.get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return None


def numbered(store: Store, name: str, number: int) -> ModelVersion:
    """Return the version of this number.

    Raises
    ------
    RefusedError
        When there is none.
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        try:
            return _version(store.client.get_model_version(name, str(number)))
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            raise RefusedError(
                f"{name} version {number}", "is not in the registry", "see the versions in the UI"
            ) from error


def released(store: Store, name: str, release: Release) -> ModelVersion:
    """Return the very version that the ledger means: not another one that has its number now.

    Raises
    ------
    ConflictError
        When it is not in the registry.
    UnavailableError
        When the store cannot be reached.
    """
    found = numbered(store, name, release.version)
    if not release.is_same(found.release):
        rule = "is another one than the ledger means by this number: the registry began to count again"
        raise ConflictError(str(found), rule, "see `logitgate history PROJECT --verify`")
    return found


def versions(store: Store, name: str) -> tuple[ModelVersion, ...]:
    """Return all versions of a model; none for a model that is not registered."""
    with reached(store):
        return tuple(_version(one) for one in _pages(store, name))


def _pages(store: Store, name: str) -> Iterator[RegistryVersion]:
    token = None
    while True:
        page = store.client.search_model_versions(f"name = '{name}'", page_token=token)
        yield from page
        token = page.token
        if not token:
            return


@dataclass(frozen=True, slots=True)
class Noted:
    """A model in the registry: its versions, and the tags of both."""

    versions: Mapping[int, Release] = field(default_factory=dict)
    version_tags: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    model_tags: Mapping[str, str] = field(default_factory=dict)


def noted(store: Store, name: str) -> Noted:
    """Return a model in the registry; one without versions where it has none of this name.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        try:
            tags = dict(store.client.get_registered_model(name).tags)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return Noted()
        found = list(_pages(store, name))
    return Noted(
        {int(one.version): _version(one).release for one in found},
        {int(one.version): dict(one.tags) for one in found},
        tags,
    )


def describe(store: Store, name: str, changed: Callable[[str], str]) -> None:
    """Change the description of a registered model, where that changes it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        before = store.client.get_registered_model(name).description or ""
        after = changed(before)
        if after != before:
            store.client.update_registered_model(name, after)


def is_registered(store: Store, name: str) -> bool:
    """Return whether a model of this name is there, with or without versions."""
    with reached(store):
        try:
            store.client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return False
    return True


def tag(store: Store, version: ModelVersion, name: str) -> str:
    """Return a tag of a version, or an empty text.

    Raises
    ------
    ConflictError
        When the version is gone, or its digest was changed.
    """
    with reached(store):
        return str(_found(store, version).tags.get(name, ""))


def load(store: Store, version: ModelVersion) -> ModelPackage:
    """Load a version without running any code in its folder.

    Raises
    ------
    ConflictError
        When its files are not those that were registered, or the version is gone. It names the file.
    DataError
        When its pipeline contains a type that is not trusted.
    UnavailableError
        When the store cannot be reached.
    """
    if not version.digest:
        rule = "was not made by logitgate, so nothing proves what its files are"
        remedy = "adopt it by `logitgate adopt PROJECT --reason TEXT`; the next that passes takes its place"
        raise ConflictError(str(version), rule, remedy)
    with temporary_folder() as place:
        return unpack(fetch(store, version, place), version.digest)


def fetch(store: Store, version: ModelVersion, into: Path) -> Path:
    """Copy the files of a version into a folder, and return where they lie there; nothing is proven of them.

    Raises
    ------
    ConflictError
        When the version is gone, or its digest was changed.
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        _found(store, version)
        where = _where(store, version)
        _see_that_it_can_be_copied(version, where)
        return Path(
            mlflow.artifacts.download_artifacts(
                artifact_uri=where, dst_path=str(into), tracking_uri=store.tracking_uri
            )
        )


def see_that_its_files_are_there(store: Store, version: ModelVersion) -> None:
    """Refuse a version of which no file is left; files are not read, so their content is not proven.

    Raises
    ------
    ConflictError
        When they are gone.
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        where = _where(store, version)
        if not mlflow.artifacts.list_artifacts(artifact_uri=where, tracking_uri=store.tracking_uri):
            raise _gone(version, where)


def _where(store: Store, version: ModelVersion) -> str:
    return str(store.client.get_model_version_download_uri(version.name, str(version.version)))


def _gone(version: ModelVersion, where: str) -> ConflictError:
    remedy = f"put them back from a backup, or let `{REPAIR}` roll back"
    return ConflictError(
        f"files of {version}", f"are gone from {redacted(where)}", remedy, State.FILES_DAMAGED.value
    )


def _see_that_it_can_be_copied(version: ModelVersion, where: str) -> None:
    """Refuse a folder of this machine that is gone or has a link or a FIFO: copying could hang."""
    if not is_local_uri(where):  # type: ignore[no-untyped-call]
        return
    folder = Path(local_file_uri_to_path(where))  # type: ignore[no-untyped-call]
    if not folder.is_dir():
        raise _gone(version, str(folder))
    files_of(folder)


def _upload(run: Run, name: str, package: ModelPackage) -> tuple[str, str, str]:
    """Keep the files of a model; return its id, where they are, and their digest."""
    client = run.store.client
    # A registered model's name may have dots, a logged model's may not.
    logged = client.create_logged_model(
        run.experiment_id, name=name.replace(".", "_"), source_run_id=run.run_id, model_type="classifier"
    )
    described_by = MLmodel(
        artifact_path=logged.artifact_location,
        run_id=run.run_id,
        model_id=logged.model_id,
        model_uuid=logged.model_id,
    )
    try:
        with temporary_folder() as place:
            folder = place / "model"
            digest = pack(package, folder, described_by)
            client.log_model_artifacts(logged.model_id, str(folder))
    except BaseException:
        with suppress(MlflowException):
            client.finalize_logged_model(logged.model_id, "FAILED")
        raise
    client.finalize_logged_model(logged.model_id, "READY")
    return logged.model_id, logged.artifact_location, digest


def _make_model(store: Store, name: str) -> None:
    try:
        store.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != _TAKEN:
            raise


def _found(store: Store, version: ModelVersion) -> RegistryVersion:
    try:
        found = store.client.get_model_version(version.name, str(version.version))
    except MlflowException as error:
        if error.error_code not in _ABSENT:
            raise
        raise ConflictError(str(version), "is not in the registry", "train again") from error
    if _version(found).digest != version.digest:
        raise ConflictError(str(version), "has another digest than the one that was judged", "judge it again")
    return found


def _version(found: RegistryVersion) -> ModelVersion:
    return ModelVersion(found.name, int(found.version), str(found.run_id), found.tags.get(DIGEST, ""))
