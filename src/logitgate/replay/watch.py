"""One window of a replayed history, monitored as production monitors it, and the reaction to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..catalogue import Check
from ..errors import DataError
from ..findings import Status
from ..monitoring.drift import drift
from ..monitoring.performance.assess import LabelledWindow, MonitoredVersion, performance
from ..monitoring.performance.decay import earlier_sums
from ..monitoring.performance.staleness import staleness
from ..monitoring.performance.versus_rules import RULE
from ..monitoring.reactions.policy import Reaction, decide
from ..monitoring.reactions.records import RollbackTarget, WindowRecord
from ..monitoring.reference import as_learned
from ..monitoring.window import MonitoringWindow, WindowEvidence
from .policies import PolicyStanding
from .training import PlayedHistory, Version

ALARMS = (
    Check.DRIFT,
    Check.MISSINGNESS,
    Check.LEVELS,
    Check.SCORE,
    Check.ESTIMATE,
    Check.CALIBRATION,
    Check.COST,
    Check.NO_MODEL,
    Check.DECAY,
    Check.PREVIOUS,
)
"""The checks of a window whose FAIL is an alarm."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A window that was monitored at a date.

    Parameters
    ----------
    date : datetime
        When: the outcomes of all rows of the window are mature by then.
    since, until : datetime
        The window: the rows whose outcomes have matured since the date before.
    n : int
        Its rows.
    evidence : WindowEvidence
    record : WindowRecord
        With the version that was in production, its symptoms and the action.
    reaction : Reaction
    """

    date: datetime
    since: datetime
    until: datetime
    n: int
    evidence: WindowEvidence
    record: WindowRecord
    reaction: Reaction

    @property
    def cheaper_rule(self) -> str:
        """The cheaper of flag-none and flag-all in the window."""
        (found,) = (one for one in self.evidence.findings if one.check is Check.NO_MODEL)
        return str(found.figures[RULE])

    @property
    def alarms(self) -> tuple[tuple[str, str], ...]:
        """Check and subject of each finding that is an alarm."""
        found = (one for one in self.evidence.findings if one.check in ALARMS)
        return tuple((one.check, one.subject) for one in found if one.status is Status.FAIL)


def watch(
    history: PlayedHistory,
    span: tuple[datetime, datetime],
    standing: PolicyStanding,
    versions: Sequence[Version],
    before: Sequence[Watched],
) -> Watched | None:
    """Monitor the version in production on the rows whose outcomes matured between two dates.

    Parameters
    ----------
    history : PlayedHistory
    span : tuple of two datetime
        The date before, and this one.
    standing : PolicyStanding
    versions : sequence of Version
        Version k stands at k - 1.
    before : sequence of Watched
        Windows that were monitored earlier.

    Returns
    -------
    Watched or None
        None where no model is in production, or the window has no row.
    """
    champion, project = standing.champion, history.project
    if not isinstance(champion, int):
        return None
    lag = project.outcome.matures_after
    limits = MonitoringWindow(span[0] - lag, span[1] - lag, span[1])
    frame = limits.chosen(history.frame, project)
    if not len(frame):
        return None
    this = WindowRecord(limits.name, limits.end, champion, frozenset(), since=limits.begin)
    earlier = earlier_sums(this, [one.record for one in before])
    window = LabelledWindow(frame, limits.as_of, earlier=earlier)
    evidence = _assessed(history, window, limits, standing, versions)
    now = replace(this, symptoms=evidence.symptoms, has_labels=evidence.has_labels, sums=evidence.sums)
    previous = standing.previous if isinstance(standing.previous, int) else None
    back = RollbackTarget(previous, standing.is_rolled_back)
    reaction = decide(now, [one.record for one in before], back, project.reactions)
    record = replace(now, wanted=reaction.wanted, done=reaction.wanted)
    return Watched(span[1], span[0] - lag, limits.end, len(frame), evidence, record, reaction)


def _assessed(
    history: PlayedHistory,
    window: LabelledWindow,
    limits: MonitoringWindow,
    standing: PolicyStanding,
    versions: Sequence[Version],
) -> WindowEvidence:
    """Return what `production.monitoring.assess_window` finds, without a registry."""
    champion, previous = standing.champion, standing.previous
    assert isinstance(champion, int)  # noqa: S101 - as `watch` says
    version = versions[champion - 1]
    project = as_learned(history.project, version.profile)
    frame = version.model.brought(window.frame)
    other = _monitored(previous, versions) if isinstance(previous, int) else None
    found = performance(replace(window, frame=frame), _monitored(champion, versions), other, project)
    ids = frame[project.columns.row_id].astype(str).to_numpy(object)
    try:
        decision = version.model.decision(version.model.probability(frame), frame, ids)
    except DataError:
        decision = None
    moved, shown = drift(frame, decision, version.profile.reference, project, version.model)
    age = staleness(version.date, limits.end, project.monitoring.age_limit)
    evidence = WindowEvidence(history.contract, versus=found.versus.symptoms, sums=found.sums)
    return evidence.plus((*moved, *found.findings, age), (*shown, *found.exhibits)).complete


def _monitored(number: int, versions: Sequence[Version]) -> MonitoredVersion:
    version = versions[number - 1]
    chunks = version.profile.chunks
    return MonitoredVersion(number, version.model, chunks, version.fitted_rows)
