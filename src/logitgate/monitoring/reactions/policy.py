"""The reaction policy: one pure function from the typed symptoms of windows to a typed reaction.

| symptom | asks for | windows needed |
|---|---|---|
| `BROKEN` | quarantine | 1; no other symptom of such a window counts |
| `LOSES` | roll back; retrain where there is no way back | `reactions.persistent` |
| `WORTHLESS` | retrain; retire where a retraining did not replace the version | `reactions.persistent` |
| `MISCALIBRATED`, `DEGRADED` | retrain | `reactions.persistent` |
| `DECAYED`, `STALE` | retrain | 1: the evidence already spans all windows since the release |
| `CHANGED`, `OVERDUE`, `UNKNOWN` | investigate | 1 |

The gravest action whose symptoms persist and that is not cooling down is wanted; an action that is held back
becomes investigate. Windows whose labels are not due yet do not count for or against a symptom that needs
labels. What people read about a reaction is written by `reasons`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...project.operations.reactions import Reactions
from .records import RollbackTarget, WindowRecord
from .remedies import REMEDIES, Action, Obstacle, Symptom


@dataclass(frozen=True, slots=True)
class ActionReason:
    """What some symptoms ask for, and what holds it back.

    Parameters
    ----------
    symptoms : tuple of Symptom
    action : Action
        What they ask for.
    obstacle : Obstacle or None
        Why it is not wanted now.
    windows, latest : int
        In how many of the latest windows that count the symptoms were found.
    after : str
        The window whose action the cool-down follows.
    since_release : bool
        Of broken rows: whether they began with this version.
    """

    symptoms: tuple[Symptom, ...]
    action: Action
    obstacle: Obstacle | None = None
    windows: int = 1
    latest: int = 1
    after: str = ""
    since_release: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """The wanted action, and why."""

    wanted: Action
    reasons: tuple[ActionReason, ...] = ()


def decide(
    now: WindowRecord, history: Iterable[WindowRecord], back: RollbackTarget, rules: Reactions
) -> Reaction:
    """Decide what is done about the latest window.

    Parameters
    ----------
    now : WindowRecord
    history : iterable of WindowRecord
        Windows that were looked at before, in any order.
    back : RollbackTarget
    rules : Reactions

    Returns
    -------
    Reaction
        The gravest action whose symptom persists and that is not cooling down; otherwise INVESTIGATE where
        there is a symptom.
    """
    past = _once(now, history)
    if Symptom.BROKEN in now.symptoms:
        broken = ActionReason((Symptom.BROKEN,), Action.QUARANTINE, since_release=_began(now, past))
        return Reaction(Action.QUARANTINE, (broken,))
    asked = [
        _reason(Action.ROLL_BACK, now, past, back, rules),
        _retirement(now, past, rules),
        _reason(Action.RETRAIN, now, past, back, rules),
    ]
    reasons = [one for one in asked if one is not None]
    free = [one for one in reasons if one.obstacle is None]
    if free:
        until = reasons.index(free[0]) + 1
        return Reaction(free[0].action, tuple(reasons[:until]))
    reasons += [
        ActionReason((symptom,), Action.INVESTIGATE)
        for symptom in Symptom
        if symptom in now.symptoms and REMEDIES[symptom].action is Action.INVESTIGATE
    ]
    return Reaction(Action.INVESTIGATE if reasons else Action.NONE, tuple(reasons))


def _reason(
    action: Action, now: WindowRecord, past: list[WindowRecord], back: RollbackTarget, rules: Reactions
) -> ActionReason | None:
    """Return what asks for an action, with its obstacle; None when nothing does."""
    bad = tuple(symptom for symptom in Symptom if symptom in now.symptoms and _asks(symptom, action, back))
    if not bad:
        return None
    counted = _latest(now, past, bad, rules)
    windows = sum(bool(one.symptoms & set(bad)) for one in counted if Symptom.BROKEN not in one.symptoms)
    obstacle, after = back.obstacle if action is Action.ROLL_BACK else None, ""
    if obstacle is None and all(REMEDIES[one].persists for one in bad) and windows < rules.persistent:
        obstacle = Obstacle.FEW_WINDOWS
    if obstacle is None:
        after = _cooling(now, past, action, rules)
        obstacle = Obstacle.COOL_DOWN if after else None
    return ActionReason(bad, action, obstacle, windows, len(counted), after)


def _retirement(now: WindowRecord, past: list[WindowRecord], rules: Reactions) -> ActionReason | None:
    """Return what asks to retire a version: dearer than no model, and a retraining did not replace it."""
    bad = Symptom.WORTHLESS
    tried = any(
        one.is_of(now) and one.end < now.end and one.done is Action.RETRAIN and bad in one.symptoms
        for one in past
    )
    if bad not in now.symptoms or not tried:
        return None
    counted = _latest(now, past, (bad,), rules)
    windows = sum(bad in one.symptoms for one in counted if Symptom.BROKEN not in one.symptoms)
    obstacle = None if rules.retire else Obstacle.NOT_DECLARED
    if windows < rules.persistent:
        obstacle = Obstacle.FEW_WINDOWS
    return ActionReason((bad,), Action.RETIRE, obstacle, windows, len(counted))


def _asks(symptom: Symptom, action: Action, back: RollbackTarget) -> bool:
    """Return whether a symptom asks for an action; a loss without a way back asks for a new model, too."""
    asked = REMEDIES[symptom].action
    stuck = asked is Action.ROLL_BACK and action is Action.RETRAIN and back.obstacle is not None
    return asked is action or stuck


def _once(now: WindowRecord, history: Iterable[WindowRecord]) -> list[WindowRecord]:
    """Return the other windows, each by its latest record, oldest first."""
    latest = {one.window: one for one in history if one.window != now.window}
    return sorted(latest.values(), key=lambda one: one.end)


def _latest(
    now: WindowRecord, past: list[WindowRecord], bad: tuple[Symptom, ...], rules: Reactions
) -> list[WindowRecord]:
    """Return the windows that count: of this version, before this one, and this one."""
    blind = all(REMEDIES[one].needs_labels for one in bad)
    before = [one for one in past if one.is_of(now) and one.end < now.end and (one.has_labels or not blind)]
    return [*before[len(before) - rules.windows + 1 :], now] if rules.windows > 1 else [now]


def _cooling(now: WindowRecord, past: list[WindowRecord], action: Action, rules: Reactions) -> str:
    """Return the window whose cool-down applies; one from a clock that was ahead counts like any other."""
    cooling = (one.window for one in past if one.done is action and abs(one.end - now.end) < rules.cool_down)
    return next(cooling, "")


def _began(now: WindowRecord, past: list[WindowRecord]) -> bool:
    """Return whether rows are broken since this version was released and were sound before it."""
    earlier = [one for one in past if one.end < now.end]
    others = [one for one in earlier if not one.is_of(now)]
    sound_before = bool(others) and not any(Symptom.BROKEN in one.symptoms for one in others)
    since = [one for one in earlier if one.is_of(now)]
    return sound_before and all(Symptom.BROKEN in one.symptoms for one in since)
