"""Folds of the training rows for cross-validation: in time order, or at random where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedKFold

from ..decision.costs import IntArray
from ..errors import DataError

Clusters: TypeAlias = NDArray[np.integer] | None


@dataclass(frozen=True, slots=True)
class Fold:
    """Positions of the rows that a model learns from and of those that judge it; rising."""

    train: IntArray
    judged: IntArray


@dataclass(frozen=True, slots=True)
class Folds:
    """Folds that judge each row at most once, and the clusters whose rows are not independent."""

    parts: tuple[Fold, ...]
    cluster: Clusters = None

    @classmethod
    def in_time(cls, y: NDArray[np.integer], count: int, cluster: Clusters = None) -> Folds:
        """Part rows that are sorted by time; each fold is judged by a model of the rows before it.

        The first of `count` + 1 equal stretches is only learned from. A cluster that reaches into
        the judged stretch is left out of that fold's earlier rows.

        Parameters
        ----------
        y : int array of shape (n,)
            0 or 1, in time order.
        count : int
            Number of folds.
        cluster : int array of shape (n,), optional

        Raises
        ------
        DataError
            When a fold's model would learn from rows of one class.
        """
        edges = np.linspace(0, len(y), count + 2).round().astype(np.int64)
        rows = np.arange(len(y), dtype=np.int64)
        parts = []
        for start, stop in pairwise(edges[1:]):
            earlier, judged = rows[:start], rows[start:stop]
            if cluster is not None:
                earlier = earlier[~np.isin(cluster[:start], cluster[start:stop])]
            parts.append(Fold(earlier, judged))
        return cls(_two_classed(parts, y), cluster)

    @classmethod
    def at_random(cls, y: NDArray[np.integer], count: int, seed: int, cluster: Clusters = None) -> Folds:
        """Part shuffled rows, each class spread evenly; with clusters, part the shuffled clusters.

        Parameters
        ----------
        y : int array of shape (n,)
            0 or 1.
        count : int
            Number of folds.
        seed : int
        cluster : int array of shape (n,), optional

        Raises
        ------
        DataError
            When there are fewer rows of a class, or fewer clusters, than folds, or a fold's model
            would learn from rows of one class.
        """
        least = int(min(np.sum(y == 1), np.sum(y == 0)))
        clusters = least if cluster is None else len(np.unique(cluster))
        if min(least, clusters) < count:
            what = "rows of the rarer class" if least < count else "clusters"
            rule = f"{min(least, clusters)} {what} for {count} folds"
            raise DataError("cross-validation", rule, "lower search.folds")
        if cluster is None:
            pairs = StratifiedKFold(count, shuffle=True, random_state=seed).split(y, y)
        else:
            pairs = GroupKFold(count, shuffle=True, random_state=seed).split(y, y, cluster)
        return cls(_two_classed([Fold(*pair) for pair in pairs], y), cluster)


def _two_classed(parts: list[Fold], y: NDArray[np.integer]) -> tuple[Fold, ...]:
    for number, part in enumerate(parts, start=1):
        learned = y[part.train]
        if not len(learned) or learned.min() == learned.max():
            rule = f"fold {number} learns from {len(learned)} rows that hold fewer than two classes"
            raise DataError("cross-validation", rule, "lower search.folds, give more rows, or finer clusters")
    return tuple(parts)
