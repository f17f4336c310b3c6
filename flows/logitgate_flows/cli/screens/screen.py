"""One screen of text: the verdict first, then what did not pass, as far as it fits."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.groups import FindingGroup, groups, passed

LINES = 24
"""Of a terminal that has not been enlarged."""
_MOST_WIDE = 100
_MOST_LINES = 2
_LABEL = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `status` colours its first word, `strong` makes it bold."""

    text: str = ""
    status: Status | None = None
    strong: bool = False


def titled(text: str, width: int) -> list[Line]:
    """Return a sentence in bold, wrapped."""
    return [Line(part, strong=True) for part in _wrapped(text, width)]


def labelled(label: str, text: str, width: int) -> list[Line]:
    """Return a label and its text beside it; nothing for an empty text."""
    parts = _wrapped(text, width - _LABEL) if text else []
    heads = [label, *[""] * len(parts)]
    return [Line(f"{head:<{_LABEL}}{part}") for head, part in zip(heads, parts, strict=False)]


def screen(head: Sequence[Line], verdict: Verdict, width: int) -> list[Line]:
    """Return the head, one group a check that did not pass, and how many passed, in 24 lines.

    Where the groups would not fit, each takes one line, and those beyond the last line are counted.

    Parameters
    ----------
    head : sequence of Line
        What is said before the findings.
    verdict : Verdict
    width : int
        Columns.
    """
    wide = min(width, _MOST_WIDE)
    found = groups(verdict)
    room = LINES - len(head) - 3  # an empty line, how many passed, the prompt
    body = _body(found, room, wide)
    between = [Line()] if body else []
    return [*head, *between, *body, Line(_passed(passed(verdict)))]


def _body(found: Sequence[FindingGroup], room: int, width: int) -> list[Line]:
    for most in (_MOST_LINES, 1):
        lines = [line for one in found for line in _group(one, width, most)]
        if len(lines) <= room:
            return lines
    kept = max(room - 1, 1)
    more = len(found) - kept
    return [*lines[:kept], Line(f"and {more} more checks (`--all`)")]


def _group(one: FindingGroup, width: int, most: int) -> list[Line]:
    first = one.findings[0]
    others = len(one.findings) - 1
    more = f" (and {others} more)" if others else ""
    text = f"{one.status} {one.check.code} {_said(first)}"
    parts = _cut(text, width, most, more)
    return [Line(part, one.status if not place else None) for place, part in enumerate(parts)]


def _said(one: Finding) -> str:
    """Return a finding, its subject once where the reason begins with it."""
    return one.because if one.because.startswith(one.subject) else f"{one.subject}: {one.because}"


def _passed(number: int) -> str:
    return f"{number} {'check' if number == 1 else 'checks'} passed (`--all` shows them)"


def _cut(text: str, width: int, most: int, ending: str) -> list[str]:
    """Wrap a text into so many lines; what is cut ends in an ellipsis, and the ending always stands."""
    whole = _wrapped(text + ending, width, "  ")
    if len(whole) <= most:
        return whole
    parts = _wrapped(text, width, "  ")[:most]
    last = parts[-1]
    keep = width - len(ending) - 4
    if len(last) > keep:
        last = last[:keep].rpartition(" ")[0]
    return [*parts[:-1], f"{last} ...{ending}"]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    plain = " ".join(text.split())
    return textwrap.wrap(plain, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
