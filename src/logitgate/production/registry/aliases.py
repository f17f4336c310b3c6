"""Moving the aliases of a registered model."""

from __future__ import annotations

from ...tracking.store import Store, reached
from . import registry


def put(store: Store, model: str, alias: str, version: int) -> None:
    """Let a version carry an alias, whichever carried it before.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        store.client.set_registered_model_alias(model, alias, str(version))


def take_away(store: Store, model: str, alias: str) -> None:
    """Let no version carry an alias; where none does, nothing is changed.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    if registry.by_alias(store, model, alias) is not None:
        with reached(store):
            store.client.delete_registered_model_alias(model, alias)
