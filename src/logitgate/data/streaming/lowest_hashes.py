"""A sample of rows that come block by block: those of the lowest hashes (bottom-k, Cohen & Kaplan 2007)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ..readers.source import Source, joined

_MORE = 1.25
"""How many times as many rows as are wanted are held before the highest hashes are dropped."""


class LowestHashes:
    """Keeps the cells of at most so many rows, in the order in which they came.

    Which rows these are depends neither on the blocks that they come in nor on their order, but for rows of
    equal hashes at the limit.

    Parameters
    ----------
    at_most : int

    Examples
    --------
    >>> import pyarrow as pa
    >>> from logitgate.data.readers.source import numbered
    >>> kept = LowestHashes(2)
    >>> block = numbered("rows", pa.table({"x": [1, 2, 3]}))
    >>> kept.add(block, np.array([30, 10, 20], dtype=np.uint64), np.ones(3, dtype=bool))
    >>> kept.source().cells.column("x").to_pylist()
    [2, 3]
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._empty: Source | None = None
        self._held: list[Source] = []
        self._hashes = np.empty(0, dtype=np.uint64)
        self._limit = np.iinfo(np.uint64).max

    def add(self, source: Source, hashes: NDArray[np.uint64], chosen: BoolArray) -> None:
        """Take rows of a block into account.

        Parameters
        ----------
        source : Source of n rows
        hashes : uint64 array of shape (n,)
        chosen : bool array of shape (n,)
            Which of them the sample may hold.
        """
        if self._empty is None:
            self._empty = source.taken(np.empty(0, dtype=np.int64))
        rows = np.flatnonzero(chosen & (hashes <= self._limit))
        if not len(rows):
            return
        self._held.append(source.taken(rows))
        self._hashes = np.concatenate([self._hashes, hashes[rows]])
        if len(self._hashes) > _MORE * self._at_most:
            self._trim()

    def source(self) -> Source:
        """Return the rows of the sample.

        Raises
        ------
        DataError
            When blocks had different columns.
        """
        assert self._empty is not None  # noqa: S101 - a reader yields one block at least
        self._trim()
        return joined(self._held or [self._empty])

    def _trim(self) -> None:
        if len(self._hashes) <= self._at_most:
            return
        rows = np.sort(np.argsort(self._hashes, kind="stable")[: self._at_most])
        self._held = [joined(self._held).taken(rows)]
        self._hashes = self._hashes[rows]
        self._limit = int(self._hashes.max())
