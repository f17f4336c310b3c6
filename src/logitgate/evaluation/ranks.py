"""How well probabilities rank events within groups of rows: the AUC of each group with an interval.

Sources: DeLong, DeLong, Clarke-Pearson (1988) for the variance; Obuchowski (1997), Nonparametric
analysis of clustered ROC curve data, for clusters; Pepe (2003) for the interval on the log-odds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from .intervals import NAN, Means, Units


def group_aucs(
    units: Units, group: IntArray, probability: FloatArray, y: NDArray[np.integer]
) -> tuple[Means, FloatArray, FloatArray]:
    """Return the AUC of each group with its error and 95 % limits.

    A placement is the share of the other class that a row outranks (an event) or is outranked by
    (another row), ties counting one half; the AUC is the mean placement of either class. Its
    variance comes from the placements' residuals, summed within each unit: for units of one row
    this is DeLong's. The limits are symmetric in the log-odds of the AUC, so they lie within (0, 1).

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
        does, or all tie): there the error is zero because it cannot be seen.
    """
    event = y == 1
    placement = _placements(group, probability, event, units.groups)
    m, n = units.sums(event), units.sums(~event)
    found = units.ratio(np.where(event, placement, 0.0), event)
    auc = np.where(units.totals(n) > 0, found.mean, NAN)
    own = auc[units.owner]
    events = units.sums(np.where(event, placement, 0.0)) - own * m
    others = units.sums(np.where(event, 0.0, placement)) - own * n
    error, degrees = _error(units, (m, n), (events, others))
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.where(error > 0, error, NAN)
        means = Means(logit(auc), seen / (auc * (1 - auc)), degrees)
    low, high = means.limits(0.95)
    return Means(auc, error, degrees), expit(low), expit(high)


def _placements(group: IntArray, probability: FloatArray, event: NDArray[np.bool_], size: int) -> FloatArray:
    """Return each row's placement among the other class of its group; NaN where that is empty."""
    order = np.lexsort((probability, group))
    ordered, score, hit = group[order], probability[order], event[order]
    fresh = (np.diff(score, prepend=np.inf) != 0) | (np.diff(ordered, prepend=-1) != 0)
    tie = np.cumsum(fresh) - 1
    events, others = np.bincount(tie, hit), np.bincount(tie, ~hit)
    level = ordered[fresh]
    all_events, all_others = np.bincount(level, events, size), np.bincount(level, others, size)
    below = np.cumsum(others) - others - (np.cumsum(all_others) - all_others)[level]
    above = np.cumsum(all_events)[level] - np.cumsum(events)
    with np.errstate(divide="ignore", invalid="ignore"):
        outranked = (below + others / 2) / all_others[level]
        outranking = (above + events / 2) / all_events[level]
    placement = np.empty(len(order))
    placement[order] = np.where(hit, outranked[tie], outranking[tie])
    return placement


def _error(
    units: Units, rows: tuple[FloatArray, FloatArray], residual: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return Obuchowski's standard error and one less than the number of units of the rarer class."""
    with np.errstate(divide="ignore", invalid="ignore"):
        counts = [units.totals(part > 0) for part in rows]
        totals = [units.totals(part) for part in rows]
        variance = sum(
            count / (count - 1) * units.totals(part**2) / total**2
            for count, total, part in zip(counts, totals, residual, strict=True)
        )
        every = units.totals(np.ones(len(units.owner)))
        covariance = every / (every - 1) * units.totals(residual[0] * residual[1])
        variance = variance + 2 * covariance / (totals[0] * totals[1])
        fewest = np.minimum(*counts)
        error = np.sqrt(np.where((fewest > 1) & (variance >= 0), variance, NAN))
    return error, fewest - 1
