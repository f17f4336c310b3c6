"""Judging a challenger: evaluation, slices and the gates' findings, all on the rows it is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..checks.slice_finder import weak_exhibit, weak_findings, weak_slices
from ..data.row_hashes import FittedRows, untouched
from ..data.sample import Sample
from ..data.slicing import rare_pooled, slice_levels
from ..decision.costs import BoolArray
from ..errors import LogitgateError
from ..evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE, always, paired
from ..evaluation.evaluate import Evaluation, Scored, evaluate
from ..evaluation.sample_size import Learning, Proof, proof, row_findings
from ..evaluation.slices import SliceEvaluation, slice_evaluations
from ..evidence_table import Exhibit
from ..findings import Finding
from ..model.model import Model
from ..model.recipes.baselines import PRIOR
from ..model.recipes.submission import Submission
from ..project.project import Project
from .reports.calibration_report import calibration_evidence
from .reports.cost_sensitivity import sensitivity
from .reports.side_by_side import champion_exhibit
from .reports.simpler_models import against_prior, baseline_exhibit, submission_findings
from .rules.champion import lane_finding, test_set_reuse
from .rules.head_to_head import HeadToHead, Lane, comparison_findings
from .rules.production import beside_production
from .self_test import self_test


@dataclass(frozen=True, slots=True)
class Challenger:
    """What is judged: decisions about rows that they were not made from.

    Parameters
    ----------
    rows : Sample of n rows
    scored : Scored of the same rows
    recipe : str
        Key of the recipe; empty for a registered version.
    simpler : mapping of name to Scored
        Simpler recipes on the same rows.
    submission : Submission, optional
        How the challenger was chosen among them.
    last : bool array of shape (n,), optional
        The newest block; None where rows have no order in time.
    learning : Learning, optional
        What there was to learn its coefficients from.
    fitted_on : FittedRows, optional
        Rows that a registered version was fitted on. None for a recipe, whose decisions are out of fold.
    """

    rows: Sample
    scored: Scored
    recipe: str = ""
    simpler: Mapping[str, Scored] = field(default_factory=dict)
    submission: Submission | None = None
    last: BoolArray | None = None
    learning: Learning | None = None
    fitted_on: FittedRows | None = None


@dataclass(frozen=True, slots=True)
class Opponents:
    """The champion, if there is one, and what was tried on these rows before."""

    champion: Model | None = None
    version: int | None = None
    """The champion's version; None before the first release."""
    digest: str = ""
    """Of its files."""
    refusal: str = ""
    """Why there is a version but no champion: it could not be loaded."""
    champion_rows: FittedRows | None = None
    """Rows that the champion was fitted on; None for one that was registered without them."""
    champion_recipe: str = ""
    """Key of the champion's recipe; empty for one that was registered without it."""
    earlier_decisions: int = 0
    """How many other recipes were judged on these rows before."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All evidence of one judgement."""

    scored: Scored
    evaluation: Evaluation
    slices: tuple[SliceEvaluation, ...]
    findings: tuple[Finding, ...]
    exhibits: tuple[Exhibit, ...]
    champion_version: int | None
    """The version in production that it was compared with; None for a first release."""
    champion_digest: str = ""
    """Of its files."""
    lane: Lane = Lane.NEW_RECIPE
    champion: Scored | None = None
    """The champion's decisions about the same rows, where it could be scored."""


