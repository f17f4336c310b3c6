"""How a CSV file is written: encoding, separator, quotes and the line of its header, from its bytes."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..data.readers.files.csv import cut, is_packed
from ..data.readers.files.csv_lines import Dialect, refuse_loose_quotes
from ..errors import DataError
from ..project.data import RowsConfig

_SEPARATORS = (",", ";", "\t", "|")
_LINES = 200
_UNNAMED = "row"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a CSV file is written, as `[rows]` of a project says it."""

    encoding: str = "utf-8"
    separator: str = ","
    quote: str = '"'
    header_row: int = 1
    unnamed: str | None = None

    def rows(self, path: Path) -> RowsConfig:
        """Return where and how the rows are."""
        return RowsConfig.model_validate(
            {
                "path": path,
                "encoding": self.encoding,
                "separator": self.separator,
                "quote": self.quote,
                "header_row": self.header_row,
                "unnamed": self.unnamed,
            }
        )


def shape_of(path: Path) -> Shape:
    """Look at a CSV file.

    Raises
    ------
    DataError
        When it has no bytes, or its gzip stream is damaged.
    OSError
        When it cannot be read.
    """
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if is_packed(path, raw) else raw
    except (EOFError, OSError, zlib.error):
        raise cut(path.name) from None
    encoding = encoding_of(raw)
    text = raw.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = list(islice(io.StringIO(text, newline=""), _LINES))
    separator = separator_of(lines)
    header, above = _header(lines, separator)
    unnamed = _UNNAMED if sum(not name.strip() for name in header) == 1 and _UNNAMED not in header else None
    return Shape(encoding, separator, _quote(text, separator, above), above + 1, unnamed)


def encoding_of(raw: bytes) -> str:
    """Return the encoding of a text: that of its mark, UTF-8 where it is that, else one of the West.

    Examples
    --------
    >>> encoding_of("Größe".encode()), encoding_of("5 €".encode("cp1252")), encoding_of("ä".encode("latin-1"))
    ('utf-8', 'cp1252', 'latin-1')
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        if encoding == "cp1252" and not any(0x80 <= byte <= 0x9F for byte in set(raw)):
            break
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def separator_of(lines: list[str]) -> str:
    """Return the character that parts most lines into the same number of cells, more than one.

    Examples
    --------
    >>> separator_of(["a;b;c", "1,5;2;3", "2,5;3;4"]), separator_of(["only", "one"])
    (';', ',')
    """
    scored = {mark: _score(lines, mark) for mark in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda mark: scored[mark])
    return best if scored[best][1] > 1 else ","


def _score(lines: list[str], mark: str) -> tuple[float, int]:
    """Return the share of lines with the most frequent number of cells, and that number; 1 cell is none."""
    counts = _counts(lines, mark)
    if not counts:
        return 0.0, 0
    cells, times = max(counts.items(), key=lambda item: (item[1], item[0]))
    return (round(times / counts.total(), 1), cells) if cells > 1 else (0.0, cells)


def _counts(lines: list[str], mark: str) -> Counter[int]:
    try:
        return Counter(len(row) for row in csv.reader(lines[:-1] or lines, delimiter=mark) if row)
    except csv.Error:
        return Counter()


def _header(lines: list[str], mark: str) -> tuple[list[str], int]:
    """Return the first line that has as many cells as most lines, and how many lines stand above it."""
    counts = _counts(lines, mark)
    usual = max(counts, key=lambda cells: (counts[cells], cells)) if counts else 0
    first = next(iter(csv.reader(lines, delimiter=mark)), [])
    if len(first) == usual:  # a name may hold a line end
        return first, 0
    for number, line in enumerate(lines):
        row = next(iter(csv.reader([line], delimiter=mark)), [])
        if len(row) == usual and any(cell.strip() for cell in row):
            return row, number
    return [], 0


def _quote(text: str, separator: str, above: int) -> str:
    raw = text.encode()
    try:
        refuse_loose_quotes(
            "the file", raw if raw.endswith(b"\n") else raw + b"\n", above, Dialect(separator)
        )
    except DataError:
        return ""
    return '"'
