"""What it costs to submit a simpler recipe where a more complex one is not proven better.

    python -m benchmarks.simpler_recipes [--replications 24] [--rows 2000 10000]

Five normal features, of which two have a bend in their log-odds of none, .1 or .25; a miss costs 6, or an
amount of each row with a heavy tail (log-normal, deviation 1.5), a flag 1. What is submitted is refitted and
costs what is expected by the true probabilities of 20,000 other rows. Printed is that cost beyond the true
probabilities' in percent, for always plain linear, always the search, the simplest recipe that no other is
proven cheaper than, and the product's rule, where a proven log loss counts too unless decisions are proven
dearer; with the paired difference of the last two.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from logitgate.data.sampling.blocks import cut
from logitgate.data.sampling.sample import observe
from logitgate.evaluation.evaluate import Scored
from logitgate.model.model import Model
from logitgate.model.recipes.baselines import LINEAR, PRIOR, SEARCH
from logitgate.model.recipes.recipe import JudgedRecipe
from logitgate.model.recipes.submission import submit
from logitgate.model.train import fitted, learn
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project

WEIGHTS, BENT, TESTED = np.array([0.7, 0.5, -0.4, 0.25, 0]), np.array([1, -0.7, 0, 0, 0]), 20_000
RULES = (LINEAR, SEARCH, "by cost alone", "the rule")


def project(*, by_row: bool) -> Project:
    """Return the project of the rows, all else as it is by default."""
    costs = {"true_positive": 1, "false_positive": 1, "false_negative": "amount" if by_row else 6}
    return parse_project(
        {
            "name": "bends",
            "rows": {"path": "rows.csv"},
            "columns": {"id": "id", "time": "at"},
            "outcome": {"column": "y", "event": "yes"},
            "features": {"numeric": [f"x{place}" for place in range(len(WEIGHTS))]},
            "costs": costs,
            "contract": {"suite": "suite.json"},
        },
        "bends.toml",
    )


def drawn(rows: int, bend: float, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return rows and their true probabilities."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, len(WEIGHTS)))
    true = expit(X @ WEIGHTS + bend * ((X**2 - 1) @ BENT) - 2)
    frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(len(WEIGHTS))])
    frame["amount"] = 1 + np.exp(random.normal(size=rows) * 1.5 + 0.9)
    day = pd.to_timedelta(np.sort(random.integers(0, 120, rows)), unit="D")
    frame["at"] = (pd.Timestamp("2020-01-01", tz="UTC") + day).astype("datetime64[us, UTC]")
    frame["y"] = np.where(random.random(rows) < true, "yes", "no")
    frame["id"] = [f"r{row}" for row in range(rows)]
    return frame, true


def unpredicting(scored: Scored) -> Scored:
    """Return the same decisions with probabilities that say nothing, so that costs alone count."""
    said = np.full(len(scored.y), scored.y.mean())
    return replace(scored, decision=replace(scored.decision, probability=said))


def one(rows: int, bend: float, by_row: bool, seed: int) -> tuple[dict[str, float], bool]:  # noqa: FBT001
    """Return the excess cost of each rule in percent, and whether the last two submit different recipes."""
    declared = project(by_row=by_row)
    sample = observe(drawn(rows, bend, seed)[0], declared, None).sample
    recipes = learn(cut(sample, declared), declared).recipes
    scored = {name: recipe.scored for name, recipe in recipes.items()}
    alone = {name: unpredicting(recipe) for name, recipe in scored.items()}
    chosen = (
        LINEAR,
        SEARCH,
        submit(alone, declared.gates.alpha).name,
        submit(scored, declared.gates.alpha).name,
    )
    others, true = drawn(TESTED, bend, 10**6 + seed)
    miss = others["amount"].to_numpy() if by_row else np.full(TESTED, 6.0)

    def cost(probability: np.ndarray) -> float:
        return float(np.where(probability * miss >= 1, 1.0, true * miss).mean())

    def excess(recipe: JudgedRecipe) -> float:
        model: Model = fitted(recipe.final, sample, declared).model
        return 100 * (cost(model.probability(others)) / cost(true) - 1)

    found = {name: excess(recipe) for name, recipe in recipes.items() if name != PRIOR}
    return {rule: found[name] for rule, name in zip(RULES, chosen, strict=True)}, chosen[2] != chosen[3]


def main() -> None:
    """Print a line for each kind of rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=24)
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 10_000])
    given = parser.parse_args()
    print(
        f"| rows | bend | costs | {' | '.join(RULES)} | the last two | its error | differ |\n"
        + "|---" * 10
        + "|"
    )
    kinds = [
        (rows, bend, by_row) for rows in given.rows for bend in (0.0, 0.1, 0.25) for by_row in (False, True)
    ]
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        for rows, bend, by_row in kinds:
            answers = list(pool.map(partial(one, rows, bend, by_row), range(given.replications)))
            found = pd.DataFrame([answer for answer, _ in answers])
            gain, differ = found[RULES[3]] - found[RULES[2]], sum(differs for _, differs in answers)
            means = " | ".join(f"{found[rule].mean():.2f}" for rule in RULES)
            kind = f"{rows:,} | {bend:g} | {'by row' if by_row else 'constant'}"
            print(f"| {kind} | {means} | {gain.mean():+.2f} | {gain.sem():.2f} | {differ} |", flush=True)


if __name__ == "__main__":
    main()
