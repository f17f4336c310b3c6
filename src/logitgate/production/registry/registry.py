"""Versions of a model, and which of them is in production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import ConflictError, RefusedError
from ...tracking.batches import Value
from ...tracking.reading.readers import RegisteredVersion
from ...tracking.store import Store, reached
from ..ledger.entries import Release

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

CHAMPION, PREVIOUS, CANDIDATE = "champion", "previous", "candidate"
"""Aliases: the version in production, the one before it, and one that passed and awaits approval."""

DIGEST = "digest"
"""Tag that each version has: the sha256 of its files' manifest. Its run has the code that made it."""

JUDGED_AGAINST, JUDGED_DIGEST = "logitgate.judged_against", "logitgate.judged_against.digest"
"""Tags of a version: number ("none" for a first release) and digest of the champion it was judged against."""


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
        found = store.models.aliased(name, alias)
    return None if found is None else _version(found)


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
        found = store.models.version(name, number)
    if found is None:
        raise RefusedError(f"{name} version {number}", "is not in the registry", "see the versions in the UI")
    return _version(found)


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
        return tuple(map(_version, store.models.versions(name)))


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
        model = store.models.model(name)
        if model is None:
            return Noted()
        found = store.models.versions(name)
    return Noted(
        {one.number: _version(one).release for one in found},
        {one.number: one.tags for one in found},
        model.tags,
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
        return store.models.model(name) is not None


def tag(store: Store, version: ModelVersion, name: str) -> str:
    """Return a tag of a version, or an empty text.

    Raises
    ------
    ConflictError
        When the version is gone, or its digest was changed.
    """
    with reached(store):
        return str(_found(store, version).tags.get(name, ""))


def see_that_it_is_registered(store: Store, version: ModelVersion) -> None:
    """Refuse a version that is not the one which was registered.

    Raises
    ------
    ConflictError
        When the version is gone, or its digest was changed.
    """
    with reached(store):
        _found(store, version)


def _found(store: Store, version: ModelVersion) -> RegisteredVersion:
    found = store.models.version(version.name, version.version)
    if found is None:
        raise ConflictError(str(version), "is not in the registry", "train again")
    if _version(found).digest != version.digest:
        raise ConflictError(str(version), "has another digest than the one that was judged", "judge it again")
    return found


def _version(found: RegisteredVersion) -> ModelVersion:
    return ModelVersion(found.name, found.number, found.run_id, found.tags.get(DIGEST, ""))
