"""Reading Parquet files, with their page checksums."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ....errors import DataError
from ..source import Scan, Source, numbered, unique_names

_BUFFER = 1 << 20
_SLACK = timedelta(days=1)
"""By which more is read: a date has a whole day, and units are rounded."""
_THRIFT_I32, _CHECKSUM = 5, 4
# Nanoseconds, the usual unit, end in the year 2262, and int96 goes on from 1677.
_STRICT: Mapping[str, Any] = {"page_checksum_verification": True, "coerce_int96_timestamp_unit": "us"}


def read_parquet(path: Path, levels: Collection[str]) -> Source:
    """Read all columns of a Parquet file; those of the columns `levels` that hold text as dictionaries.

    A flipped bit is found where the file was written with page checksums, and elsewhere only where
    it breaks the encoding.

    Raises
    ------
    DataError
        When the file is empty, cut or damaged, or two columns have one name.
    OSError
        When the file cannot be read.
    """
    with _sound(path):
        cells = _read(path, levels)
    unique_names(path.name, cells.column_names)
    return numbered(path.name, cells)


def parquet_blocks(
    path: Path, levels: Collection[str], rows: int, scan: Scan | None = None
) -> Iterator[Source]:
    """Read a Parquet file at most so many rows at a time; the cells are read as by `read_parquet`.

    Parameters
    ----------
    path : Path
    levels : collection of str
    rows : int
    scan : Scan, optional
        Other columns are not read, and no row group whose statistics say that it has no such row.

    Raises
    ------
    DataError, OSError
        As `read_parquet`, when the reading has come there.
    """
    with _sound(path):
        texts = _texts(path, levels)
        # Buffered, so that not even one row group is in memory whole.
        with pq.ParquetFile(path, read_dictionary=texts, buffer_size=_BUFFER, **_STRICT) as file:
            unique_names(path.name, file.schema_arrow.names)
            columns = None if scan is None else scan.columns
            asked = [name for name in file.schema_arrow.names if columns is None or name in columns]
            empty = file.schema_arrow.remove_metadata().empty_table().select(asked)
            only, any_read = None if columns is None else asked, False
            # One by one: over several the library holds on to what it has decoded, 120 bytes a row and more.
            for group, before, promised in _row_groups(path, file.metadata, scan):
                found = 0
                for batch in file.iter_batches(rows, row_groups=[group], columns=only):
                    cells = pa.Table.from_batches([batch]).replace_schema_metadata().select(asked)
                    cells.validate(full=True)
                    yield numbered(path.name, cells, before + found)
                    found += cells.num_rows
                _refuse_other_count(path, found, promised)
                any_read = any_read or found > 0
            if not any_read:
                yield numbered(path.name, empty)


def _row_groups(path: Path, metadata: pq.FileMetaData, scan: Scan | None) -> Iterator[tuple[int, int, int]]:
    """Yield row groups to read, how many rows stand before them, and how many they hold."""
    rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    _refuse_other_count(path, sum(rows), metadata.num_rows)
    starts = [0, *accumulate(rows)]
    for group in range(metadata.num_row_groups) if scan is None else _of_window(path, metadata, scan):
        yield group, starts[group], rows[group]


def _of_window(path: Path, metadata: pq.FileMetaData, scan: Scan) -> list[int]:
    """Return the row groups that may hold rows of the window, by the statistics in the footer."""
    every = list(range(metadata.num_row_groups))
    if scan.start is None and scan.end is None:
        return every
    schema = metadata.schema.to_arrow_schema()
    if scan.time not in schema.names or not pa.types.is_timestamp(schema.field(scan.time).type):
        return every
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    column, kind = ds.field(scan.time), schema.field(scan.time).type
    condition = ds.scalar(True)  # noqa: FBT003 - Arrow's own signature
    if scan.start is not None:
        condition &= column >= _moment(scan.start - _SLACK, kind)
    if scan.end is not None:
        condition &= column < _moment(scan.end + _SLACK, kind)
    fragment = ds.ParquetFileFormat().make_fragment(str(path), filesystem=LocalFileSystem())
    return [group.id for group in fragment.subset(condition | column.is_null()).row_groups]


def _moment(moment: datetime, kind: pa.TimestampType) -> pa.Scalar:
    seconds = pa.scalar(int(moment.timestamp()), pa.int64())
    return seconds.cast(pa.timestamp("s", tz=kind.tz)).cast(kind)


def lacks_checksums(path: Path) -> bool:
    """Return whether a Parquet file's first page has no checksum, so that damage may read as other cells.

    Its header is a Thrift structure, whose fields 1 to 3 are numbers and whose field 4 is the checksum.
    """
    metadata = pq.read_metadata(path)
    if not (metadata.num_rows and metadata.num_columns):
        return False
    chunk = metadata.row_group(0).column(0)
    with path.open("rb") as file:
        file.seek(chunk.dictionary_page_offset or chunk.data_page_offset)
        header = file.read(64)
    number, at = 0, 0
    while at < len(header) and header[at] & 0x0F == _THRIFT_I32 and number < _CHECKSUM:
        number += header[at] >> 4
        at += 1
        while header[at] & 0x80:
            at += 1
        at += 1
    return number != _CHECKSUM


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    try:
        if not path.stat().st_size:
            raise DataError(path.name, "has no bytes", "export it again")
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        remedy = "copy or export the file again"
        raise DataError(path.name, "is no Parquet file, or was cut or damaged", remedy) from None


def _read(path: Path, levels: Collection[str]) -> pa.Table:
    texts = _texts(path, levels)
    with pq.ParquetFile(path, read_dictionary=texts, **_STRICT) as file:
        cells = file.read().replace_schema_metadata()
        _refuse_other_count(path, cells.num_rows, file.metadata.num_rows)
    # Damage that still decodes leaves offsets and text that later steps would trust.
    cells.validate(full=True)
    return cells


def _refuse_other_count(path: Path, found: int, promised: int) -> None:
    if found != promised:
        rule = f"holds {found} rows, and its footer promises {promised}"
        raise DataError(path.name, rule, "copy or export the file again")


def _texts(path: Path, levels: Collection[str]) -> list[str]:
    schema = pq.read_schema(path)
    return [field.name for field in schema if field.name in levels and _is_text(field.type)]


def _is_text(stored: pa.DataType) -> bool:
    return bool(pa.types.is_string(stored) or pa.types.is_large_string(stored))
