"""Blocks of rows on which a recipe is judged: in time order, or folds at random where there is no time.

In time order each block is judged by a model of the blocks before it (Dawid 1984, prequential analysis);
without one each fold is judged by a model of the others (Stone 1974).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...decision.costs import IntArray
from ...errors import DataError
from ...project.project import Project
from .sample import Sample, rows_seen

LEAST = 5
"""Fewest events, and fewest other rows, that a model of earlier blocks is fitted to."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Positions of the rows that a model is fitted to and of those that it is judged on; both rising."""

    learned: IntArray
    judged: IntArray


@dataclass(frozen=True, slots=True)
class Blocks:
    """A sample cut into blocks.

    Parameters
    ----------
    sample : Sample of n rows
    number : int array of shape (n,)
        The block of each row, from 0 on.
    in_time : bool
        Whether the blocks follow each other in time.
    """

    sample: Sample
    number: IntArray
    in_time: bool

    @property
    def count(self) -> int:
        """Number of blocks."""
        return int(self.number.max()) + 1

    @property
    def judged(self) -> tuple[int, ...]:
        """The blocks that are judged: those whose other (earlier) rows hold enough of both classes."""
        y = self.sample.y
        fitted = {block: y[self.learned(block)] for block in range(self.count)}
        return tuple(
            block
            for block, rows in fitted.items()
            if min(int(rows.sum()), len(rows) - int(rows.sum())) >= LEAST
        )

    @property
    def last(self) -> int:
        """The last block that is judged: in time order the newest rows."""
        return self.judged[-1]

    def rows(self, block: int) -> IntArray:
        """Return the positions of a block's rows, rising."""
        return np.flatnonzero(self.number == block)

    def learned(self, block: int) -> IntArray:
        """Return the positions of the rows from which a model that is judged on a block may learn, rising."""
        return np.flatnonzero(self.number < block if self.in_time else self.number != block)

    def __iter__(self) -> Iterator[tuple[str, Sample]]:
        """Yield each block with its name."""
        return ((f"block {block + 1}", self.sample.take(self.rows(block))) for block in range(self.count))


def cut(sample: Sample, project: Project) -> Blocks:
    """Cut a sample into `split.blocks` blocks.

    In time order the blocks span equal times, and a cluster goes whole into the block in which it begins; a
    block without rows is left out. Otherwise the folds are dealt out at random: entities, clusters and rows
    that are equal in all features stay together, and groups with and without events are spread evenly. Where
    most rows have an equal one, as coarse features make by chance, equal rows need not stay together.

    Parameters
    ----------
    sample : Sample
        In order of time when the split is by time.
    project : Project

    Raises
    ------
    DataError
        When no block can be judged: too few rows of one class stand before the last one.
    """
    in_time = project.split_by == "time"
    number = _by_time(sample, project) if in_time else _at_random(sample, project)
    blocks = Blocks(sample, np.unique(number, return_inverse=True)[1].astype(np.int64), in_time)
    if not blocks.judged:
        events = int(sample.y.sum())
        rule = (
            f"{len(sample)} rows with {events} events in {blocks.count} blocks: no block has {LEAST} events "
            f"and {LEAST} other rows {'before it' if in_time else 'outside'} to fit a model to"
        )
        raise DataError("the blocks", rule, "give more rows, a longer split.window or other split.blocks")
    return blocks


def _by_time(sample: Sample, project: Project) -> IntArray:
    assert sample.time is not None  # noqa: S101 - the project demands the column
    time = sample.time.astype(np.int64)
    whole = project.columns.cluster and sample.cluster is not None
    group = _codes(sample.cluster if whole else time)  # type: ignore[arg-type]
    start = np.full(int(group.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(start, group, time)
    edges = np.linspace(float(time.min()), float(time.max()), project.split.blocks + 1)[1:-1]
    return np.searchsorted(edges, start.astype(np.float64), side="right")[group].astype(np.int64)


def _at_random(sample: Sample, project: Project) -> IntArray:
    """Shuffle whole groups and deal them out, groups with and without events apart."""
    group = _groups(sample, project)
    eventful = np.bincount(group, weights=sample.y) > 0
    random = np.random.default_rng(project.split.seed)
    number = np.empty(len(group), dtype=np.int64)
    for stratum in (True, False):
        rows = np.flatnonzero(eventful[group] == stratum)
        if len(rows):
            members = _codes(group[rows])
            order = random.permutation(int(members.max()) + 1)
            number[rows] = _dealt(members, order, project.split.blocks)
    return number


def _dealt(group: IntArray, order: IntArray, count: int) -> IntArray:
    """Give each group, in order, to the one of `count` equal parts in which its middle row falls."""
    size = np.bincount(group)[order]
    middle = np.cumsum(size) - size / 2
    part = np.empty(len(order), dtype=np.int64)
    part[order] = np.minimum(middle * count // len(group), count - 1)
    return part[group]


def _groups(sample: Sample, project: Project) -> IntArray:
    """Return which rows stay together: connected by an entity, a cluster or equal features; shape (n,)."""
    ties = [codes for codes in (sample.entity, sample.cluster) if codes is not None]
    equal = _codes(rows_seen(sample, project.features.all))
    if (np.bincount(equal)[equal] > 1).mean() <= 0.5:
        ties.append(equal)
    group = np.arange(len(sample), dtype=np.int64)
    for codes in ties:
        group = _connected(group, _codes(codes))
    return group


def _connected(one: IntArray, other: IntArray) -> IntArray:
    """Return the parts into which rows fall when those that share a code of either kind stay together."""
    first = int(one.max()) + 1
    size = first + int(other.max()) + 1
    ties = coo_array((np.ones(len(one), dtype=np.int8), (one, first + other)), shape=(size, size))
    return connected_components(ties, directed=False)[1][one].astype(np.int64)


def _codes(values: NDArray[np.generic]) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)