def judge(challenger: Challenger, opponents: Opponents, project: Project) -> Judged:
    """Evaluate a challenger and compare it with its opponents on the very same rows.

    The gates are tested as well: sabotaged models made of this challenger go through them too.

    Parameters
    ----------
    challenger : Challenger
    opponents : Opponents
    project : Project
        Costs, slices and margins.

    Raises
    ------
    DataError
        When the champion gives a row no probability.
    """
    contest = head_to_head(challenger, opponents, project)
    alpha, reference = contest.alpha(project), contest.reference
    findings = _deciding(contest, challenger, opponents, project)
    costs_found, costs_table = sensitivity(reference[1], reference[2], alpha, reference[0])
    calibrated, calibration_tables = calibration_evidence(contest.scored, contest.levels, project)
    findings += costs_found + calibrated
    if challenger.submission is not None:
        findings += submission_findings(challenger.submission)
    findings += row_findings(challenger.learning, _proofs(contest, alpha)) if challenger.learning else []
    if PRIOR in contest.simpler:
        findings.append(against_prior(contest.scored, contest.simpler[PRIOR], alpha))
    parts = tuple(slice_evaluations(contest.scored, contest.levels))
    weak = weak_slices(challenger.rows, contest.scored, project)
    exhibits = (
        baseline_exhibit(contest.scored, contest.simpler),
        *calibration_tables,
        costs_table,
        Exhibit("slices", "Slices", tuple({"slice": part.name, **part.figures()} for part in parts)),
        weak_exhibit(weak),
        *_side_by_side(contest, alpha),
    )
    return Judged(
        contest.scored,
        evaluate(contest.scored),
        parts,
        (*findings, *weak_findings(weak)),
        exhibits,
        opponents.version,
        opponents.digest,
        contest.lane,
        contest.champion,
    )


def judge_briefly(challenger: Challenger, opponents: Opponents, project: Project) -> list[Finding]:
    """Return the findings of `judge` that can stop a challenger, without those that only inform."""
    return _deciding(head_to_head(challenger, opponents, project), challenger, opponents, project)


def _deciding(
    contest: HeadToHead, challenger: Challenger, opponents: Opponents, project: Project
) -> list[Finding]:
    return [
        test_set_reuse(contest.decision, project.gates.alpha),
        *lane_finding(opponents.version, contest.lane.value, challenger.recipe, opponents.champion_recipe),
        *beside_production(comparison_findings(contest, project), contest, project),
        *self_test(contest, challenger.rows, project),
    ]


def head_to_head(challenger: Challenger, opponents: Opponents, project: Project) -> HeadToHead:
    """Score the champion on the challenger's rows; one that cannot be scored is reported, not skipped."""
    champion, refusal = None, opponents.refusal
    if opponents.champion is not None:
        try:
            champion = opponents.champion.score(challenger.rows, project.costs.matrix)
        except LogitgateError as error:
            refusal = str(error)
        except (TypeError, ValueError):
            refusal = "its own preprocessing refuses these rows"
    fitted_on = [opponents.champion_rows] if opponents.champion else []
    if not challenger.recipe:
        fitted_on.append(challenger.fitted_on)
    same = bool(challenger.recipe) and challenger.recipe == opponents.champion_recipe
    return HeadToHead(
        challenger.scored,
        challenger.simpler,
        rare_pooled(slice_levels(challenger.rows, project), project),
        champion,
        opponents.version,
        refusal,
        untouched(challenger.rows, project, fitted_on),
        challenger.last,
        Lane.REFRESH if same else Lane.NEW_RECIPE,
        opponents.earlier_decisions + 1,
    )


def _proofs(contest: HeadToHead, alpha: float) -> dict[str, Proof]:
    """Return how far each rule without a model, and the champion, is from being proven dearer."""
    scored = contest.scored
    found = {
        name: proof(scored.cost - always(scored, flagged=flagged).cost, scored.cluster, alpha)
        for name, flagged in ((FLAG_NONE, False), (FLAG_ALL, True))
    }
    if contest.met is not None and contest.lane is Lane.NEW_RECIPE:
        one, other = contest.met
        found["champion"] = proof(one.cost - other.cost, one.cluster, alpha)
    return found


def _side_by_side(contest: HeadToHead, alpha: float) -> tuple[Exhibit, ...]:
    if contest.met is None:
        return ()
    challenger, champion = contest.met
    return (champion_exhibit(challenger, champion, paired(challenger, champion, alpha)),)
