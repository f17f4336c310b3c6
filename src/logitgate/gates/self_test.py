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

from ..checks.leakage.single_features import separating
from ..data.sample import Sample
from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..decision.rule import Rule
from ..errors import DataError
from ..evaluation.cox import fit_cox, log_odds
from ..evaluation.evaluate import Scored
from ..findings import Finding, Status
from ..model.baselines import PRIOR
from ..model.model import Model
from ..project.project import Project
from .head_to_head import Contest, contest_findings, harm_rule
from .slice_harm import proven_harm

CHECK = "self-test"
INVERTED = "worst slice inverted"
_LEAK = "outcome in disguise"
_NOISE = 0.25


@dataclass(frozen=True, slots=True)
class Saboteur:
    """A known bad model, the gate that must refuse it, and what the gates find about it."""

    name: str
    gate: str
    findings: Callable[[], list[Finding]]
    subject: str | None = None
    """The subject that the gate must name; None when any will do."""


def self_test(contest: Contest, model: Model, test: Sample, project: Project) -> list[Finding]:
    """Send saboteurs through the gates: one finding each, PASS when the right gate refuses it.

    Parameters
    ----------
    contest : Contest
        The model and its opponents on the test rows.
    model : Model
        The model itself, whose rule and costs the saboteurs borrow.
    test : Sample
        The test rows.
    project : Project
        The margins under test.

    Returns
    -------
    list of Finding
        FAIL when a saboteur passes its gate, even if another gate refuses it. INSUFFICIENT for the
        inverted slice when no declared slice has rows enough to prove any harm.
    """

    def scored(probability: FloatArray, rule: Rule = model.rule) -> Scored:
        return replace(model, rule=rule).decide(probability, test, project.costs.matrix)

    def gated(**sabotage: Scored | int) -> list[Finding]:
        return contest_findings(replace(contest, **sabotage), project)  # type: ignore[arg-type]

    before, version = contest.scored, contest.version or 0
    twin = contest.champion or before
    saboteurs = [
        Saboteur("labels shuffled", "baselines", lambda: _shuffled(contest, project)),
        Saboteur(
            "constant score",
            "baselines",
            lambda: gated(scored=scored(contest.baselines[PRIOR].decision.probability)),
        ),
        Saboteur("NaN score", "evaluation", lambda: gated(scored=scored(np.full(len(test), np.nan)))),
        Saboteur("champion renamed", "champion", lambda: gated(scored=twin, champion=twin, version=version)),
        Saboteur("leaky model", "leakage", lambda: _leaky(test, project), _LEAK),
        Saboteur("log-odds doubled", "calibration", lambda: gated(scored=scored(_doubled(before)))),
        Saboteur(
            "threshold of 0.5",
            "champion",
            lambda: gated(
                scored=scored(before.decision.probability, Rule("constant", 0.5)),
                champion=before,
                version=version,
            ),
        ),
    ]
    return [*map(_tried, saboteurs), _inverted(contest, project)]


def _tried(saboteur: Saboteur) -> Finding:
    try:
        findings = saboteur.findings()
    except DataError as error:
        findings = [Finding("evaluation", error.subject, Status.FAIL, error.rule)]
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


def _shuffled(contest: Contest, project: Project) -> list[Finding]:
    """Give every row the outcome of another one: nobody can know anything about it."""
    order = np.random.default_rng(project.split.seed).permutation(len(contest.scored.y))
    y = contest.scored.y[order]
    shuffled = replace(
        contest,
        scored=replace(contest.scored, y=y),
        baselines={name: replace(other, y=y) for name, other in contest.baselines.items()},
        champion=contest.champion and replace(contest.champion, y=y),
    )
    return contest_findings(shuffled, project)


def _doubled(scored: Scored) -> FloatArray:
    """Return the probabilities of a model that is right but for its log-odds, which are twice too large.

    First the log-odds are made right on these very rows, so that a model which was off before cannot
    be made better by the sabotage.
    """
    odds = log_odds(scored.decision.probability)
    cox = fit_cox(scored.y, odds)
    right = cox.intercept + cox.slope * odds
    doubled: FloatArray = expit(2 * np.where(np.isfinite(right), right, odds))
    return doubled


def _leaky(test: Sample, project: Project) -> list[Finding]:
    """Look for leaks in a feature that is the outcome with some noise."""
    noise = np.random.default_rng(project.split.seed).normal(0, _NOISE, len(test))
    sample = replace(test, frame=pd.DataFrame({_LEAK: test.y + noise}))
    features = project.features.model_copy(update={"numeric": (_LEAK,), "categorical": ()})
    return list(separating(sample, project.model_copy(update={"features": features})))


def _inverted(contest: Contest, project: Project) -> Finding:
    """Decide the wrong way round in the slice where that does the most provable harm."""
    scored, reference = contest.scored, contest.reference
    wrong = scored.costs.of(scored.y, ~scored.decision.flagged) - reference.cost
    harms = proven_harm(wrong, scored.y, contest.levels, scored.cluster, harm_rule(contest, project))
    told = [harm for harm in harms if harm.status is not Status.INSUFFICIENT]
    if not told:
        because = "no declared slice has rows enough to prove harm, so this gate cannot be tested on them"
        return Finding(CHECK, INVERTED, Status.INSUFFICIENT, because, {"gate": "slices"})
    worst = min(told, key=lambda harm: (np.nan_to_num(harm.p_value, nan=1.0), harm.name)).name
    turned = _turned(scored, _rows_of(contest, worst))
    sabotaged = replace(contest, scored=turned)
    return _tried(Saboteur(INVERTED, "slices", lambda: contest_findings(sabotaged, project), worst))


def _rows_of(contest: Contest, name: str) -> BoolArray:
    """Return which rows belong to the slice of this name, shape (n,)."""
    for column, levels in contest.levels.items():
        for code, level in enumerate(levels.names):
            if f"{column} = {level}" == name:
                rows: BoolArray = levels.codes == code
                return rows
    raise ValueError(f"no slice is called {name!r}")


def _turned(scored: Scored, rows: BoolArray) -> Scored:
    """Turn probabilities and decisions of the chosen rows upside down."""
    decision = scored.decision
    probability = np.where(rows, 1 - decision.probability, decision.probability)
    flagged = np.where(rows, ~decision.flagged, decision.flagged)
    return replace(scored, decision=replace(decision, probability=probability, flagged=flagged))
