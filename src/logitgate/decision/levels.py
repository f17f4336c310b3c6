"""One canonical text for each level, whatever type and file it came in, and the levels a model has learned.

A whole number is its digits (`1`, never `1.0`), another one has no zeros at its end, a truth value is `true`
or `false`, a moment is in UTC (`2013-05-01`, or `2013-05-01T17:00:00`), a text has no blanks around it. Typed
cells become these texts when they are read. A text that says the same otherwise (`True`, `1.00`, a moment of
another zone) is brought to the level that was learned, where all learned levels are of that kind; case is
never folded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_SPELLED = ((one, one.title(), one.upper()) for one in ("true", "false"))
_TRUTH = {spelled: spelled.lower() for each in _SPELLED for spelled in each}
_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?[0-9]*)?"
    r"(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?"
)
_EXACT = 2**53
_ONES = {"true": "1", "false": "0"}


def number_text(text: str) -> str | None:
    """Return the canonical text of a number that is written out, or None for what is none.

    Zeros in front make a code of it, not a number.

    Examples
    --------
    >>> number_text("1.00"), number_text("+2.50"), number_text("-0"), number_text("007")
    ('1', '2.5', '0', None)
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    fraction = (fraction or "").rstrip("0")
    digits = f"{whole}.{fraction}" if fraction else whole
    return f"-{digits}" if sign == "-" and digits != "0" else digits


def truth_text(text: str) -> str | None:
    """Return `true` or `false` for a truth value that is written out, 1 and 0 among them, else None."""
    number = number_text(text)
    return _TRUTH.get(text) or {"1": "true", "0": "false"}.get(number or "")


def moment_text(text: str) -> str | None:
    """Return the canonical text of a date or moment in ISO 8601, or None; without a zone it is in UTC.

    Examples
    --------
    >>> moment_text("2013-05-01 00:00:00"), moment_text("2013-05-01T19:00:00.000+02:00")
    ('2013-05-01', '2013-05-01T17:00:00')
    """
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        return None
    return moment.isoformat().removesuffix("T00:00:00")


def text_of(cell: object) -> str | None:
    """Return the canonical text of a typed cell; None where it has none: a binary fraction, bytes, a list.

    Examples
    --------
    >>> text_of(True), text_of(3.0), text_of(Decimal("1.50")), text_of(" UA "), text_of(0.1)
    ('true', '3', '1.5', 'UA', None)
    """
    found: str | None = None
    match cell:
        case str():
            found = cell.strip(" ")
        case bool() | np.bool_():
            found = "true" if cell else "false"
        case int() | np.integer():
            found = str(int(cell))
        case float() | np.floating():
            number = float(cell)
            found = str(int(number)) if number.is_integer() and abs(number) < _EXACT else None
        case Decimal():
            found = number_text(format(cell, "f"))
        case datetime() | date():
            found = moment_text(cell.isoformat())
        case time():
            found = cell.isoformat()
    return found


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the levels that were learned are spelled, and what else means the same.

    Parameters
    ----------
    learned : frozenset of str
    canonical : callable
        From a text to the canonical text of the kind that all levels are of, or None.
    spelled : mapping of str to str
        From a canonical text to the one level that says it.
    """

    learned: frozenset[str]
    canonical: Callable[[str], str | None]
    spelled: Mapping[str, str]

    @classmethod
    def of(cls, learned: Iterable[str]) -> Spelling:
        """Find the kind of some levels; two that say the same differ by their spelling alone."""
        levels = frozenset(learned)
        canonical = next((to for is_kind, to in _KINDS if all(map(is_kind, levels))), _trimmed)
        keys: dict[str, list[str]] = {}
        for level in levels:
            keys.setdefault(canonical(level) or level, []).append(level)
        return cls(levels, canonical, {key: same[0] for key, same in keys.items() if len(same) == 1})

    @property
    def is_coded(self) -> bool:
        """Whether the levels are numbers, truth values or moments, which have types of their own."""
        return bool(self.learned) and self.canonical is not _trimmed

    def key(self, text: str) -> str:
        """Return the canonical text of a level; where it is of no such kind, without the blanks around it."""
        return self.canonical(text.strip(" ")) or text.strip(" ")

    def bring(self, text: str) -> str:
        """Return the learned level that says the same, or the text itself."""
        if text in self.learned:
            return text
        return self.spelled.get(self.key(text), text)


def brought(column: pd.Series[Any], spelling: Spelling) -> pd.Series[Any]:
    """Return a column of texts, each as the level that was learned where it says the same; shape (n,)."""
    import pandas as pd

    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    found = column.cat.categories if is_category else column.dropna().unique()
    others = [level for level in found if isinstance(level, str) and level not in spelling.learned]
    changed = {level: spelling.bring(level) for level in others if spelling.bring(level) != level}
    if not changed:
        return column
    if not is_category:
        return column.map(lambda cell: changed.get(cell, cell) if isinstance(cell, str) else cell)
    names = np.array([*(changed.get(level, level) for level in found), np.nan], dtype=object)
    return pd.Series(names[column.cat.codes.to_numpy()], index=column.index, name=column.name, dtype=object)


def learned_levels(pipeline: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - without importing sklearn
    """Return the levels that each categorical feature had in the training rows, the rare ones as well."""
    steps = getattr(pipeline, "steps", [("none", None)])
    for name, encoder, columns in getattr(steps[0][1], "transformers_", ()):
        if name == "levels":
            pairs = zip(columns, encoder.categories_, strict=True)
            return {
                str(column): tuple(str(level) for level in levels if isinstance(level, str))
                for column, levels in pairs
            }
    return {}


def _zero_or_one(text: str) -> str | None:
    return number_text(text) or _ONES.get(_TRUTH.get(text, ""))


def _trimmed(text: str) -> str | None:
    return text.strip(" ")


_KINDS: tuple[tuple[Callable[[str], object], Callable[[str], str | None]], ...] = (
    (_TRUTH.get, truth_text),
    (lambda text: number_text(text) in ("0", "1"), _zero_or_one),
    (number_text, number_text),
    (moment_text, moment_text),
)
"""What all levels must be, and what each text is brought by then."""
