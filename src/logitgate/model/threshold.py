"""Which rule decides at the least cost on the rows kept for choosing it.

Source: Sheng, Ling (2006), Thresholding for making classifiers cost-sensitive; Elkan (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..decision.costs import ENTRIES, RowCosts
from ..decision.expressions import FloatArray
from ..decision.rule import Decision, Rule
from ..evaluation.intervals import NAN, Clusters, Estimate
from ..evaluation.metrics import ScoreGroups

_ROUNDING = 1e-12
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule chosen, and the mean cost per row of each candidate on the rows it was chosen on."""

    rule: Rule
    cost: float
    bayes: float
    empirical: float
    flag_none: float
    flag_all: float

    def figures(self) -> dict[str, float]:
        """Return the mean cost of the choice and of each candidate."""
        return {
            "cost": self.cost,
            "cost_bayes": self.bayes,
            "cost_empirical": self.empirical,
            "cost_flag_none": self.flag_none,
            "cost_flag_all": self.flag_all,
        }


def empirical_minimiser(
    probability: FloatArray, y: NDArray[np.integer], costs: RowCosts
) -> tuple[Rule, float]:
    """Find the one threshold that costs least on these rows, by an exact sweep in O(n log n).

    Every distinct probability is tried, and flagging nobody and everybody. Rows of equal
    probability are flagged together. A constant threshold is the lowest flagged probability
    itself, so that ``p >= t`` flags exactly the rows of the sweep. Costs that differ by no more
    than rounding are a tie, and ties go to the fewest flags.

    Parameters
    ----------
    probability : array of shape (n,)
    y : int array of shape (n,)
    costs : RowCosts
        Constant or different in each row.

    Returns
    -------
    Rule
        ``flag-all`` rather than a constant when all of these rows are best flagged.
    float
        Its mean cost per row.

    Raises
    ------
    ValueError
        When there are no rows, or a probability is missing.
    """
    if not len(probability):
        raise ValueError("no rows to choose a threshold on")
    groups = ScoreGroups.of(probability)
    rule = _rule_after(_cheapest(_extra(y, costs), groups), probability, groups)
    return rule, _cost(rule, probability, y, costs)


def threshold_interval(
    probability: FloatArray, y: NDArray[np.integer], costs: RowCosts, cluster: Clusters, seed: int
) -> Estimate:
    """Return the threshold that costs least with its 95 % bootstrap interval.

    Each of 400 resamples draws whole clusters (rows, where there are none) and is swept as exactly as the
    rows themselves. An end of the interval is infinite where it is best to flag nobody, minus infinite
    where everybody. The cost curve is flat near its minimum, so such intervals are wide (Efron 1979).

    Parameters
    ----------
    probability : array of shape (n,)
    y : int array of shape (n,)
    costs : RowCosts
    cluster : int array of shape (n,) or None
    seed : int

    Returns
    -------
    Estimate
        NaN at both ends with fewer than two clusters.
    """
    groups, extra, random = ScoreGroups.of(probability), _extra(y, costs), np.random.default_rng(seed)
    code = np.arange(len(y)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    clusters = int(code.max()) + 1
    drawn = np.sort(
        [
            _reached(
                _cheapest(extra * np.bincount(draw, minlength=clusters)[code], groups), probability, groups
            )
            for draw in (random.integers(0, clusters, clusters) for _ in range(_RESAMPLES))
        ]
    )
    value = _reached(_cheapest(extra, groups), probability, groups)
    if clusters < 2:
        return Estimate(value, NAN, NAN)
    tail = int(0.025 * _RESAMPLES)
    return Estimate(value, float(drawn[tail]), float(drawn[-1 - tail]))


def choose_rule(probability: FloatArray, y: NDArray[np.integer], costs: RowCosts) -> Choice:
    """Choose how to decide: the rule to freeze with the model.

    Costs that are the same in all rows: the empirical minimiser. Costs that vary: the Bayes
    threshold of each row, unless flagging none or all is cheaper on these rows.

    Parameters
    ----------
    probability : array of shape (n,)
        Calibrated, of rows the model was not fitted on.
    y : int array of shape (n,)
    costs : RowCosts
    """
    swept, empirical = empirical_minimiser(probability, y, costs)
    bayes, none, every = (
        _cost(rule, probability, y, costs) for rule in (Rule("per-row"), Rule("flag-none"), Rule("flag-all"))
    )
    if _same_in_all_rows(costs):
        return Choice(swept, empirical, bayes, empirical, none, every)
    options = ((bayes, Rule("per-row")), (none, Rule("flag-none")), (every, Rule("flag-all")))
    cost, rule = min(options, key=lambda option: option[0])
    return Choice(rule, cost, bayes, empirical, none, every)


def _extra(y: NDArray[np.integer], costs: RowCosts) -> FloatArray:
    """Return what flagging each row costs beyond passing it, shape (n,)."""
    every = np.ones(len(y), dtype=bool)
    return costs.of(y, every) - costs.of(y, ~every)


def _cheapest(extra: FloatArray, groups: ScoreGroups) -> int:
    """Return how many groups, highest score first, are flagged at the least cost; the fewest on a tie."""
    summed = np.add.reduceat(extra[groups.order], groups.starts)
    change = np.concatenate(([0.0], np.cumsum(summed)))
    return int(np.argmax(change <= change.min() + _ROUNDING * np.abs(extra).sum()))


def _reached(flagged_groups: int, probability: FloatArray, groups: ScoreGroups) -> float:
    """Return the threshold of a number of flagged groups as one number, flag-none being infinite."""
    rule = _rule_after(flagged_groups, probability, groups)
    return {"flag-none": np.inf, "flag-all": -np.inf}.get(rule.name, rule.value or 0.0)


def _rule_after(flagged_groups: int, probability: FloatArray, groups: ScoreGroups) -> Rule:
    if flagged_groups == 0:
        return Rule("flag-none")
    if flagged_groups == len(groups.starts):
        return Rule("flag-all")
    return Rule("constant", float(probability[groups.order[groups.starts[flagged_groups - 1]]]))


def _cost(rule: Rule, probability: FloatArray, y: NDArray[np.integer], costs: RowCosts) -> float:
    return float(costs.of(y, Decision.by(rule, probability, costs).flagged).mean())


def _same_in_all_rows(costs: RowCosts) -> bool:
    return all(bool(np.ptp(getattr(costs, entry)) == 0) for entry in ENTRIES)
