"""TOML with comments: values, keys and lists of one item a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 118


def value(plain: str | float | list[str]) -> str:
    """Write a value.

    Examples
    --------
    >>> value("a"), value(5.0), value(True), value(["x"])
    ('"a"', '5', 'true', '["x"]')
    """
    if isinstance(plain, list):
        return "[" + ", ".join(value(one) for one in plain) + "]"
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """Write a key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else value(name)


def line(name: str, plain: str | float | list[str], because: str = "") -> str:
    """Write a key, its value and the evidence for it; above it where the line would be too long."""
    written, because = f"{key(name)} = {value(plain)}", _printable(because)
    if not because:
        return written
    if len(written) + len(because) + 4 <= _WIDTH:
        return f"{written}  # {because}"
    return f"{comment(because)}\n{written}"


def comment(text: str) -> str:
    """Write a text as comment lines."""
    lines, current = [], ""
    for word in _printable(text).split():
        if current and len(current) + len(word) + 3 > _WIDTH:
            lines.append(current)
            current = ""
        current = f"{current} {word}".strip()
    return "\n".join(f"# {one}" for one in (*lines, current))


def listed(name: str, items: Iterable[tuple[str, str]]) -> str:
    """Write a list of texts, one a line, each with its evidence."""
    rows = [f"    {value(text)},  # {_printable(because)}" for text, because in items]
    return "\n".join([f"{key(name)} = [", *rows, "]"]) if rows else f"{key(name)} = []"


def _printable(text: str) -> str:
    """Return a text in one line, without what no comment may hold."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))


def section(name: str, *lines: str) -> str:
    """Write a section; nothing where it has no lines."""
    kept = [one for one in lines if one]
    return "\n".join([f"[{name}]", *kept]) + "\n" if kept else ""
