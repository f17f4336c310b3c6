"""Exhibits: tables of figures behind a verdict, one mapping a row, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .findings import Figure, finite
from .html_tables import html_table

_SHOWN = 50
"""Rows of a table that a notebook shows; `as_json` and `markdown` have all of them."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One table of evidence.

    Parameters
    ----------
    name : str
        Short, as it names a file: ``drop-column``.
    title : str
        What the table is, in a few words.
    rows : tuple of mappings
        Column names to figures; a key that a row lacks is an empty cell.
    note : str
        How to read it, in a sentence.

    Examples
    --------
    >>> print(Exhibit("odds", "Odds ratios", ({"column": "age", "odds_ratio": 1.25},)).markdown())
    ### Odds ratios
    <BLANKLINE>
    | column | odds_ratio |
    |---|---|
    | age | 1.25 |
    <BLANKLINE>
    """

    name: str
    title: str
    rows: tuple[Mapping[str, Figure], ...]
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def as_json(self) -> dict[str, object]:
        """Return plain values; a figure that is not finite becomes None, as JSON has no NaN."""
        rows = [{name: finite(value) for name, value in row.items()} for row in self.rows]
        return {"name": self.name, "title": self.title, "note": self.note, "rows": rows}

    def __repr__(self) -> str:
        """Return name, size and title; `markdown` has the rows."""
        return f"<Exhibit {self.name}: {self.title}, {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        """Return the table for a notebook, its first 50 rows."""
        rows = [[_text(row.get(name)) for name in self.columns] for row in self.rows[:_SHOWN]]
        more = len(self.rows) - len(rows)
        note = f"{self.note} ({more} more rows)".strip() if more else self.note
        return html_table(self.title, self.columns, rows, note)

    def markdown(self) -> str:
        """Return the table as Markdown under its title."""
        head = f"| {' | '.join(self.columns)} |\n|{'---|' * len(self.columns)}"
        lines = [f"| {' | '.join(_cell(row.get(name)) for name in self.columns)} |" for row in self.rows]
        parts = [f"### {self.title}", self.note, "\n".join([head, *lines]) if lines else "(no rows)"]
        return "\n\n".join(part for part in parts if part) + "\n"


def _text(value: Figure) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cell(value: Figure) -> str:
    return _text(value).replace("|", "\\|").replace("\n", " ")
