"""Judging a model once on the test rows: the evaluation, the slices and the gates' findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import gates
from .compare import paired
from .errors import LogitgateError
from .evaluate import Evaluation, Scored, evaluate
from .exhibits import Exhibit
from .expressions import FloatArray
from .findings import Finding
from .harm import HarmRule, proven_harm
from .metrics import log_losses
from .model import Model
from .project import Project
from .sample import Sample
from .slices import SliceEvaluation, slice_evaluations
from .slicing import slice_levels

PRIOR, LINEAR = "prior", "plain linear"


@dataclass(frozen=True, slots=True)
class Opponents:
    """Whom a challenger must beat: the simpler models by name, and the champion if there is one."""

    baselines: Mapping[str, Model] = field(default_factory=dict)
    champion: Model | None = None
    version: int | None = None
    """The champion's version; None before the first release."""
    refusal: str = ""
    """Why there is a version but no champion: it could not be loaded."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All evidence of one judgement."""

    scored: Scored
    evaluation: Evaluation
    slices: tuple[SliceEvaluation, ...]
    findings: tuple[Finding, ...]
    exhibits: tuple[Exhibit, ...]
    champion_version: int | None
    """The version in production that it was held against; None for a first release."""


def judge(model: Model, opponents: Opponents, test: Sample, project: Project) -> Judged:
    """Evaluate a model on the test rows and hold it against its opponents on the very same rows.

    Parameters
    ----------
    model : Model
    opponents : Opponents
        Each is scored through its own preprocessing and threshold.
    test : Sample
        Rows that nobody was fitted on.
    project : Project
        Costs, slices and margins.
    """
    costs = project.costs.matrix
    scored = model.score(test, costs)
    evaluation = evaluate(scored, project.split.seed)
    others = {name: other.score(test, costs) for name, other in opponents.baselines.items()}
    findings = [
        *gates.calibration(evaluation, project.gates.calibration),
        *_baselines(scored, others, project),
    ]
    champion, found = _champion(scored, opponents, test, project)
    findings += found
    levels = slice_levels(test, project)
    reference = champion or others[PRIOR]
    margin = project.gates.slice_margin * abs(float(reference.cost.mean()))
    minimum = project.slices
    rule = HarmRule(
        margin, project.gates.alpha, minimum.minimum_rows, minimum.minimum_events, minimum.minimum_events
    )
    harms = proven_harm(scored.cost - reference.cost, scored.y, levels, scored.cluster, rule)
    findings += gates.slices(harms, "champion" if champion else "prior model", margin)
    parts = tuple(slice_evaluations(scored, levels))
    exhibits = (Exhibit("slices", "Slices", tuple({"slice": part.name, **part.figures()} for part in parts)),)
    return Judged(scored, evaluation, parts, tuple(findings), exhibits, opponents.version)


def _baselines(scored: Scored, others: Mapping[str, Scored], project: Project) -> list[Finding]:
    findings = []
    for name, other in others.items():
        margin = project.gates.linear_margin * abs(float(other.cost.mean())) if name == LINEAR else 0.0
        findings.append(gates.baseline(name, paired(scored, other, project.gates.alpha), margin))
    findings.append(
        gates.log_loss(_log_losses(scored) - _log_losses(others[PRIOR]), scored, project.gates.alpha)
    )
    return findings


def _log_losses(scored: Scored) -> FloatArray:
    return log_losses(scored.y, scored.decision.probability)


def _champion(
    scored: Scored, opponents: Opponents, test: Sample, project: Project
) -> tuple[Scored | None, list[Finding]]:
    """Hold the model against the champion; one that cannot be loaded or scored is said, not skipped."""
    version, champion = opponents.version, opponents.champion
    if version is None:
        return None, [gates.first_release()]
    if champion is None:
        return None, [gates.champion_unjudged(version, opponents.refusal)]
    try:
        other = champion.score(test, project.costs.matrix)
    except LogitgateError as error:
        return None, [gates.champion_unjudged(version, str(error))]
    except (TypeError, ValueError):
        return None, [gates.champion_unjudged(version, "its own preprocessing refuses these rows")]
    return other, gates.champion(version, paired(scored, other, project.gates.alpha), project.gates)
