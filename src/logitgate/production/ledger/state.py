"""What has become of the champion: whether the registry still has in production what the ledger put there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .entries import Anchoring, Release
from .ledger import Ledger, rollback_command


@dataclass(frozen=True, slots=True)
class Production:
    """The state of the registry now.

    Parameters
    ----------
    champion, previous : Release or None
        Versions that carry the aliases.
    versions : mapping of int to Release
        Each version that still exists.
    address : str
        Of the registry, without password.
    damage : mapping of Release to str
        What is wrong with the files of champion and previous version, where they were looked at.
    """

    champion: Release | None = None
    previous: Release | None = None
    versions: Mapping[int, Release] = field(default_factory=dict)
    address: str = ""
    damage: Mapping[Release, str] = field(default_factory=dict)

    def holds(self, release: Release) -> bool:
        """Return whether this very version is still in the registry."""
        return release.is_same(self.versions.get(release.version))


class State(StrEnum):
    """What has become of the champion."""

    NONE = "none"
    """Nothing is in production, as the ledger has it."""
    SOUND = "sound"
    UNFINISHED = "unfinished"
    """The alias names the version of an intent whose end is not written yet."""
    ALIAS_GONE = "alias gone"
    VERSION_GONE = "version gone"
    FILES_DAMAGED = "files damaged"
    MOVED = "moved"
    """Another one is there than the ledger has put there: by hand, or by a request that came late."""
    UNKNOWN_TO_US = "unknown to the ledger"
    """Somebody else has put it there; the ledger has never put anything there, or took it away."""
    OTHER_REGISTRY = "other registry"
    """This is not the registry that the ledger was written with."""


GONE = (State.ALIAS_GONE, State.VERSION_GONE, State.OTHER_REGISTRY)
"""The champion that the ledger put there is missing."""

REPAIR, ADOPT = "logitgate doctor PROJECT --repair", "logitgate adopt PROJECT --reason TEXT"


def state_of(ledger: Ledger, now: Production) -> State:
    """Return the state of the champion."""
    recorded, there, begun = ledger.in_production, now.champion, ledger.open
    if recorded is not None and recorded.is_same(there):
        return State.FILES_DAMAGED if recorded in now.damage else State.SOUND
    if begun is not None and there is not None and there.is_same(begun.release):
        return State.UNFINISHED
    if recorded is None:
        return State.NONE if there is None else State.UNKNOWN_TO_US
    if _is_elsewhere(ledger, now):
        return State.OTHER_REGISTRY
    if not now.holds(recorded):
        return State.VERSION_GONE if there is None else State.MOVED
    return State.ALIAS_GONE if there is None else State.MOVED


def registry_of(ledger: Ledger) -> str:
    """Return the address of the registry that the ledger was last written with; empty where it is unknown."""
    return next((entry.registry for entry in reversed(ledger.entries) if entry.registry), "")


def because(ledger: Ledger, now: Production) -> str:
    """Say what has become of the champion, as of a subject that was named before."""
    release, begun = ledger.in_production, ledger.open
    recorded, there = named(release), named(now.champion)
    put = f"{recorded}, the champion by the ledger,"
    damage = now.damage.get(release) if release else None
    gone = "" if release is None or now.holds(release) else ", which was deleted"
    sentences = {
        State.UNFINISHED: f"is {there}, as the unfinished entry {begun.number if begun else 0} intends",
        State.ALIAS_GONE: f"is none: the alias of {put} was taken away",
        State.VERSION_GONE: f"is none: {recorded} was deleted, the ledger's champion, and its alias with it",
        State.FILES_DAMAGED: f"is {recorded}, as in the ledger, but {damage}",
        State.MOVED: f"is {there}, but {recorded} by the ledger{gone}: moved by hand, or by a late request",
        State.UNKNOWN_TO_US: f"is {there}, which no promotion of logitgate has put there",
        State.OTHER_REGISTRY: f"is {there}: this is the registry at {now.address}, and the ledger, which put "
        f"{recorded} into production, was written with the one at {registry_of(ledger)}",
    }
    return sentences.get(state_of(ledger, now), f"is {there}, as in the ledger")


def remedy(ledger: Ledger, now: Production) -> str:
    """Return what to do about it, to be typed as it stands; empty when there is nothing to do."""
    release, back = ledger.in_production, rollback_command(ledger)
    is_there = release is not None and now.holds(release)
    another = f"roll back by `{back}`, or let `{REPAIR}` do so"
    nothing = (
        f"let `{REPAIR}` write that nothing is in production; the next version that passes is a first one"
    )
    sentences = {
        State.UNFINISHED: f"let the next promotion or `{REPAIR}` end it",
        State.ALIAS_GONE: f"put it back by `{REPAIR}`",
        State.VERSION_GONE: another if back else nothing,
        State.FILES_DAMAGED: another if back else nothing,
        State.MOVED: f"put it back by `{REPAIR}`, or say that it is yours by `{ADOPT}`"
        if is_there
        else f"say that it is yours by `{ADOPT}`",
        State.UNKNOWN_TO_US: f"say that it is yours by `{ADOPT}`",
        State.OTHER_REGISTRY: "set MLFLOW_REGISTRY_URI as it was, or unset it",
    }
    return sentences.get(state_of(ledger, now), "")


def named(release: Release | None) -> str:
    """Return a version as people say it."""
    return "none" if release is None else f"version {release.version}"


def _is_elsewhere(ledger: Ledger, now: Production) -> bool:
    """Return whether this registry knows nothing of the chain, and lies at another address."""
    unknown = ledger.anchoring in (Anchoring.ABSENT, Anchoring.ELSEWHERE)
    return unknown and registry_of(ledger) not in ("", now.address)
