"""Arrow's types as a source stores them: of which kind they are, and as what they can be read."""

from __future__ import annotations

import pyarrow as pa

from ....project.syntax.column_types import ColumnType


def is_text(stored: pa.DataType) -> bool:
    """Whether an Arrow type is text."""
    kinds = pa.types
    return bool(kinds.is_string(stored) or kinds.is_large_string(stored) or kinds.is_string_view(stored))


def is_number(stored: pa.DataType) -> bool:
    """Whether an Arrow type is a number."""
    return bool(pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored))


def is_moment(stored: pa.DataType) -> bool:
    """Whether an Arrow type is a date or a timestamp."""
    return bool(pa.types.is_timestamp(stored) or pa.types.is_date(stored))


def is_bytes(stored: pa.DataType) -> bool:
    """Whether an Arrow type is bytes."""
    """Whether an Arrow type is bytes."""
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(is_kind(stored) for is_kind in kinds)


def can_become(stored: pa.DataType, to: pa.DataType) -> bool:
    """Whether Arrow casts one type to another."""
    """Whether Arrow casts one type to another."""
    try:
        pa.nulls(0, stored).cast(to)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def readable_as(stored: pa.DataType) -> tuple[ColumnType, ...]:
    """Return the declared types that a column of a stored type can be read as."""
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    if is_text(stored) or pa.types.is_null(stored) or is_bytes(stored):
        return tuple(ColumnType)
    if is_number(stored):
        return (ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
    if pa.types.is_boolean(stored):
        return (ColumnType.TEXT, ColumnType.NUMBER, ColumnType.BOOLEAN)
    if is_moment(stored):
        return (ColumnType.TEXT, ColumnType.DATE, ColumnType.DATETIME)
    if isinstance(stored, pa.UuidType):
        return (ColumnType.TEXT, ColumnType.UUID)
    return (ColumnType.TEXT,) if can_become(stored, pa.large_string()) else ()
