"""The gates' self-test: saboteurs that each gate must refuse, made of the very model that is judged.

A gate that lets its saboteur through stands open, whatever it says about the model. Each saboteur goes
through the same code as the model, and only the gate that is meant for it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..catalogue import Check
from ..checks.leakage.single_features import separating
from ..data.sampling.sample import Sample
from ..decision.costs import BoolArray
from ..errors import DataError
from ..findings import Finding, Status
from ..project.project import Project
from .rules.head_to_head import HeadToHead, Lane, comparison_findings
from .saboteurs import (
    FACTORS,
    LEAK,
    NOISES,
    constant,
    dearer,
    inverted,
    leaky,
    redecided,
    shuffled,
    spread,
    unknown,
    worst_slice,
)

CHECK = Check.SELF_TEST
INVERTED = "worst slice inverted"


@dataclass(frozen=True, slots=True)
class Saboteur:
    """A known bad model, the gate that must refuse it, and what the gates find about it.

    It may come in several strengths, from mild to grave: a graver one is tried where rows are too few to
    prove the milder ones wrong.
    """

    name: str
    gate: Check
    strengths: Iterable[Callable[[], Iterable[Finding]]]
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
    same = constant(before)
    alone = replace(contest, champion=None, version=None)

    def gated(sabotaged: HeadToHead) -> list[Finding]:
        return comparison_findings(sabotaged, project)

    saboteurs = [
        Saboteur("labels shuffled", Check.BASELINES, [lambda: gated(shuffled(contest, project))]),
        Saboteur("constant score", Check.BASELINES, [lambda: gated(replace(contest, scored=same))]),
        Saboteur("NaN score", Check.EVALUATION, [lambda: gated(unknown(contest))]),
        Saboteur(
            "champion renamed",
            Check.CHAMPION,
            [lambda: gated(replace(proof, scored=twin, champion=twin, version=version))],
        ),
        Saboteur(
            "leaky model",
            Check.LEAKAGE,
            (partial(_leaks, rows, project, noise) for noise in NOISES),
            LEAK,
        ),
        Saboteur(
            "log-odds doubled",
            Check.CALIBRATION,
            (partial(_spread_out, alone, project, factor) for factor in FACTORS),
        ),
        Saboteur(
            "threshold of 0.5",
            Check.CHAMPION,
            [
                lambda: gated(
                    replace(proof, scored=redecided(before, None, 0.5), champion=before, version=version)
                )
            ],
        ),
    ]
    return [*map(tried, saboteurs), _inverted(alone, project)]


def tried(saboteur: Saboteur) -> Finding:
    """Send a saboteur through the gates, from mild to grave, until its own gate refuses it."""
    caught, stopping = False, []
    for found in saboteur.strengths:
        stopping = _stopping(found)
        caught = any(
            one.check == saboteur.gate and saboteur.subject in (None, one.subject) for one in stopping
        )
        if caught:
            break
    refused_by = ", ".join(sorted({one.check for one in stopping})) or "no gate"
    because = (
        f"refused by {saboteur.gate}, the gate that is meant for it"
        if caught
        else f"{saboteur.gate} let it through (refused by {refused_by}); mend that gate or its margins"
    )
    figures = {"gate": saboteur.gate, "refused_by": refused_by}
    return Finding(CHECK, saboteur.name, Status.PASS if caught else Status.FAIL, because, figures)


def _stopping(found: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return what stops a sabotaged model; scores that are no probabilities are refused by an error."""
    try:
        return [one for one in found() if one.status.stops]
    except DataError as error:
        return [Finding(Check.EVALUATION, error.subject, Status.FAIL, error.rule)]


def _spread_out(contest: HeadToHead, project: Project, factor: float) -> list[Finding]:
    """Multiply the log-odds by a factor."""
    return comparison_findings(spread(contest, factor), project)


def _leaks(test: Sample, project: Project, noise: float) -> Iterable[Finding]:
    """Look for leaks in a feature that is the outcome with noise."""
    return separating(*leaky(test, project, noise))


def _inverted(contest: HeadToHead, project: Project) -> Finding:
    """Decide the wrong way round in the slice where that does the most provable harm.

    Where rows are too few to prove that harm, each of its rows gets the dearer decision: the most harm there
    is. Where no declared slice is large enough to prove any, all rows are the slice.
    """
    found = _sabotaged(contest, ~contest.scored.decision.flagged, project)
    return found if found.status is Status.PASS else _sabotaged(contest, dearer(contest.scored), project)


def _sabotaged(contest: HeadToHead, flagged: BoolArray, project: Project) -> Finding:
    """Put these decisions, shape (n,), into the slice where they do the most provable harm."""
    whole, worst, project = worst_slice(contest, flagged, project)
    sabotaged = inverted(whole, worst, flagged)
    return tried(Saboteur(INVERTED, Check.SLICES, [lambda: comparison_findings(sabotaged, project)], worst))
