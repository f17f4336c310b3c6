"""Addresses of the MLflow UI that land where a person wants to look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..redaction import redacted
from .saved_views import TAG, VIEWS, View
from .store import Store, reached

TRAINING_MODE = "workflowType=machine_learning"
"""Without it MLflow's page opens on traces, in its mode for generative AI."""
CURVES = "logitgate.curves"
"""Tag of a run that holds the curves of monitored windows."""
CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the UI, and what stands on it."""

    what: str
    url: str


def links(store: Store, address: str) -> tuple[Link, ...]:
    """Return each experiment's runs, each champion and the curves of monitoring.

    Parameters
    ----------
    store : Store
    address : str
        Of the server, such as ``http://127.0.0.1:5000``.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        return (*_experiments(store, address), *_champions(store, address))


def runs_page(address: str, experiment_id: str, view: View | None = None) -> str:
    """Return the address of an experiment's runs, in a saved view where one is named.

    Examples
    --------
    >>> runs_page("http://127.0.0.1:5000", "3")
    'http://127.0.0.1:5000/#/experiments/3/runs?workflowType=machine_learning'
    """
    chart = "&compareRunsMode=CHART" if view and view.chart else ""
    shared = f"{chart}&viewStateShareKey={view.key}" if view else ""
    return f"{address}/#/experiments/{experiment_id}/runs?{TRAINING_MODE}{shared}"


def run_page(store: Store, experiment_id: str, run_id: str) -> str:
    """Return the address of a run on the server of a store, without its password; empty where none serves it.

    Examples
    --------
    >>> run_page(Store("http://me:secret@mlflow:5000/", "http://mlflow:5000", False), "3", "ab12")
    'http://mlflow:5000/#/experiments/3/runs/ab12?workflowType=machine_learning'
    """
    address = redacted(store.tracking_uri).rstrip("/")
    if not address.startswith("http"):
        return ""
    return f"{address}/#/experiments/{experiment_id}/runs/{run_id}?{TRAINING_MODE}"


def _experiments(store: Store, address: str) -> Iterator[Link]:
    for one in store.client.search_experiments():
        if one.name != "Default":
            yield Link(f"{one.name}: runs", runs_page(address, one.experiment_id))
            for view in VIEWS:
                if TAG + view.key in one.tags:
                    link = runs_page(address, one.experiment_id, view)
                    yield Link(f"{one.name}: {view.key.removeprefix('logitgate-')}", link)
            yield from _curves(store, address, one.experiment_id, one.name)


def _curves(store: Store, address: str, experiment_id: str, name: str) -> Iterator[Link]:
    found = store.client.search_runs([experiment_id], f"tags.`{CURVES}` = 'true'", max_results=1)
    for run in found:
        place = f"{address}/#/experiments/{experiment_id}/runs/{run.info.run_id}/model-metrics"
        yield Link(f"{name}: curves", f"{place}?{TRAINING_MODE}")


def _champions(store: Store, address: str) -> Iterator[Link]:
    for model in store.client.search_registered_models():
        version = dict(model.aliases).get(CHAMPION)
        if version is not None:
            yield Link(f"{model.name}: champion", f"{address}/#/models/{model.name}/versions/{version}")
