"""The area under the ROC curve: of counts, of groups of rows with an interval, and what both rest on.

Sources: DeLong, DeLong, Clarke-Pearson (1988) for the variance; Obuchowski (1997), Nonparametric
analysis of clustered ROC curve data, for clusters; Pepe (2003) for the interval on the log-odds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ..estimates import NAN
from ..intervals import Means, Units, log_odds_limits


def auc(events: FloatArray, others: FloatArray) -> float:
    """Return the probability that an event outranks another row, ties counting one half.

    Parameters
    ----------
    events, others : arrays of shape (groups,)
        The weight of either class in each group of equal scores, highest score first; see
        `metrics.ScoreGroups.counts`.

    Returns
    -------
    float
        NaN when one class is absent.
    """
    if not (events.sum() > 0 and others.sum() > 0):
        return NAN
    outranked = _below(others[::-1], np.zeros(len(others), dtype=np.int64), 1)
    return float(events[::-1] @ outranked) / float(events.sum())


def placements(group: IntArray, score: FloatArray, event: BoolArray, groups: int) -> FloatArray:
    """Return how each row is placed among the other class of its group.

    An event's placement is the share of the others that it outranks, another row's the share of the
    events that outrank it, ties counting one half. The mean of either is the AUC.

    Parameters
    ----------
    group : int array of shape (n,)
        From 0 to `groups` - 1.
    score : array of shape (n,)
    event : bool array of shape (n,)
    groups : int

    Returns
    -------
    array of shape (n,)
        NaN where the group has no row of the other class.
    """
    order = np.argsort(score)
    if groups > 1:  # few groups are sorted by their digits, which keeps the scores in order
        order = order[np.argsort(group[order].astype(np.min_scalar_type(groups)), kind="stable")]
    ordered, rising, hit = group[order], score[order], event[order]
    fresh = (np.diff(rising, prepend=np.inf) != 0) | (np.diff(ordered, prepend=-1) != 0)
    tie, level = np.cumsum(fresh) - 1, ordered[fresh]
    outranked = _below(np.bincount(tie, ~hit), level, groups)
    outranking = 1 - _below(np.bincount(tie, hit), level, groups)
    placed = np.empty(len(order))
    placed[order] = np.where(hit, outranked[tie], outranking[tie])
    return placed


def mean_placements(units: Units, event: BoolArray, placed: FloatArray) -> Means:
    """Return the mean placement of each group, or the mean difference of two, with Obuchowski's error.

    The residuals of both classes are summed within each unit; for units of one row this is DeLong's.

    Parameters
    ----------
    units : Units
    event : bool array of shape (n,)
    placed : array of shape (n,)
        From `placements`, or the difference of two such arrays.

    Returns
    -------
    Means
        NaN where a class is absent, the error also where a class has fewer than two units; the degrees
        of freedom are one less than the units of the rarer class.
    """
    found = units.ratio(np.where(event, placed, 0.0), event)
    classes = (event, ~event)
    counts = [units.sums(part) for part in classes]
    absent = np.minimum(*(units.totals(part) for part in counts)) == 0
    mean = np.where(absent, NAN, found.mean)
    residuals = [
        units.sums(np.where(part, placed, 0.0)) - mean[units.owner] * rows
        for part, rows in zip(classes, counts, strict=True)
    ]
    error, degrees = _error(units, counts, residuals)
    return Means(mean, error, degrees)


def group_aucs(
    units: Units, group: IntArray, probability: FloatArray, y: NDArray[np.integer]
) -> tuple[Means, FloatArray, FloatArray]:
    """Return the AUC of each group with its error and 95 % limits.

    The limits are symmetric in the log-odds of the AUC, so they lie within (0, 1). Pairs within a cluster
    share its luck and hide how much clusters vary, so the limits take the error over the share of the pairs
    that lie in different clusters.

    Parameters
    ----------
    units : Units
        The independent units of the groups.
    group : int array of shape (n,)
    probability : array of shape (n,)
    y : int array of shape (n,)

    Returns
    -------
    Means, low, high
        Of shape (groups,). NaN where a class is absent; error and limits are NaN where a class has
        fewer than two units, the limits also where every event outranks every other row (or none
        does, or all tie): there the error is zero because it cannot be estimated.
    """
    event = y == 1
    found = mean_placements(units, event, placements(group, probability, event, units.groups))
    events, others = units.sums(event), units.sums(~event)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = 1 - units.totals(events * others) / (units.totals(events) * units.totals(others))
        error = found.error / between
    return found, *log_odds_limits(replace(found, error=error))


def _below(rows: FloatArray | IntArray, level: IntArray, levels: int) -> FloatArray:
    """Return the share of a level's rows that stand before each tie, half of those in it; shape (ties,)."""
    totals = np.bincount(level, rows, levels)
    before = np.cumsum(rows) - rows / 2 - (np.cumsum(totals) - totals)[level]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(before / totals[level], dtype=np.float64)


def _error(
    units: Units, counts: list[FloatArray], residuals: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return Obuchowski's standard error and one less than the number of units of the rarer class."""
    used = [units.totals(part > 0) for part in counts]
    totals = [units.totals(part) for part in counts]
    every = units.totals(np.ones(len(units.owner)))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = sum(
            number / (number - 1) * units.totals(part**2) / total**2
            for number, total, part in zip(used, totals, residuals, strict=True)
        )
        covariance = every / (every - 1) * units.totals(residuals[0] * residuals[1])
        variance = variance + 2 * covariance / (totals[0] * totals[1])
        fewest = np.minimum(*used)
        error = np.sqrt(np.where(fewest > 1, np.maximum(variance, 0.0), NAN))
    return error, fewest - 1
