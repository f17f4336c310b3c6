"""Reading Apache Iceberg tables through pyiceberg, which knows which rows were deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa

from ....errors import DataError, ProjectError, UnavailableError
from ..source import Source, joined, numbered, unique_names

_NUMBER = re.compile(r"v?(\d+)\b.*\.metadata\.json")


def read_iceberg(folder: Path) -> Source:
    """Read the current rows of an Iceberg table.

    Raises
    ------
    UnavailableError
        When pyiceberg is not installed.
    ProjectError
        When it does not say which of its versions is the current one.
    DataError
        When it cannot be read.
    """
    return joined(list(iceberg_blocks(folder)))


def iceberg_blocks(folder: Path) -> Iterator[Source]:
    """Read the current rows of an Iceberg table, block by block.

    Raises
    ------
    UnavailableError, ProjectError, DataError
        As `read_iceberg`.
    """
    if find_spec("pyiceberg") is None:
        rule = "is an Iceberg table, which the package pyiceberg reads"
        raise UnavailableError(str(folder), rule, "install logitgate[iceberg]")
    from pyiceberg.table import StaticTable

    current = str(_current(folder).absolute())
    try:
        scan = StaticTable.from_metadata(current).scan()
        before = 0
        for batch in scan.to_arrow_batch_reader():
            cells = pa.Table.from_batches([batch]).replace_schema_metadata()
            unique_names(folder.name, cells.column_names)
            yield numbered(folder.name, cells, before)
            before += cells.num_rows
        if not before:
            empty = scan.projection().as_arrow().empty_table().replace_schema_metadata()
            yield numbered(folder.name, empty)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - what the library does not read; its words may quote cells
        rule = f"is an Iceberg table that cannot be read ({type(error).__name__})"
        raise DataError(str(folder), rule, "export its current rows as Parquet") from None


def _current(folder: Path) -> Path:
    """Return the newest description of the table."""
    numbered_files = [
        (int(found[1]), path)
        for path in (folder / "metadata").glob("*.metadata.json")
        if (found := _NUMBER.fullmatch(path.name))
    ]
    newest = max((number for number, _ in numbered_files), default=None)
    current = [path for number, path in numbered_files if number == newest]
    if len(current) != 1:
        rule = f"does not say which of its {len(current)} newest *.metadata.json is the current one"
        raise ProjectError(str(folder), rule, "remove the others, or export the rows as Parquet")
    return current[0]
