"""Tables as HTML for notebooks; every text is escaped, as a level of a column may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> str:
    """Return a title, a table (none where there are no rows) and a note.

    Examples
    --------
    >>> html_table("a < b", ["level"], [["<i>"]])
    '<p><b>a &lt; b</b></p><table><tr><th>level</th></tr><tr><td>&lt;i&gt;</td></tr></table>'
    """
    body = "".join(_row("td", row) for row in rows)
    table = f"<table>{_row('th', head)}{body}</table>" if body else ""
    return f"<p><b>{escape(title)}</b></p>{table}" + (f"<p>{escape(note)}</p>" if note else "")


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
