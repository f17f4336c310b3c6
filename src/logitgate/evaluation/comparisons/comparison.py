"""Two decision makers on the same rows: what the challenger's decisions cost beyond the champion's."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ...decision.costs import ENTRIES, BoolArray
from ...decision.expressions import FloatArray
from ..estimates import Estimate
from ..evaluate import Scored
from ..intervals import mean_interval, upper_bound

FLAG_NONE, FLAG_ALL = "flag-none", "flag-all"
"""Names of the two rules that need no model."""


@dataclass(frozen=True, slots=True)
class Flips:
    """The rows that are decided differently, in one direction."""

    rows: int
    events: int
    cost: float
    """The sum of challenger's cost minus champion's cost over these rows."""

    @classmethod
    def of(cls, flipped: BoolArray, event: BoolArray, difference: FloatArray) -> Flips:
        """Count the flipped rows; arrays of shape (n,)."""
        return cls(int(flipped.sum()), int((flipped & event).sum()), float(difference[flipped].sum()))


@dataclass(frozen=True, slots=True)
class Paired:
    """Challenger minus champion, in cost per row: below zero the challenger is cheaper."""

    n: int
    difference: Estimate
    """Mean of cost_challenger - cost_champion with its two-sided 95 % t interval."""
    upper: float
    """One-sided upper bound of that mean at `alpha`."""
    alpha: float
    effective_events: float
    """(sum a)^2 / sum a^2 over the events that cost differently, a = |difference|; 0 without any."""
    newly_flagged: Flips
    newly_passed: Flips

    def figures(self) -> dict[str, float]:
        """Return all figures flat, the flips as `newly_flagged_rows` and so on."""
        flat: dict[str, float] = {"n": self.n, **self.difference.figures("difference")}
        flat |= {"upper": self.upper, "alpha": self.alpha, "effective_events": self.effective_events}
        for name, flips in (("newly_flagged", self.newly_flagged), ("newly_passed", self.newly_passed)):
            flat |= {f"{name}_{part.name}": getattr(flips, part.name) for part in fields(flips)}
        return flat


def paired(challenger: Scored, champion: Scored, alpha: float) -> Paired:
    """Compare two decision makers on the same rows.

    The rows' clusters are the challenger's. With fewer than two clusters there is no bound: NaN,
    which no gate may take for a gain.

    Parameters
    ----------
    challenger, champion : Scored
        The same rows in the same order, under the same costs.
    alpha : float
        The chance that is taken of `upper` being below the true mean.

    Raises
    ------
    ValueError
        When outcomes or costs differ: then these are not the same rows.
    """
    _refuse_other_rows(challenger, champion)
    difference = challenger.cost - champion.cost
    event = challenger.y == 1
    flagged, before = challenger.decision.flagged, champion.decision.flagged
    return Paired(
        n=len(difference),
        difference=mean_interval(difference, challenger.cluster),
        upper=upper_bound(difference, challenger.cluster, alpha),
        alpha=alpha,
        effective_events=effective_number(np.abs(difference[event])),
        newly_flagged=Flips.of(flagged & ~before, event, difference),
        newly_passed=Flips.of(before & ~flagged, event, difference),
    )


def always(scored: Scored, flagged: bool) -> Scored:  # noqa: FBT001 - the decision itself
    """Return the same rows, all of them flagged or none: an opponent that no rows can move."""
    every = np.full(len(scored.y), flagged)
    threshold = np.full(len(scored.y), -np.inf if flagged else np.inf)
    return replace(scored, decision=replace(scored.decision, flagged=every, threshold=threshold))


def better_rule(scored: Scored) -> tuple[str, Scored]:
    """Return the cheaper of flag-none and flag-all on these rows, and its name; flag-none on a tie."""
    none, every = always(scored, flagged=False), always(scored, flagged=True)
    return (FLAG_ALL, every) if every.cost.mean() < none.cost.mean() else (FLAG_NONE, none)


def effective_number(size: FloatArray) -> float:
    """Return how many equal differences would weigh as much as these (Kish 1965); 0 without any."""
    largest = float(size.max(initial=0.0))
    if not largest > 0:
        return 0.0
    share = size / largest
    return float(share.sum() ** 2 / (share**2).sum())


def _refuse_other_rows(challenger: Scored, champion: Scored) -> None:
    if len(challenger.y) != len(champion.y):
        raise ValueError(f"{len(challenger.y)} rows of one and {len(champion.y)} of the other")
    differing = int((challenger.y != champion.y).sum())
    if differing:
        raise ValueError(f"{differing} outcomes differ, so these are not the same rows")
    for entry in ENTRIES:
        if not np.array_equal(getattr(challenger.costs, entry), getattr(champion.costs, entry)):
            raise ValueError(f"{entry} costs differ between challenger and champion")
