"""Means and ratios of groups of rows, with errors that respect clusters; intervals and one-sided bounds.

Rows of one entity are not independent, so the error of a mean is taken from the clusters' sums of residuals.
Sources: Liang, Zeger (1986); Hall (1992) for skewed units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate

Clusters: TypeAlias = NDArray[np.integer] | None
_HARDLY = 1e-6
_CODES_A_ROW = 4
"""Codes for each row up to which they are counted."""


@dataclass(frozen=True, slots=True)
class Means:
    """The mean of each group of rows, its standard error and degrees of freedom; shape (k,)."""

    mean: FloatArray
    error: FloatArray
    degrees: FloatArray
    skewness: FloatArray | None = None
    """Of the units' residuals, adjusted for their number (Joanes, Gill 1998); NaN below three units."""

    @classmethod
    def of(cls, values: FloatArray, group: IntArray, groups: int, cluster: Clusters = None) -> Means:
        """Average the rows of each group, with errors that respect the clusters.

        The variance is ``G/(G-1) * sum_g (sum of the residuals in cluster g)^2 / n^2`` with G - 1
        degrees of freedom, which for clusters of one row is the usual ``s^2/n``.

        Parameters
        ----------
        values : array of shape (n,)
        group : int array of shape (n,)
            From 0 to `groups` - 1.
        groups : int
        cluster : int array of shape (n,), optional
            Codes from 0 on, not necessarily all in use; without them each row stands for itself.

        Returns
        -------
        Means
            Error and degrees are NaN and at most 0 where a group has fewer than two clusters.
        """
        return Units.of(group, groups, cluster).mean(values)

    def limits(self, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return the two-sided t limits of each group's mean."""
        reach = self.quantile((1 + confidence) / 2) * self.error
        return self.mean - reach, self.mean + reach

    def skewed_limits(
        self, confidence: float, degrees: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return two-sided t limits that a transformation has rid of the skewness.

        ``T = (mean - m) / error`` of skewed units is skewed itself. Hall's monotone
        ``g(T) = T + a T^2 / 3 + a^2 T^3 / 27 + a / 6`` with a = skewness / sqrt(units) is nearly symmetric,
        so the limits are those of g^-1 at Student's quantiles (Hall 1992, On the removal of skewness by
        transformation). The quantiles have other degrees of freedom where `degrees` are given, shape (k,).
        """
        skew = np.zeros_like(self.mean) if self.skewness is None else self.skewness
        a = np.where(np.isfinite(skew), skew, 0.0) / np.sqrt(np.maximum(self.degrees + 1, 1))
        means = self if degrees is None else replace(self, degrees=degrees)
        reach = means.quantile((1 + confidence) / 2)
        low, high = (self.mean - self.error * _unskewed(t, a) for t in (reach, -reach))
        return low, high

    def upper(self, alpha: float) -> FloatArray:
        """Return what each mean exceeds with probability at most alpha."""
        return self.mean + self.quantile(1 - alpha) * self.error

    def p_above(self, margin: float) -> FloatArray:
        """Return the one-sided p-value of each mean being above `margin`, NaN where there is no error.

        Rows that all agree have no spread; then the p-value is 0 above the margin and 1 otherwise.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = (self.mean - margin) / self.error
            p_value = stdtr(np.where(self.degrees > 0, self.degrees, NAN), -statistic)
        certain = np.where(self.mean > margin, 0.0, 1.0)
        known = (self.error == 0) & np.isfinite(self.mean) & np.isfinite(margin)
        return np.where(known, certain, p_value)

    def quantile(self, probability: float) -> FloatArray:
        """Return Student's quantile for each group's degrees of freedom."""
        return np.asarray(stdtrit(np.where(self.degrees > 0, self.degrees, NAN), probability))


def renumbered(codes: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """Return the codes in use, rising, and the place of each row's code among them, shape (n,).

    Codes are not negative. Where they are not many more than rows they are counted, not sorted.

    Examples
    --------
    >>> [part.tolist() for part in renumbered(np.array([7, 2, 7]))]
    [[2, 7], [1, 0, 1]]
    """
    most = int(codes.max(initial=-1)) + 1
    if most > _CODES_A_ROW * len(codes):
        used, place = np.unique(codes, return_inverse=True)
        return used, place
    found = np.bincount(codes, minlength=most) > 0
    if found.all():
        return np.arange(most), codes.astype(np.int64, copy=False)
    return np.flatnonzero(found), (np.cumsum(found) - 1)[codes]


@dataclass(frozen=True, slots=True)
class Units:
    """The independent units of each group: its rows, or the parts of clusters that lie in it."""

    groups: int
    unit: IntArray
    """The unit of each row, shape (n,)."""
    owner: IntArray
    """The group of each unit, shape (units,)."""

    @classmethod
    def of(cls, group: IntArray, groups: int, cluster: Clusters = None) -> Units:
        """Find the units.

        Parameters
        ----------
        group : int array of shape (n,)
            From 0 to `groups` - 1.
        groups : int
        cluster : int array of shape (n,), optional
            Codes from 0 on, not necessarily all in use; without them each row stands for itself.

        Raises
        ------
        ValueError
            When a row has no cluster.
        """
        if cluster is None:
            return cls(groups, np.arange(len(group)), group)
        if len(cluster) and int(cluster.min()) < 0:
            raise ValueError("a row without a cluster: cluster codes start at 0")
        codes = cluster.astype(np.int64, copy=False)
        pairs, unit = renumbered(codes * groups + group if groups > 1 else codes)
        return cls(groups, unit, pairs % groups)

    def effective(self, sums: FloatArray) -> FloatArray:
        """Return how many units of one size would vary as much, ``(sum s)^2 / sum s^2`` (Kish 1965).

        Parameters
        ----------
        sums : array of shape (units,)
        """
        size = np.abs(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.totals(size) ** 2 / self.totals(size**2))

    def sums(self, values: FloatArray | BoolArray) -> FloatArray:
        """Sum over the rows of each unit what they hold, shape (n,)."""
        return np.asarray(np.bincount(self.unit, values, len(self.owner)), dtype=np.float64)

    def totals(self, sums: FloatArray | BoolArray) -> FloatArray:
        """Sum over the units of each group what they hold, shape (units,)."""
        return np.asarray(np.bincount(self.owner, sums, self.groups), dtype=np.float64)

    def ratio(self, numerator: FloatArray | BoolArray, denominator: FloatArray | BoolArray) -> Means:
        """Return sum(numerator) / sum(denominator) of each group, with its linearised error.

        The variance is ``G/(G-1) * sum_g (sum over unit g of numerator - ratio * denominator)^2 /
        sum(denominator)^2`` over the G units that hold any of either, with G - 1 degrees of freedom.
        With a denominator of ones this is the mean, with an indicator the mean of a part of the rows.

        Parameters
        ----------
        numerator, denominator : arrays of shape (n,)
        """
        holding = self.sums((numerator != 0) | (denominator != 0)) > 0
        return self._linearised(self.sums(numerator), self.sums(denominator), holding)

    def mean(self, values: FloatArray | BoolArray) -> Means:
        """Return the mean of each group's rows with its error: a ratio to ones, shape (n,)."""
        rows = np.bincount(self.unit, minlength=len(self.owner)).astype(np.float64)
        return self._linearised(self.sums(values), rows, rows > 0)

    def share(self, hits: BoolArray, among: BoolArray) -> tuple[Means, FloatArray]:
        """Return the share of hits among some rows with its error, and how many of these each unit holds.

        Parameters
        ----------
        hits, among : bool arrays of shape (n,)
            No hit lies outside `among`.
        """
        rows = self.sums(among)
        return self._linearised(self.sums(hits), rows, rows > 0), rows

    def _linearised(self, above: FloatArray, below: FloatArray, holding: BoolArray) -> Means:
        total = self.totals(below)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.totals(above) / total
            residual = above - ratio[self.owner] * below
            square = residual**2  # times itself once more: a power of 3 takes a hundred times as long
            squares = self.totals(square)
            units = self.totals(holding)
            error = np.sqrt(squares * units / (units - 1)) / np.abs(total)
            skewness = np.sign(total) * self.totals(square * residual) / units / (squares / units) ** 1.5
            adjusted = skewness * np.sqrt(units * (units - 1)) / np.where(units > 2, units - 2, NAN)
        return Means(ratio, np.where(units > 1, error, NAN), units - 1, adjusted)


def mean_interval(values: FloatArray, cluster: Clusters = None, confidence: float = 0.95) -> Estimate:
    """Return the mean of the rows with its t interval; fewer than two clusters have none.

    Parameters
    ----------
    values : array of shape (n,)
    cluster : int array of shape (n,), optional
    confidence : float
    """
    means = _one_group(values, cluster)
    low, high = means.limits(confidence)
    return Estimate(float(means.mean[0]), float(low[0]), float(high[0]))


def upper_bound(values: FloatArray, cluster: Clusters = None, alpha: float = 0.05) -> float:
    """Return the one-sided upper t bound of the mean: true in 1 - alpha of all samples."""
    return float(_one_group(values, cluster).upper(alpha)[0])


def lower_bound(values: FloatArray, cluster: Clusters = None, alpha: float = 0.05) -> float:
    """Return the one-sided lower t bound of the mean: true in 1 - alpha of all samples."""
    return float(_one_group(values, cluster).upper(1 - alpha)[0])


def _unskewed(quantile: FloatArray, a: FloatArray) -> FloatArray:
    """Return Hall's inverse transformation; the quantile itself where there is hardly any skewness."""
    small = np.abs(a) < _HARDLY
    divisor = np.where(small, 1.0, a)
    bent = 3 / divisor * (np.cbrt(1 + divisor * (quantile - divisor / 6)) - 1)
    return np.where(small, quantile, bent)


def _one_group(values: FloatArray, cluster: Clusters) -> Means:
    return Means.of(values, np.zeros(len(values), dtype=np.int64), 1, cluster)
