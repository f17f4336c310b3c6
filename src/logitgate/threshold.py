"""Which rule decides at the least cost on the rows kept for choosing it.

Source: Sheng, Ling (2006), Thresholding for making classifiers cost-sensitive; Elkan (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .costs import ENTRIES, RowCosts
from .decision import Decision, Rule
from .expressions import FloatArray
from .metrics import ScoreGroups

_ROUNDING = 1e-12


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
    passed = costs.of(y, np.zeros(len(y), dtype=bool))
    extra = (costs.of(y, np.ones(len(y), dtype=bool)) - passed)[groups.order]
    change = np.concatenate(([0.0], np.cumsum(np.add.reduceat(extra, groups.starts))))
    best = int(np.argmax(change <= change.min() + _ROUNDING * np.abs(extra).sum()))
    rule = _rule_after(best, probability, groups)
    return rule, _cost(rule, probability, y, costs)


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
