"""Where the rows of a CSV file stand: lines, cells and quotes, from the bytes alone.

This is RFC 4180 as arithmetic over the positions of quotes, commas and line ends. It is asked only
about files that hold quotes and about files that were refused.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

_QUOTE, _COMMA, _LF, _CR = b'",\n\r'


def line_at(raw: bytes, offset: int) -> int:
    """Return the line, from 1, that the byte at `offset` stands in."""
    return 1 + raw.count(b"\n", 0, offset) + raw.count(b"\r", 0, offset) - raw.count(b"\r\n", 0, offset)


def row_end(raw: bytes, *, last: bool) -> int:
    """Return the offset just after the first or the last line end that no quotes enclose; 0 without any.

    A carriage return at the very end may be half of a line end, so it is none yet.
    """
    codes = np.frombuffer(raw, dtype=np.uint8)
    ends = (codes == _LF) | (codes == _CR)
    if b'"' in raw:
        ends &= np.bitwise_xor.accumulate(codes == _QUOTE) == 0
    if raw.endswith(b"\r"):
        ends[-1] = False
    found = np.flatnonzero(ends)
    if not len(found):
        return 0
    at = int(found[-1 if last else 0])
    return at + (2 if raw[at : at + 2] == b"\r\n" else 1)


def refuse_loose_quotes(name: str, raw: bytes, above: int = 0) -> None:
    """Refuse a quote that neither starts nor ends a cell, and a quoted cell that never ends.

    Parsers accept both, and then swallow the rows up to the next quote. `above` lines stand before these.

    Raises
    ------
    DataError
        Naming the line of the first such cell.
    """
    if b'"' not in raw:
        return
    codes = np.frombuffer(raw, dtype=np.uint8)
    at = np.flatnonzero(codes == _QUOTE)
    opening, closing = at[0::2], at[1::2]
    before = codes[opening - 1]
    starts = (opening == 0) | _among(before, _COMMA, _LF, _CR, _QUOTE)
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    ends = _among(after, _COMMA, _LF, _CR, _QUOTE)
    if starts.all() and ends.all() and len(opening) == len(closing):
        return
    inside = opening[~starts][:1]
    unended = np.append(opening[: len(ends)][~ends], opening[len(ends) :])[:1]
    first = int(np.concatenate([inside, unended]).min())
    loose, open_ = "has a quote that does not start or end a cell", "opens a quote that does not end its cell"
    rule = loose if first in inside else open_
    remedy = "export the file again, with cells that hold a quote in quotes and their quotes doubled"
    raise DataError(f"{name} line {above + line_at(raw, first)}", rule, remedy)


def field_counts(raw: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the line that each row starts in, and how many cells it has; the header is row 0.

    Empty lines are no rows.

    Parameters
    ----------
    raw : bytes
        A file without loose quotes that ends with a line end.
    """
    codes = np.frombuffer(raw, dtype=np.uint8)
    outside = np.bitwise_xor.accumulate(codes == _QUOTE) == 0
    crlf = np.append((codes[:-1] == _CR) & (codes[1:] == _LF), False)
    all_ends = np.flatnonzero((codes == _LF) | ((codes == _CR) & ~crlf))
    ends = all_ends[outside[all_ends]]
    starts = np.concatenate([[0], ends[:-1] + 1])
    filled = ends - crlf[ends - 1] > starts
    commas = np.flatnonzero((codes == _COMMA) & outside)
    lines = 1 + np.searchsorted(all_ends, starts)
    counts = 1 + np.searchsorted(commas, ends) - np.searchsorted(commas, starts)
    return lines[filled], counts[filled]


def _among(codes: NDArray[np.uint8], *wanted: int) -> NDArray[np.bool_]:
    return np.isin(codes, wanted)
