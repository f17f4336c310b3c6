"""What a model and its rule are worth on rows neither was fitted on: each figure with its interval.

One pass over the rows and one sort of the scores: every interval comes from a standard error over the
clusters (or rows), none from resamples. Which form each figure has, and its source: `figures`, `auc`,
`average_precision`, `cox`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..decision.costs import BoolArray, IntArray, RowCosts
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from .estimates import Estimate, estimates_of
from .figures import ENOUGH, GroupEstimates, mean, rate, savings
from .intervals import Units
from .metrics import log_losses, squared_errors
from .probabilities.cox import fit_cox, log_odds
from .probabilities.cox_tests import Cox
from .ranking.auc import group_aucs
from .ranking.average_precision import average_precision_interval


@dataclass(frozen=True)
class Scored:
    """Rows with their outcome, what was decided about them and what that costs.

    Parameters
    ----------
    y : int array of shape (n,), 0 or 1
    decision : Decision
    costs : RowCosts
    cluster : int array of shape (n,), optional
        Codes from 0 on of the entity a row belongs to; without them rows are independent.

    Raises
    ------
    ValueError
        When the parts differ in length, or an outcome is neither 0 nor 1.
    """

    y: IntArray
    decision: Decision
    costs: RowCosts
    cluster: IntArray | None = None

    def __post_init__(self) -> None:
        lengths = {
            "probabilities": len(self.decision.probability),
            "costs": len(self.costs.true_positive),
            "clusters": len(self.y) if self.cluster is None else len(self.cluster),
        }
        for part, length in lengths.items():
            if length != len(self.y):
                raise ValueError(f"{length} {part} for {len(self.y)} outcomes")
        if not ((self.y == 0) | (self.y == 1)).all():
            raise ValueError("an outcome is neither 0 nor 1")
        if self.cluster is not None and len(self.cluster) and int(self.cluster.min()) < 0:
            raise ValueError("a row without a cluster: cluster codes start at 0")

    @cached_property
    def cost(self) -> FloatArray:
        """What each row cost, shape (n,)."""
        return self.costs.of(self.y, self.decision.flagged)

    @cached_property
    def cox(self) -> Cox:
        """Cox's recalibration of the rows; see `fit_cox`."""
        return fit_cox(self.y, log_odds(self.decision.probability), self.cluster)

    def take(self, index: IntArray | BoolArray) -> Scored:
        """Return the chosen rows."""
        cluster = None if self.cluster is None else self.cluster[index]
        return Scored(self.y[index], self.decision.take(index), self.costs.take(index), cluster)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a decision maker is worth on n rows: 95 % intervals, NaN where undefined.

    Below 20 events (or 20 other rows) whatever depends on them has no limits: recall asks for events, the
    false positive rate for the others, the flag rate for neither, all else for both.
    """

    n: int
    events: int
    prevalence: Estimate
    cost: Estimate
    """Mean per row."""
    total_cost: Estimate
    savings: Estimate
    """1 - cost / cost of the cheaper of flag-none and flag-all on these rows."""
    log_loss: Estimate
    brier: Estimate
    auc: Estimate
    average_precision: Estimate
    calibration_in_the_large: Estimate
    slope: Estimate
    flag_rate: Estimate
    recall: Estimate
    false_positive_rate: Estimate
    precision: Estimate

    def figures(self) -> dict[str, float]:
        """Return all figures flat: `n`, `events`, then each `name`, `name_low` and `name_high`."""
        return {"n": self.n, "events": self.events, **estimates_of(self)}


def evaluate(scored: Scored) -> Evaluation:
    """Evaluate one decision maker; a single cluster or row leaves every figure without limits.

    Parameters
    ----------
    scored : Scored

    Raises
    ------
    ValueError
        When there are no rows.
    """
    if not len(scored.y):
        raise ValueError("no rows to evaluate")
    together = np.zeros(len(scored.y), dtype=np.int64)
    columns = group_figures(scored, Units.of(together, 1, scored.cluster), together)
    estimates = {name: column.estimates()[0] for name, column in columns.items()}
    n, events, probability = len(scored.y), int(scored.y.sum()), scored.decision.probability
    ranked = {
        "average_precision": average_precision_interval(scored.y, probability, scored.cluster),
        "calibration_in_the_large": scored.cox.in_the_large_interval(),
        "slope": scored.cox.slope_interval(),
    }
    if min(events, n - events) < ENOUGH:
        ranked = {name: Estimate(figure.value) for name, figure in ranked.items()}
    total = Estimate(*(n * figure for figure in estimates["cost"]))
    return Evaluation(n=n, events=events, total_cost=total, **estimates, **ranked)


def group_figures(scored: Scored, units: Units, group: IntArray) -> dict[str, GroupEstimates]:
    """Return the figures that both all rows and every slice of them have.

    Parameters
    ----------
    scored : Scored
    units : Units
        The independent units of the groups.
    group : int array of shape (n,)

    Returns
    -------
    dict of str to GroupEstimates
        By the names of the fields of `Evaluation`.
    """
    probability, flagged, event = scored.decision.probability, scored.decision.flagged, scored.y == 1
    every = np.ones(len(scored.y), dtype=bool)
    none, all_flagged = (scored.costs.of(scored.y, flags) for flags in (~every, every))
    events, others = (units.totals(units.sums(kind)) >= ENOUGH for kind in (event, ~event))
    found, low, high = group_aucs(units, group, probability, scored.y)
    depending = {
        "prevalence": rate(units, event, every),
        "cost": mean(units, scored.cost),
        "savings": savings(units, scored.cost, none, all_flagged),
        "log_loss": mean(units, log_losses(scored.y, probability)),
        "brier": mean(units, squared_errors(scored.y, probability)),
        "auc": GroupEstimates(found.mean, low, high),
        "precision": rate(units, flagged & event, flagged),
    }
    return {name: column.known(events & others) for name, column in depending.items()} | {
        "flag_rate": rate(units, flagged, every),
        "recall": rate(units, flagged & event, event).known(events),
        "false_positive_rate": rate(units, flagged & ~event, ~event).known(others),
    }
