"""`lg.evaluation`: calibration, costs and slices of anybody's probabilities, from plain arrays.

Every argument may be a list, a NumPy array, a pandas or polars column; rows that belong together (days,
persons) are given as `cluster`, of any labels, and the intervals respect them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..decision.costs import ENTRIES, IntArray, RowCosts
from ..decision.expressions import FloatArray
from ..decision.rule import Decision, DecisionRule
from ..errors import DataError
from ..evaluation.comparisons.comparison import Paired, paired
from ..evaluation.curves import cost_points
from ..evaluation.evaluate import Scored
from ..evaluation.probabilities.calibration import Calibration
from ..evaluation.probabilities.calibration import calibration as measured
from ..evaluation.slices import SliceLevels, slice_evaluations

Costs: TypeAlias = "Mapping[str, ArrayLike]"
"""What an outcome of a decision costs: `true_positive` and so on, a number or one for each row; default 0."""

_BAYES, _AS_FLAGGED = DecisionRule("per-row"), DecisionRule("constant", 0.5)


def calibration(y: ArrayLike, p: ArrayLike, cluster: ArrayLike | None = None, seed: int = 0) -> Calibration:
    """Measure how far probabilities are from the outcomes.

    Parameters
    ----------
    y : array of shape (n,), 0 or 1
    p : array of shape (n,), probabilities of 1
    cluster : array of shape (n,), optional
        Labels of the groups that rows belong to.
    seed : int
        Of the draws from which the ECE of a perfect model follows.

    Returns
    -------
    Calibration
        Calibration-in-the-large (0 is right) and slope (1 is right) in log-odds with 95 % intervals (Cox
        1958), their joint test, Spiegelhalter's test (1986), the debiased L2 error (Kumar, Liang, Ma 2019),
        and the ECE with what a perfect model would show.

    Raises
    ------
    DataError
        When the arrays differ in length, an outcome is neither 0 nor 1, or a probability is not in [0, 1].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.1, 0.9, 2_000)
    >>> y = rng.uniform(size=2_000) < p
    >>> right = calibration(y, p)
    >>> right.slope.low < 1 < right.slope.high
    True
    >>> off = calibration(y, np.clip(p + 0.1, 0, 1))
    >>> off.in_the_large.high < 0
    True
    """
    outcomes, probability = _outcomes(y), _probabilities(p)
    _same_length(y=outcomes, p=probability)
    return measured(outcomes, probability, _clusters(cluster, len(outcomes)), seed)


def cost_curve(y: ArrayLike, p: ArrayLike, costs: Costs) -> pd.DataFrame:
    """Return the mean cost per row at each threshold.

    Parameters
    ----------
    y : array of shape (n,), 0 or 1
    p : array of shape (n,), probabilities of 1
    costs : mapping
        Of `true_positive`, `false_positive`, `true_negative` and `false_negative` to a number, or to an array
        of shape (n,); what is absent costs nothing.

    Returns
    -------
    DataFrame of k rows
        `threshold`, falling: each distinct probability; and `mean_cost`, in the unit of `costs`, if each row
        of at least that probability is flagged.

    Raises
    ------
    DataError
        As `calibration`, and for costs of an unknown name or another length.

    Examples
    --------
    >>> cost_curve([1, 0, 1, 0], [0.9, 0.6, 0.4, 0.2], {"false_positive": 1, "false_negative": 5})
       threshold  mean_cost
    0        0.9       1.25
    1        0.6       1.50
    2        0.4       0.25
    3        0.2       0.50
    """
    threshold, cost = cost_points(_scored(y, p, costs, None))
    return pd.DataFrame({"threshold": threshold, "mean_cost": cost})


def paired_cost(  # noqa: PLR0913 - what a paired comparison is made of
    y: ArrayLike,
    challenger: ArrayLike,
    champion: ArrayLike,
    costs: Costs,
    cluster: ArrayLike | None = None,
    *,
    alpha: float = 0.05,
) -> Paired:
    """Compare what two decision makers cost on the same rows.

    Parameters
    ----------
    y : array of shape (n,), 0 or 1
    challenger, champion : arrays of shape (n,), bool
        Which rows each of them flags.
    costs : mapping
        As in `cost_curve`.
    cluster : array of shape (n,), optional
    alpha : float
        Of the one-sided upper bound.

    Returns
    -------
    Paired
        `difference`: mean cost of the challenger less that of the champion, per row, with its 95 % interval;
        `upper`: its one-sided bound, below 0 where the challenger is proven cheaper; and the rows that are
        decided differently.

    Raises
    ------
    DataError
        As `cost_curve`, and for decisions that are not true or false.

    Examples
    --------
    >>> y = [1, 0] * 200
    >>> better, worse = y, [1, 1] * 200
    >>> found = paired_cost(y, better, worse, {"false_positive": 2, "false_negative": 5})
    >>> found.difference.value, found.upper < 0, found.newly_passed.rows
    (-1.0, True, 200)
    """
    one, other = (
        _scored(y, _flags(flags, name), costs, cluster, _AS_FLAGGED)
        for flags, name in ((challenger, "challenger"), (champion, "champion"))
    )
    return paired(one, other, alpha)


def slices(
    y: ArrayLike,
    p: ArrayLike,
    costs: Costs,
    by: Mapping[str, ArrayLike] | pd.DataFrame,
    cluster: ArrayLike | None = None,
) -> pd.DataFrame:
    """Evaluate probabilities, and the decisions that cost least by them, in each level of some columns.

    Parameters
    ----------
    y : array of shape (n,), 0 or 1
    p : array of shape (n,), probabilities of 1
    costs : mapping
        As in `cost_curve`; a row is flagged from its Bayes threshold on (Elkan 2001).
    by : mapping or DataFrame
        Names of columns to their levels, arrays of shape (n,).
    cluster : array of shape (n,), optional

    Returns
    -------
    DataFrame with a row for each level
        `slice`, `n`, `events`, and each figure with `_low` and `_high`, the limits of its 95 % interval; NaN
        where it is undefined.

    Raises
    ------
    DataError
        As `cost_curve`, and for a column of another length.

    Examples
    --------
    >>> y, p = [1, 0, 1, 0], [0.9, 0.1, 0.2, 0.8]
    >>> found = slices(y, p, {"false_positive": 1, "false_negative": 1}, {"side": ["a", "a", "b", "b"]})
    >>> found[["slice", "n", "events", "cost", "auc"]]
          slice  n  events  cost  auc
    0  side = a  2       1   0.0  1.0
    1  side = b  2       1   1.0  0.0
    """
    scored = _scored(y, p, costs, cluster)
    levels = {str(name): SliceLevels.of(np.asarray(column, dtype=object)) for name, column in by.items()}
    for name, column in levels.items():
        _same_length(**{"y": scored.y, name: column.codes})
    parts = slice_evaluations(scored, levels)
    return pd.DataFrame([{"slice": part.name, **part.figures()} for part in parts])


def _scored(
    y: ArrayLike, p: ArrayLike, costs: Costs, cluster: ArrayLike | None, rule: DecisionRule = _BAYES
) -> Scored:
    outcomes, probability = _outcomes(y), _probabilities(p)
    _same_length(y=outcomes, p=probability)
    rows = _row_costs(costs, len(outcomes))
    decision = Decision.by(rule, probability, rows)
    return Scored(outcomes, decision, rows, _clusters(cluster, len(outcomes)))


def _outcomes(y: ArrayLike) -> IntArray:
    values = _numbers(y, "y")
    wrong = int((~np.isin(values, (0, 1))).sum())
    if wrong:
        raise DataError("y", f"{wrong} of {len(values)} outcomes are neither 0 nor 1", "code the event as 1")
    return values.astype(np.int64)


def _probabilities(p: ArrayLike) -> FloatArray:
    values = _numbers(p, "p")
    wrong = int((~((values >= 0) & (values <= 1))).sum())
    if wrong:
        raise DataError(
            "p",
            f"{wrong} of {len(values)} probabilities are not in [0, 1]",
            "give probabilities of the event",
        )
    return values


def _flags(flags: ArrayLike, name: str) -> FloatArray:
    values = _numbers(flags, name)
    wrong = int((~np.isin(values, (0, 1))).sum())
    if wrong:
        rule = f"{wrong} of {len(values)} decisions are neither true nor false"
        raise DataError(name, rule, "compare the probabilities with a threshold first")
    return values


def _row_costs(costs: Costs, rows: int) -> RowCosts:
    wrong = sorted(set(costs) - set(ENTRIES))
    if wrong:
        raise DataError("costs", f"{', '.join(wrong)} is unknown", f"name {', '.join(ENTRIES)}")
    found = {name: np.atleast_1d(_numbers(costs.get(name, 0.0), f"costs of {name}")) for name in ENTRIES}
    for name, values in found.items():
        if len(values) not in (1, rows) or not np.isfinite(values).all():
            infinite = int((~np.isfinite(values)).sum())
            rule = f"{len(values)} costs of {name} for {rows} outcomes, {infinite} not finite"
            raise DataError("costs", rule, "give one number, or a finite one for each row")
    return RowCosts(**{name: np.broadcast_to(values, (rows,)) for name, values in found.items()})


def _clusters(labels: ArrayLike | None, rows: int) -> IntArray | None:
    if labels is None:
        return None
    codes, _ = pd.factorize(np.asarray(labels), use_na_sentinel=True)
    if len(codes) != rows or (codes < 0).any():
        rule = f"{len(codes)} labels for {rows} outcomes, {int((codes < 0).sum())} missing"
        raise DataError("cluster", rule, "give one label for each row")
    return codes.astype(np.int64)


def _numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        # The error of numpy can repeat a cell.
        raise DataError(name, "has values that are no numbers", "give numbers or truth values") from None


def _same_length(**parts: NDArray[Any]) -> None:
    shapes = {name: part.shape for name, part in parts.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise DataError(" and ".join(parts), f"have the shapes {listed}", "give arrays of one length")
