"""The ledger of one model: what was put into production, by whom, why, and how to go back.

Entries are numbered from one. Each is kept as one line of JSON and carries the sha256 of the line before it,
so a line that was changed, dropped or slipped in breaks the chain at a place that can be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .entries import (
    BEGINNING,
    MOVING,
    RELEASING,
    Act,
    Anchor,
    Anchoring,
    Entry,
    Kind,
    Release,
    digest_of,
    finite_figures,
)

_CHAIN_DIGITS = 16


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
    gone : tuple of Release
        Versions that were in production and are not in the registry any more, so that none of them is a way
        back.
    lines : mapping of int to str
        sha256 of each line, by its number.
    anchoring : Anchoring
        The end of the chain, as the registry records it.
    """

    entries: tuple[Entry, ...] = ()
    breaks: tuple[str, ...] = ()
    last: int = 0
    head: str = BEGINNING
    gone: tuple[Release, ...] = ()
    lines: Mapping[int, str] = field(default_factory=dict)
    anchoring: Anchoring = Anchoring.UNKNOWN

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
                if entry.kind is Kind.CHAIN:
                    breaks.clear()
                    head = entry.before
                entries.append(entry)
                if entry.number != number:
                    breaks.append(f"entry {number} has the number of entry {entry.number}")
                elif entry.before != head and number == expected:
                    breaks.append(f"entry {number} does not follow from the one before it")
            head, expected = digest_of(line), number + 1
        digests = {number: digest_of(line) for number, line in lines.items()}
        return cls(tuple(entries), tuple(breaks), expected - 1, head, lines=digests)

    @property
    def beginning(self) -> int:
        """Number of the entry that the chain begins with."""
        starts = [entry.number for entry in self.entries if entry.kind is Kind.CHAIN]
        return starts[-1] if starts else 1

    @property
    def chain(self) -> str:
        """The identity of this chain: the digest of its first line; empty before there is one."""
        return self.lines.get(self.beginning, "")[:_CHAIN_DIGITS]

    @property
    def anchor(self) -> Anchor:
        """What the registry should say about its end."""
        return Anchor(self.chain, self.last, self.head)

    def held_against(self, newest: Anchor | None, others: Iterable[Anchor] = ()) -> Ledger:
        """Compare the end of the chain with its anchors in the registry.

        Parameters
        ----------
        newest : Anchor or None
            Of the registered model: the last entry.
        others : iterable of Anchor
            Of versions: the entries that put them into production.
        """
        if not self.entries:
            return self
        own = [one for one in others if one.chain == self.chain]
        if newest is None or newest.chain != self.chain:
            breaks = ["the anchor of its end is gone from the registered model"] if own else []
            state = Anchoring.ELSEWHERE if newest is not None else Anchoring.ABSENT
        else:
            own, breaks = [newest, *own], []
            state = Anchoring.BEHIND if newest.number < self.last else Anchoring.WHOLE
        breaks += sorted({broken for one in own if (broken := self._broken_at(one))})
        last = max([self.last, *(one.number for one in own)])
        return replace(self, breaks=(*self.breaks, *breaks), last=last, anchoring=state)

    def _broken_at(self, anchor: Anchor) -> str:
        if anchor.number not in self.lines:
            return f"entry {anchor.number} is cut off"
        if self.lines[anchor.number] != anchor.digest:
            return f"entry {anchor.number} is not the one that was anchored in the registry"
        return ""

    @property
    def open(self) -> Entry | None:
        """The intent whose end was never written, if there is one."""
        here = [entry for entry in self.entries if entry.number >= self.beginning]
        ended = {entry.move for entry in here if entry.kind in (Kind.DONE, Kind.ABANDONED)}
        waiting = [entry for entry in here if entry.kind is Kind.INTENT and entry.move not in ended]
        return waiting[-1] if waiting else None

    @property
    def in_production(self) -> Release | None:
        """The release in production by the ledger."""
        tenures = self.tenures()
        return tenures[-1].release if tenures and tenures[-1].until is None else None

    @property
    def champion(self) -> int | None:
        """The number of the version in production by the ledger."""
        there = self.in_production
        return there.version if there else None

    @property
    def is_rolled_back(self) -> bool:
        """Whether a rollback has put the champion there."""
        tenures = self.tenures()
        return bool(tenures) and tenures[-1].act == "rollback"

    def next(self, entry: Entry) -> Entry:
        """Return the entry as the one that follows the last."""
        return replace(entry, number=self.last + 1, before=self.head, time=datetime.now(UTC))

    def tenures(self) -> tuple[Tenure, ...]:
        """Replay the entries: who was in production from when to when, oldest first."""
        tenures: list[Tenure] = []
        for entry in self.entries:
            if entry.reason.act == "repair" and tenures and tenures[-1].release.is_same(entry.release):
                continue  # the alias was put back; the tenure goes on
            if entry.kind in MOVING:
                if tenures and tenures[-1].until is None:
                    tenures[-1] = replace(tenures[-1], until=entry.time)
                if entry.release is not None:
                    tenures.append(Tenure(entry.release, entry.time, None, entry))
        return tuple(tenures)

    def proven(self) -> tuple[Tenure, ...]:
        """Return the tenures that the chain proves: those since it began."""
        return tuple(one for one in self.tenures() if one.entry.number >= self.beginning)

    def followed_by(self, entry: Entry) -> Ledger:
        """Return what it would be with one more entry, before that is written."""
        return replace(self, entries=(*self.entries, replace(entry, number=self.last + 1)))

    def is_sound(self, release: Release) -> bool:
        """Return whether its gates promoted a version, it was not rolled back from since, and is there."""
        if any(release.is_same(one) for one in self.gone):
            return False
        sound, before = False, None
        for tenure in self.proven():
            if tenure.act == "rollback" and before is not None and release.is_same(before.release):
                sound = False
            if tenure.act in RELEASING and release.is_same(tenure.release):
                sound = True
            if self._was_taken_away(tenure):
                sound = sound and not release.is_same(tenure.release)
            before = tenure
        return sound

    def _was_taken_away(self, tenure: Tenure) -> bool:
        """Return whether a tenure ended because the version's files were no good any more."""
        later = [entry for entry in self.entries if entry.number > tenure.entry.number]
        ended = next((entry for entry in later if entry.kind in MOVING and entry.time == tenure.until), None)
        return ended is not None and ended.version is None and ended.reason.act == "repair"

    def rollback_target(self) -> Tenure | None:
        """Return the tenure that a rollback goes back to, or None when there is no earlier one.

        A promotion builds on what was there before it, a rollback tears down to the version it names. Of what
        stands below the champion, the newest counts that its gates have promoted and that was not itself
        rolled back from: never what was forced in or put there by hand.
        """
        standing: list[Tenure] = []
        for tenure in self.proven():
            if tenure.act == "rollback":
                below = [place for place, one in enumerate(standing) if one.release.is_same(tenure.release)]
                standing = standing[: below[-1] if below else -1]
            standing.append(tenure)
        now = standing[-1].release if standing else None
        sound = [one for one in standing[:-1] if self.is_sound(one.release) and not one.release.is_same(now)]
        return sound[-1] if sound else None


@dataclass(frozen=True, slots=True)
class Tenure:
    """One version's time in production; `until` is None for the one that is there now."""

    release: Release
    since: datetime
    until: datetime | None
    entry: Entry

    @property
    def version(self) -> int:
        """Its number."""
        return self.release.version

    @property
    def act(self) -> Act:
        """By what it came into production."""
        return self.entry.reason.act

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        reason = self.entry.reason
        return {
            "version": self.version,
            "run_id": self.release.run_id or None,
            "digest": self.release.digest or None,
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "act": reason.act,
            "actor": reason.actor,
            "reason": reason.because,
            "verdict": reason.verdict or None,
            "figures": finite_figures(reason.figures),
            "entry": self.entry.number,
        }


def rollback_command(ledger: Ledger) -> str:
    """Return the command of a rollback; empty when there is no rollback target."""
    back = ledger.rollback_target()
    return "" if back is None else f"logitgate rollback PROJECT --to {back.version} --reason TEXT"
