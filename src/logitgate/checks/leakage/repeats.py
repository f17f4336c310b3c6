"""Equal rows under several ids: what coarse features make by chance, and copies, which prove nothing anew.

How many equals chance gives a row follows from the rows that differ from it in one column alone: those are no
copies of it. Of the pairs that differ in another column, a share q agrees in the first one, so h such rows
mean h q / (1 - q) equal ones by chance. Coarse rows have many such neighbours, copies of fine ones have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.sample import Sample
from ...data.split import Split
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...project.project import Project

CHECK = "leakage"
_FEWEST, _MOST = 2, 5
_DEPENDENT = 3
"""A column that has at most so many values for each value of another one is left out together with it."""
_LIKELY = 0.1
"""Above it, chance may well explain that a row has an equal one."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Equals:
    """Which rows are equal in all columns.

    Parameters
    ----------
    group : int64 array of shape (n,)
        Equal rows have the same number.
    chance : float array of shape (n,)
        Probability that a row has an equal one by chance.
    """

    group: IntArray
    chance: FloatArray

    @property
    def repeated(self) -> BoolArray:
        """Whether a row has an equal one, shape (n,)."""
        found: BoolArray = (np.bincount(self.group) > 1)[self.group]
        return found

    @property
    def copies(self) -> BoolArray:
        """Whether it has one and chance hardly explains it, shape (n,)."""
        return self.repeated & (self.chance < _LIKELY)


def equals(frame: pd.DataFrame, fixed: Iterable[NDArray[Any]] = ()) -> Equals:
    """Compare n rows in all columns of a table, and in further arrays of shape (n,)."""
    codes = [pd.factorize(frame[name], use_na_sentinel=False)[0].astype(np.int64) for name in frame.columns]
    columns = [_mixed(values, place) for place, values in enumerate(codes)]
    beside = [_mixed(np.asarray(values), len(columns) + place) for place, values in enumerate(fixed)]
    group, first = np.unique(_total([*columns, *beside]), return_index=True, return_inverse=True)[2:0:-1]
    # Copies have neighbours as often as they are copied, so the chance is that of the distinct rows.
    distinct = _chance([values[first] for values in codes], [values[first] for values in columns])
    return Equals(group.astype(np.int64), distinct[group])


def _chance(codes: list[IntArray], columns: list[NDArray[np.uint64]]) -> FloatArray:
    """Return the probability that a distinct row has an equal one by chance."""
    if len(columns) < _FEWEST:  # one column alone says nothing about copies
        return np.ones(len(columns[0]))
    whole = _total(columns)
    left_out = [_members(codes, place) for place in range(len(codes))]
    neighbours = [_others(whole - _total(columns, part)) for part in left_out]
    many = sorted(range(len(codes)), key=lambda place: -float(neighbours[place].sum()))
    odds = dict.fromkeys(many[:_MOST], 0.0)
    for one, other in permutations(odds, 2):
        both = _others(whole - _total(columns, left_out[one] | left_out[other]))
        alike = float(neighbours[other].sum())
        differ = float((both - neighbours[one] - neighbours[other]).sum())
        odds[one] = max(odds[one], alike / differ if differ > 0 else 0.0)
    expected = np.max([neighbours[place] * odds[place] for place in odds], axis=0)
    return np.asarray(-np.expm1(-expected))


def repeat_findings(split: Split, project: Project) -> Iterator[Finding]:
    """Tell how many rows of a part are equal to another one of it, features and outcome, beyond chance."""
    limit = project.gates.leakage.duplicate_share
    for name, part in split:
        found = equals(part.frame[list(project.features.all)], [part.y])
        share, chance = float(found.repeated.mean()), float((found.repeated & ~found.copies).mean())
        if _beyond(found, limit):
            groups = len(np.unique(found.group[found.copies]))
            because = (
                f"{share:.2%} of the {len(part)} {name} rows have an equal one under another id, "
                f"{chance:.2%} by chance: {int(found.copies.sum())} rows are counted as {groups} clusters; "
                "remove the copies, or declare what they have in common as columns.entity"
            )
            figures: dict[str, Figure] = {
                "share": share,
                "chance": chance,
                "limit": limit,
                "copied_as": groups,
            }
            yield Finding(CHECK, f"equal rows in {name}", Status.WARN, because, figures)


def one_cluster(split: Split, project: Project) -> Split:
    """Return the parts with copies as one cluster each, where they are more than chance and gate allow."""
    parts = dict(split)
    for name, part in split:
        found = equals(part.frame[list(project.features.all)], [part.y])
        if _beyond(found, project.gates.leakage.duplicate_share):
            parts[name] = replace(part, cluster=_joined(part, found))
    return Split(**parts)


def _beyond(found: Equals, limit: float) -> bool:
    n = len(found.group)
    # Of many rows with a small chance each, some have an equal one; three standard errors are granted.
    likely = float(found.chance[found.chance < _LIKELY].sum())
    return n > 0 and float(found.copies.sum()) > limit * n + likely + 3 * np.sqrt(likely)


def _joined(part: Sample, found: Equals) -> IntArray:
    """Put clusters together that share copies, step by step until nothing changes."""
    cluster = np.arange(len(part)) if part.cluster is None else pd.factorize(part.cluster)[0]
    rows = np.flatnonzero(found.copies)
    group = pd.factorize(found.group[rows])[0]
    while True:
        least = np.full(int(group.max()) + 1, len(part), dtype=np.int64)
        np.minimum.at(least, group, cluster[rows])
        lower = np.arange(int(cluster.max()) + 1)
        np.minimum.at(lower, cluster[rows], least[group])
        if (lower == np.arange(len(lower))).all():
            return cluster.astype(np.int64)
        cluster = lower[cluster]


def _members(codes: list[IntArray], place: int) -> frozenset[int]:
    """Return a column and those that nearly follow from it, as a distance follows from a destination."""
    own = codes[place]
    levels = len(np.unique(own))
    found = {place}
    for other, values in enumerate(codes):
        pairs = len(np.unique(own * (int(values.max()) + 1) + values))
        if other != place and pairs <= _DEPENDENT * levels and pairs < len(own) // _DEPENDENT:
            found.add(other)
    return frozenset(found)


def _mixed(codes: NDArray[Any], place: int) -> NDArray[np.uint64]:
    """Hash the codes of one column so that the sums over columns are hashes of rows (splitmix64)."""
    z = (codes.astype(np.int64).astype(np.uint64) + np.uint64(1)) * _PRIME
    z = z + np.uint64(place + 1) * (_PRIME >> np.uint64(7))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def _total(columns: list[NDArray[np.uint64]], places: Iterable[int] | None = None) -> NDArray[np.uint64]:
    chosen = range(len(columns)) if places is None else places
    return sum((columns[place] for place in chosen), np.zeros(len(columns[0]), dtype=np.uint64))


def _others(hashes: NDArray[np.uint64]) -> FloatArray:
    """Return how many other rows have the same hash, shape (n,)."""
    group = pd.factorize(hashes)[0]
    return np.asarray(np.bincount(group)[group] - 1, dtype=np.float64)
