"""The sentences about a reaction; nothing is decided by them."""

from __future__ import annotations

from ...project.operations.reactions import Reactions
from .policy import ActionReason, Reaction
from .remedies import Action, Obstacle, Symptom

NOTHING = "nothing was found"
_STATES = {
    Symptom.BROKEN: "the rows broke their contract, or served rows differ from the offline rows",
    Symptom.LOSES: "the champion is proven to cost more than the previous version on the same rows",
    Symptom.WORTHLESS: "this model is proven to cost more than no model",
    Symptom.MISCALIBRATED: "the model's probabilities are outside their margin",
    Symptom.DEGRADED: "decisions cost more than the model itself expects",
    Symptom.DECAYED: "the outcomes since the release are proven to differ from the model's probabilities",
    Symptom.STALE: "the model is too old",
    Symptom.CHANGED: "rows or estimates have changed; that alone proves nothing about the model",
    Symptom.OVERDUE: "labels are overdue: no outcome has come in, though all of them should be mature",
    Symptom.UNKNOWN: "something could not be judged, or the rows are too few",
}
TITLES = {
    Action.NONE: "Nothing to do",
    Action.INVESTIGATE: "Investigate",
    Action.QUARANTINE: "Quarantine the rows",
    Action.RETRAIN: "Retrain",
    Action.RETIRE: "Retire the model",
    Action.ROLL_BACK: "Roll back",
}
"""What an action is called where it stands first."""
_BEGAN = "that began with version {version}, so look at its release first"
_HELD = {Action.ROLL_BACK: "no rollback", Action.RETIRE: "not retired", Action.RETRAIN: "no retraining"}


def sentences(reaction: Reaction, version: int, rules: Reactions) -> tuple[str, ...]:
    """Return why an action is wanted, a sentence for each reason.

    Parameters
    ----------
    reaction : Reaction
    version : int
        The one that was monitored.
    rules : Reactions
        The rules that it was decided by.
    """
    return tuple(_sentence(one, version, rules) for one in reaction.reasons) or (NOTHING,)


def blind(until: str) -> str:
    """Return what a window without mature labels says nothing about, and until when."""
    return f"calibration, cost, decay and the previous version are not judged: labels are due by {until}"


def _sentence(reason: ActionReason, version: int, rules: Reactions) -> str:
    text = " and ".join(_STATES[symptom] for symptom in reason.symptoms)
    if reason.since_release:
        return f"{text}; {_BEGAN.format(version=version)}"
    if reason.obstacle is not None:
        return f"{text}; {_HELD[reason.action]}: {_obstacle(reason, rules)}"
    return text if reason.latest == 1 else f"{text}, {_counted(reason)}"


def _counted(reason: ActionReason) -> str:
    return f"in {reason.windows} of the latest {reason.latest} windows"


def _obstacle(reason: ActionReason, rules: Reactions) -> str:
    match reason.obstacle:
        case Obstacle.NO_WAY_BACK:
            return "no version was in production before"
        case Obstacle.ROLLED_BACK:
            return "the champion was itself restored by a rollback, and no release came between"
        case Obstacle.NOT_DECLARED:
            return (
                "a retraining did not replace it either, so the rule that needs no model should decide; "
                "reactions.retire = true puts it into production"
            )
        case Obstacle.FEW_WINDOWS:
            return f"only {_counted(reason)}, {rules.persistent} are needed"
        case _:
            return f"the cool-down of {rules.cool_down_days} days after window {reason.after} applies"
