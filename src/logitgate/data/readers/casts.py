"""From the type a column is stored in to the one that the project declares, or a refusal by row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...decision.levels import number_text
from ...errors import DataError
from ...project.syntax.column_types import ColumnType
from ...project.syntax.moments import EPOCHS, read
from .source import Source

MOMENT = pa.timestamp("us", "UTC")
_EXACT = 2**53
_LARGEST = 1e100
_DAY = 86_400_000_000
_LAST = 253_402_300_800_000_000
"""Microseconds from 1970 to the year 10000."""
_LISTED = "mend the cell, or list its text under rows.missing if it means missing"


@dataclass(frozen=True, slots=True)
class Written:
    """How numbers and moments are written in text: see `columns.Rows`."""

    decimal: str = "."
    thousands: str = ""
    form: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as everywhere in computing."""
        return self.decimal == "." and not self.thousands


PLAIN = Written()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source, and which of its cells mean "missing" beside the empty ones."""

    source: Source
    name: str
    missing: tuple[str, ...] = ()
    is_level: bool = False
    """Whether its texts are levels: blanks around them, as a padded CHAR has, are no part of a level."""
    written: Written = PLAIN

    @property
    def stored(self) -> pa.Array:
        """The column's cells, in one piece; text with 64-bit offsets."""
        cells = self.source.cells.column(self.name)
        if is_text(cells.type):
            return cells.cast(pa.large_string()).combine_chunks()
        if pa.types.is_dictionary(cells.type):
            return cells.unify_dictionaries().combine_chunks()
        return cells.combine_chunks()

    def refused(self, row: int, rule: str, remedy: str) -> DataError:
        """Return the refusal of the cell in a row."""
        return DataError(f"{self.source.place(row)}, column '{self.name}'", rule, remedy)

    def unexpected(self, stored: pa.DataType, declared: ColumnType) -> DataError:
        """Return the refusal of a type that says nothing of the declared kind."""
        rule = f"is stored as {stored}, but read as {declared}"
        if declared in (ColumnType.DATE, ColumnType.DATETIME) and is_number(stored):
            remedy = f"say how it counts under rows.formats, such as {self.name} = 'epoch seconds' or '%Y'"
        elif others := readable_as(stored):
            remedy = f"declare {self.name} under rows.types as one of {', '.join(others)}"
        else:
            remedy = "leave it out of the project, or store it as text, a number or a date"
        return DataError(f"{self.source.name}, column '{self.name}'", rule, remedy)


def cast(column: Column, declared: ColumnType) -> pa.Array:
    """Return a column as Arrow's float64, int64, bool, large_string, dictionary of text or UTC microseconds.

    Raises
    ------
    DataError
        Naming the first row whose cell is not of the declared type, and never what stands in it.
    """
    stored = column.stored
    if declared is ColumnType.UUID:
        return _uuid(column, stored)
    if _is_bytes(stored.type):
        stored = _decoded(column, stored)
    if declared is ColumnType.TEXT:
        return _text(column, _unpadded(stored) if column.is_level else stored)
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if pa.types.is_null(stored.type):
        stored = stored.cast(pa.large_string())
    if is_text(stored.type):
        stored = _without(stored.cast(pa.large_string()), column.missing)
    elif is_number(stored.type):
        stored = _without_numbers(stored, column.missing)
    match declared:
        case ColumnType.NUMBER:
            return _number(column, stored)
        case ColumnType.INTEGER:
            return _integer(column, stored)
        case ColumnType.BOOLEAN:
            return _boolean(column, stored)
    return _moment(column, stored, declared)


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


def canonical(typed: pa.Array) -> pa.Array:
    """Return numbers, truth values, dates or timestamps as the canonical texts of `levels`; large_string."""
    if is_moment(typed.type):
        moments = in_utc(typed).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        texts = pa.array(np.datetime_as_string(moments, unit="us").astype(object), pa.large_string())
        for at_the_end in (r"\.000000$", r"T00:00:00$"):
            texts = pc.replace_substring_regex(texts, at_the_end, "")
        return pc.if_else(typed.is_null(), None, texts)
    if pa.types.is_integer(typed.type) or pa.types.is_boolean(typed.type):
        return typed.cast(pa.large_string())
    each = typed.dictionary_encode()
    texts = [number_text(_written(number)) for number in each.dictionary.to_pylist()]
    return pa.array(texts, pa.large_string()).take(each.indices)


