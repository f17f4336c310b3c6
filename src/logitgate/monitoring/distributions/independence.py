"""How many independent rows a column's rows are worth when whole clusters, such as days, are alike.

Rows of one cluster with correlation r between them are worth ``n / (1 + (m - 1) r)`` independent ones, with
m = sum of the squared cluster sizes / n (Kish 1965, the design effect). r comes from the clusters' sums of
residuals, pooled over the cells of a distribution: their variance over clusters is that of independent
rows times the design effect (Rao, Scott 1981, first order).

The correlation of the cells themselves serves chi-squared and the population stability index; that of the
shares below each edge, which is larger, serves Kolmogorov-Smirnov.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ...evaluation.histograms import Levels, Numbers, unreadable


@dataclass(frozen=True, slots=True)
class ClusterSizes:
    """How the rows lie in clusters.

    Parameters
    ----------
    count : int
        Clusters; 0 where rows are independent.
    size : float
        Sum of their squared sizes over the rows: the size of the cluster that a row lies in, on average.
    """

    count: int = 0
    size: float = 1.0

    @classmethod
    def of(cls, cluster: IntArray | None) -> ClusterSizes:
        """Count the clusters of n rows; None where rows are independent."""
        if cluster is None or not len(cluster):
            return cls()
        sizes = np.bincount(cluster).astype(np.float64)
        return cls(int((sizes > 0).sum()), float((sizes**2).sum() / sizes.sum()))

    def effect(self, correlation: float) -> float:
        """Return the design effect ``1 + (size - 1) r``, at least 1."""
        return 1 + (self.size - 1) * correlation


INDEPENDENT = ClusterSizes()


@dataclass(frozen=True, slots=True)
class Correlation:
    """How alike the rows of a cluster are, from 0 to 1: in their cells, shares below edges, and gaps."""

    cells: float = 0.0
    below: float = 0.0
    missing: float = 0.0

    def as_json(self) -> list[float]:
        """Return plain values."""
        return [self.cells, self.below, self.missing]

    @classmethod
    def from_json(cls, plain: object) -> Correlation:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is none of ours.
        """
        try:
            cells, below, missing = (float(one) for one in plain)  # type: ignore[attr-defined]  # a TypeError for no list
        except (TypeError, ValueError) as error:
            raise unreadable() from error
        return cls(cells, below, missing)


ALONE = Correlation()
"""Of rows that are independent."""


def correlations(
    frame: pd.DataFrame, numbers: Mapping[str, Numbers], texts: Mapping[str, Levels], cluster: IntArray | None
) -> dict[str, Correlation]:
    """Return how alike the rows of a cluster are in each feature of a profile.

    Parameters
    ----------
    frame : DataFrame of n rows
    numbers, texts : mapping of str to Numbers, Levels
        Distributions whose cells are used; a feature that the frame lacks is left out.
    cluster : int array of shape (n,), or None
        Codes from 0 on.
    """
    if cluster is None or not len(cluster):
        return {}
    found = {
        name: correlation_of(frame[name].to_numpy(np.float64, na_value=np.nan), one, cluster)
        for name, one in numbers.items()
        if name in frame
    }
    return found | {
        name: _of_codes(_level_codes(frame[name], one), len(one.levels) + 1, cluster)
        for name, one in texts.items()
        if name in frame
    }


def correlation_of(values: FloatArray, like: Numbers, cluster: IntArray) -> Correlation:
    """Return how alike the rows of a cluster are in a number, NaN where missing; shape (n,)."""
    bins = like.tenths()
    edges = np.array([like.edges[part.start - 1] for part in bins[1:]])
    codes = np.searchsorted(edges, values, side="right")
    return _of_codes(np.where(np.isnan(values), -1, codes), len(bins), cluster)


def share_correlation(is_one: FloatArray, cluster: IntArray | None) -> float:
    """Return how alike the rows of a cluster are in being one of something, 0 or 1; shape (n,)."""
    return 0.0 if cluster is None else _pooled(is_one[:, None].astype(np.float64), cluster)


def worth(one: Numbers | Levels, effects: tuple[float, float]) -> Numbers | Levels:
    """Return a distribution with its independent rows only: present and missing ones by their effects."""
    present, missing = effects
    if isinstance(one, Numbers):
        return replace(one, counts=one.counts / present, missing=one.missing / missing)
    levels = {name: rows / present for name, rows in one.levels.items()}
    return Levels(levels, one.pooled / present, one.missing / missing, one.singles / present)


def _level_codes(column: pd.Series, like: Levels) -> IntArray:
    place = {name: number for number, name in enumerate(like.levels)}
    texts = column.astype(object)
    codes = texts.map(place).fillna(len(place)).to_numpy(np.int64)
    return np.where(texts.isna().to_numpy(), -1, codes)


def _of_codes(codes: IntArray, cells: int, cluster: IntArray) -> Correlation:
    """Return the correlation of cells coded from 0, and of the gaps, coded -1."""
    present = codes >= 0
    gaps = share_correlation((~present).astype(np.float64), cluster)
    if not present.any() or cells < 2:
        return Correlation(missing=gaps)
    of, kept = cluster[present], codes[present]
    sums = _sums(kept, cells, of)
    return Correlation(_from_sums(sums), _from_sums(np.cumsum(sums, axis=1), of_all=sums.sum(axis=1)), gaps)


def _sums(codes: IntArray, cells: int, cluster: IntArray) -> FloatArray:
    """Count the rows of each cluster in each cell, shape (clusters, cells)."""
    _, place = np.unique(cluster, return_inverse=True)
    groups = int(place.max()) + 1
    counts = np.bincount(place * cells + codes, minlength=groups * cells)
    return counts.reshape(groups, cells).astype(np.float64)


def _pooled(indicators: FloatArray, cluster: IntArray) -> float:
    codes = indicators[:, 0].astype(np.int64)
    return _from_sums(_sums(codes, 2, cluster))


def _from_sums(sums: FloatArray, of_all: FloatArray | None = None) -> float:
    """Return the correlation within clusters, pooled over cells; 1 where a single cluster shows none.

    Parameters
    ----------
    sums : array of shape (clusters, cells)
    of_all : array of shape (clusters,), optional
        Rows of each cluster, where the cells do not add up to them.
    """
    rows = sums.sum(axis=1) if of_all is None else of_all
    clusters, n = len(rows), rows.sum()
    squares = float((rows**2).sum())
    if squares <= n:
        return 0.0
    share = sums.sum(axis=0) / n
    single = float((share * (1 - share)).sum())
    if clusters < 2 or not single > 0:
        return 1.0 if clusters < 2 else 0.0
    between = float(((sums - rows[:, None] * share) ** 2).sum()) * clusters / (clusters - 1)
    return float(np.clip((between / single - n) / (squares - n), 0.0, 1.0))
