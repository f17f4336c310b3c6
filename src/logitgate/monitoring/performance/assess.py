"""How a version performs on a window of new rows: with the labels that have matured, and without any.

`performance(window, champion, previous, project)` is all that a monitor needs to call: the checks "labels",
"estimate", "calibration", "cost" and "previous", their exhibits, and what the previous version has to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.maturity import LabelledRows, labelled_rows
from ...data.sampling.row_hashes import FittedRows, untouched
from ...data.sampling.sample import row_costs
from ...decision.costs import IntArray
from ...decision.rule import Decision
from ...errors import DataError
from ...evaluation.evaluate import Scored
from ...evidence_table import Exhibit
from ...findings import Finding, Status
from ...model.model import Model
from ...project.project import Project
from ..since_release import ErrorSums, SumsByName, added
from .control_limits import Chunks
from .decay import ALL_ROWS, decay, window_sums
from .estimated import CHECK as ESTIMATE
from .estimated import estimate
from .realised.calibration import CALIBRATION
from .realised.figures import COST
from .realised.findings import realised
from .versus_previous import CHECK as PREVIOUS
from .versus_previous import Contender, VersusPrevious, versus_previous
from .versus_rules import CHECK as NO_MODEL
from .versus_rules import versus_rules


@dataclass(frozen=True, slots=True)
class LabelledWindow:
    """New rows, and what is known of their outcomes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with the project's columns; possibly without the outcome.
    as_of : datetime
        Outcomes that were not mature by then are not used.
    labels : pandas.DataFrame, optional
        Outcomes by id, instead of those in `frame`.
    earlier : sequence of mapping of str to ErrorSums
        The champion's errors in earlier windows since its release (`decay.earlier_sums`).
    decision : Decision, optional
        The champion's about these rows, where it is known.
    """

    frame: pd.DataFrame
    as_of: datetime
    labels: pd.DataFrame | None = None
    earlier: Sequence[SumsByName] = ()
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class MonitoredVersion:
    """A version in the registry: its model, and the chunks in its reference profile."""

    version: int
    model: Model
    reference: Chunks
    """Of its profile; `NO_REFERENCE` where there are none."""
    fitted_rows: FittedRows | None
    """The rows that it was fitted on, which it is not judged by; None where they are not known."""


@dataclass(frozen=True, slots=True)
class Performance:
    """What was found about one window."""

    findings: tuple[Finding, ...]
    exhibits: tuple[Exhibit, ...]
    versus: VersusPrevious
    labelled_rows: LabelledRows
    sums: SumsByName = field(default_factory=dict)
    """The champion's errors on the labelled rows, for later windows."""


def performance(
    window: LabelledWindow,
    champion: MonitoredVersion,
    previous: MonitoredVersion | None,
    project: Project,
    refusal: str = "",
) -> Performance:
    """Judge the champion on new rows, and compare it with the previous version on labelled rows.

    Parameters
    ----------
    window : LabelledWindow
    champion : MonitoredVersion
    previous : MonitoredVersion or None
    project : Project
    refusal : str
        Why there is a previous version that could not be loaded.

    Returns
    -------
    Performance
        A model that cannot score the rows is INDETERMINATE in each check that needs it.

    Raises
    ------
    DataError
        When rows and labels cannot be joined, or the costs cannot be evaluated.
    """
    known = labelled_rows(window.frame, project, window.as_of, window.labels)
    known, labels = _unseen(known, [one for one in (champion, previous) if one], project)
    labels = due(labels, window, project)
    estimated, shown = _estimated(window, known.order, champion, project)
    findings = [labels, *estimated]
    try:
        scored = _scored(champion.model, known, window, project)
    except DataError as error:
        findings += [_unjudged(check, error) for check in (CALIBRATION, COST, NO_MODEL, PREVIOUS)]
        return Performance(tuple(findings), tuple(shown), VersusPrevious("unknown", ()), known)
    judged, tables = realised(scored, champion.reference, project)
    versus = _versus(champion, scored, (previous, refusal), known, project)
    sums = _sums(scored, known, project)
    decayed = decay(added([*window.earlier, sums]), project) if sums else []
    found = (*findings, *judged, *decayed, versus_rules(scored, project), *versus.findings)
    return Performance(found, (*shown, *tables), versus, known, sums)


def _sums(scored: Scored | None, known: LabelledRows, project: Project) -> dict[str, ErrorSums]:
    """Return the errors of the labelled rows; none where a probability is missing."""
    if scored is None or np.isnan(scored.decision.probability).any():
        return {}
    return window_sums(scored, known.sample, project)