def _written(number: Decimal | float) -> str:
    return format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")


def _unpadded(stored: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(stored.type) and is_text(stored.type.value_type):
        texts = pc.utf8_trim(stored.dictionary, characters=" ")
        return stored if texts == stored.dictionary else pa.DictionaryArray.from_arrays(stored.indices, texts)
    return pc.utf8_trim(stored, characters=" ") if is_text(stored.type) else stored


def _text(column: Column, stored: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(stored.type) and is_text(stored.type.value_type):
        absent = pc.is_in(stored.dictionary, pa.array(["", *column.missing], stored.type.value_type))
        if not pc.any(absent).as_py():
            return stored
        kept = pc.if_else(absent.take(stored.indices), None, stored.indices)
        return pa.DictionaryArray.from_arrays(kept, stored.dictionary)
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if pa.types.is_floating(stored.type):
        stored = _whole(column, stored)
    if pa.types.is_decimal(stored.type) or is_moment(stored.type):
        return _without(canonical(stored), column.missing)
    if isinstance(stored.type, pa.UuidType):
        texts = [None if cell is None else str(cell) for cell in stored.to_pylist()]
        return pa.array(texts, type=pa.large_string())
    if not _can_become(stored.type, pa.large_string()):
        raise column.unexpected(stored.type, ColumnType.TEXT)
    return _without(stored.cast(pa.large_string()), column.missing)


def readable_as(stored: pa.DataType) -> tuple[ColumnType, ...]:
    """Return the declared types that a column of a stored type can be read as."""
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    if is_text(stored) or pa.types.is_null(stored) or _is_bytes(stored):
        return tuple(ColumnType)
    if is_number(stored):
        return (ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
    if pa.types.is_boolean(stored):
        return (ColumnType.TEXT, ColumnType.NUMBER, ColumnType.BOOLEAN)
    if is_moment(stored):
        return (ColumnType.TEXT, ColumnType.DATE, ColumnType.DATETIME)
    if isinstance(stored, pa.UuidType):
        return (ColumnType.TEXT, ColumnType.UUID)
    return (ColumnType.TEXT,) if _can_become(stored, pa.large_string()) else ()


def _decoded(column: Column, stored: pa.Array) -> pa.Array:
    """Return bytes as the text that they spell."""
    try:
        return stored.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        sound = pa.array([cell is None or _is_utf8(cell) for cell in stored.to_pylist()])
        remedy = (
            f"store it as text, or declare {column.name} = 'uuid' under rows.types if that is what it holds"
        )
        _refuse(column, pc.invert(sound), "holds bytes that are no UTF-8 text", remedy)
        raise


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _uuid(column: Column, stored: pa.Array) -> pa.Array:
    """Return identifiers, stored as 16 bytes or as text, in the one form with hyphens and small letters."""
    if isinstance(stored.type, pa.UuidType):
        stored = stored.storage
    if pa.types.is_dictionary(stored.type):
        stored = stored.cast(stored.type.value_type)
    if is_text(stored.type):
        stored = _without(stored.cast(pa.large_string()), column.missing)
    elif not _is_bytes(stored.type) and not pa.types.is_null(stored.type):
        raise column.unexpected(stored.type, ColumnType.UUID)
    texts = [None if cell is None else _uuid_text(cell) for cell in stored.to_pylist()]
    _refuse(column, pa.array([text == "" for text in texts], pa.bool_()), "holds no UUID", _LISTED)
    return pa.array(texts, pa.large_string())


def _uuid_text(cell: bytes | str) -> str:
    try:
        return str(UUID(bytes=cell) if isinstance(cell, bytes) else UUID(cell.strip()))
    except ValueError:
        return ""


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
    _refuse(column, pc.invert(sound), rule, _LISTED)
    if mark:
        digits = pc.replace_substring(digits, written.thousands, "")
    return pc.replace_substring(digits, written.decimal, ".")


def _number(column: Column, stored: pa.Array) -> pa.Array:
    if is_text(stored.type):
        stored = _unwritten(column, stored)
        numbers = _parsed(column, stored, pa.float64(), "holds text that is no number")
        _refuse(column, pc.invert(pc.is_finite(numbers)), "holds no finite number", _LISTED)
        return _within(column, numbers)
    if pa.types.is_boolean(stored.type):
        stored = stored.cast(pa.uint8())
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.NUMBER)
    # Arrow's own cast of a decimal is off by one bit in a third of the cells; through its text it is exact.
    exact = stored.cast(pa.large_string()) if pa.types.is_decimal(stored.type) else stored
    numbers = exact.cast(pa.float64(), safe=exact is not stored)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    _refuse(column, pc.is_inf(numbers), "is infinite", "store a missing or a finite number")
    return _within(column, numbers)


def _within(column: Column, numbers: pa.Array) -> pa.Array:
    beyond = pc.greater(pc.abs(numbers), _LARGEST)
    _refuse(column, beyond, f"lies beyond {_LARGEST:g}, where squares have no value", _LISTED)
    return numbers


def _integer(column: Column, stored: pa.Array) -> pa.Array:
    if is_text(stored.type):
        digits = pc.utf8_trim_whitespace(_unwritten(column, stored))
        sound = pc.match_substring_regex(digits, r"^[+-]?[0-9]+(\.0*)?$")
        _refuse(column, pc.invert(sound), "holds text that is no whole number", _LISTED)
        digits = pc.replace_substring_regex(digits, r"^\+|\.0*$", "")
        return _parsed(column, digits, pa.int64(), "holds an integer of more than 64 bits")
    if pa.types.is_floating(stored.type):
        return _whole(column, stored)
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.INTEGER)
    return _parsed(column, stored, pa.int64(), "holds no integer of 64 bits")


def _whole(column: Column, stored: pa.Array) -> pa.Array:
    numbers = stored.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    remedy = "store it as text or as an integer, or declare it a number under rows.types"
    _refuse(column, pc.not_equal(pc.round(numbers), numbers), "is stored as a fraction", remedy)
    # Beyond 2^53 a double may already be another id than the one that was meant.
    large = pc.greater_equal(pc.abs(numbers), _EXACT)
    _refuse(column, large, "is stored as a double of 2^53 or more", remedy)
    return numbers.cast(pa.int64())


def _boolean(column: Column, stored: pa.Array) -> pa.Array:
    if is_text(stored.type):
        return _parsed(column, stored, pa.bool_(), "is none of true, false, 1 and 0")
    if pa.types.is_boolean(stored.type):
        return stored
    if not is_number(stored.type):
        raise column.unexpected(stored.type, ColumnType.BOOLEAN)
    numbers = stored.cast(pa.float64(), safe=False)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    _refuse(column, pc.invert(pc.is_in(numbers, pa.array([0.0, 1.0, None]))), "is neither 0 nor 1", _LISTED)
    return numbers.cast(pa.bool_())


def _moment(column: Column, stored: pa.Array, declared: ColumnType) -> pa.Array:
    if column.written.form is not None and not is_moment(stored.type):
        moments = _by_format(column, stored, column.written.form)
    elif is_text(stored.type):
        moments = _parsed_moments(column, pc.utf8_trim_whitespace(stored))
    elif is_moment(stored.type):
        moments = in_utc(stored)
    else:
        raise column.unexpected(stored.type, declared)
    if declared is ColumnType.DATE:
        ticks = moments.cast(pa.int64())
        midnight = pc.multiply(pc.divide(ticks, _DAY), _DAY)
        _refuse(column, pc.not_equal(midnight, ticks), "has a time of day", "declare the column a datetime")
    return moments


def _by_format(column: Column, stored: pa.Array, form: str) -> pa.Array:
    """Return the moments of a column that is written, or counts, as the project says."""
    if form in EPOCHS:
        unit = EPOCHS[form]
        if is_text(stored.type):
            stored = _number(column, stored)
        elif not is_number(stored.type):
            raise column.unexpected(stored.type, ColumnType.NUMBER)
        ticks = pc.multiply(stored.cast(pa.float64(), safe=False), float(unit))
        far = pc.greater(pc.abs(ticks), float(_LAST))
        _refuse(column, far, f"lies beyond the year 9999 as {form}", f"correct rows.formats.{column.name}")
        return pc.round(ticks).cast(pa.int64()).cast(MOMENT)
    if is_number(stored.type):
        stored = _whole(column, stored.cast(pa.float64(), safe=False)).cast(pa.large_string())
    if not is_text(stored.type):
        raise column.unexpected(stored.type, ColumnType.DATETIME)
    each = pc.utf8_trim_whitespace(stored).dictionary_encode()
    moments = [read(text, form) for text in each.dictionary.to_pylist()]
    wrong = pa.array([moment is None for moment in moments], pa.bool_()).take(each.indices)
    _refuse(column, wrong, f"holds text that is not written as '{form}'", _LISTED)
    return pa.array([_as_utc(moment) for moment in moments], MOMENT).take(each.indices)


def _as_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def in_utc(stored: pa.Array) -> pa.Array:
    """Return dates or timestamps as UTC microseconds; one without a zone is taken as UTC."""
    if pa.types.is_date(stored.type):
        stored = stored.cast(pa.timestamp("ms"))
    # Nanoseconds are cut: nothing here is decided within a microsecond.
    return stored.cast(pa.timestamp("us", stored.type.tz), safe=False).cast(MOMENT)


def _parsed_moments(column: Column, texts: pa.Array) -> pa.Array:
    zoned = pc.match_substring_regex(texts, r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$")
    nothing = pa.scalar(None, pa.large_string())
    rule = "holds text that is no date or time like 2013-05-01 or 2013-05-01T17:00:00"
    local = _parsed(column, pc.if_else(zoned, nothing, texts), pa.timestamp("us"), rule)
    elsewhere = _parsed(column, pc.if_else(zoned, texts, nothing), MOMENT, rule)
    return pc.coalesce(local.cast(MOMENT), elsewhere)


def _parsed(column: Column, stored: pa.Array, to: pa.DataType, rule: str) -> pa.Array:
    try:
        return stored.cast(to)
    except pa.ArrowInvalid:
        # Spaces around a number or a date are let through, but not looked for where there are none.
        stored = pc.utf8_trim_whitespace(stored) if is_text(stored.type) else stored
    if _fits(stored, to):
        return stored.cast(to)
    low, high = 0, len(stored)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(stored[low:middle], to) else (low, middle)
    raise column.refused(low, rule, _LISTED)


def _fits(stored: pa.Array, to: pa.DataType) -> bool:
    try:
        stored.cast(to)
    except pa.ArrowInvalid:
        return False
    return True


def _is_bytes(stored: pa.DataType) -> bool:
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(is_kind(stored) for is_kind in kinds)


def _can_become(stored: pa.DataType, to: pa.DataType) -> bool:
    try:
        pa.nulls(0, stored).cast(to)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _refuse(column: Column, wrong: pa.Array, rule: str, remedy: str) -> None:
    rows = pc.indices_nonzero(pc.fill_null(wrong, fill_value=False))
    if len(rows):
        raise column.refused(rows[0].as_py(), f"{rule} ({len(rows)} such rows in all)", remedy)


def _without(texts: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    absent = pc.is_in(texts, pa.array(["", *missing], texts.type))
    return pc.if_else(absent, None, texts)


def _without_numbers(stored: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    texts = [text for text in missing if _fits(pa.array([text]), pa.float64())]
    if not texts:
        return stored
    absent = pc.is_in(stored.cast(pa.float64(), safe=False), pa.array(texts).cast(pa.float64()))
    return pc.if_else(absent, None, stored)
