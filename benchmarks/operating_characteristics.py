"""How often the gates, as they are by default, release models that are right, useless or bad.

    python -m benchmarks.operating_characteristics [--replications 200] [--only NAME] [--world NAME]

Each replication draws the rows of a world and trains on them by the product's own functions; a model is
released when no finding stops it. A world has eight normal features, of which three weigh nothing, and four
columns of slices that have nothing to do with the outcome. Where there is time, each day has a luck of its
own on the log-odds, with a standard deviation of .5. A flag costs 1 and a missed event 1 / prevalence, so
that flagging none, flagging all and a useless model cost the same.

- right: what the recipe learns is true. no signal: no feature weighs anything. twelve looks: no signal
  either, a training a month on the last 120 days; released at least once.
- bad: the decisions that are judged are spoilt: log-odds 0.8 too high or doubled, or p turned to 1 - p in
  the largest level of the slice column with four. Here the verdict is that of `judge_model` alone.
- like: the champion is what another sample of the same world ships, met as one of another recipe.

`--only` takes the rows whose names begin with it, `--world` those whose world does, `--seed` other draws than
those of the first seeds. Each rule is printed as kept or broken.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import brentq
from scipy.special import expit
from threadpoolctl import threadpool_limits

from logitgate.data.sampling.row_hashes import FittedRows
from logitgate.data.sampling.slicing import column_levels
from logitgate.decision.rule import Decision
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.probabilities.cox import log_odds
from logitgate.findings import Finding, Status
from logitgate.gates.contest import Opponents
from logitgate.gates.evidence import Challenger, Evidence
from logitgate.gates.judge import judge_model
from logitgate.gates.training import learn_model, part_rows
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project

WEIGHTS = np.array([0.7, 0.5, -0.4, 0.25, 0.15, 0, 0, 0])
LUCK, LEVELS, START = 0.5, (2, 3, 3, 4), datetime(2020, 1, 1, tzinfo=UTC)
CONTRACT = Finding("contract", "rows", Status.PASS, "the rows of a benchmark")
Reasons = dict[str, list[str]]
"""For each row of the table what stopped the release; empty where nothing did."""


@dataclass(frozen=True)
class World:
    """Where rows come from; 0 days are rows without a time."""

    rows: int
    rate: float
    days: int = 120
    signal: float = 1.0

    def __str__(self) -> str:
        when = f"{self.days} days" if self.days else "no time"
        return f"{self.rows:,} rows, {when}, {self.rate:.0%}"

    @property
    def intercept(self) -> float:
        """What makes the rate of events the declared one; the log-odds are normal."""
        points, weights = hermegauss(60)
        luck = LUCK if self.days else 0.0
        spread = np.sqrt(self.signal**2 * WEIGHTS @ WEIGHTS + luck**2)
        weights = weights / weights.sum()
        return brentq(lambda middle: weights @ expit(middle + spread * points) - self.rate, -12, 12)

    def draw(self, seed: int, sample: int = 0) -> pd.DataFrame:
        """Return a table of its rows; samples of one seed have no row in common."""
        rng = np.random.default_rng((seed, sample))
        X = rng.normal(size=(self.rows, len(WEIGHTS)))
        frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(len(WEIGHTS))])
        for place, levels in enumerate(LEVELS):
            frame[f"s{place}"] = rng.choice(list("abcd"[:levels]), self.rows)
        true = self.intercept + self.signal * (X @ WEIGHTS)
        if self.days:
            day = np.sort(rng.integers(0, self.days, self.rows))
            true = true + rng.normal(0, LUCK, self.days)[day]
            frame["at"] = pd.to_datetime([START + timedelta(days=int(one)) for one in day]).as_unit("us")
            frame["day"] = day.astype(str)
        frame["y"] = np.where(rng.random(self.rows) < expit(true), "yes", "no")
        frame["id"] = [f"{sample}-{row}" for row in range(self.rows)]
        return frame

    @property
    def project(self) -> Project:
        """The project of its rows; search, split and gates are as they are by default."""
        time = {"time": "at", "cluster": "day"} if self.days else {}
        costs = {"true_positive": 1, "false_positive": 1, "false_negative": 1 / self.rate}
        declared = {
            "name": "world",
            "rows": {"path": "rows.csv"},
            "columns": {"id": "id", **time},
            "outcome": {"column": "y", "event": "yes"},
            "features": {"numeric": [f"x{place}" for place in range(len(WEIGHTS))]},
            "split": {"window": "120 days"} if self.days else {},
            "costs": costs,
            "slices": {"columns": [f"s{place}" for place in range(len(LEVELS))]},
            "contract": {"suite": "suite.json"},
        }
        return parse_project(declared, "world.toml")


def trained(world: World, frame: pd.DataFrame, as_of: datetime | None = None) -> Evidence:
    """Return a training up to its judgement."""
    return learn_model(part_rows(Evidence(world.project, frame, as_of, (CONTRACT,))))


def stopping(evidence: Evidence, opponents: Opponents) -> list[str]:
    """Return what stops the release of a training."""
    return _named(judge_model(evidence, opponents).verdict.reasons)


def _named(findings) -> list[str]:
    return [f"{one.check} ({one.subject})" for one in findings if one.status.stops]


def first(world: World, seed: int) -> Reasons:
    """Train once, without a champion."""
    return {"": stopping(trained(world, world.draw(seed)), Opponents())}


def looks(world: World, seed: int) -> Reasons:
    """Train twelve times, each month, until a model is released."""
    frame, found = world.draw(seed), []
    for month in range(4, 16):
        reasons = stopping(trained(world, frame, START + timedelta(days=30 * month)), Opponents())
        if not reasons:
            return {"": []}
        found += reasons
    return {"": found}


def like(world: World, seed: int) -> Reasons:
    """Meet a champion of the same world in the lane of new recipes."""
    champion = trained(world, world.draw(seed, 1)).learned
    if champion is None:
        return {"": ["no champion"]}
    known = FittedRows.of([champion.shipped.rows], world.project)
    opponents = Opponents(champion.model, 1, champion_rows=known, champion_recipe="another")
    return {"": stopping(trained(world, world.draw(seed)), opponents)}


def bad(world: World, seed: int) -> Reasons:
    """Judge the decisions of a training after they were spoilt, in three ways."""
    evidence = trained(world, world.draw(seed))
    learned = evidence.learned
    scored, newest = learned.scored, learned.block == evidence.blocks.last if learned.in_time else None
    odds, slices = log_odds(scored.decision.probability), column_levels(learned.judged.frame["s3"]).codes
    inverted = slices == np.bincount(slices).argmax()
    spoilt = {
        "log-odds + 0.8": odds + 0.8,
        "log-odds x 2": 2 * odds,
        "slice inverted": np.where(inverted, -odds, odds),
    }
    found = {}
    for name, wrong in spoilt.items():
        challenger = Challenger(
            learned.judged, _redecided(scored, expit(wrong)), evidence.recipe, learned.simpler, last=newest
        )
        begun = Evidence(evidence.project, learned.judged.frame, challenger=challenger)
        found[name] = _named(judge_model(begun, Opponents()).findings)
    return found


def _redecided(scored: Scored, probability: np.ndarray) -> Scored:
    return replace(scored, decision=Decision.at(scored.decision.threshold, probability, scored.costs))


@dataclass(frozen=True)
class Question:
    """One world, what is done in it, and the lowest and the highest share of releases that is wanted."""

    name: str
    ask: Callable[[World, int], Reasons]
    world: World
    wanted: tuple[float, float]

    def answer(self, pool: ProcessPoolExecutor, seeds: range) -> None:
        """Print a row of the table for each model that was judged."""
        answers = list(pool.map(self.ask, [self.world] * len(seeds), seeds))
        for kind in answers[0]:
            print(self._row(kind, [answer[kind] for answer in answers]), flush=True)

    def _row(self, kind: str, reasons: list[list[str]]) -> str:
        low, high = self.wanted
        share = sum(not one for one in reasons) / len(reasons)
        refused = Counter(reason for one in reasons for reason in set(one)).most_common(2)
        rule = "kept" if low <= share <= high else "broken"
        limit = f">= {low:g}" if low else f"<= {high:g}"
        why = ", ".join(f"{reason} {times}" for reason, times in refused)
        name = f"{self.name}, {kind}" if kind else self.name
        return f"| {name} | {self.world} | {len(reasons)} | {share:.3f} | {limit} | {rule} | {why} |"


def questions() -> list[Question]:
    """Return the rows of the table."""
    wanted = {
        World(500, 0.15, 0): 0.9,
        World(2_000, 0.03, 0): 0.9,
        World(2_000, 0.15): 0.9,
        World(2_000, 0.03): 0.6,
        World(10_000, 0.15): 0.95,
        World(10_000, 0.03): 0.9,
    }
    rates = (0.15, 0.03)
    # The rules ask for 2,000 judged rows and 60 events; few events are cut into three or four blocks.
    judged = [*(World(2_000, rate, 0) for rate in rates), World(2_500, 0.15), World(3_000, 0.03)]
    alike = [World(2_000, 0.15), *(World(10_000, rate) for rate in rates)]
    return [
        *(Question("right", first, world, (share, 1)) for world, share in wanted.items()),
        *(Question("no signal", first, replace(world, signal=0.0), (0, 0.02)) for world in wanted),
        *(Question("twelve looks", looks, World(7_500, rate, 450, 0.0), (0, 0.05)) for rate in rates),
        *(Question("bad", bad, world, (0, 0.05)) for world in judged),
        *(Question("like", like, world, (0, 0.05)) for world in alike),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose names begin with it")
    parser.add_argument("--world", default="", metavar="NAME", help="worlds that begin with it")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.replications)
    print("| model | world | replications | released | wanted | rule | what stopped most |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        for question in questions():
            if question.name.startswith(given.only) and str(question.world).startswith(given.world):
                question.answer(pool, seeds)


if __name__ == "__main__":
    main()
