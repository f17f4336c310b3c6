"""How numbers, moments and missing cells are written in text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ..project.syntax import moments

MISSING = {
    "NA",
    "N/A",
    "n/a",
    "na",
    "NaN",
    "nan",
    "NULL",
    "null",
    "Null",
    "None",
    "none",
    "?",
    "#N/A",
    "#NA",
    "(null)",
    "<NA>",
    "NaT",
}
"""Texts that mean "missing" wherever they stand."""
ALSO_MISSING = {
    "-",
    "--",
    ".",
    "..",
    "unknown",
    "Unknown",
    "UNKNOWN",
    "missing",
    "k.A.",
    "keine Angabe",
    "n.a.",
    "\\N",
    "*",
    "nil",
    "#VALUE!",
    "#DIV/0!",
}
"""Texts that mean it among numbers or moments."""
_WRITINGS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
_DAYS = (
    *(
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%m-%d-%Y",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y%m%d",
        "%d.%m.%y",
    ),
    *(
        "%d/%m/%y",
        "%m/%d/%y",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%b %d, %Y",
        "%d %B %Y",
        "%B %d, %Y",
        "%d%b%Y",
    ),
)
_CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    "T%H:%M:%S",
    "T%H:%M",
    " %I:%M %p",
    " %I:%M:%S %p",
    ":%H:%M:%S",
    " %H.%M",
)
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)?)?$"
_FEW = 20
_EPOCHS = {
    "epoch seconds": (946_684_800, 2_200_000_000),
    "epoch milliseconds": (946_684_800_000, 2_200_000_000_000),
}
_TIMELY = re.compile(r"(date|time|datum|zeit|stamp|day|_at|_on|_ts|^ts|epoch|fecha|jour)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NumberWriting:
    """Which characters stand in numbers."""

    decimal: str = "."
    thousands: str = ""

    def matches(self, texts: pa.Array) -> pa.Array:
        """Return which texts are numbers that are written so."""
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        whole = f"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)" if mark else "[0-9]+"
        number = f"^[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?$"
        return pc.match_substring_regex(texts, number)


def writing_of(columns: Iterable[pa.Array], separator: str) -> NumberWriting:
    """Return the way in which most columns are numbers; a point wherever it does as well as a comma.

    Parameters
    ----------
    columns : iterable of large_string arrays
        Distinct texts of each column, without blanks around them and without missing ones.
    separator : str
        A file parted by semicolons is from where a comma is decimal.
    """
    order = _WRITINGS if separator in (";", "\t") else tuple(sorted(_WRITINGS, key=lambda one: one[0] == ","))
    texts = [column for column in columns if len(column)]
    counts = {
        writing: sum(_is_mostly(NumberWriting(*writing).matches(column)) for column in texts)
        for writing in order
        if separator not in writing
    }
    return NumberWriting(*max(counts, key=lambda writing: counts[writing]))


def _is_mostly(found: pa.Array) -> bool:
    return bool(pc.mean(found.cast(pa.float64())).as_py() >= 0.9)


@dataclass(frozen=True, slots=True)
class MomentWriting:
    """A format that reads every text of a column, and another one that does as well where there is one."""

    form: str | None
    other: str | None = None


def moment_writing(texts: Sequence[str]) -> MomentWriting | None:
    """Return how dates or times are written; a form of None is ISO 8601, which needs none.

    Examples
    --------
    >>> moment_writing(["2021-03-01", "2021-03-02T10:00:00"]), moment_writing(["31.12.2021", "01.02.2022"])
    (MomentWriting(form=None, other=None), MomentWriting(form='%d.%m.%Y', other=None))
    >>> moment_writing(["01/02/2021", "03/04/2021"])
    MomentWriting(form='%d/%m/%Y', other='%m/%d/%Y')
    >>> moment_writing(["red", "blue"]) is None
    True
    """
    if len(texts) and all(re.match(_ISO, text) and _is_iso(text) for text in texts):
        return MomentWriting(None)
    if not texts or not any(sign.isdigit() for sign in texts[0]):
        return None
    few = [day + clock for day in _DAYS for clock in _CLOCKS if _reads(texts[:_FEW], day + clock)]
    found = [form for form in few if _reads(texts, form)]
    return MomentWriting(found[0], found[1] if len(found) > 1 else None) if found else None


def counted_moment(name: str, low: float, high: float, *, whole: bool) -> str | None:
    """Return how a number counts time, by its name and its range: a day in digits, or a count since 1970.

    Examples
    --------
    >>> [counted_moment(name, 1.6e9, 1.7e9, whole=True) for name in ("created_at", "price")]
    ['epoch seconds', None]
    """
    if not whole or not _TIMELY.search(name):
        return None
    if low >= 19000101 and high <= 21001231:
        return "%Y%m%d"
    return next((form for form, (least, most) in _EPOCHS.items() if least <= low and high <= most), None)


def _reads(texts: Collection[str], form: str) -> bool:
    return all(moments.read(text, form) is not None for text in texts)


def _is_iso(text: str) -> bool:
    try:
        return datetime.fromisoformat(text) is not None
    except ValueError:
        return False
