"""A sample of rows that come block by block: those of the lowest hashes (bottom-k, Cohen & Kaplan 2007)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ..readers.source import concatenated

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
    >>> kept = LowestHashes(2)
    >>> hashes = np.array([30, 10, 20], dtype=np.uint64)
    >>> kept.add(pa.table({"x": [1, 2, 3]}), hashes, np.ones(3, dtype=bool))
    >>> kept.cells().column("x").to_pylist()
    [2, 3]
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._held: list[pa.Table] = []
        self._hashes = np.empty(0, dtype=np.uint64)
        self._limit = np.iinfo(np.uint64).max

    def __len__(self) -> int:
        """Return how many rows are held now: at most a quarter more than are wanted."""
        return len(self._hashes)

    def add(self, cells: pa.Table, hashes: NDArray[np.uint64], chosen: BoolArray) -> None:
        """Take rows of a block into account.

        Parameters
        ----------
        cells : pyarrow.Table of n rows
            Of the same columns as those before.
        hashes : uint64 array of shape (n,)
        chosen : bool array of shape (n,)
            Which of them the sample may hold.
        """
        rows = np.flatnonzero(chosen & (hashes <= self._limit))
        if self._held and not len(rows):
            return
        self._held.append(cells.take(pa.array(rows)))
        self._hashes = np.concatenate([self._hashes, hashes[rows]])
        if len(self._hashes) > _MORE * self._at_most:
            self._trim()

    def cells(self) -> pa.Table:
        """Return the rows of the sample; one block at least was added."""
        self._trim()
        return concatenated(self._held)

    def _trim(self) -> None:
        if len(self._hashes) <= self._at_most:
            return
        rows = np.sort(np.argsort(self._hashes, kind="stable")[: self._at_most])
        self._held = [concatenated(self._held).take(pa.array(rows))]
        self._hashes = self._hashes[rows]
        self._limit = self._hashes.max()
