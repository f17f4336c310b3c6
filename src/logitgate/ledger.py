"""The ledger of one model: what was put into production, by whom, why, and how to go back.

Entries are numbered from one. Each is kept as one line of JSON and carries the sha256 of the line before it,
so a line that was changed, dropped or slipped in breaks the chain at a place that can be named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from .findings import Figure, finite

BEGINNING = "0" * 64
"""What the first entry carries in place of the digest of the one before."""

Act: TypeAlias = Literal["promotion", "rollback", "forced", "rehearsal", "discovery"]
"""What an entry is about; "forced" is a version that somebody put there past its verdict."""


class Kind(StrEnum):
    """What an entry says.

    INTENT: the alias is about to move. DONE: it moved. ABANDONED: it did not, and will not by this intent.
    FOUND: it stands where no entry has put it. REHEARSED: everything but the move was done.
    """

    INTENT = "intent"
    DONE = "done"
    ABANDONED = "abandoned"
    FOUND = "found"
    REHEARSED = "rehearsed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why production is to change, and who says so.

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

    @property
    def way_back(self) -> str:
        """The command that undoes it."""
        if self.previous is None:
            return "none: it was the first release"
        return f"logitgate rollback PROJECT --to {self.previous} --reason TEXT"

    def line(self) -> str:
        """Return the entry as it is kept."""
        reason = {**asdict(self.reason), "figures": _finite(self.reason.figures)}
        plain = {**asdict(self), "reason": reason, "time": self.time.isoformat(), "way_back": self.way_back}
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
            del plain["way_back"]
            plain["kind"] = Kind(plain["kind"])
            plain["time"] = datetime.fromisoformat(plain["time"])
            plain["reason"] = Reason(**plain["reason"])
            return cls(**plain)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no entry of a ledger: {error}") from error


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of one model that can be read, in order, and where the chain is broken.

    Parameters
    ----------
    entries : tuple of Entry
    breaks : tuple of str
        What is wrong with the chain; empty when it is whole.
    last : int
        Highest number that is taken.
    head : str
        sha256 of the last line.
    """

    entries: tuple[Entry, ...] = ()
    breaks: tuple[str, ...] = ()
    last: int = 0
    head: str = BEGINNING

    @classmethod
    def of(cls, lines: Mapping[int, str]) -> Ledger:
        """Read numbered lines and walk the chain."""
        entries: list[Entry] = []
        breaks: list[str] = []
        head, expected = BEGINNING, 1
        for number, line in sorted(lines.items()):
            if number != expected:
                breaks.append(f"entry {expected} is missing")
            try:
                entry = Entry.read(line)
            except ValueError:
                breaks.append(f"entry {number} cannot be read")
            else:
                entries.append(entry)
                if entry.number != number:
                    breaks.append(f"entry {number} says that it is entry {entry.number}")
                elif entry.before != head and number == expected:
                    breaks.append(f"entry {number} does not follow from the one before it")
            head, expected = digest_of(line), number + 1
        return cls(tuple(entries), tuple(breaks), expected - 1, head)

    @property
    def open(self) -> Entry | None:
        """The intent whose end was never written, if there is one."""
        ended = {entry.move for entry in self.entries if entry.kind in (Kind.DONE, Kind.ABANDONED)}
        waiting = [entry for entry in self.entries if entry.kind is Kind.INTENT and entry.move not in ended]
        return waiting[-1] if waiting else None

    @property
    def champion(self) -> int | None:
        """The version that the ledger says is in production."""
        tenures = self.tenures()
        return tenures[-1].version if tenures and tenures[-1].until is None else None

    def next(self, entry: Entry) -> Entry:
        """Return the entry as the one that follows the last."""
        return replace(entry, number=self.last + 1, before=self.head, time=datetime.now(UTC))

    def tenures(self) -> tuple[Tenure, ...]:
        """Replay the entries: who was in production from when to when, oldest first."""
        tenures: list[Tenure] = []
        for entry in self.entries:
            if entry.kind in (Kind.DONE, Kind.FOUND):
                if tenures and tenures[-1].until is None:
                    tenures[-1] = replace(tenures[-1], until=entry.time)
                if entry.version is not None:
                    tenures.append(Tenure(entry.version, entry.time, None, entry))
        return tuple(tenures)

    def way_back(self) -> Tenure | None:
        """Return the tenure that a rollback goes back to, or None when there is no earlier one.

        A promotion builds on what was there before it, a rollback tears down to the version it names; so what
        was rolled back from is never gone back to, and neither is what somebody put there by hand.
        """
        standing: list[Tenure] = []
        for tenure in self.tenures():
            if tenure.act == "rollback":
                below = [place for place, one in enumerate(standing) if one.version == tenure.version]
                standing = standing[: below[-1] if below else -1]
            standing.append(tenure)
        sound = [tenure for tenure in standing[:-1] if tenure.act != "discovery"]
        now = standing[-1].version if standing else None
        return next((tenure for tenure in reversed(sound) if tenure.version != now), None)


@dataclass(frozen=True, slots=True)
class Tenure:
    """One version's time in production; `until` is None for the one that is there now."""

    version: int
    since: datetime
    until: datetime | None
    entry: Entry

    @property
    def act(self) -> Act:
        """By what it came into production."""
        return self.entry.reason.act

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        reason = self.entry.reason
        return {
            "version": self.version,
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "act": reason.act,
            "actor": reason.actor,
            "reason": reason.because,
            "verdict": reason.verdict or None,
            "figures": _finite(reason.figures),
            "way_back": self.entry.way_back,
            "entry": self.entry.number,
        }


def digest_of(line: str) -> str:
    """Return the sha256 of a line."""
    return hashlib.sha256(line.encode()).hexdigest()


def _finite(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: finite(value) for name, value in figures.items()}
