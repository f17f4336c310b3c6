"""Columns of many rows that share few values: computed once for each distinct value, and looked up.

A number that is measured to so many digits, and a few features of few levels taken together, have far fewer
distinct cells than there are rows. What weights make of the cells is looked up for each row, and what a sum
over the columns needs of the rows is their sum by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .columns import Codes, CurveColumns, LevelColumns, Scorer, WrittenColumns, narrow, summed

FEWEST = 20_000
"""Rows from which on it pays."""
_CELLS = 65_535
"""Most distinct values of a number: sums over them stay in a processor's cache."""
_ROWS_EACH = 4
"""Rows that a distinct value has to stand for, on average."""
_TOGETHER = 256
"""Most combinations of levels that are cells."""
_ALL = slice(None)

Each: TypeAlias = WrittenColumns | CurveColumns | LevelColumns


@dataclass(frozen=True, slots=True)
class PooledColumns:
    """Columns of which each row has those of a cell.

    Attributes
    ----------
    codes : unsigned int array of shape (n,)
        The cell of each row.
    cells : int
    each : tuple of WrittenColumns, CurveColumns or LevelColumns
        The columns of the cells.
    """

    codes: Codes
    cells: int
    each: tuple[Each, ...]

    @property
    def columns(self) -> IntArray:
        """Places of the columns in the design matrix, shape (w,)."""
        return np.concatenate([part.columns for part in self.each])

    @property
    def factor(self) -> None:
        """What stands in a row's column: 1 where levels are pooled."""
        return

    @property
    def _places(self) -> IntArray:
        return self.codes.astype(np.int64)

    @property
    def levels(self) -> tuple[LevelColumns, ...]:
        """The levels of the rows, feature by feature."""
        return tuple(part.taken(self._places) for part in self.each if isinstance(part, LevelColumns))

    def gathered(self, by_cell: FloatArray) -> FloatArray:
        """Return the sums of the columns of levels from those of the cells, (w, ...) of (cells, ...)."""
        parts = [part for part in self.each if isinstance(part, LevelColumns)]
        spread = [(part.codes == np.arange(part.cells)[:, None]).astype(np.float64) for part in parts]
        return np.concatenate([part.gathered(one @ by_cell) for part, one in zip(parts, spread, strict=True)])

    def written(self, rows: slice) -> FloatArray:
        """Return the columns of numbers, shape (r, w)."""
        parts = [part.written(_ALL) for part in self.each if not isinstance(part, LevelColumns)]
        return np.hstack([part.take(self.codes[rows], axis=0) for part in parts])

    def tabled(self) -> PooledColumns:
        """Return the same columns of numbers, written once for each cell."""
        numbers = [part for part in self.each if not isinstance(part, LevelColumns)]
        return replace(self, each=tuple(WrittenColumns(one.written(_ALL), one.columns) for one in numbers))

    def scorer(self, weights: FloatArray) -> Scorer:
        """Return what tells of a slice of rows what the columns add to each one's score."""
        table = np.sum([part.scorer(weights)(_ALL) for part in self.each], axis=0)
        return lambda rows: np.asarray(table.take(self.codes[rows]))

    def collected(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the sum of a value of each row by cell, shape (cells,)."""
        return summed(self.codes[rows], values, self.cells)

    def sums_of(self, collected: FloatArray) -> FloatArray:
        """Return the sum of each column times the values that were collected, shape (w,)."""
        return np.concatenate([part.sums_of(part.collected(collected, _ALL)) for part in self.each])

    def sums_by(self, code: IntArray, groups: int, values: FloatArray) -> FloatArray:
        """Return `sums` over all rows for each group of rows, shape (groups, w)."""
        return np.hstack([part.taken(self._places).sums_by(code, groups, values) for part in self.each])

    def weighed(self, values: FloatArray, rows: slice) -> FloatArray:
        """Return the values times what stands in each row's column, shape (r,)."""
        return values

    def taken(self, rows: IntArray) -> PooledColumns:
        """Return these rows."""
        return replace(self, codes=self.codes[rows])

    def moved(self, places: int) -> PooledColumns:
        """Return the same columns so many places further on."""
        return replace(self, each=tuple(part.moved(places) for part in self.each))

    def among(self, kept: BoolArray, places: IntArray) -> PooledColumns | None:
        """Return the columns that are kept, at their new places; None where none is."""
        left = tuple(one for part in self.each if (one := part.among(kept, places)) is not None)
        return replace(self, each=left) if left else None


Numbers: TypeAlias = WrittenColumns | CurveColumns | PooledColumns
Levels: TypeAlias = LevelColumns | PooledColumns


@dataclass(frozen=True, slots=True)
class Distinct:
    """A number of n rows by its d distinct values.

    Attributes
    ----------
    codes : unsigned int array of shape (n,)
    values : array of shape (d,)
        In any order, NaN where missing; not all need occur.
    """

    codes: Codes
    values: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Distinct | None:
        """Find the distinct values of n rows; None where they are too many to save anything."""
        most = min(_CELLS, len(values) // _ROWS_EACH)
        if len(values) < FEWEST or len(_encoded(values[: 2 * most]).dictionary) > most:
            return None
        found = _encoded(values)
        if len(found.dictionary) > most:
            return None
        each = found.dictionary.to_numpy(zero_copy_only=False)
        return cls(narrow(found.indices.to_numpy(zero_copy_only=False), len(each)), each)

    @property
    def counts(self) -> IntArray:
        """How many rows have each value, shape (d,)."""
        return np.bincount(self.codes, minlength=len(self.values))

    def taken(self, rows: slice | IntArray) -> Distinct:
        """Return these rows."""
        return replace(self, codes=self.codes[rows])


def _encoded(values: FloatArray) -> pa.DictionaryArray:
    """Return numbers with their distinct values; Arrow's own pool of memory would keep what it took."""
    plain = pa.array(values, from_pandas=False)
    return pc.dictionary_encode(plain, memory_pool=pa.system_memory_pool())


Known: TypeAlias = Mapping[str, Distinct]
"""Numbers by their distinct values, by name; those that have too many are left out."""
NONE: Known = MappingProxyType({})


def pooled(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, Distinct]:
    """Return the numbers of rows whose distinct values are few."""
    found = {name: Distinct.of(numbers_of(frame[name])) for name in names}
    return {name: one for name, one in found.items() if one is not None}


def numbers_of(column: pd.Series) -> FloatArray:
    """Return a column as floats, NaN where missing; shape (n,)."""
    return column.to_numpy(np.float64, na_value=np.nan)


def tallied(values: FloatArray | Distinct) -> tuple[FloatArray, IntArray]:
    """Return the distinct values that occur, rising and without NaN, and how many rows have each."""
    if not isinstance(values, Distinct):
        return np.unique(values[~np.isnan(values)], return_counts=True)
    counts = values.counts
    kept = np.flatnonzero((counts > 0) & ~np.isnan(values.values))
    kept = kept[np.argsort(values.values[kept])]
    return values.values[kept], counts[kept]


def together(groups: Sequence[LevelColumns]) -> tuple[Levels, ...]:
    """Return levels of several features as the levels' combinations, as long as these are few."""
    return tuple(one[0] if len(one) == 1 else _combined(one) for one in _few(groups))


def _few(groups: Sequence[LevelColumns]) -> Iterator[list[LevelColumns]]:
    """Yield which features are taken together: the widest first, each where there is still room."""
    sizes: list[int] = []
    bins: list[list[LevelColumns]] = []
    for group in sorted(groups, key=lambda one: -len(one.columns)):
        width = len(group.columns) + 1
        if group.factor is not None:
            yield [group]
            continue
        place = next((at for at, size in enumerate(sizes) if size * width <= _TOGETHER), None)
        if place is None:
            sizes.append(width)
            bins.append([group])
        else:
            sizes[place] *= width
            bins[place].append(group)
    yield from bins


def _combined(groups: Sequence[LevelColumns]) -> PooledColumns:
    cells = int(np.prod([len(group.columns) + 1 for group in groups]))
    cell, each, stride = np.arange(cells), [], 1
    codes = np.zeros(len(groups[0].codes), dtype=np.min_scalar_type(cells))
    for group in groups:
        width = len(group.columns) + 1
        each.append(LevelColumns(narrow(cell // stride % width, width), group.columns))
        codes += group.codes.astype(codes.dtype) * codes.dtype.type(stride)
        stride *= width
    return PooledColumns(codes, cells, tuple(each))
