"""Candidates race on a sample of many rows: what it proves worse is not fitted to all of them.

The sample is the same problem made smaller: one row of each stretch of `times` rows, the penalty and the rows
that a level needs divided by as much, so that shrinkage and pooled levels are those of all rows. Only what
coefficients vary by is larger, and it falls as rows are added, the more the more of them a candidate has. So
one that is behind may catch up by what its further coefficients cost on the sample, and is dropped only where
it is behind by more than that and by five standard errors of the paired, clustered difference (Maron, Moore
1994, Hoeffding races). What is dropped for a block follows from the blocks that a choice for it may look at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...data.sampling.blocks import Blocks
from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...evaluation.intervals import Means
from ...project.search import Search
from .cross_validation import Trial
from .out_of_fold import OutOfFold, Plan
from .recipe import Entered, Recipe

RACED = 400_000
"""Rows of the largest fold above which candidates race."""
_SAMPLE = 50_000
"""Rows of the sample, about."""
_LEAST = 100
"""Events, and other rows, that each fold of the sample must have on either side."""
_ERRORS = 5.0
"""Standard errors by which a candidate is proven worse."""
_DEGREES = 20
"""Degrees of freedom below which a standard error proves nothing here."""


@dataclass(frozen=True, slots=True)
class Race:
    """A plan, and the same plan of a sample of its rows.

    Parameters
    ----------
    plan, sampled : Plan
    times : int
        How many rows one of the sample stands for.
    """

    plan: Plan
    sampled: Plan
    times: int

    @classmethod
    def of(cls, plan: Plan, seed: int) -> Race | None:
        """Draw the sample; None where the rows are few, or a sample would have too few of one class."""
        if max(len(fold.learned) for fold in plan.folds.values()) <= RACED:
            return None
        times = len(plan.blocks.sample) // _SAMPLE
        while times > 1:
            sampled = _sampled(plan.blocks, times, seed)
            if sampled.blocks.judged == plan.blocks.judged and _enough(sampled):
                return cls(plan, sampled, times)
            times //= 2
        return None

    def smaller(self, choices: Search) -> Search:
        """Return the same search for the sample."""
        rare = max(1, round(choices.rare_level_rows / self.times))
        weaker = tuple(C * self.times for C in choices.C)
        return choices.model_copy(update={"C": weaker, "rare_level_rows": rare})

    def renamed(self, trials: Iterable[Trial], choices: Search) -> tuple[Trial, ...]:
        """Return trials of the smaller search under the penalties of the search itself."""
        own = {C * self.times: C for C in choices.C}
        return tuple(replace(one, choice=replace(one.choice, C=own[one.choice.C])) for one in trials)

    def entered(self, recipe: Recipe) -> Entered:
        """Return which candidates of a recipe the sample leaves in the race, for each block and in the end.

        Parameters
        ----------
        recipe : Recipe
            With the log-odds of the sample's folds.
        """
        by_block = {}
        for block in self.plan.blocks.judged:
            before = self.sampled.before(block, recipe.log_odds)
            if before is None:
                by_block[block] = np.arange(len(recipe.candidates)) == recipe.first
            else:
                by_block[block] = self._left(before, recipe)
        final = self._left(self.sampled.final(recipe.log_odds), recipe)
        return Entered(by_block, final)

    def _left(self, judged: OutOfFold, recipe: Recipe) -> BoolArray:
        """Return which candidates are not proven worse than the best one, shape (k,)."""
        fitted, candidates, columns = judged.fitted(), recipe.candidates, recipe.columns
        left = np.ones(len(candidates), dtype=bool)
        if not fitted.any():
            return left
        means = [judged.losses(place).mean() if one else np.inf for place, one in enumerate(fitted)]
        best = int(np.argmin(means))
        lowest, each = judged.losses(best), self._cost_of_a_column(judged)
        for place in np.flatnonzero(fitted).tolist():
            weaker = candidates[place].choice.C > candidates[best].choice.C
            more = columns[place] if weaker else max(0, columns[place] - columns[best])
            behind = _behind(judged.losses(place) - lowest, judged)
            proven = float(behind.mean[0]) - more * each > _ERRORS * float(behind.error[0])
            left[place] = not (proven and behind.degrees[0] >= _DEGREES)
        return left

    def _cost_of_a_column(self, judged: OutOfFold) -> float:
        """Return twice the mean log loss that a coefficient costs: half a nat over the learned rows."""
        blocks, rows = np.unique(judged.block, return_counts=True)
        learned = np.array([len(self.sampled.blocks.learned(int(block))) for block in blocks])
        return float(np.sum(rows / learned) / rows.sum())


def wanted_on(plan: Plan, entered: Entered) -> BoolArray:
    """Return which candidates have to be fitted on which folds of a plan, shape (folds, k).

    Those that may be chosen for a block or in the end, on every fold that the choice or the block looks at.
    """
    found = np.zeros((len(plan.folds), len(entered.final)), dtype=bool)
    for place, judged in enumerate(plan.folds):
        needing = [entered.by_block[block] for block in judged]
        if len(judged) == 1:
            needing.append(entered.final)
        if plan.blocks.in_time:
            needing += [left for block, left in entered.by_block.items() if block > min(judged)]
        found[place] = np.any(needing, axis=0)
    return found


def _sampled(blocks: Blocks, times: int, seed: int) -> Plan:
    """Return the plan of one row of each stretch of so many."""
    starts = np.arange(0, len(blocks.sample) - times + 1, times)
    rows = starts + np.random.default_rng((seed, 2)).integers(0, times, len(starts))
    return Plan.of(Blocks(blocks.sample.take(rows), blocks.number[rows], blocks.in_time))


def _enough(plan: Plan) -> bool:
    y = plan.blocks.sample.y
    parts = [y[rows] for fold in plan.folds.values() for rows in (fold.learned, fold.judged)]
    return all(min(int(part.sum()), len(part) - int(part.sum())) >= _LEAST for part in parts)


def _behind(difference: FloatArray, judged: OutOfFold) -> Means:
    return Means.of(difference, np.zeros(len(difference), dtype=np.int64), 1, judged.sample.cluster)
