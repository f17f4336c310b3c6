"""Stored cells as texts: levels, identifiers, bytes that spell text, numbers in their canonical form."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....decision.levels import number_text
from ....project.syntax.column_types import ColumnType
from .column import Column
from .moment_cells import in_utc
from .number_cells import whole
from .stored_types import can_become, is_bytes, is_moment, is_text


def as_text(column: Column, stored: pa.Array) -> pa.Array:
    """Return texts, as a dictionary where they are stored as one, or refuse a type that has none."""
    if pa.types.is_dictionary(stored.type) and is_text(stored.type.value_type):
        absent = pc.is_in(stored.dictionary, pa.array(["", *column.missing], stored.type.value_type))
        if not pc.any(absent).as_py():
            return stored
        kept = pc.if_else(absent.take(stored.indices), None, stored.indices)
        return pa.DictionaryArray.from_arrays(kept, stored.dictionary)
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if pa.types.is_floating(stored.type):
        stored = whole(column, stored)
    if pa.types.is_decimal(stored.type) or is_moment(stored.type):
        return column.known_texts(canonical(stored))
    if isinstance(stored.type, pa.UuidType):
        texts = [None if cell is None else str(cell) for cell in stored.to_pylist()]
        return pa.array(texts, type=pa.large_string())
    if not can_become(stored.type, pa.large_string()):
        raise column.unexpected(stored.type, ColumnType.TEXT)
    return column.known_texts(stored.cast(pa.large_string()))


def canonical(typed: pa.Array) -> pa.Array:
    """Return numbers, truth values, dates or timestamps as the canonical texts of `levels`; large_string."""
    if pa.types.is_integer(typed.type) or pa.types.is_boolean(typed.type):
        return typed.cast(pa.large_string())
    each = typed.dictionary_encode()
    if is_moment(typed.type):
        return _moments(each.dictionary).take(each.indices)
    texts = [number_text(_written(number)) for number in each.dictionary.to_pylist()]
    return pa.array(texts, pa.large_string()).take(each.indices)


def _moments(typed: pa.Array) -> pa.Array:
    moments = in_utc(typed).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    texts = pa.array(np.datetime_as_string(moments, unit="us").astype(object), pa.large_string())
    for at_the_end in (r"\.000000$", r"T00:00:00$"):
        texts = pc.replace_substring_regex(texts, at_the_end, "")
    return texts


def _written(number: Decimal | float) -> str:
    return format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")


def unpadded(stored: pa.Array) -> pa.Array:
    """Return texts without blanks around them; other cells as they are."""
    """Return texts without blanks around them; other cells as they are."""
    if pa.types.is_dictionary(stored.type) and is_text(stored.type.value_type):
        texts = pc.utf8_trim(stored.dictionary, characters=" ")
        return stored if texts == stored.dictionary else pa.DictionaryArray.from_arrays(stored.indices, texts)
    return pc.utf8_trim(stored, characters=" ") if is_text(stored.type) else stored


def decoded(column: Column, stored: pa.Array) -> pa.Array:
    """Return bytes as the text that they spell."""
    try:
        return stored.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        sound = pa.array([cell is None or _is_utf8(cell) for cell in stored.to_pylist()])
        remedy = (
            f"store it as text, or declare {column.name} = 'uuid' under rows.types if that is what it holds"
        )
        column.refuse(pc.invert(sound), "holds bytes that are no UTF-8 text", remedy)
        raise


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def as_uuid(column: Column, stored: pa.Array) -> pa.Array:
    """Return identifiers, stored as 16 bytes or as text, in the one form with hyphens and small letters."""
    if isinstance(stored.type, pa.UuidType):
        stored = stored.storage
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if is_text(stored.type):
        stored = column.known_texts(stored.cast(pa.large_string()))
    elif not is_bytes(stored.type) and not pa.types.is_null(stored.type):
        raise column.unexpected(stored.type, ColumnType.UUID)
    texts = [None if cell is None else _uuid_text(cell) for cell in stored.to_pylist()]
    column.refuse(pa.array([text == "" for text in texts], pa.bool_()), "holds no UUID")
    return pa.array(texts, pa.large_string())


def _uuid_text(cell: bytes | str) -> str:
    try:
        return str(UUID(bytes=cell) if isinstance(cell, bytes) else UUID(cell.strip()))
    except ValueError:
        return ""
