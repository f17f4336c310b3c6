"""Curves of monitored windows in MLflow: one run for each version, with the windows' own timestamps.

The figures of a signal share a name before the slash, so that the UI charts them together: value, its limits,
and the limits of the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...monitoring.reactions.signals import curve_points
from ...monitoring.window import MonitoringResult
from ..links import CURVES
from ..store import Store, reached

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

VERSION, _FIRST_DAY = "logitgate.curves.version", "logitgate.curves.first_day"
"""Tags of the run of a version; runs of before have neither and hold all versions in one line."""
_DAY_SECONDS = 86_400


def draw(store: Store, experiment_id: str, found: MonitoringResult) -> str:
    """Add a window's figures to the curves of its version; a step is a day since the first window.

    Returns
    -------
    str
        Id of the run of the version's curves.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    from mlflow.entities import Metric

    end = found.window.end.timestamp()
    day, at = int(end // _DAY_SECONDS), int(end * 1_000)
    with reached(store):
        run = _run(store, experiment_id, found.version) or _made(store, experiment_id, found.version, day)
        step = day - int(run.data.tags[_FIRST_DAY])
        points = [Metric(name, value, at, step) for name, value in curve_points(found.verdict).items()]
        store.client.log_batch(run.info.run_id, metrics=points)
        store.client.set_terminated(run.info.run_id, "FINISHED")
        return str(run.info.run_id)


def _run(store: Store, experiment_id: str, version: int) -> Recorded | None:
    query = f"tags.`{CURVES}` = 'true' AND tags.`{VERSION}` = '{version}'"
    return next(iter(store.client.search_runs([experiment_id], query, max_results=1)), None)


def _made(store: Store, experiment_id: str, version: int, day: int) -> Recorded:
    tags = {CURVES: "true", VERSION: str(version), _FIRST_DAY: str(day)}
    return store.client.create_run(experiment_id, tags=tags, run_name=f"version {version}: curves")
