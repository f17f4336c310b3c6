"""Saved views of the runs in the MLflow UI, which keeps them as tags of the experiment.

The tag ``mlflow.sharedViewState.<key>`` holds ``{"name", "createdAt", "updatedAt", "state"}``; its state is
JSON of the search (``searchFilter``, ``orderByKey``, ``orderByAsc``, ``lifecycleFilter``) and of the page
(``selectedColumns``, ``compareRunCharts`` ...), as the page of MLflow 3.17 reads and writes it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import LogitgateError
from .store import Store, reached

TAG = "mlflow.sharedViewState."
"""Beginning of the tag of an experiment that holds a view; its key follows."""
_MADE = 1_767_225_600_000
"""Milliseconds since 1970: a fixed moment, so that writing a view again changes nothing."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """One saved view.

    Parameters
    ----------
    key : str
        The link names it by ``viewStateShareKey=``.
    name : str
        What the list of views shows.
    columns : sequence of str
        Such as ``params.`form```.
    search : str
        The filter of the runs, in MLflow's language.
    chart : mapping, optional
        One chart above the runs.
    cheapest_first : str
        What orders the runs, rising; by default the newest come first. MLflow folds runs below their parents
        only in the order of time, so candidates, which have parents, need another.
    """

    key: str
    name: str
    columns: Sequence[str]
    search: str = ""
    chart: Mapping[str, Any] | None = None
    cheapest_first: str = ""

    def value(self) -> str:
        """Return the tag's text."""
        state: dict[str, Any] = {
            "searchFilter": self.search,
            "orderByKey": self.cheapest_first or "attributes.start_time",
            "orderByAsc": bool(self.cheapest_first),
            "lifecycleFilter": "Active",
            "selectedColumns": list(self.columns),
            "runsHiddenMode": "SHOW_ALL",
            "hideEmptyCharts": False,
        }
        if self.chart is not None:
            section = {"uuid": self.key, "name": self.name, "display": True, "isReordered": False}
            state |= {"compareRunCharts": [dict(self.chart)], "compareRunSections": [section]}
        envelope = {"name": self.name, "createdAt": _MADE, "updatedAt": _MADE, "state": json.dumps(state)}
        return json.dumps(envelope)


def _params(*names: str) -> list[str]:
    return [f"params.`{name}`" for name in names]


def _metrics(*names: str) -> list[str]:
    return [f"metrics.`{name}`" for name in names]


def _tags(*names: str) -> list[str]:
    return [f"tags.`{name}`" for name in names]


_SPACE = {
    "type": "PARALLEL",
    "uuid": "logitgate-parallel",
    "runsCountToCompare": 100,
    "metricSectionId": "logitgate-candidates",
    "deleted": False,
    "isGenerated": False,
    "selectedParams": ["form", "C"],
    "selectedMetrics": ["cv.log_loss", "cv.cost"],
    "showAllRuns": True,
}
TRAININGS = View(
    "logitgate-trainings",
    "Trainings: what was decided",
    [
        *_params("form", "C"),
        *_metrics("cv.log_loss", "test.n", "test.cost", "test.savings", "test.auc", "test.slope"),
        *_tags("verdict", "refused_by", "version", "promoted"),
        "attributes.`Duration`",
    ],
    "tags.`logitgate.key` LIKE '%'",
)
CANDIDATES = View(
    "logitgate-candidates",
    "Candidates: cost against log loss",
    [
        *_params("form", "C", "rows"),
        *_metrics("cv.log_loss", "cv.log_loss_error", "cv.cost", "cv.cost_error"),
        *_tags("chosen", "verdict"),
    ],
    "tags.chosen LIKE '%'",
    _SPACE,
    "metrics.`cv.cost`",
)
VIEWS = (TRAININGS, CANDIDATES)


def save_views(store: Store, experiment_id: str) -> None:
    """Write the views to an experiment; what cannot be written is logged, as nothing rests on a view."""
    try:
        with reached(store):
            known = store.client.get_experiment(experiment_id).tags
            for view in VIEWS:
                if known.get(TAG + view.key) != view.value():
                    store.client.set_experiment_tag(experiment_id, TAG + view.key, view.value())
    except LogitgateError as error:
        _LOG.warning("experiment=%s views not saved: %s", experiment_id, error)
