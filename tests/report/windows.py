"""Windows of monitoring for tests, made without a store."""

from datetime import UTC, datetime

from logitgate.catalogue import Check
from logitgate.evidence_table import Exhibit
from logitgate.findings import Finding, Status
from logitgate.monitoring.reactions.policy import ActionReason, Reaction
from logitgate.monitoring.reactions.remedies import Action, Symptom
from logitgate.monitoring.reactions.signals import ActionMark, SignalCurve, SignalHistory, SignalPoint
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow, WindowEvidence

MONTHS = [datetime(2013, month, 1, tzinfo=UTC) for month in (7, 8, 9)]


def window(*more):
    """Return a window in which the champion loses against the version before, with what else is given."""
    cost = {"cost": 21.5, "cost_low": 19.0, "cost_high": 24.0, "excess_cost": 1.5, "limit_high": 1.0}
    findings = (
        Finding(Check.COST, "mean cost per row", Status.FAIL, "costs more than expected", cost),
        Finding(Check.DRIFT, "temp", Status.FAIL, "PSI 4.2: a major change", {"psi": 4.2}),
        Finding(Check.STALENESS, "champion", Status.PASS, "40 days old", {"age_days": 40.0}),
        *more,
    )
    table = Exhibit("drift", "Drift of features", ({"feature": "temp", "psi": 4.2},))
    reaction = Reaction(Action.ROLL_BACK, (ActionReason((Symptom.LOSES,), Action.ROLL_BACK),))
    limits = MonitoringWindow(MONTHS[0], MONTHS[1], MONTHS[2])
    evidence = WindowEvidence(findings, (table,))
    return MonitoringResult("flights", limits, 29_428, 2, evidence, reaction, unit="USD", row="flight")


def history():
    """Return a signal over three windows and two versions, with a rollback after the second one."""
    points = (
        SignalPoint(MONTHS[0], 1, 20.0, 18.0, 22.0),
        SignalPoint(MONTHS[1], 2, 21.5, 19.0, 24.0),
        SignalPoint(MONTHS[2], 1, 20.5, 18.5, 22.5),
    )
    age = SignalCurve(
        "age", tuple(SignalPoint(at, 1, 30.0 * n, limit_high=180.0) for n, at in enumerate(MONTHS))
    )
    one = SignalCurve("slope", (SignalPoint(MONTHS[0], 1, 1.0),))
    marks = (ActionMark(MONTHS[1], Action.ROLL_BACK, done=True),)
    return SignalHistory((SignalCurve("cost", points), age, one), marks)
