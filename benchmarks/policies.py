"""What policies of retraining cost: on worlds that change, on the flights of a year, on a bank's campaigns.

    python -m benchmarks.policies worlds [--months 32] [--rows 2500] [--replications 10]
    python -m benchmarks.policies flights
    python -m benchmarks.policies bank

Each month a project is trained on its window by the product's own functions (blocks, recipe, gates) and
released or not; the next month's rows are then decided by each policy's model. Policies: `gates` (the
default ones), `never` retrained, `always` released, `better` (released where the point estimate is lower),
`proven` (``gates.refresh = "proven"``).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from logitgate.data.row_hashes import FittedRows, row_hashes
from logitgate.data.sample import Sample, observe
from logitgate.data.table import read_rows
from logitgate.errors import DataError
from logitgate.evaluation.comparisons.comparison import better_rule, paired
from logitgate.findings import Finding, Status
from logitgate.gates.judge import Opponents
from logitgate.gates.training import Evidence, judge_model, learn_model, part_rows
from logitgate.model.model import Model
from logitgate.project.behaviour import Behaviour
from logitgate.project.load import load_project, parse_project
from logitgate.project.project import Project

ROOT = Path(__file__).parents[1]
POLICIES = ("gates", "never", "always", "better", "proven")
CONTRACT = Finding("contract", "rows", Status.PASS, "the rows of a benchmark")


@dataclass
class Policy:
    """The model that a policy has in production, and what it cost so far."""

    name: str
    model: Model | None = None
    rows: FittedRows | None = None
    released: list[str] = field(default_factory=list)
    cost: float = 0.0

    def opponents(self, recipe: str) -> Opponents:
        """Return its champion for the next training."""
        if self.model is None:
            return Opponents()
        return Opponents(self.model, 1, "", "", self.rows, recipe)

    def release(self, learned, project: Project, month: str) -> None:
        """Put a trained model into production."""
        self.model, self.rows = learned.model, FittedRows.of([learned.shipped.rows], project)
        self.released.append(month)


def trained(project: Project, frame: pd.DataFrame, as_of: datetime) -> Evidence:
    """Return a training up to its judgement."""
    return learn_model(part_rows(Evidence(project, frame, as_of, (CONTRACT,))))


def step(policies: dict[str, Policy], project: Project, evidence: Evidence, month: str) -> dict[str, str]:
    """Let each policy decide about one training; return why the gates refused, by policy."""
    why: dict[str, str] = {}
    for policy in policies.values():
        if evidence.learned is None:
            why[policy.name] = "no model: " + ", ".join(
                {one.check for one in evidence.findings if one.status.stops}
            )
            continue
        if policy.name == "always" or (policy.name == "never" and policy.model is None):
            policy.release(evidence.learned, project, month)
            continue
        if policy.name == "never":
            continue
        if policy.name == "better":
            if policy.model is None or _better(policy, evidence, project):
                policy.release(evidence.learned, project, month)
            continue
        judged = _judged(policy, evidence)
        if judged.stops:
            reasons = [f"{one.check}: {one.subject}" for one in judged.verdict.reasons]
            why[policy.name] = "; ".join(reasons)
        else:
            policy.release(evidence.learned, project, month)
    return why


def _judged(policy: Policy, evidence: Evidence) -> Evidence:
    if policy.name == "proven":
        gates = evidence.project.gates.model_copy(update={"refresh": "proven"})
        project = evidence.project.model_copy(update={"gates": gates})
        evidence = Evidence(
            **{name: getattr(evidence, name) for name in Evidence.__slots__} | {"project": project}
        )
    return judge_model(evidence, policy.opponents(evidence.recipe))


def _better(policy: Policy, evidence: Evidence, project: Project) -> bool:
    learned = evidence.learned
    known = policy.rows.holds(_hashes(learned.judged))
    if known.all():
        return False
    champion = policy.model.score(learned.judged, project.costs.matrix)
    compared = paired(learned.scored.take(~known), champion.take(~known), 0.05)
    return compared.difference.value < 0


def _hashes(sample: Sample):
    return row_hashes(sample)


def rows_between(project: Project, frame: pd.DataFrame, since: datetime, until: datetime) -> Sample:
    """Return the rows of a month with their outcomes."""
    time = frame[project.columns.time]
    free = project.model_copy(update={"split": project.split.model_copy(update={"window": None})})
    return observe(frame[(time >= since) & (time < until)], free, until + timedelta(days=60)).sample


def months(first: datetime, count: int) -> list[datetime]:
    """Return the first moments of `count` months."""
    starts = [first]
    for _ in range(count - 1):
        last = starts[-1]
        starts.append(datetime(last.year + last.month // 12, last.month % 12 + 1, 1, tzinfo=UTC))
    return starts


def history(name: str, first: datetime, count: int, window: str | None = None) -> None:
    """Print what each policy costs on a real history, month by month."""
    declared = load_project(ROOT / "mlproject" / f"{name}.toml")
    project = declared.model_copy(update={"behaviour": Behaviour()})  # cases are no matter of policy
    if window is not None:
        split = project.split.model_copy(update={"window": timedelta(days=int(window))})
        project = project.model_copy(update={"split": split})
    frame = read_rows(project).frame
    policies = {policy: Policy(policy) for policy in POLICIES}
    starts = months(first, count + 1)
    totals: dict[str, float] = defaultdict(float)
    released_dear = 0
    for start, end in pairwise(starts):
        month = f"{start:%Y-%m}"
        why = step(policies, project, trained(project, frame, start), month)
        try:
            rows = rows_between(project, frame, start, end)
        except DataError:
            continue
        line = []
        for policy in policies.values():
            if policy.model is None:
                continue
            scored = policy.model.score(rows, project.costs.matrix)
            other = better_rule(scored)[1]
            policy.cost += float(scored.cost.sum())
            line.append(f"{policy.name} {scored.cost.mean():.3f}")
            if policy.name == "gates" and month in policy.released:
                released_dear += bool(scored.cost.mean() > other.cost.mean())
        costs = rows.row_costs(project.costs.matrix)
        for flagged in (False, True):
            key = "flag-all" if flagged else "flag-none"
            cost = costs.of(rows.y, np.full(len(rows), flagged))
            totals[key] += float(cost.sum())
            line.append(f"{key} {cost.mean():.3f}")
        if policies["gates"].model is None:
            totals["before the first release"] += min(
                float(costs.of(rows.y, np.full(len(rows), flag)).sum()) for flag in (False, True)
            )
        print(
            month, len(rows), "rows;", ", ".join(line), "; gates:", why.get("gates", "released"), flush=True
        )
    print()
    for policy in policies.values():
        early = totals["before the first release"] if policy.name == "gates" else 0.0
        print(f"{policy.name}: total {policy.cost + early:,.0f}, released {len(policy.released)} times")
    print(f"flag-none: {totals['flag-none']:,.0f}; flag-all: {totals['flag-all']:,.0f}")
    print(f"months released by the gates that cost more than the better rule: {released_dear}")


WORLDS = ("none", "slow", "gradual", "sudden", "season", "prevalence")
WEIGHTS = np.array([0.9, -0.7, 0.5, 0.3, 0.0])
MISS = 7.0


def _weights(world: str, month: int, count: int) -> tuple[np.ndarray, float]:
    share = month / count
    match world:
        case "slow":
            return WEIGHTS * (1 - 0.6 * share) + 0.6 * share * WEIGHTS[::-1], 0.0
        case "gradual":
            turn = np.clip((share - 0.4) / 0.2, 0, 1)
            return WEIGHTS * (1 - turn) + turn * WEIGHTS[[1, 0, 3, 2, 4]], 0.0
        case "sudden":
            return (WEIGHTS if share < 0.5 else WEIGHTS[[1, 0, 3, 2, 4]]), 0.0
        case "season":
            return WEIGHTS, 0.6 * float(np.sin(2 * np.pi * month / 12))
        case "prevalence":
            return WEIGHTS, 1.2 * share
    return WEIGHTS, 0.0


def world_rows(world: str, rows: int, count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of all months and their true probabilities."""
    rng, parts = np.random.default_rng(seed), []
    for month in range(count):
        weights, shift = _weights(world, month, count)
        X = rng.normal(size=(rows, len(WEIGHTS)))
        day = np.sort(rng.integers(0, 30, rows))
        true = expit(X @ weights - 2 + shift)
        frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(X.shape[1])])
        frame["at"] = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(30 * month + day, unit="D")
        parts.append(frame.assign(true=true, month=month, y=np.where(rng.random(rows) < true, "yes", "no")))
    whole = pd.concat(parts, ignore_index=True)
    whole["id"] = [f"r{row}" for row in range(len(whole))]
    whole["at"] = whole["at"].astype("datetime64[us, UTC]")
    return whole, whole["true"].to_numpy()


