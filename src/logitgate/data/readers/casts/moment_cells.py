"""Stored cells as dates and moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ....project.syntax.column_types import ColumnType
from ....project.syntax.moments import EPOCHS, read
from .column import Column
from .number_cells import as_number, whole
from .stored_types import is_moment, is_number, is_text

MOMENT = pa.timestamp("us", "UTC")
_DAY = 86_400_000_000
_LAST = 253_402_300_800_000_000
"""Microseconds from 1970 to the year 10000."""


def as_moment(column: Column, stored: pa.Array, declared: ColumnType) -> pa.Array:
    """Return dates or moments as UTC microseconds, or refuse the first cell that is none."""
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
        column.refuse(pc.not_equal(midnight, ticks), "has a time of day", "declare the column a datetime")
    return moments


def in_utc(stored: pa.Array) -> pa.Array:
    """Return dates or timestamps as UTC microseconds; one without a zone is taken as UTC."""
    if pa.types.is_date(stored.type):
        stored = stored.cast(pa.timestamp("ms"))
    # Nanoseconds are cut: nothing here is decided within a microsecond.
    return stored.cast(pa.timestamp("us", stored.type.tz), safe=False).cast(MOMENT)


def _by_format(column: Column, stored: pa.Array, form: str) -> pa.Array:
    """Return the moments of a column that is written, or counts, as the project says."""
    if form in EPOCHS:
        unit = EPOCHS[form]
        if is_text(stored.type):
            stored = as_number(column, stored)
        elif not is_number(stored.type):
            raise column.unexpected(stored.type, ColumnType.NUMBER)
        ticks = pc.multiply(stored.cast(pa.float64(), safe=False), float(unit))
        far = pc.greater(pc.abs(ticks), float(_LAST))
        column.refuse(far, f"lies beyond the year 9999 as {form}", f"correct rows.formats.{column.name}")
        return pc.round(ticks).cast(pa.int64()).cast(MOMENT)
    if is_number(stored.type):
        stored = whole(column, stored.cast(pa.float64(), safe=False)).cast(pa.large_string())
    if not is_text(stored.type):
        raise column.unexpected(stored.type, ColumnType.DATETIME)
    each = pc.utf8_trim_whitespace(stored).dictionary_encode()
    moments = [read(text, form) for text in each.dictionary.to_pylist()]
    wrong = pa.array([moment is None for moment in moments], pa.bool_()).take(each.indices)
    column.refuse(wrong, f"holds text that is not written as '{form}'")
    return pa.array([_as_utc(moment) for moment in moments], MOMENT).take(each.indices)


def _as_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _parsed_moments(column: Column, texts: pa.Array) -> pa.Array:
    zoned = pc.match_substring_regex(texts, r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$")
    nothing = pa.scalar(None, pa.large_string())
    rule = "holds text that is no date or time like 2013-05-01 or 2013-05-01T17:00:00"
    local = column.parsed(pc.if_else(zoned, nothing, texts), pa.timestamp("us"), rule)
    elsewhere = column.parsed(pc.if_else(zoned, texts, nothing), MOMENT, rule)
    return pc.coalesce(local.cast(MOMENT), elsewhere)
