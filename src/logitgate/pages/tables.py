"""Tables of a page: columns of figures to text, the limits of a figure beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..findings import Figure
from .shell import number


class Tabular(Protocol):
    """What a page can show as a table: an `Exhibit`, or a table that was read again from a run."""

    @property
    def name(self) -> str:
        """Short name."""

    @property
    def title(self) -> str:
        """What the table is."""

    @property
    def note(self) -> str:
        """How to read it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, in order."""

    @property
    def rows(self) -> Sequence[Mapping[str, Figure]]:
        """Column names to figures."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, and what it is sorted by."""

    text: str
    value: Figure = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as a page shows it: limits stand beside their figure."""

    name: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def shown(table: Tabular) -> Shown:
    """Put the limits of each figure beside it."""
    columns = table.columns
    limits = {f"{name}{end}" for name in columns for end in ("_low", "_high")}
    kept = tuple(name for name in columns if name not in limits)
    rows = tuple(tuple(_cell(row, name) for name in kept) for row in table.rows)
    head = tuple(name.replace("_", " ") for name in kept)
    return Shown(table.name, table.title, table.note, head, rows)


def _cell(row: Mapping[str, Figure], name: str) -> Cell:
    value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
    limits = f" [{number(low)}, {number(high)}]" if low is not None and high is not None else ""
    return Cell(number(value) + limits, value)
