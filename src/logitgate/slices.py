"""What a model is worth in each slice of the rows, from codes and counts, one pass per column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .costs import BoolArray, IntArray
from .evaluate import Scored
from .expressions import FloatArray
from .intervals import Clusters, Estimate, Means, wilson
from .metrics import log_losses, squared_errors

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of each row, as a code; -1 for rows that belong to no level.

    Examples
    --------
    >>> carrier = Levels.of(["UA", "AA", None, "UA"])
    >>> carrier.names, carrier.codes.tolist()
    (('AA', 'UA', 'missing'), [1, 0, 2, 1])
    """

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: ArrayLike) -> Levels:
        """Give each distinct value a code, in the order of their names; None and NaN are a level."""
        named = [_name(value) for value in np.asarray(values, dtype=object)]
        names, codes = np.unique(np.array(named, dtype=np.str_), return_inverse=True)
        return cls(codes, tuple(names.tolist()))

    def take(self, index: IntArray | BoolArray) -> Levels:
        """Return the levels of the chosen rows."""
        return Levels(self.codes[index], self.names)


@dataclass(frozen=True, slots=True)
class Sliced:
    """The rows that belong to a level of one column, and how many there are of each."""

    names: tuple[str, ...]
    """What the levels are called: `carrier = UA`; shape (k,)."""
    member: IntArray
    """Which rows belong to a level, shape (members,)."""
    code: IntArray
    """The level of each of those, shape (members,)."""
    n: IntArray
    events: IntArray

    @classmethod
    def of(cls, column: str, levels: Levels, y: NDArray[np.integer]) -> Sliced:
        """Count rows and events of each level.

        Raises
        ------
        ValueError
            When there are not as many codes as outcomes.
        """
        _refuse_other_length(column, levels, len(y))
        member = np.flatnonzero(levels.codes >= 0)
        code = levels.codes[member]
        size = len(levels.names)
        events = np.bincount(code[y[member] == 1], minlength=size)
        names = tuple(f"{column} = {level}" for level in levels.names)
        return cls(names, member, code, np.bincount(code, minlength=size), events)

    def sums(self, values: FloatArray | BoolArray) -> FloatArray:
        """Sum what the member rows hold, shape (members,), by level."""
        return np.asarray(np.bincount(self.code, values, len(self.names)), dtype=np.float64)

    def means(self, values: FloatArray, cluster: Clusters) -> Means:
        """Average over the levels what all rows hold, shape (n,)."""
        clusters = None if cluster is None else cluster[self.member]
        return Means.of(values[self.member], self.code, len(self.names), clusters)


@dataclass(frozen=True, slots=True)
class SliceEvaluation:
    """What a decision maker is worth in one slice; NaN where undefined."""

    name: str
    n: int
    events: int
    cost: Estimate
    """Mean per row, with a (clustered) t interval."""
    observed: Estimate
    """The rate of events; this and the other rates have Wilson intervals."""
    flag_rate: Estimate
    recall: Estimate
    false_positive_rate: Estimate
    precision: Estimate
    probability: float
    """The mean predicted probability, to be held against `observed`."""
    log_loss: float
    brier: float
    auc: float

    def figures(self) -> dict[str, float]:
        """Return all figures flat, rates and cost with `_low` and `_high`."""
        flat: dict[str, float] = {"n": self.n, "events": self.events}
        for name in ("cost", "observed", "flag_rate", "recall", "false_positive_rate", "precision"):
            flat |= getattr(self, name).figures(name)
        return flat | {name: getattr(self, name) for name in ("probability", "log_loss", "brier", "auc")}


