"""Reading Parquet files, with their page checksums."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataError
from .source import Source, numbered, unique_names


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
    if not path.stat().st_size:
        raise DataError(path.name, "has no bytes", "export it again")
    try:
        cells = _read(path, levels)
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        remedy = "copy or export the file again"
        raise DataError(path.name, "is no Parquet file, or was cut or damaged", remedy) from None
    unique_names(path.name, cells.column_names)
    return numbered(path.name, cells)


def _read(path: Path, levels: Collection[str]) -> pa.Table:
    schema = pq.read_schema(path)
    texts = [field.name for field in schema if field.name in levels and _is_text(field.type)]
    with pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True) as file:
        cells = file.read().replace_schema_metadata()
    # Damage that still decodes leaves offsets and text that later steps would trust.
    cells.validate(full=True)
    return cells


def _is_text(stored: pa.DataType) -> bool:
    return bool(pa.types.is_string(stored) or pa.types.is_large_string(stored))
