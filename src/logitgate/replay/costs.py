"""What decisions cost over a replayed history: sums by policy, their differences with clustered intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.sampling.sample import Sample
from ..decision.costs import CostMatrix, IntArray
from ..decision.expressions import FloatArray
from ..evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE
from ..evaluation.estimates import Estimate
from ..evaluation.intervals import Clusters, mean_interval
from .policies import Holder


@dataclass(frozen=True, slots=True)
class ReplayCosts:
    """The cost of each of n rows, in order of time, by what decides about it.

    Parameters
    ----------
    rules : mapping of str to array of shape (n,)
        By the names of the rules that need no model.
    versions : tuple of arrays
        Version k stands at k - 1, with the cost of the last rows: those from its date on.
    bounds : tuple of int
        Where each period begins among the rows, and n.
    cluster : int array of shape (n,), optional
    """

    rules: Mapping[str, FloatArray]
    versions: tuple[FloatArray, ...]
    bounds: tuple[int, ...]
    cluster: Clusters

    @classmethod
    def of(
        cls, rows: Sample, matrix: CostMatrix, versions: Sequence[FloatArray], bounds: Sequence[int]
    ) -> ReplayCosts:
        """Evaluate the rules on the rows."""
        costs = rows.row_costs(matrix)
        flags = {FLAG_NONE: False, FLAG_ALL: True}
        rules = {name: costs.of(rows.y, np.full(len(rows), flag)) for name, flag in flags.items()}
        return cls(rules, tuple(versions), tuple(bounds), rows.cluster)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.bounds[-1]

    @property
    def rule(self) -> str:
        """The cheaper rule over all rows; flag-none on a tie."""
        return min(self.rules, key=lambda name: float(self.rules[name].sum()))

    def in_period(self, holder: Holder, period: int) -> FloatArray:
        """Return the cost of each row of a period under a holder; None decides by `rule`.

        Raises
        ------
        ValueError
            When a version is asked about rows before its date.
        """
        low, high = self.bounds[period], self.bounds[period + 1]
        if not isinstance(holder, int):
            return self.rules[holder or self.rule][low:high]
        cost = self.versions[holder - 1]
        begin = self.rows - len(cost)
        if low < begin and low < high:
            raise ValueError(f"version {holder} knows rows from {begin} on, {low} were asked for")
        return cost[low - begin : high - begin]

    def under(self, held: Sequence[Holder]) -> FloatArray:
        """Return the cost of each row, shape (n,), when each period has its holder."""
        return np.concatenate([self.in_period(holder, period) for period, holder in enumerate(held)])

    def cheapest(self, period: int, versions: Sequence[int]) -> Holder:
        """Return the version that costs least in a period; None without any."""
        found = [(float(self.in_period(number, period).sum()), number) for number in versions]
        return min(found)[1] if found else None

    def total(self, difference: FloatArray, rows: slice | IntArray) -> Estimate:
        """Return the sum of a difference between rows with its 95 % interval, which respects the clusters.

        Parameters
        ----------
        difference : array of shape (m,)
        rows : slice or int array of shape (m,)
            Which m rows they are.
        """
        found = self.mean(difference, rows)
        return Estimate(*(len(difference) * part for part in found))

    def mean(self, difference: FloatArray, rows: slice | IntArray) -> Estimate:
        """Return the mean of a difference between rows with its 95 % interval, as `total`."""
        if not len(difference):
            return Estimate(float("nan"))
        return mean_interval(difference, None if self.cluster is None else self.cluster[rows])

    def period(self, number: int) -> slice:
        """Return the rows of a period."""
        return slice(self.bounds[number], self.bounds[number + 1])