def crossed(first: Levels, second: Levels) -> Levels:
    """Return the pairs of levels that occur; a row without a level in either belongs to none.

    Examples
    --------
    >>> crossed(Levels.of(["a", "b", "b"]), Levels.of(["x", "x", "y"])).names
    ('a & x', 'b & x', 'b & y')
    """
    width = max(len(second.names), 1)
    pair = np.where((first.codes < 0) | (second.codes < 0), -1, first.codes * width + second.codes)
    found, codes = np.unique(pair, return_inverse=True)
    absent = int((found < 0).sum())
    names = (f"{first.names[code // width]} & {second.names[code % width]}" for code in found[absent:])
    return Levels(codes - absent, tuple(names))


def slice_evaluations(scored: Scored, slices: Mapping[str, Levels]) -> list[SliceEvaluation]:
    """Evaluate every level of every slicing column.

    Parameters
    ----------
    scored : Scored
    slices : mapping of str to Levels
        By the name of the column, or of the cross of columns; codes of shape (n,).

    Returns
    -------
    list of SliceEvaluation
        Named `carrier = UA`; a level without rows is there, with n = 0.

    Raises
    ------
    ValueError
        When a column has not as many codes as there are rows.
    """
    for column, levels in slices.items():
        _refuse_other_length(column, levels, len(scored.y))
    order = np.argsort(scored.decision.probability, kind="stable")
    ranked = scored.take(order)
    return [
        part
        for column, levels in slices.items()
        for part in _evaluate_levels(ranked, Sliced.of(column, levels.take(order), ranked.y))
    ]


def _refuse_other_length(column: str, levels: Levels, rows: int) -> None:
    if len(levels.codes) != rows:
        raise ValueError(f"slices of {column}: {len(levels.codes)} codes for {rows} rows")


def _name(value: object) -> str:
    return MISSING if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)


def _evaluate_levels(ranked: Scored, part: Sliced) -> list[SliceEvaluation]:
    """Evaluate the levels of one column, on rows in the order of their probabilities."""
    rows = ranked.take(part.member)
    probability, flagged = rows.decision.probability, rows.decision.flagged
    cost = part.means(ranked.cost, ranked.cluster)
    low, high = cost.limits(0.95)
    flags, hits = part.sums(flagged), part.sums(flagged & (rows.y == 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = [
            part.sums(values) / part.n
            for values in (probability, log_losses(rows.y, probability), squared_errors(rows.y, probability))
        ]
    ranks = _aucs(part.code, probability, rows.y, len(part.names))
    return [
        SliceEvaluation(
            name=name,
            n=int(part.n[at]),
            events=int(part.events[at]),
            cost=Estimate(float(cost.mean[at]), float(low[at]), float(high[at])),
            observed=wilson(part.events[at], part.n[at]),
            flag_rate=wilson(flags[at], part.n[at]),
            recall=wilson(hits[at], part.events[at]),
            false_positive_rate=wilson(flags[at] - hits[at], part.n[at] - part.events[at]),
            precision=wilson(hits[at], flags[at]),
            probability=float(mean[0][at]),
            log_loss=float(mean[1][at]),
            brier=float(mean[2][at]),
            auc=float(ranks[at]),
        )
        for at, name in enumerate(part.names)
    ]


def _aucs(code: IntArray, probability: FloatArray, y: NDArray[np.integer], size: int) -> FloatArray:
    """Return the AUC within each level, ties counting one half; NaN when a class is absent.

    The probabilities must be in ascending order: a stable sort by level keeps them so.
    """
    order = np.argsort(code.astype(np.min_scalar_type(size)), kind="stable")
    code, probability, event = code[order], probability[order], y[order] == 1
    fresh = np.diff(probability, prepend=np.inf) != 0
    fresh |= np.diff(code, prepend=-1) != 0
    tie = np.cumsum(fresh) - 1
    level = code[fresh]
    events, others = np.bincount(tie, event), np.bincount(tie, ~event)
    totals = np.bincount(level, events, size), np.bincount(level, others, size)
    before = np.cumsum(totals[1]) - totals[1]
    below = np.cumsum(others) - others - before[level]
    won = np.asarray(np.bincount(level, events * (below + others / 2), size), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return won / (totals[0] * totals[1])
