"""A sample cut into blocks of time, and the cuts at which the rows may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray

NEAR, LEAST = 14, 10
"""DayBlocks that are looked at on each side of a cut: at most, and at least."""
_ROWS = 50


@dataclass(frozen=True, slots=True)
class DayBlocks:
    """Days, or as many days in a row as have fifty rows together.

    Attributes
    ----------
    code : int array of shape (n,)
        The block of each row, from 0 on, in order of time.
    starts : datetime64[D] array of shape (blocks,)
    """

    code: IntArray
    starts: NDArray[np.datetime64]

    @classmethod
    def of(cls, time: NDArray[np.datetime64]) -> DayBlocks:
        """Cut the rows by their times, shape (n,)."""
        days, day, rows = np.unique(time.astype("datetime64[D]"), return_inverse=True, return_counts=True)
        block = np.empty(len(days), dtype=np.int64)
        number, filled = 0, 0
        for position, count in enumerate(rows):
            block[position] = number
            filled += int(count)
            if filled >= _ROWS:
                number, filled = number + 1, 0
        if filled and number:
            # What is left at the end is too little for a block of its own.
            block[block == number] = number - 1
        return cls(block[day], days[np.unique(block, return_index=True)[1]])

    def __len__(self) -> int:
        return len(self.starts)

    def cuts(self) -> Iterator[tuple[int, slice, slice]]:
        """Yield the first block after each cut, and the near blocks before and after it."""
        for cut in range(LEAST, len(self) - LEAST + 1):
            yield cut, slice(max(0, cut - NEAR), cut), slice(cut, min(len(self), cut + NEAR))

    def sums(self, values: FloatArray | NDArray[np.bool_]) -> FloatArray:
        """Return the sum of a column over each block, shape (blocks,)."""
        return np.asarray(np.bincount(self.code, values, len(self)), dtype=np.float64)

    def counts(self, level: IntArray, weights: NDArray[np.int8] | None = None) -> FloatArray:
        """Return rows (or the sum of weights) by block and level, shape (blocks, levels)."""
        levels = int(level.max()) + 1
        flat = np.bincount(self.code * levels + level, weights, len(self) * levels)
        return np.asarray(flat.reshape(len(self), levels), dtype=np.float64)

    def day(self, block: int) -> str:
        """Return the first day of a block."""
        return str(self.starts[block])
