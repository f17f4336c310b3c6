"""Which rule decides: the Bayes threshold of the costs, unless an empirical one is proven cheaper.

Source: Sheng, Ling (2006), Thresholding for making classifiers cost-sensitive; Elkan (2001).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ...decision.costs import CostMatrix, IntArray, RowCosts
from ...decision.expressions import FloatArray
from ...decision.rule import Decision, DecisionRule
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.intervals import Clusters, renumbered, upper_bound
from ...evaluation.metrics import ScoreGroups

_ROUNDING = 1e-12
_RESAMPLES = 400
_CELLS = 512


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """The rule chosen, and the mean cost per row of each candidate on the out-of-fold rows."""

    rule: DecisionRule
    cost: float
    bayes: float
    empirical: float
    """Of the empirical threshold on the very rows it minimises."""
    upper: float
    """Upper bound of what the empirical threshold, chosen on other blocks, costs beyond Bayes; NaN where
    unknown."""
    flag_none: float
    flag_all: float

    def figures(self) -> dict[str, float]:
        """Return the mean cost of the choice and of each candidate."""
        return {
            "cost": self.cost,
            "cost_bayes": self.bayes,
            "cost_empirical": self.empirical,
            "empirical_upper": self.upper,
            "cost_flag_none": self.flag_none,
            "cost_flag_all": self.flag_all,
        }


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Rows with a recalibrated out-of-fold probability, on which a threshold is chosen; arrays of shape (n,).

    Parameters
    ----------
    probability : array
    y : int array
    costs : RowCosts
    cluster : int array or None
    block : int array
    in_time : bool
        Whether a block may only learn from earlier ones.
    """

    probability: FloatArray
    y: NDArray[np.integer]
    costs: RowCosts
    cluster: Clusters
    block: IntArray
    in_time: bool


def empirical_minimiser(
    probability: FloatArray, y: NDArray[np.integer], costs: RowCosts
) -> tuple[DecisionRule, float]:
    """Find the one threshold that costs least on these rows, by an exact sweep in O(n log n).

    Every distinct probability is tried, and flagging none and all. Rows of equal
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
    DecisionRule
        ``flag-all`` rather than a constant when all of these rows are best flagged.
    float
        Its mean cost per row.

    Raises
    ------
    ValueError
        When there are no rows, or a probability is missing.
    """
    rule = _swept(_sorted(probability), _extra(y, costs), probability)
    return rule, _cost(rule, probability, y, costs)


