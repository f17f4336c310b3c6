"""Reading CSV block by block, as strictly as whole: what does not fit is refused by its line in the file."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Collection, Iterator
from io import BufferedIOBase
from pathlib import Path

from ....errors import DataError
from ..source import Source
from .csv import codec_of, cut, header_end, headless, is_packed, parsed, skipped, undecodable
from .csv_lines import RFC_4180, Dialect, line_at, refuse_loose_quotes, row_end

_BLOCK = 1 << 22
_LONGEST_ROW = 1 << 26


def csv_blocks(
    path: Path, encoding: str, levels: Collection[str], dialect: Dialect = RFC_4180
) -> Iterator[Source]:
    """Read a CSV file in blocks of whole rows, about 4 MB each; the cells are read as by `read_csv`.

    Raises
    ------
    DataError
        Naming the file, the line and the rule that it breaks, when the reading has come there.
    ProjectError
        When Python knows no such encoding.
    OSError
        When the file cannot be read.
    """
    header, above = b"", dialect.skipped
    for rows in _whole_rows(path.name, _as_utf8(path, encoding), dialect):
        yield parsed(path.name, header + rows, levels, above, dialect)
        if not header:
            header = rows[: header_end(rows, dialect)]
            above -= _lines(header)
        above += _lines(rows)


def _lines(raw: bytes) -> int:
    return line_at(raw, len(raw)) - 1


def _whole_rows(name: str, blocks: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Cut the blocks again, so that each ends with a row; empty lines before the header stay with it."""
    rest, above, begun = b"", dialect.skipped, False
    for block in _below(name, blocks, dialect):
        rest += block
        end = row_end(rest, dialect, last=True)
        if end and (begun or rest[:end].strip()):
            yield rest[:end]
            above += _lines(rest[:end])
            rest, begun = rest[end:], True
        elif len(rest) > _LONGEST_ROW:
            refuse_loose_quotes(name, rest + b"\n", above, dialect)
            remedy = "export it again, one line a row"
            raise DataError(f"{name} line {above + 1}", "is longer than 64 MB", remedy)
    if rest.strip() or (begun and rest):
        yield rest if rest.endswith((b"\n", b"\r")) else rest + b"\n"
    elif not begun:
        raise headless(name)


def _below(name: str, blocks: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Leave out the lines above the header, which stand in the first block."""
    first = next(blocks, b"")
    yield first[skipped(name, first, dialect) :]
    yield from blocks


def _as_utf8(path: Path, encoding: str) -> Iterator[bytes]:
    lines, read = 1, 0
    with path.open("rb") as plain:
        start = plain.read(4)
        plain.seek(0)
        packed = is_packed(path, start)
        with gzip.open(plain) if packed else plain as file:
            decoder = None
            while True:
                raw = _next(path.name, file)
                if decoder is None:
                    codec_of(path.name, raw, encoding)
                    decoder = codecs.getincrementaldecoder(encoding)()
                try:
                    text = decoder.decode(raw, final=not raw)
                except UnicodeDecodeError as error:
                    before = error.object[: error.start].decode(encoding, errors="ignore").encode()
                    held = len(error.object) - len(raw)
                    line = lines + _lines(before)
                    raise undecodable(path.name, line, read - held + error.start, encoding) from None
                utf8 = text.encode()
                utf8 = utf8.removeprefix(codecs.BOM_UTF8) if not read else utf8
                lines, read = lines + _lines(utf8), read + len(raw)
                yield utf8
                if not raw:
                    return


def _next(name: str, file: BufferedIOBase) -> bytes:
    try:
        return file.read(_BLOCK)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise cut(name) from None
