"""Reading CSV strictly: every row has the header's cells, or the file is refused by line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from ....errors import DataError, ProjectError
from ..headers import other_separator, shown
from ..source import Source, unique_names
from .csv_lines import RFC_4180, Dialect, field_counts, line_at, refuse_loose_quotes, row_end

_GZIP = b"\x1f\x8b"
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BLOCK = 1 << 22


def read_csv(path: Path, encoding: str, levels: Collection[str], dialect: Dialect = RFC_4180) -> Source:
    """Read all cells of a CSV file as text; those of the columns `levels` as dictionaries of text.

    An empty cell is missing, every other one is what stands there. The whole file is in memory once.

    Raises
    ------
    DataError
        Naming the file, the line and the rule that it breaks.
    ProjectError
        When Python knows no such encoding.
    OSError
        When the file cannot be read.
    """
    raw = _as_utf8(path.name, _unpacked(path), encoding)
    raw = raw[skipped(path.name, raw, dialect) :]
    return parsed(path.name, raw, levels, dialect.skipped, dialect)


def skipped(name: str, raw: bytes, dialect: Dialect) -> int:
    """Return how many bytes stand above the header.

    Raises
    ------
    DataError
        When there are fewer lines.
    """
    at = 0
    for _ in range(dialect.skipped):
        ends = [end for end in (raw.find(b"\n", at), raw.find(b"\r", at)) if end >= 0]
        if not ends:
            rule = f"has no line {dialect.skipped + 1}, where rows.header_row says that the columns are named"
            raise DataError(name, rule, "correct rows.header_row")
        at = min(ends) + (2 if raw[min(ends) : min(ends) + 2] == b"\r\n" else 1)
    return at


def parsed(
    name: str, raw: bytes, levels: Collection[str], above: int = 0, dialect: Dialect = RFC_4180
) -> Source:
    """Read a header and rows from UTF-8 that ends with a line end.

    Parameters
    ----------
    name : str
        Of the file.
    raw : bytes
    levels : collection of str
        Columns to read as dictionaries.
    above : int
        Lines that stand above this header, or between it and these rows, in the file.
    dialect : Dialect

    Raises
    ------
    DataError
        As `read_csv`.
    """
    _refuse_nul(name, raw, above)
    refuse_loose_quotes(name, raw, above, dialect)
    columns = _header(name, raw, dialect)
    unique_names(f"{name} line {dialect.skipped + 1}", columns)
    cells = _parsed(name, raw, _Columns(columns, levels), above, dialect)
    return Source(name, cells, lambda row: f"{name} line {above + field_counts(raw, dialect)[0][row + 1]}")


def _unpacked(path: Path) -> bytes:
    raw = path.read_bytes()
    packed = is_packed(path, raw)
    try:
        return gzip.decompress(raw) if packed else raw
    except (EOFError, OSError, zlib.error):
        raise cut(path.name) from None


def is_packed(path: Path, start: bytes) -> bool:
    """Return whether a file is gzip, by its name and by its first bytes, which must agree.

    Raises
    ------
    DataError
        When they do not, or there are no bytes.
    """
    if not start:
        raise DataError(path.name, "has no bytes", "export it again: a table has a header at least")
    packed = path.suffix.lower() == ".gz"
    if packed != start.startswith(_GZIP):
        rule = "is not gzip, as its name says" if packed else "is gzip, which its name does not say"
        raise DataError(path.name, rule, "name compressed files .csv.gz and others .csv")
    return packed


def cut(name: str) -> DataError:
    """Return the refusal of a gzip stream that does not end as it should."""
    return DataError(name, "its gzip stream is cut or damaged", "copy or export it again")


def _as_utf8(name: str, raw: bytes, encoding: str) -> bytes:
    codec = codec_of(name, raw, encoding)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(encoding, errors="ignore").encode()
        raise undecodable(name, line_at(before, len(before)), error.start, encoding) from None
    utf8 = raw if codec == "utf-8" else text.encode()
    utf8 = utf8.removeprefix(codecs.BOM_UTF8)
    if not utf8 or utf8.isspace():
        raise headless(name)
    # Without its last line end a header alone is no table to the parser.
    return utf8 if utf8.endswith((b"\n", b"\r")) else utf8 + b"\n"


def codec_of(name: str, start: bytes, encoding: str) -> str:
    """Return the encoding by Python's own name, and refuse one that the file's byte order mark contradicts.

    Raises
    ------
    ProjectError
        When Python knows no such encoding.
    DataError
        When the file starts with the mark of another one.
    """
    try:
        codec = codecs.lookup(encoding).name
        "a".encode(encoding)  # base64 and its like are codecs, but none of text
    except (LookupError, ValueError):
        remedy = "write for example 'utf-8' or 'latin-1'"
        raise ProjectError("rows.encoding", f"{encoding!r} is no encoding of text", remedy) from None
    mark = next((mark for mark in _BOMS if start.startswith(mark)), None)
    if mark and not codec.startswith(("utf-16", "utf-32")):
        rule = f"starts with the byte order mark of {_BOMS[mark]}, but is read as {encoding}"
        raise DataError(f"{name} line 1", rule, f"declare rows.encoding = '{_BOMS[mark]}'")
    return codec


def undecodable(name: str, line: int, byte: int, encoding: str) -> DataError:
    """Return the refusal of a byte that the encoding does not have."""
    rule = f"byte {byte} of the file is not {encoding}"
    remedy = "declare the file's rows.encoding, for example 'latin-1', or export it as UTF-8"
    return DataError(f"{name} line {line}", rule, remedy)


def headless(name: str) -> DataError:
    """Return the refusal of a file without a header."""
    return DataError(name, "has no header", "export it again: a table has a header at least")


def _refuse_nul(name: str, raw: bytes, above: int) -> None:
    at = raw.find(b"\0")
    if at >= 0:
        remedy = "export it again; if the file is UTF-16, declare rows.encoding = 'utf-16-le' or 'utf-16-be'"
        raise DataError(f"{name} line {above + line_at(raw, at)}", "holds a NUL byte", remedy)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names of the columns, and which of them are read as dictionaries."""

    names: list[str]
    levels: Collection[str]

    @property
    def types(self) -> dict[str, pa.DataType]:
        text, dictionary = pa.string(), pa.dictionary(pa.int32(), pa.string())
        return {name: dictionary if name in self.levels else text for name in self.names}


