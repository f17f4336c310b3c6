"""How often the champion gate promotes: pairs that are equally good, and challengers that cost 5 % less.

Rows have true log-odds z ~ N(m, 1.5), m set for the base rate. A model sees z with noise, and the noises of
both correlate by one half. Each model decides by the threshold that costs least on many other rows. In a pair
without a difference the noises are equally large; a better challenger has as much less as makes its cost 5 %
lower. A miss costs as many times a false alarm as there are rows without an event for each one with it.
Everything goes through `paired` and `champion.new_recipe`, at the alpha that the first recipe on its judged
rows may spend; "one of ten" are ten equal challengers in turn, each at what the recipes before it have left.

    python benchmarks/champion_gate.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from logitgate.decision.costs import CostMatrix, RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.comparisons.comparison import paired
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from logitgate.gates.rules import champion as champion_gate
from logitgate.gates.rules.alpha_spending import spent
from logitgate.model.recipes.threshold import empirical_minimiser
from logitgate.project.gates import Gates

REPLICATIONS, GAIN = 400, 0.05
BASE_RATES, SIZES = (0.03, 0.15, 0.5), (2_000, 10_000, 50_000)
SPREAD, NOISE, SHARED = 1.5, 1.5, 0.5
LARGE = 400_000

Floats = NDArray[np.float64]
Model = tuple[float, float]
"""How large a model's noise is, and its threshold."""


@dataclass(frozen=True, slots=True)
class World:
    """What a base rate asks for: the mean of the log-odds, and the costs."""

    mean: float
    matrix: CostMatrix

    @classmethod
    def of(cls, rate: float) -> World:
        """Find the mean, and let a miss be as dear as events are rare."""
        standard = np.random.default_rng(0).normal(0, SPREAD, LARGE)
        mean = brentq(lambda m: expit(standard + m).mean() - rate, -12, 12)
        missed = (1 - rate) / rate
        matrix = CostMatrix.of(true_positive=0, false_positive=1, true_negative=0, false_negative=missed)
        return cls(mean, matrix)


@dataclass(frozen=True, slots=True)
class Rows:
    """Outcomes and true log-odds of shape (n,); noises of shape (models, n) that correlate by one half."""

    costs: RowCosts
    y: NDArray[np.int64]
    z: Floats
    noises: Floats

    @classmethod
    def drawn(cls, random: np.random.Generator, n: int, world: World, models: int = 2) -> Rows:
        """Draw n rows, and the noises of so many models."""
        z = random.normal(world.mean, SPREAD, n)
        both, *own = random.normal(size=(1 + models, n))
        y = (random.random(n) < expit(z)).astype(np.int64)
        noises = np.sqrt(SHARED) * both + np.sqrt(1 - SHARED) * np.array(own)
        return cls(world.matrix.rows({}, n), y, z, noises)


def scores(z: Floats, noise: Floats, size: float) -> Floats:
    """Return what a model with noise of this size says; any increasing score serves a threshold."""
    return np.asarray(expit(z + size * noise))


def cheapest(rows: Rows, noise: Floats, size: float) -> tuple[float, float]:
    """Return the threshold that costs least on large rows, and its cost per row."""
    rule, cost = empirical_minimiser(scores(rows.z, noise, size), rows.y, rows.costs)
    return {"flag-none": 2.0, "flag-all": -1.0}.get(rule.name, rule.value or 0.0), cost


def decided(rows: Rows, noise: Floats, size: float, threshold: float) -> Scored:
    """Let one model decide about the rows."""
    decision = Decision.by(DecisionRule("constant", threshold), scores(rows.z, noise, size), rows.costs)
    return Scored(rows.y, decision, rows.costs)


def promoted(n: int, world: World, challenger: Model, champion: Model, recipes: int = 1) -> float:
    """Return the share of replications in which the gate lets a challenger pass, one of so many in turn."""
    random, passed = np.random.default_rng(n), 0
    for _ in range(REPLICATIONS):
        rows = Rows.drawn(random, n, world, recipes + 1)
        standing = decided(rows, rows.noises[-1], *champion)
        challengers = (decided(rows, noise, *challenger) for noise in rows.noises[:-1])
        passed += any(_passes(one, standing, k) for k, one in enumerate(challengers, 1))
    return passed / REPLICATIONS


def _passes(challenger: Scored, champion: Scored, k: int) -> bool:
    """Return whether the k-th recipe on these rows passes the gate."""
    declared = Gates()
    compared = paired(challenger, champion, spent(declared.alpha, k))
    found = champion_gate.new_recipe(1, compared, "new recipe", declared)
    return all(one.status is Status.PASS for one in found)


def better(rows: Rows, cost: float) -> Model:
    """Return the model whose noise is so much smaller that it costs this much."""
    size = brentq(lambda less: cheapest(rows, rows.noises[0], less)[1] - cost, 0.0, NOISE, xtol=1e-3)
    return size, cheapest(rows, rows.noises[0], size)[0]


def main() -> None:
    """Print the table of docs/methods.md."""
    print(
        "| base rate | rows | equal pairs promoted | one of ten | 5 % gain promoted |\n|---|---|---|---|---|"
    )
    for rate in BASE_RATES:
        world = World.of(rate)
        many = Rows.drawn(np.random.default_rng(1), LARGE, world)
        threshold, cost = cheapest(many, many.noises[0], NOISE)
        standing, gaining = (NOISE, threshold), better(many, (1 - GAIN) * cost)
        for n in SIZES:
            equal, ten = (promoted(n, world, standing, standing, recipes) for recipes in (1, 10))
            gain = promoted(n, world, gaining, standing)
            print(f"| {rate:.0%} | {n:,} | {equal:.1%} | {ten:.1%} | {gain:.1%} |", flush=True)


if __name__ == "__main__":
    main()
