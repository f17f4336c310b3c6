"""Looking at the columns of a table: numbers, moments and texts, however a file writes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...data.readers.casts import canonical, in_utc, is_moment, is_number, is_text
from ...data.readers.source import Source
from ...project.syntax.moments import EPOCHS
from ..writing import ALSO_MISSING, MISSING, NumberWriting, counted_moment, moment_writing, writing_of
from .profiles import ColumnKind, Look, Profile

_OTHERS = 0.2
"""Largest share of a column's cells that mean "missing" by a text that means it only among numbers."""
_SAMPLE = 2_000


def look_at(source: Source, separator: str = ",") -> Look:
    """Look at every column of a table."""
    cells = source.cells
    texts = [_texts(cells.column(name)) for name in cells.column_names if is_text(cells.column(name).type)]
    writing = writing_of([_sampled(one) for one in texts], separator) if texts else NumberWriting()
    found = {name: _profile(name, cells.column(name), writing) for name in cells.column_names}
    return Look(found, writing, cells.num_rows)


def number_texts(column: pa.ChunkedArray, number: float, writing: NumberWriting) -> tuple[str, ...]:
    """Return the texts of a column that say a whole number, or the number as computing writes it."""
    if not is_text(column.type):
        return (f"{number:.0f}",)
    texts = pc.unique(column.cast(pa.large_string())).drop_null()
    plain = _plain(pc.utf8_trim_whitespace(texts), writing)
    numeric = writing.matches(pc.utf8_trim_whitespace(texts))
    same = pc.equal(pc.if_else(numeric, plain, None).cast(pa.float64()), number)
    return tuple(sorted(texts.filter(pc.fill_null(same, fill_value=False)).to_pylist()))


def _plain(texts: pa.Array, writing: NumberWriting) -> pa.Array:
    """Return numbers in text as computing writes them."""
    if writing.thousands:
        texts = pc.replace_substring(texts, writing.thousands, "")
    return pc.replace_substring(texts, writing.decimal, ".")


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return pc.unique(column.cast(pa.large_string()))


def _sampled(texts: pa.Array) -> pa.Array:
    known = pc.utf8_trim_whitespace(texts.drop_null())
    kept = known.filter(
        pc.invert(pc.is_in(known, pa.array(["", *MISSING, *ALSO_MISSING], pa.large_string())))
    )
    return kept[:_SAMPLE]


def _profile(name: str, column: pa.ChunkedArray, writing: NumberWriting) -> Profile:
    stored = column.type
    if pa.types.is_dictionary(stored):
        column = column.cast(stored.value_type)
        stored = column.type
    if pa.types.is_nested(stored) or pa.types.is_binary(stored) or pa.types.is_large_binary(stored):
        return Profile(name, ColumnKind.OTHER, pd.Series([None] * len(column), dtype=object))
    if column.null_count == len(column):
        return Profile(name, ColumnKind.EMPTY, pd.Series(np.full(len(column), np.nan)))
    whole = column.combine_chunks()
    if is_text(stored):
        return _of_texts(name, whole.cast(pa.large_string()), writing)
    if is_number(stored):
        return _as_time(_of_numbers(name, whole))
    if is_moment(stored):
        moments = in_utc(whole).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        return Profile(name, ColumnKind.MOMENT, pd.Series(moments))
    texts = canonical(whole) if pa.types.is_boolean(stored) else whole.cast(pa.large_string())
    return Profile(name, ColumnKind.TEXT, _categories(texts))


def _of_numbers(name: str, stored: pa.Array) -> Profile:
    exact = stored.cast(pa.large_string()) if pa.types.is_decimal(stored.type) else stored
    values = exact.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
    return Profile(name, ColumnKind.NUMBER, pd.Series(np.where(np.isfinite(values), values, np.nan)))


def _as_time(profile: Profile) -> Profile:
    """Return a column of numbers that count time as moments."""
    if not len(profile.present):
        return profile
    low, high = float(profile.present.min()), float(profile.present.max())
    form = counted_moment(profile.name, low, high, whole=profile.is_whole)
    if form is None:
        return profile
    unit = EPOCHS.get(form)
    if unit is not None:
        ticks = (profile.values * unit).round().astype("Int64")
        moments = pd.Series(ticks.to_numpy("datetime64[us]", na_value=np.datetime64("NaT")))
    else:
        days = profile.values.astype("Int64").astype("string")
        moments = pd.to_datetime(days, format=form, errors="coerce")
    if moments.isna().sum() > profile.missing:
        return profile
    return replace(profile, kind=ColumnKind.MOMENT, values=moments.astype("datetime64[us]"), form=form)


