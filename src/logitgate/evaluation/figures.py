"""Figures of groups of rows, each with a 95 % interval for clustered rows: means, rates, savings.

The forms were chosen by how often they hold the truth; `benchmarks/coverage.py` measures it. Sources: Liang,
Zeger (1986) for the errors; Hall (1992) for skewed units; Wilson (1927) for independent rates; Satterthwaite
(1946) for the degrees of freedom of unequal clusters; Bahnsen (2014) for savings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from .estimates import NAN, Estimate
from .intervals import Units, log_odds_limits, wilson_limits

ENOUGH = 20
"""Fewer events (or others) leave a figure that depends on them without an interval."""

_NORMAL = float(ndtri(0.975))


class GroupEstimates(NamedTuple):
    """One figure of every group with its limits; shape (k,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray

    def known(self, where: BoolArray) -> GroupEstimates:
        """Leave groups without limits where they are not known; shape (k,)."""
        return GroupEstimates(self.value, np.where(where, self.low, NAN), np.where(where, self.high, NAN))

    def estimates(self) -> list[Estimate]:
        """Return the figure of each group."""
        return [Estimate(*limits) for limits in zip(*(part.tolist() for part in self), strict=True)]


def mean(units: Units, values: FloatArray) -> GroupEstimates:
    """Return the mean of the rows, with t limits rid of the units' skewness; values of shape (n,)."""
    found = units.mean(values)
    return GroupEstimates(found.mean, *found.skewed_limits(0.95))


def rate(units: Units, hits: BoolArray, among: BoolArray) -> GroupEstimates:
    """Return the share of `hits` `among` the rows.

    Independent rows have Wilson's limits. Those of clusters are symmetric in the log-odds, at Student's
    quantile with ``(sum n_g)^2 / sum n_g^2 - 1`` degrees of freedom, Satterthwaite's for sums that vary as
    the rows n_g of each cluster do. Where no error can be estimated, as without any hit, each
    cluster counts as one row of Wilson's.

    Parameters
    ----------
    units : Units
    hits, among : bool arrays of shape (n,)
        No hit lies outside `among`.
    """
    found, rows = units.share(hits, among)
    if len(units.owner) == len(units.unit):
        return GroupEstimates(found.mean, *wilson_limits(found.mean, units.totals(rows), _NORMAL))
    known = found.error > 0
    by_clusters = wilson_limits(found.mean, found.degrees + 1, found.quantile(0.975))
    limits = (
        np.where(known, *pair)
        for pair in zip(log_odds_limits(found, units.effective(rows) - 1), by_clusters, strict=True)
    )
    return GroupEstimates(found.mean, *limits)


def savings(units: Units, cost: FloatArray, none: FloatArray, every: FloatArray) -> GroupEstimates:
    """Return 1 - cost / cost of the cheaper of flag-none and flag-all, which is fixed by these rows.

    The interval is that of the ratio to this one opponent: a minimum that is taken in each resample again
    would be biased. Its degrees of freedom are those of the opponent's costs, which few rows may make up.

    Parameters
    ----------
    units : Units
    cost, none, every : arrays of shape (n,)
        What each row cost, and would have cost unflagged and flagged.

    Returns
    -------
    GroupEstimates
        NaN where the cheaper opponent costs nothing, or is paid for its decisions.
    """
    totals = [units.totals(units.sums(part)) for part in (none, every)]
    flagged = (totals[1] < totals[0])[units.owner][units.unit]
    reference = np.where(flagged, every, none)
    found = units.ratio(cost, reference)
    low, high = found.skewed_limits(0.95, units.effective(units.sums(reference)) - 1)
    sound = np.minimum(*totals) > 0
    return GroupEstimates(*(np.where(sound, 1 - part, NAN) for part in (found.mean, high, low)))
