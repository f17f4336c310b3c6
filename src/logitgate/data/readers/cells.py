"""From an Arrow column to what a frame holds of it and what a digest reads of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .casts import Column, in_utc, is_text

_Content: TypeAlias = tuple[memoryview | bytes, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """One column.

    Parameters
    ----------
    kind : str
        Its type, as the digest names it.
    values : pandas.Series
        What the frame holds.
    content : tuple of buffers
        The same cells as bytes that depend on nothing but the cells.
    """

    kind: str
    values: pd.Series[Any]
    content: _Content


def native(column: Column) -> pa.Array:
    """Return an undeclared column in the widest type of its own kind."""
    stored = column.stored
    kinds = pa.types
    if kinds.is_floating(stored.type):
        return stored.cast(pa.float64())
    if kinds.is_integer(stored.type) and not kinds.is_uint64(stored.type):
        return stored.cast(pa.int64())
    if kinds.is_timestamp(stored.type) or kinds.is_date(stored.type):
        return in_utc(stored)
    if kinds.is_null(stored.type):
        return stored.cast(pa.large_string())
    return stored


def cells_of(array: pa.Array, *, levels: bool) -> Cells:
    """Return an Arrow column as a frame and a digest want it; text as category where `levels` says so."""
    kinds = pa.types
    if levels and is_text(array.type):
        array = array.dictionary_encode()
    if kinds.is_float64(array.type):
        return _numbers(array)
    if kinds.is_int64(array.type) or kinds.is_boolean(array.type):
        return _masked(array)
    if kinds.is_timestamp(array.type):
        return _moments(array)
    if kinds.is_dictionary(array.type) and is_text(array.type.value_type):
        return _categories(array)
    if kinds.is_large_string(array.type):
        return _texts(array)
    batch = pa.record_batch([array], names=["cells"])
    return Cells(str(array.type), array.to_pandas(), (memoryview(batch.serialize()),))


def digest_of(columns: Mapping[str, Cells]) -> str:
    """Return the sha256 of a table, whatever its file, its compression and the order of its columns."""
    whole = hashlib.sha256()
    for name in sorted(columns):
        cells = columns[name]
        one = hashlib.sha256()
        for buffer in cells.content:
            one.update(buffer)
        whole.update(f"{name}\0{cells.kind}\0{len(cells.values)}\0{one.hexdigest()}\n".encode())
    return whole.hexdigest()


def _numbers(array: pa.Array) -> Cells:
    values = array.to_numpy(zero_copy_only=False)
    return Cells("number", pd.Series(values, copy=False), (values.data,))


def _masked(array: pa.Array) -> Cells:
    mask = array.is_null().to_numpy(zero_copy_only=False)
    values = array.fill_null(0 if pa.types.is_int64(array.type) else False).to_numpy(zero_copy_only=False)
    if pa.types.is_int64(array.type):
        masked: Any = pd.arrays.IntegerArray(values, mask)
        return Cells("integer", pd.Series(masked, copy=False), (values.data, mask.data))
    masked = pd.arrays.BooleanArray(values, mask)
    return Cells("boolean", pd.Series(masked, copy=False), (values.data, mask.data))


def _moments(array: pa.Array) -> Cells:
    values = array.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    return Cells("moment", pd.Series(values, copy=False).dt.tz_localize("UTC"), (values.view(np.int64).data,))


def _categories(array: pa.Array) -> Cells:
    if array.dictionary.null_count or len(array.dictionary.unique()) < len(array.dictionary):
        # Arrow allows a level to be missing or to stand twice; a category's levels are what they are.
        array = array.dictionary_decode().dictionary_encode()
    codes = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    levels = array.dictionary
    used = np.zeros(len(levels) + 1, dtype=bool)
    used[codes] = True
    order = pc.array_sort_indices(levels).to_numpy()
    order = order[used[order]]
    # The last place stands for -1, the code of a missing cell.
    rank = np.full(len(levels) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = rank[codes]
    names = levels.take(pa.array(order)).cast(pa.large_string())
    values = pd.Categorical.from_codes(codes, categories=pd.Index(names.to_pandas()))
    return Cells("levels", pd.Series(values, copy=False), (codes.data, *_texts(names).content))


def _texts(array: pa.Array) -> Cells:
    lengths = pc.binary_length(array).fill_null(-1).to_numpy(zero_copy_only=False)
    filled = array.fill_null("")
    _, offsets, data = filled.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[filled.offset : filled.offset + len(filled) + 1]
    letters = memoryview(data)[ends[0] : ends[-1]] if data is not None and len(ends) else b""
    return Cells("text", array.to_pandas(), (lengths.data, letters))
