"""A small replayed history for tests, made by hand."""

from datetime import UTC, datetime

from logitgate.catalogue import Check
from logitgate.evaluation.estimates import Estimate
from logitgate.findings import Finding, Status
from logitgate.monitoring.reactions.remedies import Action, Symptom
from logitgate.replay.policies import Policy
from logitgate.replay.results.ageing import AgeCost
from logitgate.replay.results.result import Alarms, PolicyCost, ReactionTaken, Replay, ReplayedRelease

JUNE, JULY, AUGUST = (datetime(2021, month, 1, tzinfo=UTC) for month in (6, 7, 8))


def replay(model="visits"):
    """Return two periods: a release, a refusal, a rollback, an alarm."""
    zero = Estimate(0.0, 0.0, 0.0)
    policies = (
        PolicyCost(Policy.NONE, 400.0, 2.0, Estimate(100.0, 50.0, 150.0), (2.0, 2.0), (None, None), 0),
        PolicyCost(Policy.ALWAYS, 340.0, 1.7, Estimate(40.0, -10.0, 90.0), (1.5, 1.9), (1, 2), 1),
        PolicyCost(Policy.GATED, 300.0, 1.5, zero, (1.5, 1.5), (1, 1), 0),
    )
    why = (Finding(Check.SLICES, "side = west", Status.FAIL, "harm"),)
    releases = (
        ReplayedRelease(JUNE, 1, released=True, reasons=(), champion=None, saved=Estimate(50.0, 20.0, 80.0)),
        ReplayedRelease(JULY, 2, released=False, reasons=why, champion=1, saved=Estimate(40.0, -10.0, 90.0)),
    )
    reaction = ReactionTaken(AUGUST, Action.ROLL_BACK, 2, frozenset({Symptom.LOSES}), JULY, 1)
    ages = (AgeCost(0, 200, 1.5, zero), AgeCost(1, 100, 1.6, Estimate(0.1, -0.1, 0.3)))
    alarms = (Alarms(JUNE, JULY, 1, 100, (("drift", "speed"),), Action.INVESTIGATE),)
    return Replay(
        model,
        "EUR",
        "1 month",
        (JUNE, JULY),
        AUGUST,
        200,
        40,
        (100, 100),
        "flag-none",
        policies,
        releases,
        (reaction,),
        ages,
        alarms,
    )