def world_project(rows: int) -> Project:
    """Return the project of a world: a window of four months, gates as they are by default."""
    return parse_project(
        {
            "name": "world",
            "rows": {"path": "rows.csv"},
            "columns": {"id": "id", "time": "at"},
            "outcome": {"column": "y", "event": "yes"},
            "features": {"numeric": [f"x{place}" for place in range(len(WEIGHTS))]},
            "search": {"forms": ["linear"], "C": [1.0]},
            "split": {"window": "120 days"},
            "costs": {"true_positive": 1, "false_positive": 1, "false_negative": MISS},
            "contract": {"suite": "suite.json"},
        },
        "world.toml",
    )


def one_world(world: str, rows: int, count: int, seed: int) -> dict[str, float]:
    """Return each policy's mean expected cost over that of the true probabilities, less 1."""
    frame, true = world_rows(world, rows, count, seed)
    project = world_project(rows)
    policies = {policy: Policy(policy) for policy in POLICIES}
    month = frame["month"].to_numpy()
    for now in range(4, count):
        as_of = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=30 * now)
        step(policies, project, trained(project, frame, as_of), str(now))
        if now == 4:
            # Every policy starts from the same model, released or not.
            for policy in policies.values():
                if policy.model is None:
                    policy.release(trained(project, frame, as_of).learned, project, "start")
        rows_now = np.flatnonzero(month == now)
        for policy in policies.values():
            p = policy.model.probability(frame.iloc[rows_now])
            flagged = p >= 1 / MISS
            policy.cost += float(np.where(flagged, 1.0, true[rows_now] * MISS).mean())
    best = sum(
        float(np.where(true[month == now] >= 1 / MISS, 1.0, true[month == now] * MISS).mean())
        for now in range(4, count)
    )
    return {name: 100 * (policy.cost / best - 1) for name, policy in policies.items()}


def worlds(rows: int, count: int, replications: int) -> None:
    """Print the excess cost of each policy in each world, in percent."""
    print(f"{rows} rows a month, {count} months, {replications} replications: excess cost in %")
    print("world       " + "".join(f"{name:>10}" for name in POLICIES), flush=True)
    for world in WORLDS:
        with ProcessPoolExecutor(2) as pool:
            given = [(world, rows, count, seed) for seed in range(replications)]
            found = list(pool.map(one_world, *zip(*given, strict=True)))
        means = {name: np.mean([one[name] for one in found]) for name in POLICIES}
        print(f"{world:12}" + "".join(f"{means[name]:10.2f}" for name in POLICIES), flush=True)


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("worlds", "flights", "bank"))
    parser.add_argument("--rows", type=int, default=2_500)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--replications", type=int, default=10)
    given = parser.parse_args()
    match given.what:
        case "worlds":
            worlds(given.rows, given.months, given.replications)
        case "flights":
            history("flights", datetime(2013, 6, 1, tzinfo=UTC), 7)
        case "bank":
            history("bank", datetime(2009, 5, 1, tzinfo=UTC), 18, "240")


if __name__ == "__main__":
    main()
