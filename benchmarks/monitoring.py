"""When does monitoring ask for a new model, and does it without a reason? Simulated months of a release.

    python -m benchmarks.monitoring [REPLICATIONS]
    python -m benchmarks.monitoring windows [REPLICATIONS]

Each month brings 5,000 rows over 28 days; a day's log-odds sway by .3, and a declared slice holds 5 % of the
rows. The model is right at its release (but where its reference is wrong by .8); its reference has 10,000
rows of 56 days. Each month is judged by the product's own functions under the default project: calibration
and cost with labels, cost against no model, evidence since the release, and the reaction policy. Printed are
the median first month in which a retraining is wanted, and the share of runs with one within 12 months. The
second prints how often calibration, cost and the estimate without labels FAIL in single windows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from scipy.special import expit

from logitgate.catalogue import Check
from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from logitgate.monitoring.performance.decay import decay, window_sums
from logitgate.monitoring.performance.estimated import estimate
from logitgate.monitoring.performance.realised.calibration import CALIBRATION
from logitgate.monitoring.performance.realised.figures import reference_chunks
from logitgate.monitoring.performance.realised.findings import realised
from logitgate.monitoring.performance.versus_rules import versus_rules
from logitgate.monitoring.reactions.policy import decide
from logitgate.monitoring.reactions.records import RollbackTarget, WindowRecord
from logitgate.monitoring.reactions.remedies import Action
from logitgate.monitoring.reactions.symptoms import symptoms_of
from logitgate.monitoring.since_release import added
from logitgate.project.reading.load import parse_project

MONTHS, ROWS, DAYS, SWAY = 12, 5_000, 28, 0.3
MISS = 17 / 3
"""Cost of a missed event, in those of a false alarm: a threshold of .15."""
PROJECT = parse_project(
    {
        "name": "months",
        "rows": {"path": "rows.parquet"},
        "columns": {"id": "id", "time": "at", "cluster": "day"},
        "outcome": {"column": "y", "event": "yes"},
        "features": {"numeric": ["x"]},
        "slices": {"columns": ["side"]},
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": MISS},
        "contract": {"suite": "suite.json"},
    },
    "months.toml",
)
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=MISS)
World = dict[str, float]
WORLDS: dict[str, Callable[[int], World]] = {
    "nothing at all": lambda _: {},
    "covariate shift of .7 sd, at once": lambda _: {"moved": 0.7},
    "covariates follow the season (.7 sd)": lambda month: {"moved": 0.7 * np.sin(np.pi * month / 6)},
    "drift of .05 log-odds a month": lambda month: {"off": 0.05 * month},
    "drift of .1 log-odds a month": lambda month: {"off": 0.1 * month},
    "-.6 log-odds at once": lambda _: {"off": -0.6},
    "a slice of 5 % by +1.5": lambda _: {"slice_off": 1.5},
    "a reference that is wrong by .8": lambda _: {"off": 0.8},
}


def rows(rng: np.random.Generator, n: int, days: int, world: World) -> tuple[Scored, Sample]:
    """Return labelled rows in order of time, as the model decides about them."""
    off, slice_off, moved = (world.get(name, 0.0) for name in ("off", "slice_off", "moved"))
    day = np.sort(rng.integers(0, days, n))
    score = -2.3 + 1.1 * (rng.normal(size=n) + moved)
    is_rare = rng.random(n) < 0.05
    truth = score + off + slice_off * is_rare + SWAY * rng.normal(size=days)[day]
    y = (rng.random(n) < expit(truth)).astype(np.int64)
    costs = COSTS.rows({}, n)
    scored = Scored(y, Decision.by(DecisionRule("constant", 1 / (1 + MISS)), expit(score), costs), costs, day)
    frame = pd.DataFrame({"side": np.where(is_rare, "rare", "often")})
    return scored, Sample(frame, y.astype(np.int8), np.arange(n).astype(object), None, None, day)


def run(world: str, seed: int) -> tuple[float, bool]:
    """Return the first month in which a retraining is wanted, and whether month 1 miscalibrates."""
    rng = np.random.default_rng(seed)
    wrong = {"off": 0.8} if world.startswith("a reference") else {}
    reference = reference_chunks(rows(rng, 2 * ROWS, 2 * DAYS, wrong)[0])
    history: list[WindowRecord] = []
    first, miscalibrated = np.inf, False
    for month in range(1, MONTHS + 1):
        scored, sample = rows(rng, ROWS, DAYS, WORLDS[world](month))
        sums = window_sums(scored, sample, PROJECT)
        found, _ = realised(scored, reference, PROJECT)
        if month == 1:
            miscalibrated = any(one.check == CALIBRATION and one.status is Status.FAIL for one in found)
        total = added([*(one.sums for one in history), sums])
        found += [versus_rules(scored, PROJECT), *decay(total, PROJECT)]
        end = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=DAYS * month)
        now = WindowRecord(f"month {month}", end, 1, symptoms_of(found), sums=sums)
        if decide(now, history, RollbackTarget(None), PROJECT.reactions).wanted is Action.RETRAIN:
            first = month
            break
        history.append(now)
    return first, miscalibrated


def window_of(rng: np.random.Generator, n: int, off: float, slope: float, luck: float) -> Scored:
    """Return calibrated rows with 28 % events, but for what they are off by; days of 50 rows share a luck."""
    score, day = rng.normal(-1.4, 1.3, n), np.arange(n) // 50
    truth = slope * score + off + luck * rng.normal(size=day[-1] + 1)[day]
    y = (rng.random(n) < expit(truth)).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=2, true_negative=0, false_negative=8).rows({}, n)
    decision = Decision.by(DecisionRule("constant", 0.2), expit(score), costs)
    return Scored(y, decision, costs, day if luck else None)


def failing(setting: tuple[int, int, float, float, float], seed: int) -> list[bool]:
    """Return whether calibration, cost and the estimate FAIL in one window of so many chunks."""
    rows_of_chunk, chunks, off, slope, luck = setting
    rng = np.random.default_rng(seed)
    reference = reference_chunks(window_of(rng, 20 * rows_of_chunk, 0.0, 1.0, luck))
    scored = window_of(rng, chunks * rows_of_chunk, off, slope, luck)
    found = realised(scored, reference, PROJECT)[0]
    found += estimate(scored.decision, scored.costs, reference, PROJECT.gates.alpha)[0]
    failed = {one.check for one in found if one.status is Status.FAIL}
    return [check in failed for check in (Check.CALIBRATION, Check.COST, Check.ESTIMATE)]


def windows(replications: int) -> None:
    """Print the shares of windows that FAIL."""
    worlds = ((0.0, 1.0, 0.0), (0.0, 1.0, 0.7), (0.3, 1.0, 0.0), (0.6, 1.0, 0.0), (0.0, 0.6, 0.0))
    names = ("the same", "the same, days", "off by .3", "off by .6", "slope .6")
    print(f"| chunk | window | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    with ProcessPoolExecutor(2) as pool:
        for size, chunks in ((50, 12), (200, 1), (200, 10), (1_000, 1), (1_000, 10)):
            cells = []
            for world in worlds:
                asked = [(size, chunks, *world)] * replications
                shares = np.mean(list(pool.map(failing, asked, range(replications), chunksize=10)), axis=0)
                cells.append(" / ".join(f"{share:.2f}".lstrip("0") for share in shares))
            print(f"| {size:,} rows | {chunks} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table that is asked for."""
    if sys.argv[1:2] == ["windows"]:
        windows(int(sys.argv[2]) if len(sys.argv) > 2 else 100)
        return
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print("| world | a retraining wanted | median month | calibration FAIL in month 1 |\n|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        for world in WORLDS:
            found = list(pool.map(run, [world] * replications, range(replications), chunksize=4))
            months = np.array([month for month, _ in found])
            wrong = np.mean([failed for _, failed in found])
            median = f"{np.median(months):g}" if np.isfinite(np.median(months)) else ""
            print(f"| {world} | {np.isfinite(months).mean():.0%} | {median} | {wrong:.0%} |", flush=True)


if __name__ == "__main__":
    main()
