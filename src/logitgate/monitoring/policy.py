"""The ladder of reactions: what is done about a model in production, decided from findings and history.

    contract or skew broken             quarantine: the rows are wrong, so what they say of the model is, too
    champion loses to the previous      roll back: both met the same rows, so it is the model, not the world
    both degraded, or it is too old     retrain: the world has changed
    drift, or an estimate, or unknown   investigate
    nothing                             none

Only the paired interval on cost rolls back. A rollback, and a retraining for worse figures, must be wanted by
the latest window and by so many of those before it; each is followed by a cool-down; and of two rollbacks
there is a release between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ..findings import Finding, Status
from ..project.operations.reactions import Reactions


class Action(StrEnum):
    """What is to be done, from the mildest to the gravest."""

    NONE = "none"
    INVESTIGATE = "investigate"
    QUARANTINE = "quarantine"
    RETRAIN = "retrain"
    ROLL_BACK = "roll back"


class Symptom(StrEnum):
    """What the findings of one window say."""

    BROKEN = "broken rows"
    LOSES = "champion loses"
    DEGRADED = "degraded"
    STALE = "too old"
    CHANGED = "changed"
    UNKNOWN = "unknown"


_BROKEN, _CHANGED = ("contract", "skew"), ("drift", "missingness", "levels", "score", "estimate", "order")
_REALISED = ("calibration", "cost")
_PREVIOUS = "previous"
"""Its verdict comes as symptoms of its own: see `versus_previous`."""
_TELLING = ("drift", *_REALISED)
"""A window is told to be sound by one of these at least; an estimate clears nobody."""

_SOUND = (Status.PASS, Status.WARN)


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """What was seen in one window.

    Parameters
    ----------
    window : str
        Its name; a window that is looked at again takes the place of what was seen before.
    end : datetime
        Of the window, with a time zone. It, and not the clock, orders windows and ends cool-downs.
    version : int
        In production then.
    symptoms : frozenset of Symptom
    action : Action
        What was decided about it; NONE before that.
    is_done : bool
        Whether it was done as well. What was only wanted, or failed, is wanted again and cools nothing down.
    digest : str
        Of the version's files; empty where it was not kept.
    """

    window: str
    end: datetime
    version: int
    symptoms: frozenset[Symptom]
    action: Action = Action.NONE
    is_done: bool = False
    digest: str = ""

    def is_of(self, other: WindowRecord) -> bool:
        """Return whether both windows watched the same version: by its files, where those are known."""
        same_files = self.digest == other.digest or not (self.digest and other.digest)
        return self.version == other.version and same_files


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """Whether there is a version to go back to, and whether the champion was itself gone back to."""

    version: int | None
    is_rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is to be done, and why."""

    action: Action
    because: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"action": self.action.value, "because": list(self.because)}


