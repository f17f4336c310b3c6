"""The reaction policy: what is done about a model in production, decided from findings and history.

    contract or skew broken             quarantine: the rows are wrong, so what they say of the model is, too
    champion loses to the previous      roll back: both met the same rows, so it is the model, not the world
    both degraded, or it is too old     retrain: the world has changed
    drift, or an estimate, or unknown   investigate
    nothing                             none

Only the paired interval on cost rolls back. A rollback, and a retraining for worse figures, need symptoms in
the latest window and in so many of those before it; each is followed by a cool-down; between two rollbacks
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
    """The possible reactions, from the mildest to the gravest."""

    NONE = "none"
    INVESTIGATE = "investigate"
    QUARANTINE = "quarantine"
    RETRAIN = "retrain"
    ROLL_BACK = "roll back"


class Symptom(StrEnum):
    """A symptom: what the findings of one window add up to."""

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
"""A window is sound only if one of these passed; an estimate alone proves nothing."""

_SOUND = (Status.PASS, Status.WARN)


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """The record of one window.

    Parameters
    ----------
    window : str
        Its name; a window that is monitored again replaces its earlier record.
    end : datetime
        Of the window, with a time zone. It, and not the clock, orders windows and ends cool-downs.
    version : int
        In production then.
    symptoms : frozenset of Symptom
    action : Action
        What was decided about it; NONE before that.
    is_done : bool
        Whether it was carried out. One that was not, or failed, is chosen again and starts no cool-down.
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
        """Return whether both windows monitored the same version: by its files, where those are known."""
        same_files = self.digest == other.digest or not (self.digest and other.digest)
        return self.version == other.version and same_files


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """The version a rollback would restore, and whether the champion was itself restored by a rollback."""

    version: int | None
    is_rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """The action, and why."""

    action: Action
    because: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"action": self.action.value, "because": list(self.because)}


