"""Stored cells as numbers, whole numbers and truth values."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from ....project.syntax.column_types import ColumnType
from .column import Column
from .stored_types import is_number, is_text

_EXACT = 2**53
_LARGEST = 1e100


def as_number(column: Column, stored: pa.Array) -> pa.Array:
    """Return finite doubles, or refuse the first cell that is none."""
    if is_text(stored.type):
        stored = _unwritten(column, stored)
        numbers = column.parsed(stored, pa.float64(), "holds text that is no number")
        column.refuse(pc.invert(pc.is_finite(numbers)), "holds no finite number")
        return _within(column, numbers)
    if pa.types.is_boolean(stored.type):
        stored = stored.cast(pa.uint8())
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.NUMBER)
    # Arrow's own cast of a decimal is off by one bit in a third of the cells; through its text it is exact.
    exact = stored.cast(pa.large_string()) if pa.types.is_decimal(stored.type) else stored
    numbers = exact.cast(pa.float64(), safe=exact is not stored)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    column.refuse(pc.is_inf(numbers), "is infinite", "store a missing or a finite number")
    return _within(column, numbers)


def as_integer(column: Column, stored: pa.Array) -> pa.Array:
    """Return integers of 64 bits, or refuse the first cell that is none."""
    if is_text(stored.type):
        digits = pc.utf8_trim_whitespace(_unwritten(column, stored))
        sound = pc.match_substring_regex(digits, r"^[+-]?[0-9]+(\.0*)?$")
        column.refuse(pc.invert(sound), "holds text that is no whole number")
        digits = pc.replace_substring_regex(digits, r"^\+|\.0*$", "")
        return column.parsed(digits, pa.int64(), "holds an integer of more than 64 bits")
    if pa.types.is_floating(stored.type):
        return whole(column, stored)
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.INTEGER)
    return column.parsed(stored, pa.int64(), "holds no integer of 64 bits")


def whole(column: Column, stored: pa.Array) -> pa.Array:
    """Return doubles as integers, or refuse the first that is a fraction or too large to be exact."""
    """Return doubles as integers, or refuse the first that is a fraction or too large to be exact."""
    numbers = stored.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    remedy = "store it as text or as an integer, or declare it a number under rows.types"
    column.refuse(pc.not_equal(pc.round(numbers), numbers), "is stored as a fraction", remedy)
    # Beyond 2^53 a double may already be another id than the one that was meant.
    large = pc.greater_equal(pc.abs(numbers), _EXACT)
    column.refuse(large, "is stored as a double of 2^53 or more", remedy)
    return numbers.cast(pa.int64())


def as_boolean(column: Column, stored: pa.Array) -> pa.Array:
    """Return truth values, or refuse the first cell that is none."""
    if is_text(stored.type):
        return column.parsed(stored, pa.bool_(), "is none of true, false, 1 and 0")
    if pa.types.is_boolean(stored.type):
        return stored
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.BOOLEAN)
    numbers = stored.cast(pa.float64(), safe=False)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    column.refuse(pc.invert(pc.is_in(numbers, pa.array([0.0, 1.0, None]))), "is neither 0 nor 1")
    return numbers.cast(pa.bool_())


def _unwritten(column: Column, stored: pa.Array) -> pa.Array:
    """Return numbers in text without marks between thousands and with a point, as computing writes them."""
    written = column.written
    if written.is_plain:
        return stored
    mark, point = re.escape(written.thousands), re.escape(written.decimal)
    whole = f"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)" if mark else "[0-9]+"
    digits = pc.utf8_trim_whitespace(stored)
    sound = pc.match_substring_regex(
        digits, f"^[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?$"
    )
    rule = "holds text that is no number written with rows.decimal and rows.thousands as declared"
    column.refuse(pc.invert(sound), rule)
    if mark:
        digits = pc.replace_substring(digits, written.thousands, "")
    return pc.replace_substring(digits, written.decimal, ".")


def _within(column: Column, numbers: pa.Array) -> pa.Array:
    beyond = pc.greater(pc.abs(numbers), _LARGEST)
    column.refuse(beyond, f"lies beyond {_LARGEST:g}, where squares have no value")
    return numbers
