"""Two AUCs on the same rows: DeLong's test of their difference, for independent and for clustered rows.

A diagnostic beside the costs, never a gate: who ranks better need not decide more cheaply. Sources: DeLong,
DeLong, Clarke-Pearson (1988); Obuchowski (1997) for clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate
from ..intervals import Clusters, Units, renumbered
from .auc import mean_placements, placements


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

    Each AUC is the mean of its placements, so the error of the difference is that of the mean difference of
    two placements of a row; see `auc.mean_placements`. Clusters of one row give DeLong's test exactly.

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
    together = np.zeros(len(event), dtype=np.int64)
    placed = [placements(together, np.asarray(first, np.float64), event, 1)]
    is_other = second is not first
    placed.append(placements(together, np.asarray(second, np.float64), event, 1) if is_other else placed[0])
    one, other = (float(part[event].mean()) for part in placed)
    codes = None if cluster is None else renumbered(np.asarray(cluster))[1]
    difference = one - other
    error = float(mean_placements(Units.of(together, 1, codes), event, placed[0] - placed[1]).error[0])
    reach = float(ndtri(0.975)) * error
    z = _ratio(difference, error)
    interval = Estimate(difference, difference - reach, difference + reach)
    return AucDifference(one, other, interval, z, float(2 * ndtr(-abs(z))))


def _ratio(difference: float, error: float) -> float:
    if error > 0 or np.isnan(error):
        return difference / error
    return float(np.copysign(np.inf, difference)) if difference else 0.0
