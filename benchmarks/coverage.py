"""How often the 95 % intervals of an evaluation hold the truth, in made-up worlds whose truth is known.

    python -m benchmarks.coverage [REPLICATIONS]

A row's log-odds are normal with a standard deviation of 1.2; where there are clusters, each adds a luck of
its own with a standard deviation of .7, which the model does not know. The model says the probability
averaged over that luck, so it is calibrated. A missed event costs half of (others / events) false alarms; in
the worlds with heavy tails that is multiplied by a log-normal of mean 1 and standard deviation 2.9, and each
row has its own threshold. The truth is that of two million rows with a luck each.

Prints, for each figure and world, the share of the intervals that hold the truth. With fewer than 20 events
there are no intervals; where fewer than nine in ten samples have one, those are the samples that were rich in
events, and their share says little: it is left out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.evaluation.metrics import ScoreGroups
from logitgate.evaluation.ranking.auc import auc
from logitgate.evaluation.ranking.average_precision import average_precision

FloatArray = NDArray[np.float64]
REPLICATIONS, ENOUGH = 400, 0.9
SPREAD, LUCK, TAIL = 1.2, 0.7, 1.5
PREVALENCES, ROWS, CLUSTERS = (0.03, 0.1, 0.5), (500, 2_000, 10_000), (None, 10, 30)
_POINTS, _WEIGHTS = hermegauss(41)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_GRID = np.linspace(-25, 20, 6001)


@cache
def _mean_probabilities(luck: float) -> FloatArray:
    return (expit(_GRID[:, None] + luck * _POINTS) * _WEIGHTS).sum(axis=1)


def averaged(log_odds: FloatArray, luck: float) -> FloatArray:
    """Return the probability averaged over a normal luck."""
    return np.interp(log_odds, _GRID, _mean_probabilities(luck))


@cache
def centre(prevalence: float, luck: float) -> float:
    """Return the mean of the log-odds that gives the prevalence."""

    def beyond(middle: float) -> float:
        return float(averaged(middle + SPREAD * _POINTS, luck) @ _WEIGHTS) - prevalence

    return brentq(beyond, -15, 5)


@dataclass(frozen=True)
class World:
    """Where rows come from."""

    prevalence: float
    clusters: int | None
    heavy: bool

    @property
    def luck(self) -> float:
        """The standard deviation of a cluster's log-odds."""
        return LUCK if self.clusters else 0.0

    def draw(self, random: np.random.Generator, rows: int, clusters: int | None) -> tuple[Scored, FloatArray]:
        """Return rows that were decided on, and the true probability of each, its cluster's luck included."""
        log_odds = centre(self.prevalence, self.luck) + SPREAD * random.normal(size=rows)
        cluster = random.integers(0, clusters, rows) if clusters else None
        luck = random.normal(size=rows if cluster is None else clusters)
        true = expit(log_odds + self.luck * (luck if cluster is None else luck[cluster]))
        miss = np.full(rows, 0.5 * (1 - self.prevalence) / self.prevalence)
        if self.heavy:
            miss = miss * np.exp(TAIL * random.normal(size=rows) - TAIL**2 / 2)
        costs = RowCosts(np.zeros(rows), np.ones(rows), np.zeros(rows), miss)
        rule = DecisionRule("per-row") if self.heavy else DecisionRule("constant", 1 / (1 + miss[0]))
        decision = Decision.by(rule, averaged(log_odds, self.luck), costs)
        return Scored((random.random(rows) < true).astype(np.int64), decision, costs, cluster), true


@cache
def truth(world: World) -> dict[str, float]:
    """Return the figures of two million rows, each weighed by its true probability."""
    sample, true = world.draw(np.random.default_rng(0), 2_000_000, None)
    said, flagged, miss = sample.decision.probability, sample.decision.flagged, sample.costs.false_negative
    cost = np.where(flagged, 1 - true, true * miss).mean()
    counts = ScoreGroups.of(said).counts(true)
    return {
        "prevalence": true.mean(),
        "cost": cost,
        "savings": 1 - cost / min((true * miss).mean(), (1 - true).mean()),
        "log_loss": -(true * np.log(said) + (1 - true) * np.log1p(-said)).mean(),
        "brier": (true * (1 - said) ** 2 + (1 - true) * said**2).mean(),
        "auc": auc(*counts),
        "average_precision": average_precision(*counts),
        "calibration_in_the_large": 0.0,
        "slope": 1.0,
        "flag_rate": flagged.mean(),
        "recall": true[flagged].sum() / true.sum(),
        "false_positive_rate": (1 - true)[flagged].sum() / (1 - true).sum(),
        "precision": true[flagged].mean(),
    }


def coverage(world: World, rows: int, replications: int) -> dict[str, tuple[float, float]]:
    """Return, by figure, the share of intervals that hold the truth, and of samples with an interval."""
    held: dict[str, list[bool]] = {name: [] for name in truth(world)}
    for seed in range(replications):
        found = evaluate(world.draw(np.random.default_rng(1000 + seed), rows, world.clusters)[0])
        for name, value in truth(world).items():
            estimate = getattr(found, name)
            if np.isfinite([estimate.low, estimate.high]).all():
                held[name].append(estimate.low <= value <= estimate.high)
    return {
        name: (float(np.mean(hits)) if hits else float("nan"), len(hits) / replications)
        for name, hits in held.items()
    }


def main() -> None:
    """Print one table for each kind of clusters and costs; its columns are prevalences and rows."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS
    print(f"{replications} samples each; share of the 95 % intervals that hold the truth, in %")
    for clusters, heavy in product(CLUSTERS, (False, True)):
        named = f"{clusters} clusters" if clusters else "independent rows"
        print(f"\n{named}, {'costs with heavy tails' if heavy else 'constant costs'}\n")
        columns = list(product(PREVALENCES, ROWS))
        found = [coverage(World(part, clusters, heavy), rows, replications) for part, rows in columns]
        print("| figure | " + " | ".join(f"{part:.0%} of {rows:,}" for part, rows in columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for name in found[0]:
            cells = [
                f"{100 * hit:.0f}" if known >= ENOUGH else "" for hit, known in (one[name] for one in found)
            ]
            print(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
