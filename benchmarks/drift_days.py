"""Does drift cry wolf on real days? Random days of a clustered table against other random days, and shifts.

    python -m benchmarks.drift_days flights [REPLICATIONS]
    python -m benchmarks.drift_days bank [REPLICATIONS]

Days are drawn at random, so that nothing has drifted between the reference and the window. Printed are the
features a window that are significant beyond their floor when rows are counted as independent, when clusters
are, and those of them that reach the model by `monitoring.contribution` (an alarm); and how often planted
shifts are found. The model is linear, fitted to the first reference.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from logitgate.data.sampling.sample import Sample, codes, observe
from logitgate.data.table import read_rows
from logitgate.evaluation.histograms import Numbers
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.monitoring.compared import Window, by_season
from logitgate.monitoring.distributions.contribution import contributions_of
from logitgate.monitoring.distributions.features import Features
from logitgate.monitoring.distributions.independence import ClusterSizes, correlations
from logitgate.monitoring.drift import _cells, _drifts, _judged
from logitgate.monitoring.reference import Reference
from logitgate.project.project import Project
from logitgate.project.reading.load import load_project
from logitgate.project.search import Form

ROOT = Path(__file__).parents[1]
DAYS = {"flights": (72, 28), "bank": (90, 40)}
"""Of the reference, and of the window."""


def fewer(frame: pd.DataFrame, level: str, to: str, share: float, rng: np.random.Generator) -> pd.Series:
    """Return carriers of which so large a share of all rows has gone from one to another."""
    column = frame["carrier"].astype(object)
    has = (column == level).to_numpy()
    return column.mask(has & (rng.random(len(frame)) < share / has.mean()), to)


SHIFTS: dict[str, dict[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]]] = {
    "flights": {
        "wind_speed": lambda one, _: one.assign(wind_speed=one["wind_speed"] + 5),
        "carrier": lambda one, rng: one.assign(carrier=fewer(one, "UA", "B6", 0.08, rng)),
        "temp": lambda one, _: one.assign(temp=one["temp"] + 9),
        "hour": lambda one, _: one.assign(hour=one["hour"] + 1.5),
    },
    "bank": {"age": lambda one, _: one.assign(age=one["age"] + 5)},
}


def reference(frame: pd.DataFrame, project: Project, pipeline) -> Reference:
    """Return the profile of rows; scores are not looked at."""
    whole = Features.of(frame, project)
    cluster = codes(frame, project.cluster)
    return Reference(
        len(frame),
        whole,
        Numbers.of(np.empty(0)),
        0,
        0.0,
        {},
        clusters=ClusterSizes.of(cluster),
        alike=correlations(frame, whole.numeric, whole.categorical, cluster),
        contributions=contributions_of(pipeline, frame[list(project.features.all)]),
    )


def found(frame: pd.DataFrame, known: Reference, project: Project, model) -> tuple[set[str], set[str]]:
    """Return the features that have changed beyond their floor, and those whose change is an alarm."""
    window = Window(frame, codes(frame, project.cluster) if known.clusters.count else None)
    alike, in_season, _ = by_season(window, known, project, model)
    rules = project.monitoring
    judged = _judged([*_drifts(in_season, rules), *_cells(alike, rules)], rules)
    failed = {one.subject for one in judged if one.status is Status.FAIL}
    return failed | {one.subject for one in judged if one.status is Status.WARN}, failed


def main() -> None:
    """Print one line for rows of a clustered table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("table", choices=list(DAYS))
    asked.add_argument("replications", nargs="?", type=int, default=24)
    given = asked.parse_args()
    project = load_project(ROOT / "mlproject" / f"{given.table}.toml")
    unseasonal = project.monitoring.model_copy(update={"season": None})
    free = {"split": project.split.model_copy(update={"window": None}), "monitoring": unseasonal}
    project = project.model_copy(update=free)
    sample: Sample = observe(read_rows(project).frame, project, None).sample
    days, shifts = DAYS[given.table], SHIFTS[given.table]
    day = sample.cluster
    model, counts, power = None, [], {name: np.zeros(2) for name in shifts}
    for replication in range(given.replications):
        rng = np.random.default_rng(replication)
        order = rng.permutation(int(day.max()) + 1)
        before = sample.take(np.isin(day, order[: days[0]]))
        after = sample.take(np.isin(day, order[days[0] : sum(days)]))
        if model is None:
            model = linear(before, project)
        known = reference(before.frame, project, model.pipeline)
        counted = replace(known, clusters=ClusterSizes(), alike={})
        rows = len(found(after.frame, counted, project, model)[0])
        significant, alarms = found(after.frame, known, project, model)
        counts.append((rows, len(significant), len(alarms), bool(significant)))
        for name, shift in shifts.items():
            changed = found(shift(after.frame, rng), known, project, model)
            power[name] += [name in changed[0], name in changed[1]]
    rows, significant, alarms, windows = np.mean(counts, axis=0)
    windows_of = f"{given.replications} windows of {len(project.features.all)} columns"
    print(f"{given.table}: {days[1]} random days against {days[0]}, {windows_of}")
    print("| | a window |\n|---|---|")
    print(f"| beyond chance and floor, rows counted | {rows:.2f} |")
    print(f"| beyond chance and floor, clusters counted | {significant:.2f} |")
    print(f"| alarms (they reach the model) | {alarms:.2f} |")
    print(f"| windows with any beyond chance and floor | {windows:.2f} |")
    print("| shift | found | alarm |\n|---|---|---|")
    for name, hits in power.items():
        print(f"| {name} | {hits[0] / given.replications:.2f} | {hits[1] / given.replications:.2f} |")


def linear(sample: Sample, project: Project):
    """Return a linear model of the rows as monitoring needs it: its pipeline and features."""
    from logitgate.decision.rule import DecisionRule
    from logitgate.model.model import Model

    choice = Choice(Form(basis="linear"), 1.0)
    pipeline = fit(choice, sample.frame, sample.y.astype(np.int64), project.features, project.search)
    return Model(pipeline, DecisionRule("constant", 0.2), project.costs.matrix, project.features)


if __name__ == "__main__":
    main()