def due(labels: Finding, window: LabelledWindow, project: Project) -> Finding:
    """Say until when labels are waited for: FAIL when all are due, and by as much as the window is long.

    Parameters
    ----------
    labels : Finding
        Of the check "labels".
    window : LabelledWindow
    project : Project
        For its time and `outcome.matures_after`; without a time there is no date to wait for.
    """
    column = project.columns.time
    if labels.status is not Status.INSUFFICIENT or column is None or column not in window.frame:
        return labels
    times = window.frame[column].dropna()
    if not len(times):
        return labels
    last = times.max() + project.outcome.matures_after + (times.max() - times.min())
    as_of = pd.Timestamp(window.as_of)
    as_of = as_of.tz_localize("UTC") if as_of.tzinfo is None else as_of
    figures = {**labels.figures, "blind_until": last.isoformat()}
    if as_of <= last:
        because = f"{labels.because}; what needs labels is judged by {last:%Y-%m-%d} at the latest"
        return replace(labels, because=because, figures=figures)
    because = f"{labels.because}, and all of them were due by {last:%Y-%m-%d}"
    return replace(labels, status=Status.FAIL, because=because, figures=figures)


def _unseen(
    known: LabelledRows, versions: list[MonitoredVersion], project: Project
) -> tuple[LabelledRows, Finding]:
    """Leave out the rows that a version was fitted on: they flatter it."""
    if not len(known.sample):
        return known, known.finding
    fresh = untouched(known.sample, project, [one.fitted_rows for one in versions])
    if fresh is None:
        because = f"{known.finding.because}; which of them a version was fitted on is not known"
        return known, replace(known.finding, status=Status.WARN, because=because)
    left_out = int((~fresh).sum())
    counts = {**known.counts, "matured": int(fresh.sum()), "fitted_on": left_out}
    kept = replace(known, sample=known.sample.take(fresh), counts=counts, places=known.places[fresh])
    because = f"{kept.finding.because}; {left_out} that a version was fitted on are left out"
    return kept, replace(kept.finding, because=because)


def _estimated(
    window: LabelledWindow, order: IntArray, champion: MonitoredVersion, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    frame = window.frame.iloc[order]
    if not len(frame):
        return [Finding(ESTIMATE, "window", Status.INSUFFICIENT, "the window has no row", {"n": 0})], []
    model, ids = champion.model, frame[project.columns.row_id].astype(str).to_numpy(object)
    try:
        decision = (
            model.decision(model.probability(frame), frame, ids)
            if window.decision is None
            else window.decision.take(order)
        )
    except DataError as error:
        return [_unjudged(ESTIMATE, error)], []
    costs = row_costs(frame, project.costs.matrix, ids)
    before = [one[ALL_ROWS] for one in window.earlier if ALL_ROWS in one]
    return estimate(decision, costs, champion.reference, project.gates.alpha, before)


def _scored(model: Model, known: LabelledRows, window: LabelledWindow, project: Project) -> Scored | None:
    """Return the matured rows as the model decides them; None without any."""
    sample, costs = known.sample, project.costs.matrix
    if not len(sample):
        return None
    if window.decision is None:
        return model.score(sample, costs)
    return model.decide(window.decision.probability[known.places], sample, costs)


def _versus(
    champion: MonitoredVersion,
    scored: Scored | None,
    other: tuple[MonitoredVersion | None, str],
    known: LabelledRows,
    project: Project,
) -> VersusPrevious:
    previous, refusal = other
    if scored is None:
        because = "no row has a mature outcome"
        found = Finding(PREVIOUS, f"version {champion.version}", Status.INSUFFICIENT, because, {"n": 0})
        return VersusPrevious("unknown", (found,))
    contender = None
    if previous is not None:
        try:
            theirs = previous.model.score(known.sample, project.costs.matrix)
        except (DataError, TypeError, ValueError) as error:
            refusal = (
                str(error) if isinstance(error, DataError) else "its own preprocessing refuses these rows"
            )
        else:
            contender = Contender(previous.version, theirs, previous.reference)
    return versus_previous(
        Contender(champion.version, scored, champion.reference), contender, project, refusal
    )


def _unjudged(check: Check, error: DataError) -> Finding:
    return Finding(check, error.subject, Status.INDETERMINATE, f"{error.rule}; {error.remedy}")
