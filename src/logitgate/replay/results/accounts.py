"""From the course of a history to its result: every sum, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...decision.expressions import FloatArray
from ...evaluation.estimates import Estimate
from ...monitoring.reactions.policy import ActionReason
from ...monitoring.reactions.remedies import Action
from ..costs import ReplayCosts
from ..course import PeriodDecision, Played
from ..dates import Dates
from ..policies import Holder, Policy
from ..training import PlayedHistory
from ..watch import Watched
from .ageing import AgeCost
from .result import Alarms, PolicyCost, ReactionTaken, Replay, ReplayedRelease

_ACTING = (Action.QUARANTINE, Action.RETRAIN, Action.RETIRE, Action.ROLL_BACK)
"""Reactions that do something."""


def accounts(
    history: PlayedHistory, dates: Dates, played: Played, costs: ReplayCosts, policies: Sequence[Policy]
) -> Replay:
    """Add up what each policy cost, and what each release, reaction and age did.

    Parameters
    ----------
    history : PlayedHistory
    dates : Dates
    played : Played
    costs : ReplayCosts
    policies : sequence of Policy
    """
    project, sizes = history.project, np.diff(costs.bounds)
    return Replay(
        project.name,
        project.costs.unit,
        str(dates.every),
        dates.starts,
        dates.until,
        costs.rows,
        int(history.rows.y.sum()),
        tuple(int(size) for size in sizes),
        costs.rule,
        policy_costs(costs, _holders(costs, played, policies)),
        tuple(_release(period, one, costs) for period, one in enumerate(played.decided)),
        _reactions(played),
        ages(costs, played.made),
        tuple(_alarms(one) for one in played.watched),
    )


def policy_costs(costs: ReplayCosts, held: Mapping[Policy, Sequence[Holder]]) -> tuple[PolicyCost, ...]:
    """Return what each policy cost, and its difference to the project's own gates on the same rows.

    Parameters
    ----------
    costs : ReplayCosts
    held : mapping of Policy to sequence of Holder
        What decided in each period; the project's own gates among them.
    """
    gated, rows = costs.under(held[Policy.GATED]), slice(0, costs.rows)
    found = []
    for policy, line in held.items():
        cost = costs.under(line)
        by_period = tuple(_mean(cost[costs.period(number)]) for number in range(len(line)))
        against = costs.total(cost - gated, rows) if policy is not Policy.GATED else Estimate(0.0, 0.0, 0.0)
        total = float(cost.sum())
        found.append(
            PolicyCost(
                policy, total, total / max(costs.rows, 1), against, by_period, tuple(line), _changes(line)
            )
        )
    return tuple(found)


def ages(costs: ReplayCosts, made: Sequence[int]) -> tuple[AgeCost, ...]:
    """Return what versions of each age cost beyond the newest one of the same period.

    Parameters
    ----------
    costs : ReplayCosts
    made : sequence of int
        The period in which each version was fitted, rising; version k stands at k - 1.
    """
    periods = len(costs.bounds) - 1
    newest = [max((k for k, born in enumerate(made, 1) if born <= now), default=0) for now in range(periods)]
    found = []
    for age in range(periods):
        pairs = [(k, born + age) for k, born in enumerate(made, 1) if born + age < periods]
        if pairs:
            found.append(_age(costs, age, pairs, newest))
    return tuple(one for one in found if one.rows)


def _age(costs: ReplayCosts, age: int, pairs: list[tuple[int, int]], newest: list[int]) -> AgeCost:
    own = np.concatenate([costs.in_period(version, period) for version, period in pairs])
    new = np.concatenate([costs.in_period(newest[period], period) for _, period in pairs])
    rows = np.concatenate([np.arange(*costs.bounds[period : period + 2]) for _, period in pairs])
    return AgeCost(age, len(own), _mean(own), costs.mean(own - new, rows))


def _holders(
    costs: ReplayCosts, played: Played, policies: Sequence[Policy]
) -> dict[Policy, tuple[Holder, ...]]:
    periods = range(len(costs.bounds) - 1)
    found: dict[Policy, tuple[Holder, ...]] = {}
    for policy in policies:
        match policy:
            case Policy.NONE:
                found[policy] = tuple(None for _ in periods)
            case Policy.ORACLE:
                found[policy] = tuple(costs.cheapest(now, _known(played.made, now)) for now in periods)
            case _:
                found[policy] = played.held[policy]
    return found


def _known(made: Sequence[int], period: int) -> list[int]:
    return [number for number, born in enumerate(made, 1) if born <= period]


def _release(period: int, one: PeriodDecision, costs: ReplayCosts) -> ReplayedRelease:
    saved = None
    if one.version is not None:
        own, other = costs.in_period(one.version, period), costs.in_period(one.champion, period)
        difference = other - own if one.released else own - other
        saved = costs.total(difference, costs.period(period))
    return ReplayedRelease(one.date, one.version, one.released, one.reasons, one.champion, saved)


def _reactions(played: Played) -> tuple[ReactionTaken, ...]:
    found = []
    for place, one in enumerate(played.watched):
        if one.reaction.wanted in _ACTING:
            reason = next(why for why in one.reaction.reasons if why.action is one.reaction.wanted)
            since = _began(played.watched[: place + 1], reason)
            found.append(
                ReactionTaken(
                    one.date,
                    one.reaction.wanted,
                    one.record.version,
                    frozenset(reason.symptoms),
                    since.since,
                    played.after[place],
                )
            )
    return tuple(found)


def _began(watched: Sequence[Watched], reason: ActionReason) -> Watched:
    """Return the first of the windows without a gap, up to the last one, that show the reason's symptoms."""
    first = watched[-1]
    for one in reversed(watched[:-1]):
        is_same = one.record.version == first.record.version and one.until == first.since
        if not (is_same and one.record.symptoms & set(reason.symptoms)):
            break
        first = one
    return first


def _alarms(one: Watched) -> Alarms:
    return Alarms(one.since, one.until, one.record.version, one.n, one.alarms, one.reaction.wanted)


def _changes(line: Sequence[Holder]) -> int:
    """Count how often another holder than before decides."""
    before = (None, *line[:-1])
    return sum(now != then for now, then in zip(line, before, strict=True))


def _mean(cost: FloatArray) -> float:
    return float(cost.mean()) if len(cost) else float("nan")
