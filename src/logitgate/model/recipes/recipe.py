"""A recipe: all that is decided from rows, judged on rows that none of its decisions was made from.

For each judged block the candidate, the recalibration and the threshold rule are decided from out-of-fold
predictions of the other blocks (in time order: the earlier ones); the block's own rows are then scored by a
model of those blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit

from ...decision.costs import BoolArray, CostMatrix
from ...decision.expressions import FloatArray
from ...decision.rule import Decision, DecisionRule
from ...errors import FitError
from ...evaluation.evaluate import Scored
from ...project.data import FeaturesConfig
from ..fitting.fit import Choice
from ..fitting.recalibration import NONE, Recalibration, decide_recalibration
from .out_of_fold import OutOfFold, Plan
from .search import choose
from .threshold import JudgedRows, ThresholdChoice, bayes_rule, choose_rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that a recipe may choose: form and penalty, and the features it uses."""

    choice: Choice
    features: FeaturesConfig


@dataclass(frozen=True, slots=True)
class Entered:
    """Which of k candidates may be chosen: for each block, and from all judged rows.

    Parameters
    ----------
    by_block : mapping of int to bool array of shape (k,)
    final : bool array of shape (k,)
    """

    by_block: Mapping[int, BoolArray]
    final: BoolArray


@dataclass(frozen=True, slots=True)
class Decided:
    """What a recipe decided from rows."""

    candidate: Candidate
    recalibration: Recalibration
    rule: DecisionRule
    threshold: ThresholdChoice | None
    """What the rule was chosen from; None before there is any out-of-fold row: then it is the Bayes rule."""


@dataclass(frozen=True, slots=True)
class JudgedRecipe:
    """A recipe on all judged rows, each judged by what was decided and fitted without it.

    Parameters
    ----------
    name : str
    blocks : tuple of (block, Decided)
        In the order of the blocks.
    scored : Scored of m rows
        In the order of the judged rows.
    final : Decided
        From all judged rows: what ships.
    """

    name: str
    blocks: tuple[tuple[int, Decided], ...]
    scored: Scored
    final: Decided

    @property
    def last(self) -> Decided:
        """What was decided for the last block."""
        return self.blocks[-1][1]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Candidates with their out-of-fold log-odds.

    Parameters
    ----------
    name : str
    candidates : sequence of k Candidate
        From simple to complex; of one form the strongest penalty first.
    log_odds : sequence of k sequences of arrays
        By fold of the plan; empty where a fold could not be fitted.
    first : int
        The candidate of a block before which nothing was judged.
    recalibrates : bool
    entered : Entered, optional
        Which candidates may be chosen; all where it is left out.
    columns : sequence of k ints
        Of the widest design matrix of each candidate, where they matter.
    """

    name: str
    candidates: Sequence[Candidate]
    log_odds: Sequence[Sequence[FloatArray]]
    first: int
    recalibrates: bool = True
    entered: Entered | None = None
    columns: Sequence[int] = ()

    def judge(self, plan: Plan, costs: CostMatrix, alpha: float) -> JudgedRecipe:
        """Judge the recipe on all blocks of a plan.

        Parameters
        ----------
        plan : Plan
        costs : CostMatrix
        alpha : float
            Of the proof that an empirical threshold is cheaper.

        Raises
        ------
        FitError
            When no candidate could be fitted for some block.
        DataError
            When a row has no costs.
        """
        final = plan.final(self.log_odds)
        row_costs = final.sample.row_costs(costs)
        decided, decisions = [], []
        for block in plan.blocks.judged:
            rows = final.block == block
            known = final.fitted(rows)
            if self.entered is not None:
                known &= self.entered.by_block[block]
            before = plan.before(block, self.log_odds)
            one = self._decided(before, known, costs, alpha)
            decided.append((block, one))
            score = final.log_odds(self.candidates.index(one.candidate))[rows]
            probability = expit(one.recalibration.of(score))
            decisions.append((rows, Decision.by(one.rule, probability, row_costs.take(rows))))
        scored = Scored(final.sample.y.astype(np.int64), _joined(decisions), row_costs, final.sample.cluster)
        every = np.ones(len(self.candidates), dtype=bool) if self.entered is None else self.entered.final
        return JudgedRecipe(self.name, tuple(decided), scored, self._decided(final, every, costs, alpha))

    def _decided(
        self, judged: OutOfFold | None, usable: BoolArray, costs: CostMatrix, alpha: float
    ) -> Decided:
        if judged is None:
            return Decided(self._first(usable), NONE, bayes_rule(costs), None)
        place = choose(judged, [(one.choice.form, one.features) for one in self.candidates], usable)
        y, score, sample = judged.sample.y.astype(np.int64), judged.log_odds(place), judged.sample
        block = judged.block if judged.in_time else None
        change = decide_recalibration(y, score, sample.cluster, block) if self.recalibrates else NONE
        rows = JudgedRows(
            expit(change.of(score)), y, sample.row_costs(costs), sample.cluster, judged.block, judged.in_time
        )
        threshold = choose_rule(rows, bayes_rule(costs), alpha)
        return Decided(self.candidates[place], change, threshold.rule, threshold)

    def _first(self, usable: BoolArray) -> Candidate:
        """Return the candidate of a block before which nothing was judged."""
        if not usable.any():
            rule = f"none of {len(usable)} candidates of the recipe '{self.name}' could be fitted"
            raise FitError("search", rule, "lower search.C, or give more rows")
        return self.candidates[self.first if usable[self.first] else int(np.flatnonzero(usable)[0])]


def _joined(decisions: list[tuple[BoolArray, Decision]]) -> Decision:
    """Put the decisions about the rows of each block together in the order of all rows."""
    rows = len(decisions[0][0])
    found = {
        part.name: np.empty(rows, dtype=getattr(decisions[0][1], part.name).dtype)
        for part in fields(Decision)
    }
    for place, decision in decisions:
        for name, values in found.items():
            values[place] = getattr(decision, name)
    return Decision(**found)
