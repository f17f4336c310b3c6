"""Which version a report is about, and which run it is made from."""

from __future__ import annotations

from ...errors import RefusedError
from ...tracking.store import Store
from ..registry import registry
from ..registry.registry import ModelVersion
from ..registry.versions import JUDGED_BY


def version_to_report(store: Store, model: str, version: int | None) -> ModelVersion:
    """Return the version of this number, or else the champion, or else the newest one.

    Raises
    ------
    RefusedError
        When there is no version of this number, or none at all.
    UnavailableError
        When the store cannot be reached.
    """
    if version is not None:
        return registry.numbered(store, model, version)
    champion = registry.champion(store, model)
    if champion is not None:
        return champion
    every = registry.versions(store, model) if registry.is_registered(store, model) else ()
    if not every:
        raise RefusedError(model, "has no version to report about", "train one: logitgate train PROJECT")
    return max(every, key=lambda one: one.version)


def judging_run(store: Store, version: ModelVersion) -> str:
    """Return the id of the run that judged a version last.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    return registry.tag(store, version, JUDGED_BY) or version.run_id
