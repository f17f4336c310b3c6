"""Small projects for the tests of the whole road: a table with a real signal, its contract, its file."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from logitgate.data.table import read_rows
from logitgate.project.reading.load import load_project, parse_project

START = np.datetime64("2021-03-01T00:00", "us")
_SIDES = ("north", "south", "east", "west")


def table(rows=3_000, *, seed=1, signal=1.0, days=60):
    """Return visits of several days with three informative numbers, a category and a column for costs."""
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(0, days * 1_440, rows))
    at = START + minutes.astype("timedelta64[m]")
    frame = pd.DataFrame(
        {
            "visit": [f"v{number:06d}" for number in range(rows)],
            "at": pd.Series(at).dt.tz_localize("UTC"),
            "day": at.astype("datetime64[D]").astype(str),
            "speed": rng.normal(0.0, 1.0, rows).round(6),
            "load": rng.normal(10.0, 3.0, rows).round(6),
            "grip": rng.normal(0.0, 1.0, rows).round(6),
            "side": rng.choice(_SIDES, rows, p=(0.4, 0.3, 0.2, 0.1)),
            "worth": rng.uniform(4.0, 12.0, rows).round(2),
        }
    )
    lift = 1.4 * frame["speed"] + 0.45 * (frame["load"] - 10) + 1.9 * frame["grip"]
    log_odds = -1.4 + signal * (lift + 0.6 * (frame["side"] == "west"))
    frame["bad"] = np.where(rng.uniform(size=rows) < 1 / (1 + np.exp(-log_odds)), "yes", "no")
    return frame


def suite(*rules):
    """Return a contract that any table with visits keeps, and what else is given."""
    named = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "visit"}}
    written = (
        {**named, "severity": "critical", "meta": {"because": "a visit without a name is none"}},
        *rules,
    )
    return {"name": "visits", "expectations": list(written)}


PLAIN = {
    "name": "visits",
    "purpose": "Before a visit: send help, or not.",
    "rows": {"path": "visits.parquet"},
    "columns": {"id": "visit", "time": "at", "cluster": "day"},
    "outcome": {"column": "bad", "event": "yes", "matures_after": "1 day"},
    "features": {"numeric": ["speed", "load", "grip"], "categorical": ["side"]},
    "search": {"forms": ["linear"], "C": [0.1, 1.0]},
    "costs": {"true_positive": 1, "false_positive": 2, "false_negative": 8, "unit": "EUR"},
    "slices": {"columns": ["side"], "minimum_rows": 100},
    "gates": {
        "discordant_events": 30,
        "calibration": {"in_the_large": 0.6, "slope": [0.5, 1.8]},
        "leakage": {"single_feature_auc": 0.9, "gap": 0.4},
    },
    "contract": {"suite": "visits.json"},
}
"""A project that passes its gates on `table()`."""


def plain(**changes):
    """Return PLAIN with changes: a section with some of its keys, dots for deeper ones, None to drop a key.

    ``plain(costs={"false_negative": 9})`` and ``plain(**{"gates.leakage": {"gap": 0.2}})``.
    """
    project = deepcopy(PLAIN)
    for path, change in changes.items():
        *above, last = path.split(".")
        place = project
        for part in above:
            place = place.setdefault(part, {})
        if isinstance(change, dict):
            merged = {**place.get(last, {}), **change}
            place[last] = {name: value for name, value in merged.items() if value is not None}
        elif change is None:
            place.pop(last, None)
        else:
            place[last] = change
    return project


SMALL = {
    "name": "small",
    "rows": {"path": "rows.csv"},
    "columns": {"id": "id"},
    "outcome": {"column": "y", "event": "yes"},
    "features": {"numeric": ["x"]},
    "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
    "contract": {"suite": "suite.json"},
}
"""A project of rows that no file holds; `SMALL | {"features": ...}` declares other sections."""


def small(**sections):
    """Return the project SMALL, with whole sections in the place of its own."""
    return parse_project(SMALL | sections, "small.toml")


@cache
def example(name):
    """Return the project of an example and its table, read once: both to be looked at only."""
    project = load_project(Path(__file__).parents[1] / "mlproject" / f"{name}.toml")
    return project, read_rows(project)


def write(folder, frame=None, *, rules=(), **changes):
    """Write table, contract and project file into a folder; return the project file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    project = plain(**changes)
    if frame is not None:
        path = folder / project["rows"]["path"]
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)
    (folder / "visits.json").write_text(json.dumps(suite(*rules)), encoding="utf-8")
    return write_project(folder / "visits.toml", project)


def write_project(path, project):
    """Write plain values as TOML: every section inline, which is enough for tests."""
    path.write_text("".join(f"{_key(name)} = {_toml(value)}\n" for name, value in project.items()), "utf-8")
    return path


def _toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(str(value))


def _key(name):
    return json.dumps(name)
