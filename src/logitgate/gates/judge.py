"""Judging a model once on the test rows: the evaluation, the slices and the gates' findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..checks.slice_finder import weak_exhibit, weak_findings, weak_slices
from ..data.row_hashes import FittedRows, untouched
from ..data.sample import Sample
from ..data.slicing import rare_pooled, slice_levels
from ..errors import LogitgateError
from ..evaluation.comparison import paired
from ..evaluation.evaluate import Evaluation, Scored, evaluate
from ..evaluation.slices import SliceEvaluation, slice_evaluations
from ..evidence_table import Exhibit
from ..findings import Finding
from ..model.model import Model
from ..project.project import Project
from .calibration_report import calibration_evidence
from .champion import worn
from .cost_sensitivity import sensitivity
from .head_to_head import Contest, contest_findings
from .self_test import self_test
from .side_by_side import champion_exhibit
from .simpler_models import baseline_exhibit, proposals


@dataclass(frozen=True, slots=True)
class Opponents:
    """Whom a challenger must beat: the simpler models by name, and the champion if there is one."""

    baselines: Mapping[str, Model] = field(default_factory=dict)
    champion: Model | None = None
    version: int | None = None
    """The champion's version; None before the first release."""
    digest: str = ""
    """Of its files."""
    refusal: str = ""
    """Why there is a version but no champion: it could not be loaded."""
    own_rows: FittedRows | None = None
    """The rows that the challenger itself was fitted on; None where they are not known."""
    champion_rows: FittedRows | None = None
    """Those that the champion was fitted on; None for one that was registered without them."""
    earlier_decisions: int = 0
    """How many other trainings were judged on these test rows before."""


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
    champion_digest: str = ""
    """Of its files."""


def judge(model: Model, opponents: Opponents, test: Sample, project: Project) -> Judged:
    """Evaluate a model on the test rows and hold it against its opponents on the very same rows.

    The gates are tested in the same breath: saboteurs made of this model go through them too.

    Parameters
    ----------
    model : Model
    opponents : Opponents
        Each is scored through its own preprocessing and threshold.
    test : Sample
        Rows that nobody was fitted on.
    project : Project
        Costs, slices and margins.

    Raises
    ------
    DataError
        When the model gives a row no probability.
    """
    contest = contest_of(model, opponents, test, project)
    findings = [worn(contest.decision, project.gates.alpha), *contest_findings(contest, project)]
    findings += self_test(contest, model, test, project)
    parts = tuple(slice_evaluations(contest.scored, contest.levels))
    named = "champion" if contest.champion else "prior model"
    costs_found, costs_table = sensitivity(contest.scored, contest.reference, contest.alpha(project), named)
    calibrated, calibration_tables = calibration_evidence(contest.scored, contest.levels, project)
    findings += costs_found + calibrated
    findings += proposals(contest.scored, contest.baselines, contest.alpha(project))
    exhibits = (
        baseline_exhibit(contest.scored, contest.baselines),
        *calibration_tables,
        costs_table,
        Exhibit("slices", "Slices", tuple({"slice": part.name, **part.figures()} for part in parts)),
    )
    weak = weak_slices(test, contest.scored, project)
    return Judged(
        contest.scored,
        evaluate(contest.scored),
        parts,
        (*findings, *weak_findings(weak)),
        (*exhibits, weak_exhibit(weak), *_side_by_side(contest, project)),
        opponents.version,
        opponents.digest,
    )


def _side_by_side(contest: Contest, project: Project) -> tuple[Exhibit, ...]:
    if contest.met is None:
        return ()
    challenger, champion = contest.met
    compared = paired(challenger, champion, contest.alpha(project))
    return (champion_exhibit(challenger, champion, compared),)


def contest_of(model: Model, opponents: Opponents, test: Sample, project: Project) -> Contest:
    """Score everybody on the same rows; a champion that cannot be scored is said, not skipped."""
    costs = project.costs.matrix
    champion, refusal = None, opponents.refusal
    if opponents.champion is not None:
        try:
            champion = opponents.champion.score(test, costs)
        except LogitgateError as error:
            refusal = str(error)
        except (TypeError, ValueError):
            refusal = "its own preprocessing refuses these rows"
    fitted_on = [opponents.own_rows] + ([opponents.champion_rows] if opponents.champion else [])
    return Contest(
        model.score(test, costs),
        {name: other.score(test, costs) for name, other in opponents.baselines.items()},
        rare_pooled(slice_levels(test, project), project),
        champion,
        opponents.version,
        refusal,
        untouched(test, project, fitted_on),
        opponents.earlier_decisions + 1,
    )
