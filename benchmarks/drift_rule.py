"""How often does the drift rule cry wolf, and what does it see? Simulated rows of twelve columns.

Usage: python benchmarks/drift_rule.py [REPLICATIONS]
       python benchmarks/drift_rule.py widths [REPLICATIONS]

Six normal and two skewed numbers, two with many ties, and two texts, in a reference of 20,000 rows. Printed
for windows of 50 to 10,000 rows: the share of windows with any alarm when nothing changed, when one number
moves by .3 standard deviations, when the share of one level goes from .50 to .40, and when there is nothing
but a season (a number that follows the month), declared or not. `monitoring.minimum_rows` is lowered to 50.
The second prints the share of windows with any alarm when nothing changed, for 5, 12 and 100 columns.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from logitgate.findings import Status
from logitgate.monitoring.distributions.features import Features
from logitgate.monitoring.drift import drift
from logitgate.monitoring.reference import Reference
from logitgate.project.data import FeaturesConfig
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project

SIZES = (50, 200, 1_000, 10_000)
REFERENCE = 20_000
NUMBERS = tuple(f"x{number}" for number in range(10))
TEXTS = ("side", "kind")


def project(season: str | None = None) -> Project:
    """Return a project of twelve features."""
    monitoring = {"minimum_rows": 50, "season": season} if season else {"minimum_rows": 50}
    plain = {
        "name": "twelve",
        "rows": {"path": "rows.parquet"},
        "columns": {"id": "id", "time": "at"},
        "outcome": {"column": "y", "event": "yes"},
        "features": {"numeric": list(NUMBERS), "categorical": list(TEXTS)},
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
        "contract": {"suite": "suite.json"},
        "monitoring": monitoring,
    }
    return parse_project(plain, "twelve.toml")


def rows(rng: np.random.Generator, n: int, month: int | None = None) -> pd.DataFrame:
    """Return rows of one month, or of all."""
    months = rng.integers(1, 13, n) if month is None else np.full(n, month)
    at = pd.to_datetime(pd.DataFrame({"year": 2021, "month": months, "day": 1}), utc=True)
    values = {name: rng.normal(size=n) for name in NUMBERS[:6]}
    values |= {name: rng.gamma(1.5, size=n) for name in NUMBERS[6:8]}
    values |= {name: rng.poisson(2.0, n).astype(float) for name in NUMBERS[8:]}
    side = rng.choice(["a", "b", "c"], n, p=(0.5, 0.3, 0.2))
    kind = rng.choice([f"k{level}" for level in range(20)], n)
    texts = {"side": pd.Categorical(side), "kind": pd.Categorical(kind)}
    return pd.DataFrame({"at": at, **values, **texts})


def reference(frame: pd.DataFrame, made_for: Project) -> Reference:
    """Return the profile of rows; scores are not looked at."""
    whole = Features.of(frame, made_for)
    seasons = {}
    if made_for.monitoring.season:
        for month in range(1, 13):
            part = frame[frame["at"].dt.month == month]
            seasons[f"month {month}"] = Features.of(part, made_for, whole)
    return Reference(len(frame), whole, whole.numeric["x0"], len(frame), 0.2, seasons)


def alarms(frame: pd.DataFrame, known: Reference, made_for: Project) -> set[str]:
    """Return the features that are reported as changed."""
    findings, _ = drift(frame, None, known, made_for)
    return {one.subject for one in findings if one.status is Status.FAIL}


def wide(rng: np.random.Generator, n: int, width: int) -> pd.DataFrame:
    """Return rows of so many columns: three fifths normal, a fifth with many ties, a fifth texts."""
    texts, ties = width // 5, width // 5
    values = {f"x{place}": rng.normal(size=n) for place in range(width - texts - ties)}
    values |= {f"t{place}": rng.poisson(2.0, n).astype(float) for place in range(ties)}
    words = {f"w{place}": pd.Categorical(rng.choice(list("abcdefgh"), n)) for place in range(texts)}
    return pd.DataFrame(values | words)


def false_alarms(width: int, n: int, replications: int) -> float:
    """Return the share of windows with an alarm when nothing changed."""
    rng = np.random.default_rng(width * 100_000 + n)
    base = wide(rng, REFERENCE, width)
    numbers = [name for name in base if name[0] != "w"]
    features = {"numeric": numbers, "categorical": [name for name in base if name[0] == "w"]}
    made_for = project().model_copy(update={"features": FeaturesConfig.model_validate(features)})
    whole = Features.of(base, made_for)
    known = Reference(REFERENCE, whole, whole.numeric["x0"], REFERENCE, 0.2, {})
    return np.mean([bool(alarms(wide(rng, n, width), known, made_for)) for _ in range(replications)])


def widths(replications: int) -> None:
    """Print the table of false alarms by columns and rows."""
    print(f"| columns | {' | '.join(f'{n:,} rows' for n in SIZES)} |\n|---|{'---|' * len(SIZES)}")
    for width in (5, 12, 100):
        shares = [false_alarms(width, n, replications) for n in SIZES]
        print(f"| {width} | " + " | ".join(f"{share:.1%}" for share in shares) + " |", flush=True)


def main() -> None:
    """Print the table that is asked for."""
    if sys.argv[1:2] == ["widths"]:
        widths(int(sys.argv[2]) if len(sys.argv) > 2 else 200)
        return
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rng = np.random.default_rng(0)
    plain, seasonal = project(), project("month")
    base = rows(rng, REFERENCE)
    known = reference(base, plain)
    warm = base.assign(x0=base["x0"] + base["at"].dt.month / 3)
    warm_plain, warm_known = reference(warm, plain), reference(warm, seasonal)
    names = ("false alarms", ".3 sd shift", ".50 to .40", "season declared", "season not declared")
    print(f"| rows | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for n in SIZES:
        seen = np.zeros(len(names))
        for replication in range(replications):
            frame, month = rows(rng, n), replication % 12 + 1
            moved = frame.assign(x0=frame["x0"] + 0.3)
            fewer = rng.choice(["a", "b", "c"], n, p=(0.4, 0.36, 0.24))
            season = rows(rng, n, month)
            season["x0"] += month / 3
            seen += [
                bool(alarms(frame, known, plain)),
                "x0" in alarms(moved, known, plain),
                "side" in alarms(frame.assign(side=pd.Categorical(fewer)), known, plain),
                bool(alarms(season, warm_known, seasonal)),
                bool(alarms(season, warm_plain, plain)),
            ]
        print(f"| {n:,} | " + " | ".join(f"{100 * share:.1f} %" for share in seen / replications) + " |")


if __name__ == "__main__":
    main()
