"""What identifies rows that come in no order and in parts: sums of a hash of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..row_ids import hashes_of

_WHOLE = 1 << 64
_ODD = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, by which the second sum mixes the hashes (Knuth 1998, 6.4)."""


@dataclass(frozen=True, slots=True)
class RowSums:
    """Sums over rows, which add up whatever parts the rows come in.

    Two tables of different rows share them by a chance of about 2^-64, unless somebody wants them to.

    Attributes
    ----------
    columns : tuple of str
        Those whose cells count.
    rows : int
    plain, mixed : int
        Sums of the rows' hashes, and of the hashes mixed, modulo 2^64.
    """

    columns: tuple[str, ...] = ()
    rows: int = 0
    plain: int = 0
    mixed: int = 0

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Iterable[str]) -> RowSums:
        """Sum the rows of a table over those of some columns that it has."""
        named = tuple(sorted(set(columns) & set(frame.columns)))
        hashes = hashes_of(frame, named)
        mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(_ODD)
        mixed ^= mixed >> np.uint64(32)
        return cls(named, len(frame), int(hashes.sum(dtype=np.uint64)), int(mixed.sum(dtype=np.uint64)))

    def __add__(self, other: RowSums) -> RowSums:
        """Take the rows of both."""
        columns = tuple(sorted({*self.columns, *other.columns}))
        return RowSums(
            columns,
            self.rows + other.rows,
            (self.plain + other.plain) % _WHOLE,
            (self.mixed + other.mixed) % _WHOLE,
        )

    @property
    def digest(self) -> str:
        """The sha256 of names, number and sums, in hexadecimal."""
        text = "\0".join((*self.columns, str(self.rows), str(self.plain), str(self.mixed)))
        return hashlib.sha256(text.encode()).hexdigest()
