"""Average precision: the area under the precision-recall curve, with an interval.

The error is the infinitesimal jackknife's: how the figure moves with each row's weight, summed within the
clusters. Sources: Jaeckel (1972), The infinitesimal jackknife; Boyd, Eng, Page (2013), Area under the
precision-recall curve: point estimates and confidence intervals, for an interval on the log-odds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate
from ..intervals import Clusters, Means, log_odds_limits, meat, renumbered
from ..metrics import ScoreGroups


def average_precision(events: FloatArray, others: FloatArray) -> float:
    """Return the mean precision over the events, each at its own score; NaN without events.

    The step-wise sum of scikit-learn's `average_precision_score`, without interpolation.

    Parameters
    ----------
    events, others : arrays of shape (groups,)
        From `ScoreGroups.counts`.
    """
    found = np.cumsum(events)
    if not len(found) or not found[-1] > 0:
        return NAN
    flagged = found + np.cumsum(others)
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return float(events @ precision / found[-1])


def influences(groups: ScoreGroups, y: NDArray[np.integer]) -> FloatArray:
    """Return the derivative of the average precision by the weight of each row, shape (n,).

    With A events and B others at or above a score, its precision ``A / (A + B)`` moves by
    ``B / (A + B)^2`` for each event among them and by ``-A / (A + B)^2`` for each other row.
    """
    events, others = groups.counts(y)
    found = np.cumsum(events)
    flagged = found + np.cumsum(others)
    precision = found / flagged
    with_event, with_other = (
        np.cumsum((events * part / flagged**2)[::-1])[::-1] for part in (flagged - found, found)
    )
    tie = np.zeros(len(y), dtype=np.int64)
    tie[groups.starts] = 1
    tie = np.cumsum(tie) - 1
    own = precision - average_precision(events, others) + with_event
    moved = np.empty(len(y))
    moved[groups.order] = np.where(y[groups.order] == 1, own[tie], -with_other[tie]) / found[-1]
    return moved


def average_precision_interval(
    y: NDArray[np.integer], score: FloatArray, cluster: Clusters = None
) -> Estimate:
    """Return the average precision with its 95 % interval, symmetric in the log-odds.

    Student's t has one degree of freedom less than the rarer class has clusters.

    Parameters
    ----------
    y : int array of shape (n,), 0 or 1
    score : array of shape (n,)
    cluster : int array of shape (n,), optional

    Returns
    -------
    Estimate
        NaN without events; without limits where a class is absent or nothing varies.
    """
    groups = ScoreGroups.of(score)
    value = average_precision(*groups.counts(y))
    if not np.isfinite(value):
        return Estimate(NAN)
    variance = float(meat(influences(groups, y)[:, None], cluster)[0, 0])
    code = np.arange(len(y)) if cluster is None else cluster
    fewest = min(len(renumbered(code[y == kind])[0]) for kind in (0, 1))
    found = Means(*(np.array([part], dtype=np.float64) for part in (value, variance**0.5, fewest - 1)))
    low, high = log_odds_limits(found)
    return Estimate(value, float(low[0]), float(high[0]))
