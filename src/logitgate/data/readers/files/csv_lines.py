"""Where the rows of a CSV file stand: lines, cells and quotes, from the bytes alone.

This is RFC 4180 as arithmetic over the positions of quotes, commas and line ends. It is asked only
about files that hold quotes and about files that were refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError

_LF, _CR = b"\n\r"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells of a CSV file are parted.

    Parameters
    ----------
    separator, quote : str
        One ASCII character each; `quote` is empty where cells are never quoted.
    skipped : int
        Lines above the header.
    unnamed : str or None
        What the one column without a name is called.
    """

    separator: str = ","
    quote: str = '"'
    skipped: int = 0
    unnamed: str | None = None

    def has_quotes(self, raw: bytes) -> bool:
        """Return whether cells may be quoted here."""
        return bool(self.quote) and self.quote.encode() in raw

    def quotes(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return where a quote stands."""
        return codes == ord(self.quote) if self.quote else np.zeros(len(codes), dtype=bool)


RFC_4180 = Dialect()


def line_at(raw: bytes, offset: int) -> int:
    """Return the line, from 1, that the byte at `offset` stands in."""
    return 1 + raw.count(b"\n", 0, offset) + raw.count(b"\r", 0, offset) - raw.count(b"\r\n", 0, offset)


def row_end(raw: bytes, dialect: Dialect = RFC_4180, *, last: bool) -> int:
    """Return the offset just after the first or the last line end that no quotes enclose; 0 without any.

    A carriage return at the very end may be half of a line end, so it is none yet.
    """
    codes = np.frombuffer(raw, dtype=np.uint8)
    ends = (codes == _LF) | (codes == _CR)
    if dialect.has_quotes(raw):
        ends &= np.bitwise_xor.accumulate(dialect.quotes(codes)) == 0
    if raw.endswith(b"\r"):
        ends[-1] = False
    found = np.flatnonzero(ends)
    if not len(found):
        return 0
    at = int(found[-1 if last else 0])
    return at + (2 if raw[at : at + 2] == b"\r\n" else 1)


def refuse_loose_quotes(name: str, raw: bytes, above: int = 0, dialect: Dialect = RFC_4180) -> None:
    """Refuse a quote that neither starts nor ends a cell, and a quoted cell that never ends.

    Parsers accept both, and then swallow the rows up to the next quote. `above` lines stand before these.

    Raises
    ------
    DataError
        Naming the line of the first such cell.
    """
    if not dialect.has_quotes(raw):
        return
    codes = np.frombuffer(raw, dtype=np.uint8)
    at = np.flatnonzero(dialect.quotes(codes))
    limits = (ord(dialect.separator), _LF, _CR, ord(dialect.quote))
    opening, closing = at[0::2], at[1::2]
    before = codes[opening - 1]
    starts = (opening == 0) | _among(before, *limits)
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    ends = _among(after, *limits)
    if starts.all() and ends.all() and len(opening) == len(closing):
        return
    inside = opening[~starts][:1]
    unended = np.append(opening[: len(ends)][~ends], opening[len(ends) :])[:1]
    first = int(np.concatenate([inside, unended]).min())
    loose, open_ = "has a quote that does not start or end a cell", "opens a quote that does not end its cell"
    rule = loose if first in inside else open_
    remedy = "export the file again, with cells that hold a quote in quotes and their quotes doubled"
    raise DataError(f"{name} line {above + line_at(raw, first)}", rule, remedy)


def field_counts(raw: bytes, dialect: Dialect = RFC_4180) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the line that each row starts in, and how many cells it has; the header is row 0.

    Empty lines are no rows.

    Parameters
    ----------
    raw : bytes
        A file without loose quotes that ends with a line end.
    """
    codes = np.frombuffer(raw, dtype=np.uint8)
    outside = np.bitwise_xor.accumulate(dialect.quotes(codes)) == 0
    crlf = np.append((codes[:-1] == _CR) & (codes[1:] == _LF), False)
    all_ends = np.flatnonzero((codes == _LF) | ((codes == _CR) & ~crlf))
    ends = all_ends[outside[all_ends]]
    starts = np.concatenate([[0], ends[:-1] + 1])
    filled = ends - crlf[ends - 1] > starts
    separators = np.flatnonzero((codes == ord(dialect.separator)) & outside)
    lines = 1 + np.searchsorted(all_ends, starts)
    counts = 1 + np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
    return lines[filled], counts[filled]


def _among(codes: NDArray[np.uint8], *wanted: int) -> NDArray[np.bool_]:
    return np.isin(codes, wanted)
