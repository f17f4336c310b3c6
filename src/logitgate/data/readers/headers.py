"""What a table's header says about a column that is not there: another separator, case, spelling or mark."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_SEPARATORS = (";", "\t", "|", ",")
_MARKS = ("\ufeff", "\u00ef\u00bb\u00bf")
"""A byte order mark, as UTF-8 reads it and as Latin-1 does."""
_ALIKE = 0.8
"""Similarity of two names from which one is taken for a misspelling of the other."""


def other_separator(header: Sequence[str]) -> str | None:
    """Return the character that parts the only cell of a header, where another one was expected.

    Examples
    --------
    >>> other_separator(["age;income"]), other_separator(["age"]), other_separator(["a;b", "c"])
    (';', None, None)
    """
    if len(header) != 1:
        return None
    parted = {mark: header[0].count(mark) for mark in _SEPARATORS if mark in header[0]}
    return max(parted, key=lambda mark: parted[mark]) if parted else None


def shown(separator: str) -> str:
    """Return a separator as it is written in a project file."""
    return "\\t" if separator == "\t" else separator


def likely(name: str, found: Iterable[str]) -> str:
    """Return what to do about a column that is not in the table, as far as the header tells; or nothing.

    Parameters
    ----------
    name : str
        The column that is not there.
    found : iterable of str
        Those that are.

    Examples
    --------
    >>> likely("age", [" age"])
    "the table has ' age', with blanks; write it so, or take them out of the header"
    >>> likely("age", ["Age"]), likely("income", ["incme"])
    ("the table has 'Age', in other case; write it so", "the table has 'incme'; correct one of the two")
    >>> likely("age", ["weight"])
    ''
    """
    columns = list(found)
    for column in columns:
        bare = column
        for mark in _MARKS:
            bare = bare.removeprefix(mark)
        if bare != column and bare.strip() == name:
            return f"the header begins with a byte order mark before '{name}'; set rows.encoding = 'utf-8'"
        if column.strip() == name:
            return f"the table has '{column}', with blanks; write it so, or take them out of the header"
        if column.strip().casefold() == name.casefold():
            return f"the table has '{column}', in other case; write it so"
    near = difflib.get_close_matches(name, columns, n=1, cutoff=_ALIKE)
    return f"the table has '{near[0]}'; correct one of the two" if near else ""
