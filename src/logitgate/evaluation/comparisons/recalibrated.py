"""What miscalibration costs, against cross-fitted recalibrated probabilities.

Clusters (rows, where there are none) are parted into two halves at random; each half is recalibrated by Cox's
intercept and slope of the other one. So a recalibration is never judged on the rows that it was fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from ...decision.expressions import FloatArray
from ..estimates import Estimate
from ..evaluate import Scored
from ..intervals import mean_interval, renumbered
from ..metrics import log_losses
from ..probabilities.cox import cox_line, log_odds
from .comparison import effective_number


@dataclass(frozen=True, slots=True)
class Regret:
    """What decisions cost per row beyond those by recalibrated probabilities, about 0 where p is right."""

    mean: Estimate
    """In the unit of the costs."""
    events: float
    """Effective number of events that cost differently; without them the interval knows no missed event."""


def regret(scored: Scored, seed: int) -> Regret:
    """Compare each row's decision with the one by its recalibrated probability, at the row's own threshold.

    Parameters
    ----------
    scored : Scored of n rows
    seed : int
        Of the two halves.
    """
    flagged = _recalibrated(scored, seed) >= scored.decision.threshold
    other = replace(scored, decision=replace(scored.decision, flagged=flagged))
    difference = scored.cost - other.cost
    events = effective_number(np.abs(difference[scored.y == 1]))
    return Regret(mean_interval(difference, scored.cluster), events)


def miscalibration(scored: Scored, seed: int) -> FloatArray:
    """Return the log loss of each row less that of its recalibrated probability, in nats; shape (n,)."""
    y = scored.y
    return log_losses(y, scored.decision.probability) - log_losses(y, _recalibrated(scored, seed))


def _recalibrated(scored: Scored, seed: int) -> FloatArray:
    """Return the cross-fitted recalibrated probabilities, or the given ones where no line can be fitted.

    Of lines that do not fall: where the best one falls it is the event rate, so that probabilities that are
    upside down are not taken for calibrated.
    """
    odds = log_odds(scored.decision.probability)
    changed = odds.copy()
    first = _halves(scored, seed)
    for half in (first, ~first):
        intercept, slope = cox_line(scored.y[half], odds[half])
        if np.isfinite(slope):
            rising = intercept + slope * odds[~half]
            changed[~half] = rising if slope > 0 else log_odds(scored.y[half].mean(keepdims=True))
    return np.asarray(expit(changed))


def _halves(scored: Scored, seed: int) -> np.ndarray:
    """Draw half of the clusters; the order of the rows makes no difference."""
    cluster = np.arange(len(scored.y)) if scored.cluster is None else scored.cluster
    codes = renumbered(cluster)[1]
    drawn = np.random.default_rng(seed).permutation(int(codes.max()) + 1)
    return np.asarray(drawn[codes] < (int(codes.max()) + 1) / 2, dtype=bool)
