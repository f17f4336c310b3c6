"""Known bad models, made of the very model that is judged: what the self-test sends through the gates.

The lab shows the same ones to people. Each function changes decisions or rows and leaves the judging to the
gates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit

from ..data.sampling.sample import Sample
from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from ..errors import DataError
from ..evaluation.comparisons.comparison import better_rule
from ..evaluation.evaluate import Scored
from ..evaluation.probabilities.cox import log_odds
from ..evaluation.slices import SliceLevels
from ..findings import Status
from ..project.project import Project
from .rules.head_to_head import HeadToHead, harm_rule
from .rules.slice_harm import proven_harm

LEAK = "outcome in disguise"
NOISES = (0.25, 0.1)
"""Spreads of a leak's noise: the smaller one where events are too few to prove the larger one."""
FACTORS = (2, 4, 8, 16)
"""Of log-odds: the larger ones where rows are too few to prove a smaller one wrong."""
_ALL_ROWS = "rows"


def constant(scored: Scored) -> Scored:
    """Return one probability for all rows, and with it the cheaper of the two decisions for all."""
    prevalence = np.full(len(scored.y), float(scored.y.mean()))
    rule = better_rule(scored)[1].decision
    return replace(scored, decision=Decision.at(rule.threshold, prevalence, scored.costs))


def redecided(scored: Scored, probability: FloatArray | None, threshold: float | None = None) -> Scored:
    """Decide the same rows by another probability, or by one threshold for all of them."""
    decision = scored.decision
    at = decision.threshold if threshold is None else np.full(len(scored.y), threshold)
    given = decision.probability if probability is None else probability
    return replace(scored, decision=Decision.at(at, given, scored.costs))


def unknown(contest: HeadToHead) -> HeadToHead:
    """Give every row a missing probability, which `Decision` refuses.

    Raises
    ------
    DataError
        Always: such rows have no decision.
    """
    try:
        return replace(contest, scored=redecided(contest.scored, np.full(len(contest.scored.y), np.nan)))
    except ValueError as error:
        raise DataError("probabilities", str(error), "find the rows that the model cannot score") from error


def shuffled(contest: HeadToHead, project: Project) -> HeadToHead:
    """Give every row the decision about another one: then it knows neither the outcome nor the costs."""
    order = np.random.default_rng(project.split.seed).permutation(len(contest.scored.y))
    return replace(contest, scored=replace(contest.scored, decision=contest.scored.take(order).decision))


def multiplied(scored: Scored, factor: float) -> FloatArray:
    """Return the probabilities of a model that is right, its log-odds multiplied by a factor.

    First the log-odds are made right on these very rows, so that a model which was off before cannot
    be made better by the sabotage.
    """
    odds = log_odds(scored.decision.probability)
    right = scored.cox.intercept + scored.cox.slope * odds
    spread: FloatArray = expit(factor * np.where(np.isfinite(right), right, odds))
    return spread


def spread(contest: HeadToHead, factor: float) -> HeadToHead:
    """Multiply the log-odds of the challenger, made right before, by a factor."""
    return replace(contest, scored=redecided(contest.scored, multiplied(contest.scored, factor)))


def dearer(scored: Scored) -> BoolArray:
    """Return the dearer decision about each row, shape (n,)."""
    every = np.ones(len(scored.y), dtype=bool)
    return np.asarray(scored.costs.of(scored.y, every) > scored.costs.of(scored.y, ~every))


def leaky(rows: Sample, project: Project, noise: float) -> tuple[Sample, Project]:
    """Return rows whose only feature is the outcome with normal noise of this spread, and a project of it."""
    drawn = np.random.default_rng(project.split.seed).normal(0, noise, len(rows))
    features = project.features.model_copy(update={"numeric": (LEAK,), "categorical": ()})
    return replace(rows, frame=pd.DataFrame({LEAK: rows.y + drawn})), project.model_copy(
        update={"features": features}
    )


def worst_slice(contest: HeadToHead, flagged: BoolArray, project: Project) -> tuple[HeadToHead, str, Project]:
    """Return the slice in which these decisions, shape (n,), do the most provable harm.

    Returns
    -------
    contest, name, project
        Where no declared slice is large enough to prove any harm, all rows are the slice.
    """
    scored, reference = contest.scored, contest.reference[2]
    wrong = scored.costs.of(scored.y, flagged) - reference.cost
    harms = proven_harm(wrong, scored.y, contest.levels, scored.cluster, harm_rule(contest, project))
    enough = [harm for harm in harms if harm.status is not Status.INSUFFICIENT]
    if enough:
        worst = min(enough, key=lambda harm: (np.nan_to_num(harm.p_value, nan=1.0), harm.name))
        return contest, worst.name, project
    whole = {_ALL_ROWS: SliceLevels(np.zeros(len(scored.y), dtype=np.int64), ("all",))}
    declared = project.slices.model_copy(update={"minimum_rows": 1, "minimum_events": 1})
    changed = project.model_copy(update={"slices": declared})
    return replace(contest, levels=whole), f"{_ALL_ROWS} = all", changed


def inverted(contest: HeadToHead, name: str, flagged: BoolArray) -> HeadToHead:
    """Turn the probabilities of a slice upside down, and give its rows these decisions, shape (n,)."""
    return replace(contest, scored=turned(contest.scored, rows_of(contest, name), flagged))


def rows_of(contest: HeadToHead, name: str) -> BoolArray:
    """Return which rows belong to the slice of this name, shape (n,)."""
    for column, levels in contest.levels.items():
        for code, level in enumerate(levels.names):
            if f"{column} = {level}" == name:
                rows: BoolArray = levels.codes == code
                return rows
    raise ValueError(f"no slice is called {name!r}")


def turned(scored: Scored, rows: BoolArray, flagged: BoolArray) -> Scored:
    """Turn the probabilities of the chosen rows upside down, and give them other decisions."""
    decision = scored.decision
    probability = np.where(rows, 1 - decision.probability, decision.probability)
    changed = np.where(rows, flagged, decision.flagged)
    return replace(scored, decision=replace(decision, probability=probability, flagged=changed))