def symptoms_of(findings: Iterable[Finding], versus: frozenset[Symptom] = frozenset()) -> frozenset[Symptom]:
    """Read the findings of a window; what could not be judged is a symptom of its own, never silence.

    Parameters
    ----------
    findings : iterable of Finding
    versus : frozenset of Symptom
        What the comparison of champion and previous version says.
    """
    found = tuple(findings)
    symptoms = {*versus, *(symptom for one in found for symptom in _symptoms(one))}
    compared = any(one.check == _PREVIOUS and one.status is not Status.INSUFFICIENT for one in found)
    degraded = any(one.check in _REALISED and one.status is Status.FAIL for one in found)
    if degraded:
        # Beside a previous version, only both together say that the world has changed.
        symptoms.add(Symptom.CHANGED if compared else Symptom.DEGRADED)
    if not symptoms and not any(one.check in _TELLING and one.status in _SOUND for one in found):
        symptoms.add(Symptom.UNKNOWN)
    return frozenset(symptoms)


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
        The gravest action that is wanted, persistent and not cooling down; INVESTIGATE in its place when it
        is wanted only.
    """
    past = _once(now, history)
    if Symptom.BROKEN in now.symptoms:
        return Reaction(Action.QUARANTINE, (_broken(now, past),))
    held: list[str] = []
    if Symptom.LOSES in now.symptoms:
        wanted = "the champion is proven to cost more than the previous version on the same rows"
        hindrance = _not_back(now, past, back, rules)
        if not hindrance:
            return Reaction(Action.ROLL_BACK, (f"{wanted}, {_told(now, past, (Symptom.LOSES,), rules)}",))
        held.append(f"{wanted}; no rollback: {hindrance}")
    bad = tuple(
        symptom for symptom in (Symptom.LOSES, Symptom.DEGRADED, Symptom.STALE) if symptom in now.symptoms
    )
    bad = tuple(symptom for symptom in bad if symptom is not Symptom.LOSES or _is_stuck(back))
    if bad:
        hindrance = _not_again(now, past, bad, rules)
        if not hindrance:
            return Reaction(Action.RETRAIN, (*held, f"the model is {_named(bad)}"))
        held.append(f"the model is {_named(bad)}; no retraining: {hindrance}")
    if Symptom.CHANGED in now.symptoms:
        held.append("rows or estimates have changed; alone that says nothing about the model")
    if Symptom.UNKNOWN in now.symptoms:
        held.append("something could not be judged, or the rows are too few to tell anything")
    return Reaction(Action.INVESTIGATE if held else Action.NONE, tuple(held) or ("nothing was found",))


def _symptoms(one: Finding) -> Iterable[Symptom]:
    if one.status is Status.INDETERMINATE:
        yield Symptom.BROKEN if one.check == "contract" else Symptom.UNKNOWN
    elif one.status is Status.FAIL:
        if one.check in _BROKEN:
            yield Symptom.BROKEN
        elif one.check == "staleness":
            yield Symptom.STALE
        elif one.check in _CHANGED:
            yield Symptom.CHANGED
        elif one.check not in (*_REALISED, _PREVIOUS):
            yield Symptom.UNKNOWN


def _once(now: WindowRecord, history: Iterable[WindowRecord]) -> list[WindowRecord]:
    """Return the other windows, each once as it was seen last, oldest first."""
    seen = {one.window: one for one in history if one.window != now.window}
    return sorted(seen.values(), key=lambda one: one.end)


def _latest(now: WindowRecord, past: list[WindowRecord], rules: Reactions) -> list[WindowRecord]:
    """Return the windows that count: of this version, before this one, and this one."""
    before = [one for one in past if one.is_of(now) and one.end < now.end]
    return [*before[len(before) - rules.windows + 1 :], now] if rules.windows > 1 else [now]


def _times(
    now: WindowRecord, past: list[WindowRecord], symptoms: tuple[Symptom, ...], rules: Reactions
) -> int:
    """Count the windows with one of the symptoms; rows that broke their contract tell nothing."""
    return sum(
        bool(one.symptoms & set(symptoms)) and Symptom.BROKEN not in one.symptoms
        for one in _latest(now, past, rules)
    )


def _told(
    now: WindowRecord, past: list[WindowRecord], symptoms: tuple[Symptom, ...], rules: Reactions
) -> str:
    looked = len(_latest(now, past, rules))
    return f"seen in {_times(now, past, symptoms, rules)} of the latest {looked} windows"


def _not_back(now: WindowRecord, past: list[WindowRecord], back: RollbackTarget, rules: Reactions) -> str:
    """Return why production is not rolled back; empty when it is."""
    if back.version is None:
        return "no version was in production before"
    if back.is_rolled_back:
        return "the champion was itself gone back to, and no release came between"
    if _times(now, past, (Symptom.LOSES,), rules) < rules.persistent:
        return f"{_told(now, past, (Symptom.LOSES,), rules)}, {rules.persistent} are needed"
    return _cooling(now, past, Action.ROLL_BACK, rules)


def _is_stuck(back: RollbackTarget) -> bool:
    """Return whether a champion that loses cannot be rolled back from, so that only a new model helps."""
    return back.version is None or back.is_rolled_back


def _not_again(
    now: WindowRecord, past: list[WindowRecord], bad: tuple[Symptom, ...], rules: Reactions
) -> str:
    """Return why nothing is trained anew; empty when it is. Age needs no second window."""
    if Symptom.STALE not in bad and _times(now, past, bad, rules) < rules.persistent:
        return f"{_told(now, past, bad, rules)}, {rules.persistent} are needed"
    return _cooling(now, past, Action.RETRAIN, rules)


def _cooling(now: WindowRecord, past: list[WindowRecord], action: Action, rules: Reactions) -> str:
    """Return which window this cools down from; one from a clock that was ahead counts like any other."""
    for one in past:
        if one.action is action and one.is_done and abs(one.end - now.end) < rules.cool_down:
            return f"it cools down for {rules.cool_down_days} days since window {one.window}"
    return ""


def _broken(now: WindowRecord, past: list[WindowRecord]) -> str:
    earlier = [one for one in past if one.end < now.end]
    since = [one for one in earlier if one.is_of(now)]
    began = [one for one in since if Symptom.BROKEN in one.symptoms]
    others = [one for one in earlier if not one.is_of(now)]
    sound_before = bool(others) and not any(Symptom.BROKEN in one.symptoms for one in others)
    because = "the rows broke their contract, or served rows are not what they should have been"
    if sound_before and len(began) == len(since):
        because += f"; it began with version {now.version}, so look at its release first"
    return because


def _named(symptoms: tuple[Symptom, ...]) -> str:
    return " and ".join(
        "worse than its predecessor" if symptom is Symptom.LOSES else symptom.value for symptom in symptoms
    )
