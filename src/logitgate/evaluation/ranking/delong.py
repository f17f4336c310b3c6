"""Two AUCs on the same rows: DeLong's test of their difference, for independent and for clustered rows.

A diagnostic beside the costs, never a gate: who ranks better need not decide more cheaply. Sources: DeLong,
DeLong, Clarke-Pearson (1988); Obuchowski (1997) for clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ...decision.costs import BoolArray
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


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of both classes, ranked by one score, higher meaning more likely an event.

    Parameters
    ----------
    event : bool array of shape (n,)
    placed : array of shape (n,)
        See `auc.placements`; NaN throughout where a class is absent.
    """

    event: BoolArray
    placed: FloatArray

    @classmethod
    def of(cls, y: NDArray[np.integer], score: FloatArray) -> Ranked:
        """Rank rows by outcomes of 0 and 1 and scores, shapes (n,); ValueError where a score is missing."""
        missing = int(np.isnan(score).sum())
        if missing:
            raise ValueError(f"{missing} of {len(y)} rows have a score that is missing")
        event = np.asarray(y) == 1
        if event.all() or not event.any():
            return cls(event, np.full(len(event), NAN))
        together = np.zeros(len(event), dtype=np.int64)
        return cls(event, placements(together, np.asarray(score, np.float64), event, 1))

    @property
    def auc(self) -> float:
        """The area under the ROC curve; NaN where a class is absent."""
        return float(self.placed[self.event].mean()) if self.event.any() else NAN

    def less(self, other: Ranked, cluster: Clusters = None) -> AucDifference:
        """Compare with another score of the same rows; see `delong`."""
        if np.isnan(self.auc):
            return AucDifference(NAN, NAN, Estimate(NAN), NAN, NAN)
        codes = None if cluster is None else renumbered(np.asarray(cluster))[1]
        units = Units.of(np.zeros(len(self.event), dtype=np.int64), 1, codes)
        difference = self.auc - other.auc
        error = float(mean_placements(units, self.event, self.placed - other.placed).error[0])
        reach = float(ndtri(0.975)) * error
        z = _ratio(difference, error)
        interval = Estimate(difference, difference - reach, difference + reach)
        return AucDifference(self.auc, other.auc, interval, z, float(2 * ndtr(-abs(z))))


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
    return Ranked.of(y, first).less(Ranked.of(y, second), cluster)


def _ratio(difference: float, error: float) -> float:
    if error > 0 or np.isnan(error):
        return difference / error
    return float(np.copysign(np.inf, difference)) if difference else 0.0
