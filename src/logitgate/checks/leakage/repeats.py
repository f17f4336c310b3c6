"""Equal rows under several ids: what coarse features make by chance, and copies, which prove nothing further.

How many equal rows chance gives a row follows from the rows that differ from it in one column alone: those
are no copies of it. Where, of the pairs that differ in another column, a share q agrees in the first one, h
such rows stand for h q / (1 - q) equal ones; over several columns, for ``sum h / sum (1 - q) / q``. Coarse
rows have many such neighbours, copies of fine ones have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...project.project import Project

CHECK = Check.LEAKAGE
_FEWEST, _MOST = 2, 5
_BOUND, _OFTEN = 10.0, 0.2
"""A column is left out together with another one when equal values of that one make its own agree this often,
and raise the odds of agreeing this many times."""
_SOME = 10_000
"""Rows by which dependent columns are found."""
_BITS = 20
"""At most, of a table of hashes that is in the processor's cache."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Hashes: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Matches:
    """Which rows have an equal one, and how many equal ones chance would give them.

    Parameters
    ----------
    group : int64 array of shape (n,)
        Rows with equal features have the same number.
    found : int64 array of shape (n,)
        The equal rows of each row.
    expected : float array of shape (n,)
        Those that chance explains.
    """

    group: IntArray
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


def matches(frame: pd.DataFrame, label: NDArray[Any] | None = None, *, opposite: bool = False) -> Matches:
    """Compare n rows in all columns of a table.

    Parameters
    ----------
    frame : DataFrame of n rows
    label : int array of shape (n,), optional
        Then an equal row counts only where its label is the same.
    opposite : bool
        Then it counts only where its label is another one.
    """
    codes = [_codes(frame[name]) for name in frame.columns]
    return _matches(codes, _total(codes, range(len(codes))), label, opposite=opposite)


def _matches(codes: list[IntArray], whole: Hashes, label: NDArray[Any] | None, *, opposite: bool) -> Matches:
    labels = None if label is None else _codes(pd.Series(label))

    def equal(hashes: Hashes) -> IntArray:
        return _others(hashes, labels, opposite=opposite)

    group = pd.factorize(whole)[0].astype(np.int64)
    return Matches(group, equal(whole), _expected(codes, whole, equal))


def _expected(codes: list[IntArray], whole: Hashes, equal: Callable[[Hashes], IntArray]) -> FloatArray:
    """Return how many equal rows chance gives each row, shape (n,); infinitely many for a single column."""
    if len(codes) < _FEWEST:  # one column alone says nothing about copies
        return np.full(len(whole), np.inf)
    some = np.linspace(0, len(whole) - 1, min(len(whole), _SOME)).astype(np.int64)
    blocks = _blocks([values[some].astype(np.int64) for values in codes])
    same = equal(whole)

    def unequal_in(block: frozenset[int]) -> FloatArray:
        return (equal(whole - _total(codes, block)) - same).astype(np.float64)

    counts = [float(unequal_in(block).sum()) for block in blocks]
    most = sorted(range(len(codes)), key=lambda place: -counts[place])[:_MOST]
    near = {place: unequal_in(blocks[place]) for place in most}
    odds = {place: np.zeros(len(whole)) for place in most}
    for pair in combinations(most, 2):
        if blocks[pair[0]] & blocks[pair[1]]:
            continue
        differ = unequal_in(blocks[pair[0]] | blocks[pair[1]]) - near[pair[0]] - near[pair[1]]
        for one, other in (pair, pair[::-1]):
            odds[one] = np.maximum(odds[one], _odds(codes[one], near[other], differ))
    neighbours, weight = np.zeros(len(whole)), np.zeros(len(whole))
    for place, known in odds.items():
        neighbours += np.where(known > 0, near[place], 0.0)
        weight += np.divide(1.0, known, out=np.zeros(len(whole)), where=known > 0)
    return np.divide(neighbours, weight, out=np.zeros(len(whole)), where=weight > 0)


def _odds(code: IntArray, alike: FloatArray, differ: FloatArray) -> FloatArray:
    """Return the odds that a pair which differs elsewhere agrees in a column, by the value it holds there.

    A value of few pairs leans on the odds of all.
    """
    pairs = float(differ.sum())
    overall = float(alike.sum()) / pairs if pairs > 0 else 0.0
    found: FloatArray = (np.bincount(code, alike) + overall) / (np.bincount(code, differ) + 1)
    return found[code]


