"""Failures of the score: the self-test's saboteurs, and averages that hide a slice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...evaluation.comparisons.comparison import always
from ...evaluation.slices import SliceLevels
from ...gates.rules.head_to_head import HeadToHead, comparison_findings
from ...gates.saboteurs import FACTORS, dearer, inverted, redecided, rows_of, spread, unknown, worst_slice
from ...project.project import Project
from ..material import Material, numbers
from .failure import Failure, Told, failure, metrics, refused, stopped_by

AVERAGE = Told(
    "Misleading average over slices",
    "The mean over all rows is carried by the many rows outside the slice.",
    Check.SLICES,
    "Declare the slices that matter under [slices], and give the model a feature that describes this one.",
)
MISCALIBRATED = Told(
    "Miscalibration",
    "AUC looks at the order of the probabilities alone, and the order has not changed.",
    Check.CALIBRATION,
    "Recalibrate by out-of-fold probabilities, which a training does by itself; then choose the threshold.",
)
UNKNOWN = Told(
    "NaN score",
    "A comparison with NaN is false, so a script that does not look counts each row as not flagged, and its "
    "accuracy is that of flagging none.",
    Check.EVALUATION,
    "Find the rows that the model cannot score, and refuse them where they are scored.",
)
REVERSED = Told(
    "Reversed slice",
    "A sign that turns in one group of rows leaves the mean of the others as it was.",
    Check.SLICES,
    "Look for a sign or a code that is turned in this slice, and mend the export.",
)


def miscalibration(contest: HeadToHead, project: Project) -> Failure:
    """Multiply the log-odds, by more where rows are too few to prove a smaller factor wrong."""
    for factor in FACTORS:
        changed = spread(contest, factor)
        findings = comparison_findings(changed, project)
        if stopped_by(Check.CALIBRATION, findings):
            break
    rows = f"{len(contest.scored.y):,} judged rows"
    done = f"The log-odds of all {rows} were made right and multiplied by {factor}."
    return failure(MISCALIBRATED, done, metrics(contest.scored, changed.scored), findings)


def nan_score(contest: HeadToHead, project: Project) -> Failure:
    """Leave every row without a probability."""
    scored, none = contest.scored, always(contest.scored, flagged=False)
    found = refused(Check.EVALUATION, lambda: comparison_findings(unknown(contest), project))
    plain = [
        replace(one, after=None) if one.name in ("AUC", "log loss") else one for one in metrics(scored, none)
    ]
    return failure(UNKNOWN, "The score of every judged row became NaN.", plain, found)


def reversed_slice(contest: HeadToHead, project: Project) -> Failure:
    """Turn probabilities and decisions of one slice upside down, as the self-test does."""
    for flagged in (~contest.scored.decision.flagged, dearer(contest.scored)):
        whole, name, changed = worst_slice(contest, flagged, project)
        sabotaged = inverted(whole, name, flagged)
        findings = comparison_findings(sabotaged, changed)
        if stopped_by(Check.SLICES, findings):
            break
    done = f"In the slice {name} each probability p became 1 - p, and each decision its opposite."
    return failure(REVERSED, done, metrics(contest.scored, sabotaged.scored), findings)


def misleading_average(contest: HeadToHead, material: Material) -> Failure:
    """Let the model know nothing in one slice, so that the mean still saves and the slice is harmed.

    Probabilities are shuffled in the slice; where no harm is proven so, its rows get the dearer decision.
    """
    contest, project = _sliced(contest, material)
    found = None
    for name, sabotaged in _blinded(contest, project):
        findings = comparison_findings(sabotaged, project)
        harmed = stopped_by(Check.SLICES, findings)
        if found is None or harmed:
            found = (name, sabotaged, findings)
        if harmed and not stopped_by(Check.BASELINES, findings):
            break
    name, sabotaged, findings = found or ("none", contest, comparison_findings(contest, project))
    done = f"In the slice {name} the model was made blind; all other rows are decided as before."
    return failure(AVERAGE, done, metrics(contest.scored, sabotaged.scored), findings)


def _sliced(contest: HeadToHead, material: Material) -> tuple[HeadToHead, Project]:
    """Return the declared slices; where there are none, thirds of the most important number, or all rows."""
    project = material.project
    if contest.levels:
        return contest, project
    if not material.ranked:
        return contest, project
    name = material.ranked[0]
    values = numbers(material.judged.frame, name)
    ends = np.nanquantile(values, (1 / 3, 2 / 3))
    codes = np.where(np.isnan(values), 0, np.searchsorted(ends, values)).astype(np.int64)
    levels = {name: SliceLevels(codes, ("low", "middle", "high"))}
    return replace(contest, levels=levels), project


def _blinded(contest: HeadToHead, project: Project) -> Iterator[tuple[str, HeadToHead]]:
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
        yield name, replace(contest, scored=redecided(scored, probability))
    for name, rows in slices:
        yield name, _worst_decided(contest, rows)


def _worst_decided(contest: HeadToHead, rows: BoolArray) -> HeadToHead:
    """Give these rows, shape (n,), the dearer decision each."""
    scored = contest.scored
    flagged = np.where(rows, dearer(scored), scored.decision.flagged)
    return replace(contest, scored=replace(scored, decision=replace(scored.decision, flagged=flagged)))
