"""Curves of monitored windows in MLflow: one run for each version, with the windows' own timestamps.

The figures of a signal share a name before the slash, so that the UI charts them together: value, its limits,
and the limits of the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlflow.entities import Metric
from mlflow.entities import Run as Recorded

from ..catalogue import Check
from ..findings import Finding, Verdict
from ..monitoring.window import MonitoringResult
from .links import CURVES
from .store import Store, reached

VERSION, _FIRST_DAY = "logitgate.curves.version", "logitgate.curves.first_day"
"""Tags of the run of a version; runs of before have neither and hold all versions in one line."""
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Signal:
    """What is drawn of one finding.

    Parameters
    ----------
    name : str
        Of the chart.
    check : Check
    subject : str
        Of the finding; empty for the first one that has the figure.
    figure : str
        Its value; ``<figure>_low`` and ``<figure>_high`` are its interval.
    beside : tuple of str
        Other figures of the finding that belong into the same chart.
    """

    name: str
    check: Check
    subject: str
    figure: str
    beside: tuple[str, ...] = ()

    def of(self, finding: Finding) -> dict[str, float]:
        """Return the figures of a finding by the names of their metrics."""
        wanted = {"value": self.figure, "low": f"{self.figure}_low", "high": f"{self.figure}_high"}
        wanted |= {name: name for name in self.beside}
        known = {name: finding.figures.get(figure) for name, figure in wanted.items()}
        return {
            f"{self.name}/{name}": float(one) for name, one in known.items() if isinstance(one, (int, float))
        }


_LIMITS = ("limit_low", "limit_high")
SIGNALS = (
    Signal(
        "calibration",
        Check.CALIBRATION,
        "calibration-in-the-large",
        "in_the_large",
        ("chunk_in_the_large", *_LIMITS),
    ),
    Signal("slope", Check.CALIBRATION, "slope", "slope", ("chunk_slope", *_LIMITS)),
    Signal("cost", Check.COST, "mean cost per row", "cost"),
    Signal(
        "cost beyond expected",
        Check.COST,
        "mean cost per row",
        "excess_cost",
        ("chunk_excess_cost", *_LIMITS),
    ),
    Signal("expected cost", Check.ESTIMATE, "expected cost", "expected_cost", _LIMITS),
    Signal("cost against no model", Check.NO_MODEL, "", "difference"),
    Signal("cost against previous version", Check.PREVIOUS, "", "difference"),
    Signal("log-odds since release", Check.DECAY, "all rows", "log_odds"),
    Signal("flag rate", Check.SCORE, "flag rate", "rate", ("reference_rate",)),
    Signal("age", Check.STALENESS, "champion", "age_days", ("limit_days",)),
)


def curve_points(verdict: Verdict) -> dict[str, float]:
    """Return the figures of a window that are drawn, by the names of their metrics."""
    figures: dict[str, float] = {}
    for signal, finding in _found(verdict):
        figures = signal.of(finding) | figures
    return figures


def draw(store: Store, experiment_id: str, found: MonitoringResult) -> None:
    """Add a window's figures to the curves of its version; a step is a day since the first window.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    end = found.window.end.timestamp()
    day, at = int(end // _DAY_SECONDS), int(end * 1_000)
    with reached(store):
        run = _run(store, experiment_id, found.version) or _made(store, experiment_id, found.version, day)
        step = day - int(run.data.tags[_FIRST_DAY])
        points = [Metric(name, value, at, step) for name, value in curve_points(found.verdict).items()]
        store.client.log_batch(run.info.run_id, metrics=points)
        store.client.set_terminated(run.info.run_id, "FINISHED")


def _found(verdict: Verdict) -> Iterator[tuple[Signal, Finding]]:
    for signal in SIGNALS:
        for one in verdict.findings:
            if one.check is signal.check and signal.subject in ("", one.subject):
                yield signal, one


def _run(store: Store, experiment_id: str, version: int) -> Recorded | None:
    query = f"tags.`{CURVES}` = 'true' AND tags.`{VERSION}` = '{version}'"
    return next(iter(store.client.search_runs([experiment_id], query, max_results=1)), None)


def _made(store: Store, experiment_id: str, version: int, day: int) -> Recorded:
    tags = {CURVES: "true", VERSION: str(version), _FIRST_DAY: str(day)}
    return store.client.create_run(experiment_id, tags=tags, run_name=f"version {version}: curves")