def threshold_interval(
    probability: FloatArray, y: NDArray[np.integer], costs: RowCosts, cluster: Clusters, seed: int
) -> Estimate:
    """Return the threshold that costs least with its 95 % bootstrap interval.

    Each of 400 resamples draws whole clusters (rows, where there are none) and is swept over at most 512
    groups of neighbouring probabilities. An end of the interval is infinite where it is best to flag no row,
    minus infinite where every row. The cost curve is flat near its minimum, so such intervals are wide (Efron
    1979).

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
    extra, random = _extra(y, costs), np.random.default_rng(seed)
    groups = ScoreGroups.of(probability)
    value = _reached(_cheapest(extra, groups), probability, groups)
    code = np.arange(len(y)) if cluster is None else renumbered(cluster)[1]
    clusters = int(code.max()) + 1
    if clusters < 2:
        return Estimate(value, NAN, NAN)
    cell, lowest = _cells(probability, groups.order)
    drawn = np.sort(
        [_cheapest_cell(total, lowest) for total in _resampled(extra, code, cell, clusters, random)]
    )
    tail = int(0.025 * _RESAMPLES)
    return Estimate(value, float(drawn[tail]), float(drawn[-1 - tail]))


def choose_rule(judged: JudgedRows, bayes: DecisionRule, alpha: float) -> ThresholdChoice:
    """Choose how to decide: the rule to freeze with the model.

    The Bayes threshold follows from the costs alone. The empirical one, which costs least on these rows, is
    taken only where it is proven cheaper when it is chosen on other blocks than it is judged on: by the upper
    bound of a paired, clustered interval.

    Parameters
    ----------
    judged : JudgedRows
    bayes : DecisionRule
        From `bayes_rule`.
    alpha : float
        Of the one-sided bound.
    """
    rows, groups = (judged.probability, judged.y, judged.costs), _sorted(judged.probability)
    swept = _swept(groups, _extra(judged.y, judged.costs), judged.probability)
    costs_by_bayes = _costs(bayes, *rows)
    upper = _upper_of_empirical(judged, groups, costs_by_bayes, alpha)
    costing = float(costs_by_bayes.mean())
    empirical, none, every = (
        _cost(rule, *rows) for rule in (swept, DecisionRule("flag-none"), DecisionRule("flag-all"))
    )
    if upper < 0:
        return ThresholdChoice(swept, empirical, costing, empirical, upper, none, every)
    return ThresholdChoice(bayes, costing, costing, empirical, upper, none, every)


def bayes_rule(costs: CostMatrix) -> DecisionRule:
    """Return the rule of the Bayes threshold: one number where the costs are constants (Elkan 2001)."""
    if costs.constant:
        threshold = float(costs.rows({}, 1).bayes_threshold()[0])
        if np.isfinite(threshold):
            return DecisionRule("constant", threshold)
    return DecisionRule("per-row")


def _upper_of_empirical(
    judged: JudgedRows, groups: ScoreGroups, costs_by_bayes: FloatArray, alpha: float
) -> float:
    """Return the upper bound of the extra cost of an empirical threshold that other blocks chose."""
    difference, extra = np.full(len(judged.y), NAN), _extra(judged.y, judged.costs)
    for block in np.unique(judged.block):
        own = judged.block == block
        other = judged.block < block if judged.in_time else ~own
        if not other.any():
            continue
        rule = _swept(groups.among(other, judged.probability), extra, judged.probability)
        costs = _costs(rule, judged.probability[own], judged.y[own], judged.costs.take(own))
        difference[own] = costs - costs_by_bayes[own]
    known = np.isfinite(difference)
    if not known.any():
        return NAN
    cluster = None if judged.cluster is None else judged.cluster[known]
    return upper_bound(difference[known], cluster, alpha)


def _sorted(probability: FloatArray) -> ScoreGroups:
    if not len(probability):
        raise ValueError("no rows to choose a threshold on")
    return ScoreGroups.of(probability)


def _swept(groups: ScoreGroups, extra: FloatArray, probability: FloatArray) -> DecisionRule:
    """Return the rule that costs least on the rows of the groups."""
    return _rule_after(_cheapest(extra, groups), probability, groups)


def _cells(probability: FloatArray, order: IntArray) -> tuple[IntArray, FloatArray]:
    """Return a number for each group of neighbouring probabilities, and the lowest of each group.

    The order is from the highest probability down.
    """
    edges = np.unique(np.linspace(0, len(order), _CELLS + 1).round().astype(np.int64))[:-1]
    lowest = probability[order[np.append(edges[1:], len(order)) - 1]]
    lowest = np.unique(lowest)[::-1]
    ends = np.searchsorted(-probability[order], -lowest, side="right")
    cell = np.empty(len(order), dtype=np.int64)
    cell[order] = np.repeat(np.arange(len(lowest) + 1), np.diff(ends, prepend=0, append=len(order)))
    return cell, lowest


def _resampled(
    extra: FloatArray, code: IntArray, cell: IntArray, clusters: int, random: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield what flagging each cell costs beyond passing it, in resamples of whole clusters."""
    cells = int(cell.max()) + 1
    pooled = coo_array((extra, (code, cell)), shape=(clusters, cells)).tocsr()
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(0, clusters, clusters), minlength=clusters)
        yield times @ pooled


def _cheapest_cell(total: FloatArray, lowest: FloatArray) -> float:
    """Return the cheapest threshold over cells, flag-none being infinite; the fewest flags on a tie."""
    change = np.concatenate(([0.0], np.cumsum(total)))
    flagged = int(np.argmax(change <= change.min() + _ROUNDING * np.abs(total).sum()))
    if flagged in (0, len(total)):
        return np.inf if flagged == 0 else -np.inf
    return float(lowest[flagged - 1])


def _extra(y: NDArray[np.integer], costs: RowCosts) -> FloatArray:
    """Return what flagging each row costs beyond passing it, shape (n,)."""
    every = np.ones(len(y), dtype=bool)
    return costs.of(y, every) - costs.of(y, ~every)


def _cheapest(extra: FloatArray, groups: ScoreGroups) -> int:
    """Return how many groups, highest score first, are flagged at the least cost; the fewest on a tie."""
    ordered = extra[groups.order]
    change = np.concatenate(([0.0], np.cumsum(np.add.reduceat(ordered, groups.starts))))
    return int(np.argmax(change <= change.min() + _ROUNDING * np.abs(ordered).sum()))


def _reached(flagged_groups: int, probability: FloatArray, groups: ScoreGroups) -> float:
    """Return the threshold of a number of flagged groups as one number, flag-none being infinite."""
    rule = _rule_after(flagged_groups, probability, groups)
    return {"flag-none": np.inf, "flag-all": -np.inf}.get(rule.name, rule.value or 0.0)


def _rule_after(flagged_groups: int, probability: FloatArray, groups: ScoreGroups) -> DecisionRule:
    if flagged_groups == 0:
        return DecisionRule("flag-none")
    if flagged_groups == len(groups.starts):
        return DecisionRule("flag-all")
    return DecisionRule("constant", float(probability[groups.order[groups.starts[flagged_groups - 1]]]))


def _cost(rule: DecisionRule, probability: FloatArray, y: NDArray[np.integer], costs: RowCosts) -> float:
    return float(_costs(rule, probability, y, costs).mean())


def _costs(
    rule: DecisionRule, probability: FloatArray, y: NDArray[np.integer], costs: RowCosts
) -> FloatArray:
    return costs.of(y, Decision.by(rule, probability, costs).flagged)
