"""Where each key of a TOML file stands, so that a mistake can be named by its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_BARE = r"[A-Za-z0-9_-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'"
_PART = re.compile(rf"\s*({_BARE}|{_QUOTED})\s*")
_HEADER = re.compile(r"\s*(\[\[?)(.+?)\]\]?\s*(#.*)?$")
_TOKEN = re.compile(rf"\"\"\"|'''|{_QUOTED}|#.*|[\[\]{{}}]")


@dataclass(frozen=True, slots=True)
class KeyLines:
    """The line, from 1, of each dotted key, and the lines that its value covers.

    Parameters
    ----------
    first : mapping of str to int
    last : mapping of str to int
    lines : tuple of str
    """

    first: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def of(self, key: str) -> int | None:
        """Return the line of a key, or of the nearest section above it that the file has."""
        while key:
            if key in self.first:
                return self.first[key]
            key = key.rpartition(".")[0]
        return None

    def of_value(self, key: str, value: str) -> int | None:
        """Return the line on which a text stands within the value of a key, or the line of the key."""
        start = self.first.get(key)
        if start is None:
            return self.of(key)
        for number in range(start, self.last[key] + 1):
            if f'"{value}"' in self.lines[number - 1] or f"'{value}'" in self.lines[number - 1]:
                return number
        return start


def key_lines(text: str) -> KeyLines:
    """Find the keys of a TOML file; what it cannot read it leaves out.

    Examples
    --------
    >>> lines = ('name = "a"', "[gates]", "", "alpha = 0.1", "calibration.slope = [", "0.5, 2]")
    >>> found = key_lines(chr(10).join(lines))
    >>> found.of("gates.alpha"), found.of("gates.calibration.slope"), found.of("gates.refresh")
    (4, 5, 2)
    """
    lines = tuple(text.splitlines())
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    section = ""
    for start, end in _statements(lines):
        header = _HEADER.match(lines[start])
        if header is not None and "=" not in header[2]:
            section = ".".join(_parts(header[2]))
            first.setdefault(section, start + 1)
            last[section] = start + 1
            continue
        name, mark, _ = lines[start].partition("=")
        parts = _parts(name) if mark else []
        if parts:
            key = ".".join([section, *parts] if section else parts)
            first.setdefault(key, start + 1)
            last[key] = end + 1
    return KeyLines(first, last, lines)


def _statements(lines: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line, from 0, of each header and of each key with its value."""
    start, depth, quote = 0, 0, ""
    for number, line in enumerate(lines):
        if not depth and not quote:
            start = number
            if not line.strip() or line.lstrip().startswith("#"):
                continue
        depth, quote = _after(line, depth, quote)
        if not depth and not quote:
            yield start, number


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many brackets are open after a line, and which quotes of several lines."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
            continue
        found = _TOKEN.search(line, at)
        if found is None:
            break
        at = found.end()
        sign = found[0]
        if sign in ('"""', "'''"):
            quote = sign
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth = max(depth - 1, 0)
    return depth, quote


def _parts(name: str) -> list[str]:
    found, at = [], 0
    while at < len(name):
        part = _PART.match(name, at)
        if part is None:
            return []
        text = part[1]
        found.append(text[1:-1] if text[0] in "\"'" else text)
        at = part.end()
        if at < len(name):
            if name[at] != ".":
                return []
            at += 1
    return found