def symptoms_of(findings: Iterable[Finding], versus: frozenset[Symptom] = frozenset()) -> frozenset[Symptom]:
    """Read the findings of a window; a check that could not be judged is a symptom of its own.

    Parameters
    ----------
    findings : iterable of Finding
    versus : frozenset of Symptom
        The symptoms from the comparison of champion and previous version.
    """
    found = tuple(findings)
    symptoms = {*versus, *(symptom for one in found for symptom in _symptoms(one))}
    compared = any(one.check == _PREVIOUS and one.status is not Status.INSUFFICIENT for one in found)
    degraded = any(one.check in _REALISED and one.status is Status.FAIL for one in found)
    if degraded:
        # With a previous version, a degraded champion alone does not mean that the rows changed.
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
        The gravest action whose symptom persists and that is not cooling down; otherwise INVESTIGATE where
        there is a symptom.
    """
    past = _once(now, history)
    if Symptom.BROKEN in now.symptoms:
        return Reaction(Action.QUARANTINE, (_broken(now, past),))
    held: list[str] = []
    if Symptom.LOSES in now.symptoms:
        proof = "the champion is proven to cost more than the previous version on the same rows"
        obstacle = _rollback_obstacle(now, past, back, rules)
        if not obstacle:
            return Reaction(Action.ROLL_BACK, (f"{proof}, {_counts(now, past, (Symptom.LOSES,), rules)}",))
        held.append(f"{proof}; no rollback: {obstacle}")
    bad = tuple(
        symptom for symptom in (Symptom.LOSES, Symptom.DEGRADED, Symptom.STALE) if symptom in now.symptoms
    )
    bad = tuple(symptom for symptom in bad if symptom is not Symptom.LOSES or _is_stuck(back))
    if bad:
        obstacle = _training_obstacle(now, past, bad, rules)
        if not obstacle:
            return Reaction(Action.RETRAIN, (*held, f"the model is {_named(bad)}"))
        held.append(f"the model is {_named(bad)}; no retraining: {obstacle}")
    if Symptom.CHANGED in now.symptoms:
        held.append("rows or estimates have changed; that alone proves nothing about the model")
    if Symptom.UNKNOWN in now.symptoms:
        held.append("something could not be judged, or the rows are too few")
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
    """Return the other windows, each by its latest record, oldest first."""
    latest = {one.window: one for one in history if one.window != now.window}
    return sorted(latest.values(), key=lambda one: one.end)


def _latest(now: WindowRecord, past: list[WindowRecord], rules: Reactions) -> list[WindowRecord]:
    """Return the windows that count: of this version, before this one, and this one."""
    before = [one for one in past if one.is_of(now) and one.end < now.end]
    return [*before[len(before) - rules.windows + 1 :], now] if rules.windows > 1 else [now]


def _times(
    now: WindowRecord, past: list[WindowRecord], symptoms: tuple[Symptom, ...], rules: Reactions
) -> int:
    """Count the windows with one of the symptoms; rows that broke their contract do not count."""
    return sum(
        bool(one.symptoms & set(symptoms)) and Symptom.BROKEN not in one.symptoms
        for one in _latest(now, past, rules)
    )


def _counts(
    now: WindowRecord, past: list[WindowRecord], symptoms: tuple[Symptom, ...], rules: Reactions
) -> str:
    looked = len(_latest(now, past, rules))
    return f"in {_times(now, past, symptoms, rules)} of the latest {looked} windows"


def _rollback_obstacle(
    now: WindowRecord, past: list[WindowRecord], back: RollbackTarget, rules: Reactions
) -> str:
    """Return why production is not rolled back; empty when it is."""
    if back.version is None:
        return "no version was in production before"
    if back.is_rolled_back:
        return "the champion was itself restored by a rollback, and no release came between"
    if _times(now, past, (Symptom.LOSES,), rules) < rules.persistent:
        return f"only {_counts(now, past, (Symptom.LOSES,), rules)}, {rules.persistent} are needed"
    return _cooling(now, past, Action.ROLL_BACK, rules)


def _is_stuck(back: RollbackTarget) -> bool:
    """Return whether a champion that loses cannot be rolled back from, so that only a new model helps."""
    return back.version is None or back.is_rolled_back


def _training_obstacle(
    now: WindowRecord, past: list[WindowRecord], bad: tuple[Symptom, ...], rules: Reactions
) -> str:
    """Return why no training starts; empty when one does. Age needs no second window."""
    if Symptom.STALE not in bad and _times(now, past, bad, rules) < rules.persistent:
        return f"only {_counts(now, past, bad, rules)}, {rules.persistent} are needed"
    return _cooling(now, past, Action.RETRAIN, rules)


def _cooling(now: WindowRecord, past: list[WindowRecord], action: Action, rules: Reactions) -> str:
    """Return the cool-down that applies; a window from a clock that was ahead counts like any other."""
    for one in past:
        if one.action is action and one.is_done and abs(one.end - now.end) < rules.cool_down:
            return f"the cool-down of {rules.cool_down_days} days after window {one.window} applies"
    return ""


def _broken(now: WindowRecord, past: list[WindowRecord]) -> str:
    earlier = [one for one in past if one.end < now.end]
    since = [one for one in earlier if one.is_of(now)]
    began = [one for one in since if Symptom.BROKEN in one.symptoms]
    others = [one for one in earlier if not one.is_of(now)]
    sound_before = bool(others) and not any(Symptom.BROKEN in one.symptoms for one in others)
    because = "the rows broke their contract, or served rows differ from the offline rows"
    if sound_before and len(began) == len(since):
        because += f"; that began with version {now.version}, so look at its release first"
    return because


def _named(symptoms: tuple[Symptom, ...]) -> str:
    return " and ".join(
        "worse than its predecessor" if symptom is Symptom.LOSES else symptom.value for symptom in symptoms
    )
