"""The signals of all monitored windows, read back from the curves' runs, and what was done about them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...monitoring.reactions.remedies import Action
from ...monitoring.reactions.signals import (
    SIGNALS,
    VALUE,
    ActionMark,
    SignalCurve,
    SignalHistory,
    SignalPoint,
)
from ..links import CURVES
from ..runs import found_runs
from ..store import Store, reached
from ..window_tags import ACTION, DONE, END, WINDOW
from .monitoring_curves import VERSION

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

_MOST_VERSIONS = 8


def signal_history(store: Store, experiment_id: str) -> SignalHistory:
    """Return the signals of the newest versions, each with its points in order of time.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    runs = found_runs(store, experiment_id, f"tags.`{CURVES}` = 'true'")
    kept = [run for run in runs if VERSION in run.data.tags][:_MOST_VERSIONS]
    points: dict[str, dict[datetime, SignalPoint]] = defaultdict(dict)
    for run in reversed(kept):
        for name, found in _points(store, run).items():
            points[name] |= found
    curves = (
        SignalCurve(one.name, tuple(point for _, point in sorted(points[one.name].items())))
        for one in SIGNALS
        if points[one.name]
    )
    return SignalHistory(tuple(curves), _marks(store, experiment_id))


def _points(store: Store, run: Recorded) -> dict[str, dict[datetime, SignalPoint]]:
    """Return the points of one version by signal and moment; of a window monitored again the last ones."""
    figures: dict[str, dict[datetime, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    with reached(store):
        for metric in run.data.metrics:
            signal, _, figure = metric.partition("/")
            for one in store.client.get_metric_history(run.info.run_id, metric):
                figures[signal][datetime.fromtimestamp(one.timestamp / 1_000, UTC)][figure] = one.value
    version = int(run.data.tags[VERSION])
    return {
        signal: {at: SignalPoint.of(at, version, one) for at, one in found.items() if VALUE in one}
        for signal, found in figures.items()
    }


def _marks(store: Store, experiment_id: str) -> tuple[ActionMark, ...]:
    runs = found_runs(store, experiment_id, f"tags.`{WINDOW}` LIKE '%'")
    known = (_mark(run.data.tags) for run in runs)
    return tuple(sorted((one for one in known if one is not None), key=lambda one: one.at))


def _mark(tags: dict[str, str]) -> ActionMark | None:
    done, wanted = tags.get(DONE), tags.get(ACTION)
    try:
        action = Action(done or wanted or "")
        at = datetime.fromisoformat(tags[END])
    except (KeyError, ValueError):
        return None
    return None if action in (Action.NONE, Action.INVESTIGATE) else ActionMark(at, action, bool(done))
