"""Failures of the score: the self-test's saboteurs, and averages that hide a slice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...evaluation.comparisons.comparison import always
from ...evaluation.slices import SliceLevels
from ...findings import Status
from ...gates.rules.head_to_head import HeadToHead, comparison_findings, harm_rule, rule_findings
from ...gates.rules.slice_harm import proven_harm
from ...gates.saboteurs import FACTORS, dearer, inverted, redecided, rows_of, spread, unknown, worst_slice
from ...project.project import Project
from ..material import Material, numbers
from .failure import FailureShown, Lesson, failure, metrics, refused, stopped_by

_PARTS = 8
_EVERY = (1, 2, 3, 4, 6, 8, 12)
"""Every row of a slice is decided the dearer way, every second, and so on."""
AVERAGE = Lesson(
    "Misleading average over slices",
    "The mean over all rows is carried by the many rows outside the slice.",
    Check.SLICES,
    "Declare the slices that matter under [slices], and give the model a feature that describes this one.",
)
MISCALIBRATED = Lesson(
    "Miscalibration",
    "AUC looks at the order of the probabilities alone, and the order has not changed.",
    Check.CALIBRATION,
    "Recalibrate by out-of-fold probabilities, which a training does by itself; then choose the threshold.",
)
UNKNOWN = Lesson(
    "NaN score",
    "A comparison with NaN is false, so a script that does not look counts each row as not flagged, and its "
    "accuracy is that of flagging none.",
    Check.EVALUATION,
    "Find the rows that the model cannot score, and refuse them where they are scored.",
)
REVERSED = Lesson(
    "Reversed slice",
    "A sign that turns in one group of rows leaves the mean of the others as it was.",
    Check.SLICES,
    "Look for a sign or a code that is turned in this slice, and mend the export.",
)


@dataclass(frozen=True, slots=True)
class _Blinded:
    """A contest in which one slice is decided blindly."""

    name: str
    done: str
    contest: HeadToHead


def miscalibration(contest: HeadToHead, project: Project) -> FailureShown:
    """Multiply the log-odds, by more where rows are too few to prove a smaller factor wrong."""
    for factor in FACTORS:
        changed = spread(contest, factor)
        findings = comparison_findings(changed, project)
        if stopped_by(Check.CALIBRATION, findings):
            break
    rows = f"{len(contest.scored.y):,} judged rows"
    done = f"The log-odds of all {rows} were made right and multiplied by {factor}."
    return failure(MISCALIBRATED, done, metrics(contest.scored, changed.scored), findings)


def nan_score(contest: HeadToHead, project: Project) -> FailureShown:
    """Leave every row without a probability."""
    scored, none = contest.scored, always(contest.scored, flagged=False)
    found = refused(Check.EVALUATION, lambda: comparison_findings(unknown(contest), project))
    plain = [
        replace(one, after=None) if one.name in ("AUC", "log loss") else one for one in metrics(scored, none)
    ]
    return failure(UNKNOWN, "The score of every judged row became NaN.", plain, found)


def reversed_slice(contest: HeadToHead, project: Project) -> FailureShown:
    """Turn probabilities and decisions of one slice upside down, as the self-test does."""
    for flagged in (~contest.scored.decision.flagged, dearer(contest.scored)):
        whole, name, changed = worst_slice(contest, flagged, project)
        sabotaged = inverted(whole, name, flagged)
        findings = comparison_findings(sabotaged, changed)
        if stopped_by(Check.SLICES, findings):
            break
    done = f"In the slice {name} each probability p became 1 - p, and each decision its opposite."
    return failure(REVERSED, done, metrics(contest.scored, sabotaged.scored), findings)


def misleading_average(contest: HeadToHead, material: Material) -> FailureShown:
    """Let the model know nothing in one slice, so that the mean still saves and the slice is harmed.

    Probabilities are shuffled in the slice; where that does not do, all or some of its rows get the dearer
    decision. The smallest slice is taken in which harm is proven while the mean is proven to save.
    """
    contest, project = _sliced(contest, material)
    done, sabotaged = "No slice has rows enough to prove harm.", contest
    least = np.inf
    for one in _blinded(contest, project):
        cost = float(one.contest.scored.cost.mean())
        if cost < least and _is_harmed(one.contest, one.name, project):
            least, done, sabotaged = cost, one.done, one.contest
            if _saves(sabotaged, project):
                break
    findings = comparison_findings(sabotaged, project)
    return failure(AVERAGE, done, metrics(contest.scored, sabotaged.scored), findings)


def _is_harmed(contest: HeadToHead, name: str, project: Project) -> bool:
    """Return whether harm is proven in a slice, as the gate proves it."""
    scored, reference = contest.scored, contest.reference[2]
    harms = proven_harm(
        scored.cost - reference.cost, scored.y, contest.levels, scored.cluster, harm_rule(contest, project)
    )
    return any(one.name == name and one.status is Status.FAIL for one in harms)


def _saves(contest: HeadToHead, project: Project) -> bool:
    """Return whether the mean over all rows passes against the rules without a model."""
    found = rule_findings(contest.scored, contest.last, contest.alpha_of_rules(project), project)
    return not any(one.status.stops for one in found)


def _sliced(contest: HeadToHead, material: Material) -> tuple[HeadToHead, Project]:
    """Return the declared slices; where there are none, eighths of the most important number, or all rows."""
    project = material.project
    if contest.levels:
        return contest, project
    if not material.ranked:
        return contest, project
    name = material.ranked[0]
    values = numbers(material.judged.frame, name)
    ends = np.unique(np.nanquantile(values, np.arange(1, _PARTS) / _PARTS))
    codes = np.where(np.isnan(values), 0, np.searchsorted(ends, values)).astype(np.int64)
    names = (f"up to {ends[0]:.3g}", *(f"above {end:.3g}" for end in ends))
    levels = {name: SliceLevels(codes, names)}
    return replace(contest, levels=levels), project


def _blinded(contest: HeadToHead, project: Project) -> Iterator[_Blinded]:
    """Yield each slice with its rows decided blindly: by shuffled probabilities, then the dearer way."""
    scored, random = contest.scored, np.random.default_rng(project.split.seed)
    slices = [
        (f"{column} = {level}", rows_of(contest, f"{column} = {level}"))
        for column, levels in contest.levels.items()
        for level in levels.names
    ]
    slices.sort(key=lambda one: (int(one[1].sum()), one[0]))
    for name, rows in slices:
        probability = scored.decision.probability.copy()
        probability[rows] = random.permutation(probability[rows])
        done = f"In the slice {name} the probabilities were shuffled; all other rows are as before."
        yield _Blinded(name, done, replace(contest, scored=redecided(scored, probability)))
    for every in _EVERY:
        for name, rows in slices:
            some = np.isin(np.arange(len(rows)), np.flatnonzero(rows)[::every])
            done = f"In the slice {name} {int(some.sum()):,} rows got the dearer decision."
            yield _Blinded(name, done, _worst_decided(contest, some))


def _worst_decided(contest: HeadToHead, rows: BoolArray) -> HeadToHead:
    """Give these rows, shape (n,), the dearer decision each."""
    scored = contest.scored
    flagged = np.where(rows, dearer(scored), scored.decision.flagged)
    return replace(contest, scored=replace(scored, decision=replace(scored.decision, flagged=flagged)))
