"""Versions that are already registered: found by their training, and labelled again."""

from __future__ import annotations

import numpy as np

from ...data.sampling.sample import Sample
from ...errors import ConflictError, LogitgateError
from ...model.model import Model
from ...tracking.batches import shortened
from ...tracking.runs import KEY, Run
from ...tracking.store import Store, again, reached
from . import model_files, registry
from .registry import JUDGED_AGAINST, JUDGED_DIGEST, Label, ModelVersion

REPLACED, JUDGED_BY = "logitgate.replaced_by", "logitgate.judged_by"
"""Tags of a version: the one that took its place, and the run that judged it last."""

_LONGEST_TAG = 5_000


def of_training(store: Store, name: str, key: str) -> list[ModelVersion]:
    """Return the versions that a training has made, newest first; there is more than one only after harm.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    query = f"name = '{name}' AND tags.`{KEY}` = '{key}'"
    found = again(store, lambda: list(store.client.search_model_versions(query)))
    numbers = sorted((int(one.version) for one in found if REPLACED not in one.tags), reverse=True)
    return [registry.numbered(store, name, number) for number in numbers]


def is_there(store: Store, name: str, number: int, key: str) -> bool:
    """Return whether the version that a training made is in the registry, and not another of its number."""
    with reached(store):
        found = store.models.version(name, number)
    return found is not None and found.tags.get(KEY) == key


def answers_alike(store: Store, version: ModelVersion, model: Model, test: Sample) -> bool:
    """Return whether a version gives the same answers as a model, bit for bit, by the same rule and costs.

    One that cannot be loaded safely does not.
    """
    try:
        known = model_files.load(store, version).model
        same = (known.rule, known.costs, known.features) == (model.rule, model.costs, model.features)
        return same and np.array_equal(known.probability(test.frame), model.probability(test.frame))
    except LogitgateError:
        return False


def judged_against(store: Store, version: ModelVersion) -> ModelVersion | None:
    """Return the champion that a version was judged against: the very one, not what has its number now.

    Raises
    ------
    ConflictError
        When another version has that number by now.
    RefusedError
        When that champion is not in the registry any more.
    UnavailableError
        When the store cannot be reached.
    """
    number, digest = (registry.tag(store, version, name) for name in (JUDGED_AGAINST, JUDGED_DIGEST))
    if number in ("", "none"):
        return None
    expected = registry.numbered(store, version.name, int(number))
    if digest not in ("", expected.digest):
        rule = f"was judged against another version {number} than the registry has now"
        raise ConflictError(str(version), rule, "train again")
    return expected


def relabel(run: Run, version: ModelVersion, label: Label) -> None:
    """Label a registered version with the findings of this run.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    client, number = run.store.client, str(version.version)
    with reached(run.store):
        for name, value in {**label.tags, JUDGED_BY: run.run_id}.items():
            client.set_model_version_tag(version.name, number, name, shortened(value, _LONGEST_TAG))
        client.update_model_version(version.name, number, label.description)


def replace_by(store: Store, old: ModelVersion, new: ModelVersion) -> None:
    """Note on a version that the same training has made another one in its place.

    The tag of the run that judged it last goes, as a version has ten tags at most.
    """
    client, number = store.client, str(old.version)
    with reached(store):
        if JUDGED_BY in client.get_model_version(old.name, number).tags:
            client.delete_model_version_tag(old.name, number, JUDGED_BY)
        client.set_model_version_tag(old.name, number, REPLACED, str(new.version))