@dataclass(frozen=True)
class _Texts:
    """The distinct texts of a column without blanks around them, how many cells each has, and their cells."""

    raw: pa.Array
    trimmed: pa.Array
    weight: NDArray[np.int64]
    cells: pa.Array

    def share(self, chosen: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
        """Return the share of the cells of some texts that others have."""
        return float(self.weight[chosen].sum() / max(self.weight[among].sum(), 1))

    def named(self, chosen: NDArray[np.bool_], *, trimmed: bool) -> tuple[str, ...]:
        """Return some texts, but for the empty one."""
        texts = (self.trimmed if trimmed else self.raw).filter(pa.array(chosen)).to_pylist()
        return tuple(sorted({text for text in texts if text}))


def _of_texts(name: str, stored: pa.Array, writing: NumberWriting) -> Profile:
    encoded = stored.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    weight = np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary))
    trimmed = pc.utf8_trim_whitespace(encoded.dictionary)
    texts = _Texts(encoded.dictionary, trimmed, weight, encoded)
    absent = _among(trimmed, MISSING | {""})
    if absent.all():
        return Profile(
            name,
            ColumnKind.EMPTY,
            pd.Series(np.full(len(stored), np.nan)),
            texts.named(absent, trimmed=False),
        )
    return (
        _numbers_in(name, texts, absent, writing)
        or _moments_in(name, texts, absent)
        or Profile(
            name,
            ColumnKind.TEXT,
            _categories(
                pa.DictionaryArray.from_arrays(_known(encoded.indices, absent), trimmed).cast(
                    pa.large_string()
                )
            ),
            texts.named(absent, trimmed=True),
            is_code=bool(
                writing.matches(trimmed.filter(pa.array(~absent))).to_numpy(zero_copy_only=False).all()
            ),
        )
    )


def _numbers_in(
    name: str, texts: _Texts, absent: NDArray[np.bool_], writing: NumberWriting
) -> Profile | None:
    numeric = writing.matches(texts.trimmed).to_numpy(zero_copy_only=False) & ~absent
    others = ~numeric & ~absent
    if not numeric.any() or not _can_be_missing(texts, others, absent, int(numeric.sum())):
        return None
    if pc.any(pc.match_substring_regex(texts.trimmed.filter(pa.array(numeric)), r"^[+-]?0[0-9]")).as_py():
        return None
    plain = _plain(texts.trimmed, writing)
    numbers = pc.if_else(pa.array(numeric), plain, None).cast(pa.float64())
    values = numbers.take(texts.cells.indices).to_numpy(zero_copy_only=False).astype(np.float64)
    tokens = texts.named(absent | others, trimmed=False)
    return _as_time(Profile(name, ColumnKind.NUMBER, pd.Series(values), tokens))


def _moments_in(name: str, texts: _Texts, absent: NDArray[np.bool_]) -> Profile | None:
    others = ~absent & _among(texts.trimmed, ALSO_MISSING)
    known = ~absent & ~others
    if not known.any() or not _can_be_missing(texts, others, absent, int(known.sum())):
        return None
    written = texts.trimmed.filter(pa.array(known)).to_pylist()
    found = moment_writing(written)
    if found is None:
        return None
    forms = [found.form] if found.other is None else [found.form, found.other]
    readings = {form: _moments_of(texts, known, written, form) for form in forms}
    form = min(forms, key=lambda one: _steps_back(readings[one]))
    other = next((one for one in forms if one != form), None)
    tokens = texts.named(absent | others, trimmed=False)
    return Profile(name, ColumnKind.MOMENT, pd.Series(readings[form]), tokens, form, other)


def _moments_of(
    texts: _Texts, known: NDArray[np.bool_], written: list[str], form: str | None
) -> NDArray[np.datetime64]:
    moments = pd.to_datetime(pd.Series(written), format=form or "ISO8601", utc=True).dt.tz_localize(None)
    every = np.full(len(known), np.datetime64("NaT"), dtype="datetime64[us]")
    every[known] = moments.to_numpy("datetime64[us]")
    codes = texts.cells.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(codes >= 0, every[codes], np.datetime64("NaT", "us"))


def _steps_back(moments: NDArray[np.datetime64]) -> int:
    """Return how often a row lies before the one above it: tables are often in order of time."""
    there = moments[~np.isnat(moments)]
    return int((np.diff(there.astype(np.int64)) < 0).sum())


def _can_be_missing(texts: _Texts, others: NDArray[np.bool_], absent: NDArray[np.bool_], values: int) -> bool:
    """Return whether the texts that are no values can mean "missing" among those that are."""
    if not others.any():
        return True
    known = bool(_among(texts.trimmed.filter(pa.array(others)), ALSO_MISSING).all())
    single = int(others.sum()) == 1 and values >= 10
    return (known or single) and texts.share(others, ~absent) <= _OTHERS


def _among(texts: pa.Array, known: set[str]) -> NDArray[np.bool_]:
    found = pc.is_in(texts, pa.array(sorted(known), pa.large_string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _known(indices: pa.Array, absent: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(absent).take(indices), None, indices)


def _categories(texts: pa.Array) -> pd.Series[Any]:
    encoded = texts.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    levels = pd.Index(encoded.dictionary.to_pylist(), dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=levels))
