"""The first screen: what the decision is worth a year, and what changed since the version before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding
from ..gates.verdict.gain import gain
from .facts import Facts


@dataclass(frozen=True, slots=True)
class Saving:
    """What some rows cost less than with the opponent, with its 95 % interval; negative for a loss."""

    opponent: str
    value: float
    low: float
    high: float

    def of(self, rows: float) -> Saving:
        """Return the saving of so many rows."""
        return Saving(self.opponent, self.value * rows, self.low * rows, self.high * rows)

    @property
    def is_proven(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs from the version before."""

    what: str
    before: str
    after: str


def saving(findings: tuple[Finding, ...]) -> Saving | None:
    """Return what a row saves, as the sentence of the verdict has it; None where nothing was compared."""
    found = gain(findings)
    if found is None:
        return None
    value, low, high = found.difference
    return Saving(found.opponent, -value, -high, -low)


def changes(before: Facts, after: Facts) -> tuple[Change, ...]:
    """Return what differs between two trainings of one model."""
    return tuple(_changes(before, after))


def _changes(before: Facts, after: Facts) -> Iterator[Change]:
    for what, one, other in zip(_NAMES, _plain(before), _plain(after), strict=True):
        if one != other:
            yield Change(what, one, other)


_NAMES = ("rows of the table", "rows learned from", "features", "costs", "form", "C", "threshold")


def _plain(facts: Facts) -> tuple[str, ...]:
    choice = facts.choice
    return (
        f"{facts.rows:,}",
        "none" if facts.learned_rows is None else f"{facts.learned_rows:,}",
        ", ".join(facts.features),
        ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.costs.items()),
        choice.form if choice else "none",
        f"{choice.C:g}" if choice else "none",
        _threshold(choice.threshold, choice.rule) if choice else "none",
    )


def _threshold(value: float | None, rule: str) -> str:
    return rule if value is None else f"{value:.4g}"