def repeated(hashes: Hashes | IntArray) -> IntArray:
    """Return the positions of the hashes that stand more than once, rising."""
    return np.sort(_together(hashes)[0])


def _together(hashes: Hashes | IntArray) -> tuple[IntArray, IntArray]:
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


def repeat_findings(found: Matches | None, project: Project) -> Iterator[Finding]:
    """Warn of the copies that `copied_rows` returns."""
    if found is None:
        return
    limit = project.gates.leakage.duplicate_share
    share, chance = float(found.matched.mean()), found.share_by_chance()
    groups = len(np.unique(found.group[found.copies]))
    because = (
        f"{share:.2%} of the {len(found.group)} rows have an equal one under another id, at most "
        f"{chance:.2%} by chance: {int(found.copies.sum())} rows are counted as {groups} clusters; "
        "remove the copies, or declare what they have in common as columns.entity"
    )
    figures: dict[str, Figure] = {"share": share, "chance": chance, "limit": limit, "copied_as": groups}
    yield Finding(CHECK, "equal rows", Status.WARN, because, figures)


def one_cluster(sample: Sample, found: Matches | None) -> Sample:
    """Return the sample with each group of the copies that `copied_rows` returns as one cluster."""
    return sample if found is None else replace(sample, cluster=_joined(sample, found.group, found.copies))


def copied_rows(sample: Sample, project: Project) -> Matches | None:
    """Return the rows that are equal in features and outcome; None where gate and chance explain them."""
    limit = project.gates.leakage.duplicate_share
    codes = [_codes(sample.frame[name]) for name in project.features.all]
    whole, labels = _total(codes, range(len(codes))), _codes(pd.Series(sample.y))
    if float((_others(whole, labels, opposite=False) > 0).mean()) <= limit:
        return None
    found = _matches(codes, whole, sample.y, opposite=False)
    is_beyond = float(found.matched.mean()) > limit + found.share_by_chance()
    return found if found.copies.any() and is_beyond else None


def _joined(part: Sample, group: IntArray, copied: BoolArray) -> IntArray:
    """Put clusters together that share copies, step by step until nothing changes."""
    cluster = np.arange(len(part)) if part.cluster is None else pd.factorize(part.cluster)[0]
    rows = np.flatnonzero(copied)
    group = pd.factorize(group[rows])[0]
    while True:
        least = np.full(int(group.max()) + 1, len(part), dtype=np.int64)
        np.minimum.at(least, group, cluster[rows])
        lower = np.arange(int(cluster.max()) + 1)
        np.minimum.at(lower, cluster[rows], least[group])
        if (lower == np.arange(len(lower))).all():
            return cluster.astype(np.int64)
        cluster = lower[cluster]


def _codes(values: pd.Series) -> IntArray:
    """Return a number for each distinct value, in as few bytes as there is need for; shape (n,)."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    return codes.astype(np.min_scalar_type(len(distinct)))


def _blocks(codes: list[IntArray]) -> list[frozenset[int]]:
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


def _mixed(codes: NDArray[Any], place: int) -> Hashes:
    """Hash the codes of one column so that the sums over columns are hashes of rows (splitmix64)."""
    z = np.arange(1, int(codes.max(initial=0)) + 2, dtype=np.uint64) * _PRIME
    z = z + np.uint64(place + 1) * (_PRIME >> np.uint64(7))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((z ^ (z >> np.uint64(31)))[codes], dtype=np.uint64)


def _total(codes: list[IntArray], places: Iterable[int]) -> Hashes:
    """Return a hash of each row's values in some columns, shape (n,)."""
    return sum((_mixed(codes[place], place) for place in places), np.zeros(len(codes[0]), dtype=np.uint64))


def _others(hashes: Hashes, label: IntArray | None, *, opposite: bool) -> IntArray:
    """Return how many other rows have the same hash, and the same or another label, shape (n,)."""
    several, group = _together(hashes)
    found = np.zeros(len(hashes), dtype=np.int64)
    rows = np.bincount(group)[group]
    if label is None:
        found[several] = rows - 1
    else:
        cell = group * (int(label.max(initial=0)) + 1) + label[several]
        alike = np.bincount(cell)[cell]
        found[several] = rows - alike if opposite else alike - 1
    return found
