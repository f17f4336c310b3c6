"""One entry of the ledger: its fields, its text form, and the anchor of the chain in the registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from ...findings import Figure, finite

BEGINNING = "0" * 64
"""What the first entry carries in place of the digest of the one before."""

Act: TypeAlias = Literal[
    "promotion", "approval", "rollback", "forced", "rehearsal", "discovery", "adoption", "repair", "new chain"
]
"""What an entry is about; "approval" is a promotion that a person has approved, "forced" a version that
a person put there past its verdict, "adoption" one that was there and that a person answers for, "repair" an
alias that is put back where the ledger has it."""

RELEASING: tuple[Act, ...] = ("promotion", "approval")
"""Acts that put a version into production which its gates passed."""

FORMAT = 2
"""Of the entries that are written now. Those of format 1 do not say which run made their version."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version as what it is: a number alone proves nothing, since a registry can begin to count again.

    Parameters
    ----------
    version : int
    digest : str
        Of its files.
    run_id : str
        Of the run that made it; empty where an old entry does not say so.
    """

    version: int
    digest: str
    run_id: str = ""

    def is_same(self, other: Release | None) -> bool:
        """Return whether both are the same files, made by the same run, under the same number."""
        if other is None or (self.version, self.digest) != (other.version, other.digest):
            return False
        return self.run_id == other.run_id or not (self.run_id and other.run_id)


class Kind(StrEnum):
    """The kind of an entry.

    INTENT: the alias is about to move. DONE: it moved. ABANDONED: it did not, and will not by this intent.
    FOUND: it stands where no entry has put it. REHEARSED: everything but the move was done. CHAIN: the chain
    starts again here, after damage; earlier entries prove nothing.
    """

    INTENT = "intent"
    DONE = "done"
    ABANDONED = "abandoned"
    FOUND = "found"
    REHEARSED = "rehearsed"
    CHAIN = "chain"


MOVING = (Kind.DONE, Kind.FOUND, Kind.CHAIN)
"""Kinds of entries that say what is in production from then on."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why production changes, and who changes it.

    Parameters
    ----------
    act : str
    actor : str
    because : str
        In a sentence.
    verdict : str
        Status of the verdict behind it; empty when there is none.
    figures : mapping of str to number
        Cost figures of the version, in the unit of its costs.
    """

    act: Act
    actor: str
    because: str
    verdict: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    Parameters
    ----------
    number : int
        From one on.
    kind : Kind
    move : str
        Identifies the promotion or rollback that the entry belongs to.
    version, previous : int or None
        What goes into production and what was there; None before the first release.
    digest : str
        Of the version's files.
    reason : Reason
    lock : str
        Under which lock it was written.
    time : datetime
        By the clock of the writer.
    before : str
        sha256 of the line before.
    run_id : str
        Of the run that made the version.
    format : int
        1 for lines from before there were formats.
    registry : str
        Address of the registry, without password, that the aliases were moved in.
    writer : str
        The process that wrote it, as a heartbeat.
    may_arrive_until : datetime, optional
        Of an abandoned intent: until when its request may still be under way.
    """

    number: int
    kind: Kind
    move: str
    version: int | None
    previous: int | None
    digest: str
    reason: Reason
    lock: str
    time: datetime
    before: str = BEGINNING

    run_id: str = ""
    format: int = 1
    registry: str = ""
    writer: str = ""
    may_arrive_until: datetime | None = None

    @property
    def release(self) -> Release | None:
        """What goes into production; None for an entry that records that nothing is there."""
        return None if self.version is None else Release(self.version, self.digest, self.run_id)

    def line(self) -> str:
        """Return the entry as it is kept."""
        reason = {**asdict(self.reason), "figures": finite_figures(self.reason.figures)}
        until = self.may_arrive_until.isoformat() if self.may_arrive_until else None
        times = {"time": self.time.isoformat(), "may_arrive_until": until}
        plain = {**asdict(self), "reason": reason, **times}
        return json.dumps(plain, sort_keys=True, allow_nan=False)

    @classmethod
    def read(cls, line: str) -> Entry:
        """Rebuild from a line.

        Raises
        ------
        ValueError
            When the line is no entry.
        """
        try:
            plain: dict[str, Any] = json.loads(line)
            plain.pop("way_back", None)  # format 1 recorded it whatever the gates had decided
            plain["kind"] = Kind(plain["kind"])
            plain["time"] = datetime.fromisoformat(plain["time"])
            until = plain.get("may_arrive_until")
            plain["may_arrive_until"] = datetime.fromisoformat(until) if until else None
            plain["reason"] = Reason(**plain["reason"])
            return cls(**plain)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no entry of a ledger: {error}") from error


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the registry notes about an entry, where cutting or editing the ledger's end does not reach.

    Parameters
    ----------
    chain : str
        Which chain.
    number : int
        Of the entry.
    digest : str
        sha256 of its line.
    """

    chain: str
    number: int
    digest: str

    def text(self) -> str:
        """Return it as it is kept."""
        return json.dumps([self.chain, self.number, self.digest])

    @classmethod
    def read(cls, text: str) -> Anchor | None:
        """Rebuild; None for what is no anchor."""
        try:
            chain, number, digest = json.loads(text)
            return cls(str(chain), int(number), str(digest))
        except (TypeError, ValueError):
            return None


class Anchoring(StrEnum):
    """The end of a chain, as the registry records it.

    UNKNOWN: it was not asked. WHOLE: the last entry is anchored. BEHIND: an earlier one is, as after a kill.
    ABSENT: none is. ELSEWHERE: the anchor is of another chain.
    """

    UNKNOWN = "unknown"
    WHOLE = "whole"
    BEHIND = "behind"
    ABSENT = "absent"
    ELSEWHERE = "elsewhere"


def digest_of(line: str) -> str:
    """Return the sha256 of a line."""
    return hashlib.sha256(line.encode()).hexdigest()


def finite_figures(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """Return figures with None for what is no number."""
    return {name: finite(value) for name, value in figures.items()}
