"""Where a challenger does harm: slices in which it is proven to cost more than the margin.

Source: Holm (1979), A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...decision.expressions import FloatArray
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.intervals import Clusters, Means, holm
from ...evaluation.slices import Sliced, SliceLevels
from ...findings import Status


@dataclass(frozen=True, slots=True)
class HarmRule:
    """When a slice's extra cost stops a promotion, and how many rows it takes to tell."""

    margin: float
    """Mean extra cost per row that is tolerated in a slice."""
    alpha: float = 0.05
    """The chance of blocking a harmless challenger, over all slices together."""
    rows: int = 100
    events: int = 10
    non_events: int = 10
    bound_alpha: float = 0.05
    """The chance that each upper bound lies below the true extra cost."""

    def __post_init__(self) -> None:
        if not 0 < self.bound_alpha < 1:
            raise ValueError(f"bound_alpha {self.bound_alpha:g} outside (0, 1)")
        if not (0 < self.alpha < 1 and np.isfinite(self.margin)):
            raise ValueError(f"alpha {self.alpha:g} outside (0, 1) or margin {self.margin:g} not finite")


@dataclass(frozen=True, slots=True)
class SliceHarm:
    """Whether one slice is proven to cost more than the margin beyond the reference."""

    name: str
    status: Status
    n: int
    events: int
    difference: Estimate
    """Mean extra cost per row with its two-sided 95 % (clustered) t interval."""
    p_value: float
    adjusted: float
    """Holm's p-value over all slices with enough rows; NaN for the others."""
    upper: float
    """One-sided upper bound of the mean extra cost at `bound_alpha`, not corrected for other slices."""

    def figures(self) -> dict[str, float]:
        """Return all figures flat."""
        flat: dict[str, float] = {"n": self.n, "events": self.events, **self.difference.figures("difference")}
        return flat | {"p_value": self.p_value, "adjusted": self.adjusted, "upper": self.upper}


def proven_harm(
    difference: FloatArray,
    y: NDArray[np.integer],
    slices: Mapping[str, SliceLevels],
    cluster: Clusters,
    rule: HarmRule,
) -> list[SliceHarm]:
    """Test in each slice whether the judged model costs more than the margin beyond the reference.

    One-sided (clustered) t tests, Holm-corrected over all slices with enough rows, events and
    non-events. Asking every slice to prove that it is no worse would block every model.

    Parameters
    ----------
    difference : array of shape (n,)
        Cost of the judged model minus cost of the reference, per row.
    y : int array of shape (n,)
    slices : mapping of str to SliceLevels
    cluster : int array of shape (n,) or None
    rule : HarmRule

    Returns
    -------
    list of SliceHarm
        FAIL where harm is proven, PASS where it is not, INSUFFICIENT below the minimum of rows,
        INDETERMINATE where there is no p-value despite enough rows.
    """
    columns = [Sliced.of(name, levels, y) for name, levels in slices.items()]
    raw = [
        harm for column in columns for harm in _unadjusted(column, column.means(difference, cluster), rule)
    ]
    enough = np.array([_enough(harm, rule) for harm in raw], dtype=bool)
    adjusted = np.full(len(raw), NAN)
    adjusted[enough] = holm(np.array([harm.p_value for harm in raw])[enough])
    statuses = [
        _status(p_value, rule.alpha) if known else Status.INSUFFICIENT
        for known, p_value in zip(enough.tolist(), adjusted.tolist(), strict=True)
    ]
    found = zip(raw, statuses, adjusted.tolist(), strict=True)
    return [replace(harm, status=status, adjusted=p_value) for harm, status, p_value in found]


def _unadjusted(column: Sliced, means: Means, rule: HarmRule) -> list[SliceHarm]:
    """Return the test of each level before Holm has looked at all of them."""
    low, high = means.limits(0.95)
    p_values, upper = means.p_above(rule.margin), means.upper(rule.bound_alpha)
    return [
        SliceHarm(
            name=name,
            status=Status.INDETERMINATE,
            n=int(column.n[at]),
            events=int(column.events[at]),
            difference=Estimate(float(means.mean[at]), float(low[at]), float(high[at])),
            p_value=float(p_values[at]),
            adjusted=NAN,
            upper=float(upper[at]),
        )
        for at, name in enumerate(column.names)
    ]


def _enough(harm: SliceHarm, rule: HarmRule) -> bool:
    others = harm.n - harm.events
    return harm.n >= max(rule.rows, 1) and harm.events >= rule.events and others >= rule.non_events


def _status(adjusted: float, alpha: float) -> Status:
    if np.isnan(adjusted):
        return Status.INDETERMINATE
    return Status.FAIL if adjusted < alpha else Status.PASS
