"""What fewer judged rows cost in certainty: the interval of the savings by the rows that judge.

    python -m benchmarks.judged_rows [ROWS ...]

Of a table that is read block by block at least 100,000 rows are judged. The scores are made up: one event in
ten, 730 days with a spread of their own, ten draws for each number of rows.
"""

from __future__ import annotations

import sys
from statistics import mean

import numpy as np
from scipy.special import expit

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate

ROWS = (30_000, 100_000, 300_000, 1_000_000)
DAYS, DRAWS = 730, 10
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=10)


def scored(rows: int, seed: int) -> Scored:
    """Draw rows of days, and decide them by their costs."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, DAYS, rows))
    score = rng.normal(-2.5, 1.2, rows)
    y = (rng.random(rows) < expit(score + rng.normal(0, 0.2, DAYS)[day])).astype(np.int64)
    costs = COSTS.rows({}, rows)
    return Scored(y, Decision.by(DecisionRule("constant", 0.1), expit(score), costs), costs, day)


def main() -> None:
    """Print savings and the width of their 95 % interval for each number of rows."""
    print("| judged rows | savings | width of the interval |\n|---|---|---|")
    for rows in [int(word) for word in sys.argv[1:]] or ROWS:
        found = [evaluate(scored(rows, seed)).savings for seed in range(DRAWS)]
        width = mean(one.high - one.low for one in found)
        print(f"| {rows:,} | {mean(one.value for one in found):.3f} | {width:.4f} |", flush=True)


if __name__ == "__main__":
    main()
