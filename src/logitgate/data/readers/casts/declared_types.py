"""From the type a column is stored in to the one that the project declares, or a refusal by row."""

from __future__ import annotations

import pyarrow as pa

from ....project.syntax.column_types import ColumnType
from .column import Column
from .moment_cells import as_moment
from .number_cells import as_boolean, as_integer, as_number
from .stored_types import is_bytes, is_number, is_text
from .text_cells import as_text, as_uuid, decoded, unpadded


def cast(column: Column, declared: ColumnType) -> pa.Array:
    """Return a column as Arrow's float64, int64, bool, large_string, dictionary of text or UTC microseconds.

    Raises
    ------
    DataError
        Naming the first row whose cell is not of the declared type, and never what stands in it.
    """
    stored = column.stored
    if declared is ColumnType.UUID:
        return as_uuid(column, stored)
    if is_bytes(stored.type):
        stored = decoded(column, stored)
    if declared is ColumnType.TEXT:
        return as_text(column, unpadded(stored) if column.is_level else stored)
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if pa.types.is_null(stored.type):
        stored = stored.cast(pa.large_string())
    if is_text(stored.type):
        stored = column.known_texts(stored.cast(pa.large_string()))
    elif is_number(stored.type):
        stored = column.known_numbers(stored)
    match declared:
        case ColumnType.NUMBER:
            return as_number(column, stored)
        case ColumnType.INTEGER:
            return as_integer(column, stored)
        case ColumnType.BOOLEAN:
            return as_boolean(column, stored)
    return as_moment(column, stored, declared)
