"""Equal rows: how many each row has, and how many of them coarse features make by chance.

How many equal rows chance gives a row follows from the rows that differ from it in one column alone: those
are no copies of it. Where, of the pairs that differ in another column, a share q agrees in the first one, h
such rows stand for h q / (1 - q) equal ones; over several columns, for ``sum h / sum (1 - q) / q``. Coarse
rows have many such neighbours, copies of fine ones have none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from .row_hashes import Hashes, codes_of, hashes_of_codes, repeated, row_hashes, together

_FEWEST, _MOST = 2, 5
_BOUND, _OFTEN = 10.0, 0.2
"""A column is left out together with another one when equal values of that one make its own agree this often,
and raise the odds of agreeing this many times."""
_SOME = 10_000
"""Rows by which dependent columns are found."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Which rows have an equal one, and how many equal ones chance would give them.

    Parameters
    ----------
    group : uint64 array of shape (n,)
        Rows with equal features have the same number, their hash.
    found : int64 array of shape (n,)
        The equal rows of each row.
    expected : float array of shape (n,)
        Those that chance explains.
    """

    group: Hashes
    found: IntArray
    expected: FloatArray

    @property
    def matched(self) -> BoolArray:
        """Whether a row has an equal one, shape (n,)."""
        return self.found > 0

    @property
    def chance(self) -> FloatArray:
        """Probability that a row has an equal one by chance, shape (n,)."""
        return np.asarray(-np.expm1(-self.expected))

    @property
    def copies(self) -> BoolArray:
        """Whether a row has an equal one that is rather a copy than chance, shape (n,)."""
        return self.matched & (self.chance < 0.5)

    def share_by_chance(self, among: BoolArray | None = None) -> float:
        """Return the share of the rows that chance may give an equal one, three standard errors granted.

        Rows come in equal pairs at least, so the variance is twice that of rows on their own.
        """
        chance = self.chance if among is None else self.chance[among]
        if not len(chance):
            return 0.0
        error = np.sqrt(2 * float((chance * (1 - chance)).sum())) / len(chance)
        return min(float(chance.mean()) + 3 * float(error), 1.0)


@dataclass(frozen=True)
class EqualRows:
    """The rows of a table that are equal in all columns, or in all but one or two and what follows from them.

    Parameters
    ----------
    frame : DataFrame of n rows
    hashes : uint64 array of shape (n,)
        Of each row's values in all columns.
    """

    frame: pd.DataFrame
    hashes: Hashes

    @classmethod
    def of(cls, frame: pd.DataFrame) -> EqualRows:
        """Hash the rows of a table."""
        return cls(frame, row_hashes(frame, range(frame.shape[1])))

    def matches(self, label: NDArray[Any] | None = None, *, opposite: bool = False) -> Matches:
        """Compare n rows in all columns.

        Parameters
        ----------
        label : int array of shape (n,), optional
            Then an equal row counts only where its label is the same.
        opposite : bool
            Then it counts only where its label is another one.
        """
        among = _Among.labelled(label, opposite)
        expected = np.zeros(len(self.frame))
        if self.frame.shape[1] < _FEWEST:  # one column alone says nothing about copies
            expected[:] = np.inf
        else:
            expected[self._rows] = self._expected(among.of(self._rows))
        return Matches(self.hashes, self._found(among), expected)

    def share_matched(self, label: NDArray[Any]) -> float:
        """Return the share of the rows with an equal one of the same label."""
        return float((self._found(_Among.labelled(label, opposite=False)) > 0).mean())

    def _found(self, among: _Among) -> IntArray:
        several, group = self._repeated
        found = np.zeros(len(self.frame), dtype=np.int64)
        found[several] = among.counted(several, group)
        return found

    @cached_property
    def _repeated(self) -> tuple[IntArray, IntArray]:
        return together(self.hashes)

    @cached_property
    def _blocks(self) -> list[frozenset[int]]:
        some = np.linspace(0, len(self.frame) - 1, min(len(self.frame), _SOME)).astype(np.int64)
        part = self.frame.iloc[some]
        return _dependent([codes_of(part.iloc[:, place]).astype(np.int64) for place in range(part.shape[1])])

    @cached_property
    def _rows(self) -> IntArray:
        """Positions of all rows with an equal one where the columns of any two blocks do not count.

        Each two blocks are among two of three lots, so such rows are equal in what the third has to itself.
        Finer columns are dealt out first, for few other rows to be equal in a lot.
        """
        columns = range(self.frame.shape[1])
        finest = sorted(columns, key=lambda place: -self.frame.iloc[:_SOME, place].nunique())
        lots = [frozenset().union(*(self._blocks[place] for place in finest[lot::3])) for lot in range(3)]
        found = np.zeros(len(self.frame), dtype=bool)
        for one, other in combinations(lots, 2):
            found[repeated(row_hashes(self.frame, frozenset(columns) - one - other))] = True
        return np.flatnonzero(found)

    @cached_property
    def _codes(self) -> list[IntArray]:
        part = self.frame.iloc[self._rows]
        return [codes_of(part.iloc[:, place]) for place in range(part.shape[1])]

    @cached_property
    def _hashes(self) -> Hashes:
        return hashes_of_codes(self._codes, range(len(self._codes)))

    def _apart_from(self, block: frozenset[int]) -> tuple[IntArray, IntArray]:
        """Return `together` of all columns but these, counted from the first of `_rows`."""
        if block not in self._known:
            several, group = together(self._hashes - hashes_of_codes(self._codes, block))
            self._known[block] = several.astype(np.int32), group.astype(np.int32)
        return self._known[block]

    @cached_property
    def _known(self) -> dict[frozenset[int], tuple[IntArray, IntArray]]:
        return {}

    def _unequal_in(self, block: frozenset[int], among: _Among) -> FloatArray:
        """Return for each of `_rows` how many others differ from it in these columns alone."""
        found = np.zeros(len(self._rows))
        for columns, sign in ((block, 1), (frozenset[int](), -1)):
            several, group = self._apart_from(columns)
            found[several] += sign * among.counted(several, group)
        return found

    def _expected(self, among: _Among) -> FloatArray:
        """Return how many equal rows chance gives each of `_rows`."""
        counts = [float(self._unequal_in(block, among).sum()) for block in self._blocks]
        most = sorted(range(len(counts)), key=lambda place: -counts[place])[:_MOST]
        near = {place: self._unequal_in(self._blocks[place], among) for place in most}
        neighbours, weight = np.zeros((2, len(self._rows)))
        for place, odds in self._odds_of_agreeing(near, among).items():
            neighbours += np.where(odds > 0, near[place], 0.0)
            weight += np.divide(1.0, odds, out=np.zeros(len(odds)), where=odds > 0)
        return np.divide(neighbours, weight, out=np.zeros(len(weight)), where=weight > 0)

    def _odds_of_agreeing(self, near: dict[int, FloatArray], among: _Among) -> dict[int, FloatArray]:
        """Return for some columns the odds that a pair of rows which differs elsewhere agrees there."""
        odds = {place: np.zeros(len(self._rows)) for place in near}
        for pair in combinations(near, 2):
            if self._blocks[pair[0]] & self._blocks[pair[1]]:
                continue
            both = self._unequal_in(self._blocks[pair[0]] | self._blocks[pair[1]], among)
            differ = both - near[pair[0]] - near[pair[1]]
            for one, other in (pair, pair[::-1]):
                odds[one] = np.maximum(odds[one], _odds(self._codes[one], near[other], differ))
        return odds


@dataclass(frozen=True, slots=True)
class _Among:
    """Which of the equal rows count: all, those of the same label, or those of another one."""

    label: IntArray | None
    opposite: bool

    @classmethod
    def labelled(cls, label: NDArray[Any] | None, opposite: bool) -> _Among:  # noqa: FBT001 - as it was asked
        return cls(None if label is None else codes_of(pd.Series(label)).astype(np.int64), opposite)

    def of(self, rows: IntArray) -> _Among:
        return replace(self, label=None if self.label is None else self.label[rows])

    def counted(self, rows: IntArray, group: IntArray) -> IntArray:
        """Return how many others of its group count for each row."""
        every: IntArray = np.bincount(group)[group]
        if self.label is None:
            return every - 1
        cell = group * (self.label.max(initial=0) + 1) + self.label[rows]
        alike: IntArray = np.bincount(cell)[cell]
        return every - alike if self.opposite else alike - 1


def _odds(code: IntArray, alike: FloatArray, differ: FloatArray) -> FloatArray:
    """Return the odds that a pair which differs elsewhere agrees in a column, by the value it holds there.

    A value of few pairs leans on the odds of all.
    """
    pairs = float(differ.sum())
    overall = float(alike.sum()) / pairs if pairs > 0 else 0.0
    found: FloatArray = (np.bincount(code, alike) + overall) / (np.bincount(code, differ) + 1)
    return found[code]


def _dependent(codes: list[IntArray]) -> list[frozenset[int]]:
    """Return each column with those that nearly follow from it, as a distance follows from a destination.

    Where all columns would be one block, as when most rows are empty throughout, each stands for itself.
    """
    places = range(len(codes))
    alone = [_agreeing(values) for values in codes]
    both = {
        frozenset(pair): _agreeing(codes[pair[0]] * (int(codes[pair[1]].max()) + 1) + codes[pair[1]])
        for pair in combinations(places, 2)
    }
    every = len(codes[0]) * (len(codes[0]) - 1.0)

    def follows(other: int, place: int) -> bool:
        if other == place:
            return True
        own, pairs = alone[place], both[frozenset((place, other))]
        # Cross-multiplied odds: of agreeing where the column agrees, and anywhere.
        lifted = pairs * (every - alone[other]) >= _BOUND * alone[other] * (own - pairs)
        return lifted and pairs > _OFTEN * own

    found = [frozenset(other for other in places if follows(other, place)) for place in places]
    return [one if len(one) < len(codes) else frozenset({place}) for place, one in enumerate(found)]


def _agreeing(code: IntArray) -> float:
    """Return how many ordered pairs of rows have the same code."""
    rows = np.bincount(pd.factorize(code)[0]).astype(np.float64)
    return float((rows * (rows - 1)).sum())
