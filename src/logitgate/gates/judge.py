"""Judging a challenger: evaluation, slices and the gates' findings, all on the rows it is judged on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..catalogue import Check
from ..checks.behaviour import behaviour_findings
from ..checks.inspection.inspect import inspect, inspect_briefly
from ..checks.slice_finder import weak_exhibit, weak_findings, weak_slices
from ..evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE, always, paired
from ..evaluation.evaluate import evaluate
from ..evaluation.sample_size import Proof, proof, row_findings
from ..evaluation.slices import SliceEvaluation, slice_evaluations
from ..evidence_table import Exhibit
from ..findings import Finding
from ..model.recipes.baselines import PRIOR
from ..monitoring.shadow import not_yet
from ..project.project import Project
from .contest import Opponents, head_to_head
from .evidence import Challenger, Evidence, Judged, refusing
from .reports.calibration_report import calibration_evidence
from .reports.cost_sensitivity import sensitivity
from .reports.side_by_side import champion_exhibit
from .reports.simpler_models import against_prior, baseline_exhibit, submission_findings
from .rules.champion import lane_finding, test_set_reuse
from .rules.head_to_head import HeadToHead, Lane, comparison_findings
from .rules.production import beside_production
from .self_test import self_test


@refusing(Check.EVALUATION)
def judge_model(evidence: Evidence, opponents: Opponents) -> Evidence:
    """Evaluate the challenger and compare it with its opponents on the very same rows.

    The champion is met on the judged rows that it was not fitted to. The gates are tested as well: sabotaged
    models made of this challenger go through them too. A champion that gives a row no probability is a
    finding of the evaluation.

    Parameters
    ----------
    evidence : Evidence
        Returned as it is where it holds no challenger.
    opponents : Opponents
    """
    challenger, project = evidence.challenger, evidence.project
    if challenger is None:
        return evidence
    contest = head_to_head(challenger, opponents, project)
    alpha = contest.alpha(project)
    parts = tuple(slice_evaluations(contest.scored, contest.levels))
    judged = Judged(
        contest.scored,
        evaluate(contest.scored),
        parts,
        opponents.version,
        opponents.digest,
        contest.lane,
        contest.champion,
    )
    known = replace(evidence, judged=judged)
    known = known.plus(_deciding(contest, challenger, opponents, project))
    known = known.plus(*_informing(contest, challenger, parts, project))
    if contest.met is not None:
        one, champion = contest.met
        known = known.plus((), [champion_exhibit(one, champion, paired(one, champion, alpha))])
    known = known.plus(not_yet(project.gates.shadow, opponents.version))
    if evidence.learned is not None and evidence.blocks is not None:
        known = known.plus(*inspect(evidence.learned, opponents.champion, evidence.blocks, project))
    if challenger.model is None:
        return known
    return known.plus(*behaviour_findings(challenger.model, evidence.cases, challenger.rows, project))


@refusing(Check.EVALUATION)
def examine_model(evidence: Evidence) -> Evidence:
    """Add what `judge_model` finds without an opponent and that can stop a promotion.

    With `compare_briefly` it leads to the status of `judge_model`; what only informs is left out.
    """
    learned, blocks, project = evidence.learned, evidence.blocks, evidence.project
    if learned is None or blocks is None:
        return evidence
    known = evidence.plus(inspect_briefly(learned, blocks, project))
    return known.plus(*behaviour_findings(learned.model, evidence.cases, learned.judged, project))


@refusing(Check.EVALUATION)
def compare_briefly(evidence: Evidence, opponents: Opponents) -> Evidence:
    """Compare as `judge_model` does, without what only informs: the status is the same."""
    challenger, project = evidence.challenger, evidence.project
    if challenger is None:
        return evidence
    contest = head_to_head(challenger, opponents, project)
    known = evidence.plus(_deciding(contest, challenger, opponents, project))
    return known.plus(not_yet(project.gates.shadow, opponents.version))


def _deciding(
    contest: HeadToHead, challenger: Challenger, opponents: Opponents, project: Project
) -> list[Finding]:
    return [
        test_set_reuse(contest.decision, project.gates.alpha, contest.alpha_of_rules(project)),
        *lane_finding(opponents.version, contest.lane.value, challenger.recipe, opponents.champion_recipe),
        *beside_production(comparison_findings(contest, project), contest, project),
        *self_test(contest, challenger.rows, project),
    ]


def _informing(
    contest: HeadToHead, challenger: Challenger, parts: Iterable[SliceEvaluation], project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Return what stops nothing: costs, calibration, what the rows can prove, weak slices; and its tables."""
    alpha, reference = contest.alpha(project), contest.reference
    of_reference = alpha if contest.met else contest.alpha_of_rules(project)
    costs_found, costs_table = sensitivity(reference[1], reference[2], of_reference, reference[0])
    calibrated, calibration_tables = calibration_evidence(contest.scored, contest.levels, project)
    weak = weak_slices(challenger.rows, contest.scored, project)
    found = [*costs_found, *calibrated]
    if challenger.submission is not None:
        found += submission_findings(challenger.submission)
    found += row_findings(challenger.learning, _proofs(contest, project)) if challenger.learning else []
    if PRIOR in contest.simpler:
        found.append(against_prior(contest.scored, contest.simpler[PRIOR], alpha))
    sliced = Exhibit("slices", "Slices", tuple({"slice": part.name, **part.figures()} for part in parts))
    tables = [baseline_exhibit(contest.scored, contest.simpler), *calibration_tables, costs_table, sliced]
    return [*found, *weak_findings(weak)], [*tables, weak_exhibit(weak)]


def _proofs(contest: HeadToHead, project: Project) -> dict[str, Proof]:
    """Return how far each rule without a model, and the champion, is from being proven dearer."""
    scored, alpha = contest.scored, contest.alpha_of_rules(project)
    found = {
        name: proof(scored.cost - always(scored, flagged=flagged).cost, scored.cluster, alpha)
        for name, flagged in ((FLAG_NONE, False), (FLAG_ALL, True))
    }
    if contest.met is not None and contest.lane is Lane.NEW_RECIPE:
        one, other = contest.met
        found["champion"] = proof(one.cost - other.cost, one.cluster, contest.alpha(project))
    return found
