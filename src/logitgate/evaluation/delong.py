"""Two AUCs on the same rows: DeLong's test of their difference, for independent and for clustered rows.

A diagnostic beside the costs, never a gate: who ranks better need not decide more cheaply. Sources: DeLong,
DeLong, Clarke-Pearson (1988); Sun, Xu (2014) for the midranks; Obuchowski (1997) for clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from .intervals import NAN, Clusters, Estimate


@dataclass(frozen=True, slots=True)
class AucDifference:
    """The AUC of one score minus that of another; NaN where undefined."""

    first: float
    second: float
    difference: Estimate
    """First minus second, with its two-sided 95 % interval."""
    z: float
    """Difference over its standard error; infinite when a difference has no error, 0 when there is none."""
    p_value: float
    """Two-sided."""


def delong(
    y: NDArray[np.integer], first: FloatArray, second: FloatArray, cluster: Clusters = None
) -> AucDifference:
    """Test whether two scores rank the same rows equally well.

    Each event's share of non-events below it (and each non-event's of events above it) is read off midranks;
    the AUC is their mean, and its variance the sum of the variances of both means. With clusters these shares
    are summed over each cluster first, and the covariance between a cluster's events and its non-events is
    added. Clusters of one row give DeLong's test exactly.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    first, second : arrays of shape (n,)
        Higher means more likely an event.
    cluster : int array of shape (n,), optional
        Rows that are not independent of each other.

    Returns
    -------
    AucDifference
        Without a standard error (fewer than two clusters, or rows, with events or with others) the test is
        NaN; without events or without others the AUCs are NaN as well.

    Raises
    ------
    ValueError
        When a score is missing: it has no rank.
    """
    missing = int((np.isnan(first) | np.isnan(second)).sum())
    if missing:
        raise ValueError(f"{missing} of {len(y)} rows have a score that is missing")
    event = np.asarray(y) == 1
    if event.all() or not event.any():
        return AucDifference(NAN, NAN, Estimate(NAN), NAN, NAN)
    shares = [_shares(event, np.asarray(score, dtype=np.float64)) for score in (first, second)]
    one, other = (float(share[event].mean()) for share in shares)
    difference = one - other
    error = _error(shares[0] - shares[1], event, cluster)
    reach = float(ndtri(0.975)) * error
    z = _ratio(difference, error)
    interval = Estimate(difference, difference - reach, difference + reach)
    return AucDifference(one, other, interval, z, float(2 * ndtr(-abs(z))))


def _shares(event: BoolArray, score: FloatArray) -> FloatArray:
    """Return, for each row, which share of the other class it is on the right side of; ties count half."""
    overall, own = _midranks(score), np.empty(len(score))
    for group in (event, ~event):
        own[group] = _midranks(score[group])
    below = overall - own
    events = int(event.sum())
    return np.where(event, below / (len(event) - events), 1 - below / events)


def _midranks(score: FloatArray) -> FloatArray:
    """Return ranks from 1, equal scores sharing the mean of theirs."""
    _, code, size = np.unique(score, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(size) - (size - 1) / 2)[code], dtype=np.float64)


def _error(difference: FloatArray, event: BoolArray, cluster: Clusters) -> float:
    """Return the standard error of the mean of the events' differences, which is that of the others' too."""
    code = np.arange(len(event)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    clusters = int(code.max()) + 1
    sums, variance = [], 0.0
    for group in (event, ~event):
        rows = int(group.sum())
        residual = np.where(group, difference - difference[group].mean(), 0.0) / rows
        sums.append(np.bincount(code, residual, clusters))
        used = len(np.unique(code[group]))
        if used < 2:
            return NAN
        variance += used / (used - 1) * float(sums[-1] @ sums[-1])
    variance += 2 * clusters / (clusters - 1) * float(sums[0] @ sums[1])
    return float(np.sqrt(max(variance, 0.0)))


def _ratio(difference: float, error: float) -> float:
    if error > 0 or np.isnan(error):
        return difference / error
    return float(np.copysign(np.inf, difference)) if difference else 0.0
