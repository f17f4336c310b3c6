"""What a column of a table holds: its kind, its cells, and which of its texts mean "missing"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..writing import NumberWriting


class ColumnKind(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    MOMENT = "moment"
    TEXT = "text"
    EMPTY = "empty"
    OTHER = "other"
    """Lists, structures or bytes, which no declared type reads."""


@dataclass(frozen=True)
class Profile:
    """One column.

    Parameters
    ----------
    name : str
    kind : ColumnKind
    values : pandas.Series of n cells
        float64, datetime64[us] or category of texts; missing where the cell means that.
    tokens : tuple of str
        Texts of its cells that mean "missing".
    form, other_form : str or None
        How moments are written, and another reading that is as good.
    is_code : bool
        Whether its texts are digits with zeros in front.
    """

    name: str
    kind: ColumnKind
    values: pd.Series[Any]
    tokens: tuple[str, ...] = ()
    form: str | None = None
    other_form: str | None = None
    is_code: bool = False

    @cached_property
    def present(self) -> NDArray[Any]:
        """The cells that are there; numbers and moments."""
        return np.asarray(self.values.dropna().to_numpy())

    @cached_property
    def counts(self) -> pd.Series[int]:
        """Rows of each distinct value, most frequent first."""
        return self.values.value_counts(sort=True)

    @property
    def rows(self) -> int:
        """All rows."""
        return len(self.values)

    @cached_property
    def missing(self) -> int:
        """Rows without a value."""
        return int(self.values.isna().sum())

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return int((self.counts > 0).sum())

    @cached_property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers alone."""
        return self.kind is ColumnKind.NUMBER and bool((np.mod(self.present, 1) == 0).all())

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return not self.missing and self.distinct == self.rows

    def without(self, sentinels: tuple[float, ...], texts: tuple[str, ...]) -> Profile:
        """Return the same column with numbers that stand for "missing" as missing."""
        values = self.values.where(~self.values.isin(sentinels))
        return replace(self, values=values, tokens=(*self.tokens, *texts))


@dataclass(frozen=True)
class Look:
    """All columns of a table, by name in its order, and how its numbers are written."""

    columns: Mapping[str, Profile]
    writing: NumberWriting
    rows: int