def _header(name: str, raw: bytes, dialect: Dialect) -> list[str]:
    try:
        text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
        reader = csv.reader(
            text,
            delimiter=dialect.separator,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        )
        found = next(row for row in reader if row)
    except (csv.Error, StopIteration):
        line = f"{name} line {dialect.skipped + 1}"
        raise DataError(line, "is no header", "start the file with the columns' names") from None
    if dialect.unnamed is not None and sum(not column.strip() for column in found) == 1:
        return [column if column.strip() else dialect.unnamed for column in found]
    return found


def _parsed(name: str, raw: bytes, columns: _Columns, above: int, dialect: Dialect) -> pa.Table:
    convert = pa_csv.ConvertOptions(column_types=columns.types, null_values=[""], strings_can_be_null=True)
    parse = pa_csv.ParseOptions(
        delimiter=dialect.separator,
        quote_char=dialect.quote or False,
        newlines_in_values=dialect.has_quotes(raw),
    )
    body = raw[header_end(raw, dialect) :]
    # Where every row is sound and the parser still refuses, one is longer than a block.
    for block in (_BLOCK, len(raw) + 1):
        # The parser's own message quotes the row, so it goes no further.
        with suppress(pa.ArrowInvalid):
            read = pa_csv.ReadOptions(block_size=block, column_names=columns.names)
            if not body.strip(b"\r\n"):
                return pa.table({name: pa.array([], type=kind) for name, kind in columns.types.items()})
            return pa_csv.read_csv(pa.BufferReader(body), read, parse, convert)
        _refuse_other_counts(name, raw, above, dialect)
    remedy = f"export it again, with '{dialect.separator}' between the cells"
    raise DataError(name, "is no CSV that can be read", remedy)


def header_end(raw: bytes, dialect: Dialect) -> int:
    """Return the offset just after the header and the empty lines above it."""
    blank = len(raw) - len(raw.lstrip(b"\r\n"))
    return blank + row_end(raw[blank:], dialect, last=False)


def _refuse_other_counts(name: str, raw: bytes, above: int, dialect: Dialect) -> None:
    lines, counts = field_counts(raw, dialect)
    wrong = np.flatnonzero(counts != counts[0])
    if len(wrong):
        rule = f"has {counts[wrong[0]]} cells, the header {counts[0]} ({len(wrong)} such rows in all)"
        remedy = "export the file again, with quotes around cells that hold a separator or a line end"
        mark = other_separator(_header(name, raw, dialect))
        if mark is not None:
            remedy = f'set rows.separator = "{shown(mark)}", which parts the header into more columns'
        raise DataError(f"{name} line {above + lines[wrong[0]]}", rule, remedy)
