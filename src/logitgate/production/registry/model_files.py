"""The files of a version: kept when it is registered, copied and proven when it is loaded."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...errors import ConflictError
from ...files.temporary import temporary_folder
from ...redaction import redacted
from ...tracking.batches import shortened
from ...tracking.runs import Run
from ...tracking.store import Store, reached
from ..ledger.state import REPAIR, State
from ..packaging.model_folder import files_of
from ..packaging.model_package import ModelPackage, pack, unpack
from .registry import DIGEST, Label, ModelVersion, see_that_it_is_registered, uploads

_LONGEST_TAG = 5_000
_THIS = ("", "localhost")
_TAKEN = "RESOURCE_ALREADY_EXISTS"


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
    from mlflow.entities import LoggedModelOutput
    from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

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
        see_that_it_is_registered(store, version)
        where = _where(store, version)
        folder = _here(where)
        if folder is not None:
            return _copied(version, folder, into / folder.name)
        from mlflow.artifacts import download_artifacts

        return Path(
            download_artifacts(artifact_uri=where, dst_path=str(into), tracking_uri=store.tracking_uri)
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
        if not _has_files(store, where):
            raise _gone(version, where)


def _where(store: Store, version: ModelVersion) -> str:
    return store.models.place(version.name, version.version)


def _here(where: str) -> Path | None:
    """Return the folder of this machine that an address names, or None where it names another place."""
    parts = urlsplit(where)
    if not parts.scheme:
        return Path(where)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" and parts.netloc in _THIS else None


def _has_files(store: Store, where: str) -> bool:
    folder = _here(where)
    if folder is not None:
        return folder.is_dir() and any(folder.iterdir())
    from mlflow.artifacts import list_artifacts

    return bool(list_artifacts(artifact_uri=where, tracking_uri=store.tracking_uri))


def _gone(version: ModelVersion, where: str) -> ConflictError:
    remedy = f"put them back from a backup, or let `{REPAIR}` roll back"
    return ConflictError(
        f"files of {version}", f"are gone from {redacted(where)}", remedy, State.FILES_DAMAGED.value
    )


def _copied(version: ModelVersion, folder: Path, copy: Path) -> Path:
    """Copy a folder; refuse one that is gone or has a link or a FIFO: copying could hang."""
    if not folder.is_dir():
        raise _gone(version, str(folder))
    for name, path in files_of(folder).items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy / name)
    return copy


def _upload(run: Run, name: str, package: ModelPackage) -> tuple[str, str, str]:
    """Keep the files of a model; return its id, where they are, and their digest."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model as MLmodel

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
    from mlflow.exceptions import MlflowException

    try:
        store.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != _TAKEN:
            raise
