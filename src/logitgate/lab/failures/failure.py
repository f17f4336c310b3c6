"""One failure: what was done, what the plain metrics say, and what the gate finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...catalogue import Check
from ...errors import LogitgateError
from ...evaluation.evaluate import Scored
from ...evaluation.metrics import ScoreGroups, log_losses
from ...evaluation.ranking.auc import auc
from ...findings import Finding, Status

_MOST = 6
"""Findings that one failure shows."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One plain metric of the honest model and of the sabotaged one; None where it has no value."""

    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class FailureShown:
    """A failure on these rows.

    Parameters
    ----------
    name : str
    done : str
        What was done to the rows or the model.
    lesson : str
        Why the plain metrics do not show it.
    gate : Check
        The one that is meant for it.
    remedy : str
    plain : tuple of Metric
    findings : tuple of Finding
        Of the gate that is meant for it; those that stop first.
    others : tuple of Check
        Other gates that stopped.
    """

    name: str
    done: str
    lesson: str
    gate: Check
    remedy: str
    plain: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    others: tuple[Check, ...] = ()

    @property
    def is_caught(self) -> bool:
        """Whether the gate that is meant for it says no on these rows."""
        return any(one.status.stops for one in self.findings)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one failure is called and teaches, before it is tried."""

    name: str
    lesson: str
    gate: Check
    remedy: str


def failure(lesson: Lesson, done: str, plain: Iterable[Metric], findings: Iterable[Finding]) -> FailureShown:
    """Put together what was found; findings of other gates are named alone."""
    found = tuple(findings)
    own = sorted((one for one in found if one.check is lesson.gate), key=_worst_first)
    others = {one.check for one in found if one.status.stops and one.check is not lesson.gate}
    return FailureShown(
        lesson.name,
        done,
        lesson.lesson,
        lesson.gate,
        lesson.remedy,
        tuple(plain),
        tuple(own[:_MOST]),
        tuple(sorted(others)),
    )


def stopped_by(check: Check, findings: Iterable[Finding]) -> bool:
    """Return whether a finding of this check stops."""
    return any(one.check is check and one.status.stops for one in findings)


def refused(check: Check, make: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return findings, an error of data or fit as a FAIL of this check, as a training reports it."""
    try:
        return list(make())
    except LogitgateError as error:
        return [Finding(check, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")]


def metrics(before: Scored, after: Scored) -> tuple[Metric, ...]:
    """Return accuracy, AUC, log loss and cost per row of two decision makers."""
    both = (before, after)
    accuracy = [float((one.decision.flagged == (one.y == 1)).mean()) for one in both]
    ranked = [float(auc(*ScoreGroups.of(one.decision.probability).counts(one.y))) for one in both]
    losses = [float(log_losses(one.y, one.decision.probability).mean()) for one in both]
    cost = [float(one.cost.mean()) for one in both]
    pairs = {"accuracy": accuracy, "AUC": ranked, "log loss": losses, "cost per row": cost}
    return tuple(Metric(name, *values) for name, values in pairs.items())


def _worst_first(finding: Finding) -> int:
    return -list(Status).index(finding.status)
