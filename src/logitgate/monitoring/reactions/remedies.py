"""Symptoms, the action that each asks for, and what holds an action back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Action(StrEnum):
    """The possible reactions, from the mildest to the gravest."""

    NONE = "none"
    INVESTIGATE = "investigate"
    QUARANTINE = "quarantine"
    RETRAIN = "retrain"
    RETIRE = "retire"
    """A rule that needs no model takes the place of the version."""
    ROLL_BACK = "roll back"


class Symptom(StrEnum):
    """A symptom: what the findings of one window add up to."""

    BROKEN = "broken rows"
    LOSES = "champion loses"
    WORTHLESS = "dearer than no model"
    MISCALIBRATED = "miscalibrated"
    DEGRADED = "degraded"
    DECAYED = "decayed"
    STALE = "too old"
    CHANGED = "changed"
    OVERDUE = "labels overdue"
    UNKNOWN = "unknown"


class Obstacle(StrEnum):
    """Why an action is held back."""

    FEW_WINDOWS = "too few windows"
    COOL_DOWN = "cool-down"
    NO_WAY_BACK = "no version before"
    ROLLED_BACK = "restored by a rollback"
    NOT_DECLARED = "not declared"


class Failure(StrEnum):
    """How an action failed that was to be carried out; the next run tries it again."""

    UNAVAILABLE = "unavailable"
    """A store, a lock or a server was unavailable."""
    CONFLICT = "conflict"
    """Production is no longer what was judged, or could not be changed."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What one symptom asks for.

    Parameters
    ----------
    action : Action
    persists : bool
        Whether it must be found in `reactions.persistent` windows; otherwise one is enough.
    needs_labels : bool
        Whether only windows with mature labels can show it.
    """

    action: Action
    persists: bool = False
    needs_labels: bool = False


REMEDIES: Mapping[Symptom, Remedy] = MappingProxyType(
    {
        Symptom.BROKEN: Remedy(Action.QUARANTINE),
        Symptom.LOSES: Remedy(Action.ROLL_BACK, persists=True, needs_labels=True),
        Symptom.WORTHLESS: Remedy(Action.RETRAIN, persists=True, needs_labels=True),
        Symptom.MISCALIBRATED: Remedy(Action.RETRAIN, persists=True, needs_labels=True),
        Symptom.DEGRADED: Remedy(Action.RETRAIN, persists=True, needs_labels=True),
        Symptom.DECAYED: Remedy(Action.RETRAIN, needs_labels=True),
        Symptom.STALE: Remedy(Action.RETRAIN),
        Symptom.CHANGED: Remedy(Action.INVESTIGATE),
        Symptom.OVERDUE: Remedy(Action.INVESTIGATE),
        Symptom.UNKNOWN: Remedy(Action.INVESTIGATE),
    }
)
"""The policy as a table."""
