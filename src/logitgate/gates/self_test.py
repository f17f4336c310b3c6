"""The gates' self-test: saboteurs that each gate must refuse, made of the very model that is judged.

A gate that lets its saboteur through stands open, whatever it says about the model. Each saboteur goes
through the same code as the model, and only the gate that is meant for it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from ..catalogue import Check
from ..checks.leakage.single_features import separating
from ..data.sample import Sample
from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from ..errors import DataError
from ..evaluation.comparisons.comparison import better_rule
from ..evaluation.evaluate import Scored
from ..evaluation.probabilities.cox import fit_cox, log_odds
from ..evaluation.slices import SliceLevels
from ..findings import Finding, Status
from ..project.project import Project
from .rules.head_to_head import HeadToHead, Lane, comparison_findings, harm_rule
from .rules.slice_harm import proven_harm

CHECK = Check.SELF_TEST
INVERTED = "worst slice inverted"
_LEAK = "outcome in disguise"
_NOISES = (0.25, 0.1)
_ALL_ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Saboteur:
    """A known bad model, the gate that must refuse it, and what the gates find about it."""

    name: str
    gate: Check
    findings: Callable[[], list[Finding]]
    subject: str | None = None
    """The subject that the gate must name; None when any will do."""


def self_test(contest: HeadToHead, rows: Sample, project: Project) -> list[Finding]:
    """Send sabotaged models through the gates: one finding each, PASS when the right gate refuses it.

    Parameters
    ----------
    contest : HeadToHead
        The challenger and its opponents.
    rows : Sample
        The judged rows.
    project : Project
        The margins under test.

    Returns
    -------
    list of Finding
        FAIL when a saboteur passes its gate, even if another gate refuses it.
    """
    proof = replace(contest, lane=Lane.NEW_RECIPE, untouched=np.ones(len(rows), dtype=bool))
    before, version = contest.scored, contest.version or 0
    twin = contest.champion or before
    constant = _constant(before)
    alone = replace(contest, champion=None, version=None)

    def gated(sabotaged: HeadToHead) -> list[Finding]:
        return comparison_findings(sabotaged, project)

    saboteurs = [
        Saboteur("labels shuffled", Check.BASELINES, lambda: gated(_shuffled(contest, project))),
        Saboteur(
            "constant score",
            Check.BASELINES,
            lambda: gated(replace(contest, scored=constant)),
        ),
        Saboteur("NaN score", Check.EVALUATION, lambda: gated(_unknown(contest))),
        Saboteur(
            "champion renamed",
            Check.CHAMPION,
            lambda: gated(replace(proof, scored=twin, champion=twin, version=version)),
        ),
        Saboteur("leaky model", Check.LEAKAGE, lambda: _leaky(rows, project), _LEAK),
        Saboteur("log-odds doubled", Check.CALIBRATION, lambda: _spread(alone, project)),
        Saboteur(
            "threshold of 0.5",
            Check.CHAMPION,
            lambda: gated(
                replace(proof, scored=_redecided(before, None, 0.5), champion=before, version=version)
            ),
        ),
    ]
    return [*map(_tried, saboteurs), _inverted(alone, project)]


def _tried(saboteur: Saboteur) -> Finding:
    try:
        findings = saboteur.findings()
    except DataError as error:
        findings = [Finding(Check.EVALUATION, error.subject, Status.FAIL, error.rule)]
    stopping = [one for one in findings if one.status.stops]
    caught = any(one.check == saboteur.gate and saboteur.subject in (None, one.subject) for one in stopping)
    refused_by = ", ".join(sorted({one.check for one in stopping})) or "no gate"
    because = (
        f"refused by {saboteur.gate}, the gate that is meant for it"
        if caught
        else f"{saboteur.gate} let it through (refused by {refused_by}); mend that gate or its margins"
    )
    figures = {"gate": saboteur.gate, "refused_by": refused_by}
    return Finding(CHECK, saboteur.name, Status.PASS if caught else Status.FAIL, because, figures)


def _constant(scored: Scored) -> Scored:
    """Return one probability for all rows, and with it the cheaper of the two decisions for all."""
    prevalence = np.full(len(scored.y), float(scored.y.mean()))
    rule = better_rule(scored)[1].decision
    return replace(scored, decision=Decision.at(rule.threshold, prevalence, scored.costs))


def _redecided(scored: Scored, probability: FloatArray | None, threshold: float | None = None) -> Scored:
    """Decide the same rows by another probability, or by one threshold for all of them."""
    decision = scored.decision
    at = decision.threshold if threshold is None else np.full(len(scored.y), threshold)
    given = decision.probability if probability is None else probability
    return replace(scored, decision=Decision.at(at, given, scored.costs))


def _unknown(contest: HeadToHead) -> HeadToHead:
    try:
        return replace(contest, scored=_redecided(contest.scored, np.full(len(contest.scored.y), np.nan)))
    except ValueError as error:
        raise DataError("probabilities", str(error), "find the rows that the model cannot score") from error


def _shuffled(contest: HeadToHead, project: Project) -> HeadToHead:
    """Give every row the decision about another one: then it knows neither the outcome nor the costs."""
    order = np.random.default_rng(project.split.seed).permutation(len(contest.scored.y))
    return replace(contest, scored=replace(contest.scored, decision=contest.scored.take(order).decision))


def _spread(contest: HeadToHead, project: Project) -> list[Finding]:
    """Multiply the log-odds by 2; by 4, 8 and 16 where rows are too few to prove a smaller factor wrong."""
    findings: list[Finding] = []
    for factor in (2, 4, 8, 16):
        scored = _redecided(contest.scored, _multiplied(contest.scored, factor))
        findings = comparison_findings(replace(contest, scored=scored), project)
        if any(one.check == Check.CALIBRATION and one.status.stops for one in findings):
            break
    return findings


def _multiplied(scored: Scored, factor: float) -> FloatArray:
    """Return the probabilities of a model that is right, its log-odds multiplied by a factor.

    First the log-odds are made right on these very rows, so that a model which was off before cannot
    be made better by the sabotage.
    """
    odds = log_odds(scored.decision.probability)
    cox = fit_cox(scored.y, odds)
    right = cox.intercept + cox.slope * odds
    spread: FloatArray = expit(factor * np.where(np.isfinite(right), right, odds))
    return spread


def _leaky(test: Sample, project: Project) -> list[Finding]:
    """Look for leaks in a feature that is the outcome with noise: with less where events are too few."""
    features = project.features.model_copy(update={"numeric": (_LEAK,), "categorical": ()})
    alone = project.model_copy(update={"features": features})
    findings: list[Finding] = []
    for noise in _NOISES:
        drawn = np.random.default_rng(project.split.seed).normal(0, noise, len(test))
        findings = list(separating(replace(test, frame=pd.DataFrame({_LEAK: test.y + drawn})), alone))
        if any(one.subject == _LEAK and one.status.stops for one in findings):
            break
    return findings


def _inverted(contest: HeadToHead, project: Project) -> Finding:
    """Decide the wrong way round in the slice where that does the most provable harm.

    Where rows are too few to prove that harm, each of its rows gets the dearer decision: the most harm there
    is. Where no declared slice is large enough to prove any, all rows are the slice.
    """
    scored = contest.scored
    every = np.ones(len(scored.y), dtype=bool)
    dearer = scored.costs.of(scored.y, every) > scored.costs.of(scored.y, ~every)
    found = _sabotaged(contest, ~scored.decision.flagged, project)
    return found if found.status is Status.PASS else _sabotaged(contest, dearer, project)


def _sabotaged(contest: HeadToHead, flagged: BoolArray, project: Project) -> Finding:
    """Put these decisions, shape (n,), into the slice where they do the most provable harm."""
    scored, reference = contest.scored, contest.reference[2]
    wrong = scored.costs.of(scored.y, flagged) - reference.cost
    rule = harm_rule(contest, project)
    harms = proven_harm(wrong, scored.y, contest.levels, scored.cluster, rule)
    enough = [harm for harm in harms if harm.status is not Status.INSUFFICIENT]
    if enough:
        worst = min(enough, key=lambda harm: (np.nan_to_num(harm.p_value, nan=1.0), harm.name)).name
        levels = contest.levels
    else:
        worst, levels = (
            f"{_ALL_ROWS} = all",
            {_ALL_ROWS: SliceLevels(np.zeros(len(scored.y), dtype=np.int64), ("all",))},
        )
        declared = project.slices.model_copy(update={"minimum_rows": 1, "minimum_events": 1})
        project = project.model_copy(update={"slices": declared})
    whole = replace(contest, levels=levels)
    sabotaged = replace(whole, scored=_turned(scored, _rows_of(whole, worst), flagged))
    return _tried(Saboteur(INVERTED, Check.SLICES, lambda: comparison_findings(sabotaged, project), worst))


def _rows_of(contest: HeadToHead, name: str) -> BoolArray:
    """Return which rows belong to the slice of this name, shape (n,)."""
    for column, levels in contest.levels.items():
        for code, level in enumerate(levels.names):
            if f"{column} = {level}" == name:
                rows: BoolArray = levels.codes == code
                return rows
    raise ValueError(f"no slice is called {name!r}")


def _turned(scored: Scored, rows: BoolArray, flagged: BoolArray) -> Scored:
    """Turn the probabilities of the chosen rows upside down, and give them other decisions."""
    decision = scored.decision
    probability = np.where(rows, 1 - decision.probability, decision.probability)
    changed = np.where(rows, flagged, decision.flagged)
    return replace(scored, decision=replace(decision, probability=probability, flagged=changed))
