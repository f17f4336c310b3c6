"""Hashes of rows, and which of them stand more than once: equal rows have equal hashes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...decision.costs import IntArray

_BITS = 20
"""At most, of a table of hashes that is in the processor's cache."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Hashes: TypeAlias = NDArray[np.uint64]


def row_hashes(frame: pd.DataFrame, places: Iterable[int]) -> Hashes:
    """Return a hash of each row's values in the columns at these places, shape (n,)."""
    columns = (_of_values(frame.iloc[:, place]) + _salt(place) for place in places)
    return _summed((_scattered(one) for one in columns), len(frame))


def hashes_of_codes(codes: list[IntArray], places: Iterable[int]) -> Hashes:
    """Return a hash of each row's codes in the columns at these places, shape (n,)."""
    return _summed((_of_codes(codes[place], place) for place in places), len(codes[0]))


def codes_of(values: pd.Series) -> IntArray:
    """Return a number for each distinct value, in as few bytes as there is need for; shape (n,)."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    return codes.astype(np.min_scalar_type(len(distinct)))


def repeated(hashes: Hashes | IntArray) -> IntArray:
    """Return the positions of the hashes that stand more than once, rising."""
    return np.sort(together(hashes)[0])


def together(hashes: Hashes | IntArray) -> tuple[IntArray, IntArray]:
    """Return the positions of the hashes that stand more than once, and a number for each distinct one."""
    rows = _perhaps_repeated(hashes)
    order = np.argsort(hashes[rows])
    ordered = hashes[rows[order]]
    group = np.cumsum(np.concatenate([[0], ordered[1:] != ordered[:-1]]))[: len(rows)]
    several = (np.bincount(group, minlength=1) > 1)[group]
    return rows[order[several]], group[several]


def _perhaps_repeated(hashes: Hashes | IntArray) -> IntArray:
    """Return the positions of the hashes whose last bits are those of one that stands more than once.

    To sort hashes takes a third of the time of finding their order, which is found of these alone.
    """
    ordered = np.sort(hashes)
    several = ordered[1:][ordered[1:] == ordered[:-1]]
    last = hashes.dtype.type((1 << min(len(several).bit_length() + 3, _BITS)) - 1)
    marked = np.zeros(int(last) + 1, dtype=bool)
    marked[several & last] = True
    return np.flatnonzero(marked[hashes & last])


def _summed(hashes: Iterable[Hashes], rows: int) -> Hashes:
    found = np.zeros(rows, dtype=np.uint64)
    for one in hashes:
        found += one
    return found


def _of_values(values: pd.Series) -> NDArray[Any]:
    """Return the bits of numbers, and codes of anything else; equal values have the same, shape (n,)."""
    if values.dtype != np.float64:
        return codes_of(values).astype(np.uint64)
    numbers = values.to_numpy() + 0.0  # a zero has no sign
    numbers[np.isnan(numbers)] = np.nan
    return numbers.view(np.uint64)


def _of_codes(codes: IntArray, place: int) -> Hashes:
    every = np.arange(int(codes.max(initial=0)) + 1, dtype=np.uint64)
    return np.asarray(_scattered(every + _salt(place))[codes], dtype=np.uint64)


def _salt(place: int) -> np.uint64:
    """Return what makes the same value another one in another column."""
    return np.uint64(((place + 1) * (int(_PRIME) >> 7)) % 2**64)


def _scattered(values: Hashes) -> Hashes:
    """Hash numbers so that the sums over columns are hashes of rows (splitmix64)."""
    z = (values + np.uint64(1)) * _PRIME
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)
