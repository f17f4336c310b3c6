"""Intervals for rates and means, one-sided bounds, and Holm's correction for many tests.

Means may be clustered: rows of one entity are not independent, so the error of the mean is taken
from the clusters' sums of residuals. Sources: Wilson (1927); Liang, Zeger (1986); Holm (1979).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from .costs import IntArray
from .expressions import FloatArray

Clusters: TypeAlias = NDArray[np.integer] | None
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its interval; NaN where undefined."""

    value: float
    low: float = NAN
    high: float = NAN

    def figures(self, name: str) -> dict[str, float]:
        """Return the value and its limits under `name`, `name_low` and `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}

    def __iter__(self) -> Iterator[float]:
        """Yield value, low and high."""
        yield from (self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Means:
    """The mean of each group of rows, its standard error and degrees of freedom; shape (k,)."""

    mean: FloatArray
    error: FloatArray
    degrees: FloatArray

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
        rows = np.bincount(group, minlength=groups)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(group, values, groups) / rows
            residual = values - mean[group]
            owner, sums = (group, residual) if cluster is None else _sums(residual, group, groups, cluster)
            clusters = np.bincount(owner, minlength=groups)
            squares = np.bincount(owner, sums**2, groups)
            error = np.sqrt(squares * clusters / (clusters - 1)) / rows
        return cls(mean, np.where(clusters > 1, error, NAN), (clusters - 1).astype(np.float64))

    def limits(self, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return the two-sided t limits of each group's mean."""
        reach = self._quantile((1 + confidence) / 2) * self.error
        return self.mean - reach, self.mean + reach

    def upper(self, alpha: float) -> FloatArray:
        """Return what each mean exceeds with probability at most alpha."""
        return self.mean + self._quantile(1 - alpha) * self.error

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

    def _quantile(self, probability: float) -> FloatArray:
        return np.asarray(stdtrit(np.where(self.degrees > 0, self.degrees, NAN), probability))


def wilson(successes: float, n: float, confidence: float = 0.95) -> Estimate:
    """Return a rate with Wilson's score interval; NaN when there are no rows.

    Examples
    --------
    >>> rate = wilson(7, 12)
    >>> round(rate.low, 6), round(rate.high, 6)
    (0.319511, 0.80674)
    """
    if not n > 0:
        return Estimate(NAN)
    rate = successes / n
    square = float(ndtri((1 + confidence) / 2)) ** 2
    centre = (successes + square / 2) / (n + square)
    reach = np.sqrt(square * (n * rate * (1 - rate) + square / 4)) / (n + square)
    low = 0.0 if successes == 0 else max(0.0, float(centre - reach))
    high = 1.0 if successes == n else min(1.0, float(centre + reach))
    return Estimate(float(rate), low, high)


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


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's step-down adjusted p-values, in the order given.

    A NaN stays NaN and still counts as a test of the family.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    left = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * left), 1.0)
    return adjusted


def _one_group(values: FloatArray, cluster: Clusters) -> Means:
    return Means.of(values, np.zeros(len(values), dtype=np.int64), 1, cluster)


def _sums(
    residual: FloatArray, group: IntArray, groups: int, cluster: NDArray[np.integer]
) -> tuple[IntArray, FloatArray]:
    """Return, for each pair of group and cluster that occurs, the group and the sum of residuals."""
    if len(cluster) and int(cluster.min()) < 0:
        raise ValueError("a row without a cluster: cluster codes start at 0")
    pair = cluster.astype(np.int64) * groups + group
    pairs, code = np.unique(pair, return_inverse=True)
    owner: IntArray = pairs % groups
    sums = np.asarray(np.bincount(code, residual, len(pairs)), dtype=np.float64)
    return owner, sums
