"""How good probabilities are, with weights: log loss, Brier score, and the counts that rank metrics rest on.

The scores are sorted once; AUC and average precision follow from the events and the other rows in each
group of equal scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray

NAN = float("nan")
SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities closer than this to 0 or 1 are moved there before a logarithm (as scikit-learn does)."""


@dataclass(frozen=True, slots=True)
class ScoreGroups:
    """Rows in the order of their scores, highest first, and where each group of equal scores starts.

    Examples
    --------
    >>> groups = ScoreGroups.of(np.array([0.2, 0.9, 0.2]))
    >>> events, others = groups.counts(np.array([1, 1, 0]))
    >>> events.tolist(), others.tolist()
    ([1.0, 1.0], [0.0, 1.0])
    """

    order: IntArray
    starts: IntArray

    @classmethod
    def of(cls, score: FloatArray) -> ScoreGroups:
        """Sort the scores, once.

        Raises
        ------
        ValueError
            When a score is missing: it has no place in an order.
        """
        missing = int(np.isnan(score).sum())
        if missing:
            raise ValueError(f"{missing} of {len(score)} scores are missing")
        return cls._ordered(np.argsort(-score), score)

    @classmethod
    def _ordered(cls, order: IntArray, score: FloatArray) -> ScoreGroups:
        fresh = np.diff(score[order], prepend=np.inf) != 0
        return cls(order, np.flatnonzero(fresh))

    def among(self, kept: BoolArray, score: FloatArray) -> ScoreGroups:
        """Return the groups of some of the rows, in the order that is known; both of shape (n,)."""
        return self._ordered(self.order[kept[self.order]], score)

    def counts(
        self, y: NDArray[np.integer] | FloatArray, weight: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the weight of the events and of the other rows in each group, highest score first.

        Parameters
        ----------
        y : array of shape (n,)
            Outcomes, or probabilities of the event: then expected weights are returned.
        weight : array of shape (n,), optional
        """
        every = np.ones(len(y)) if weight is None else weight[self.order]
        events = every * y[self.order]
        others = every - events
        if len(self.starts) == len(every):
            return events, others
        return np.add.reduceat(events, self.starts), np.add.reduceat(others, self.starts)


def log_losses(y: NDArray[np.integer], probability: FloatArray) -> FloatArray:
    """Return each row's -log of the probability given to what happened; shape (n,).

    Probabilities are clipped to [eps, 1 - eps], eps = 2.2e-16, so one certain error costs 36.
    """
    clipped = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return -np.where(np.asarray(y, dtype=bool), np.log(clipped), np.log1p(-clipped))


def squared_errors(y: NDArray[np.integer], probability: FloatArray) -> FloatArray:
    """Return each row's (probability - y)^2; shape (n,)."""
    return np.asarray((probability - y) ** 2, dtype=np.float64)


def log_loss(y: NDArray[np.integer], probability: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the mean of `log_losses`, in nats; NaN without rows."""
    return _mean(log_losses(y, probability), weight)


def brier(y: NDArray[np.integer], probability: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the mean of `squared_errors`; NaN without rows (Brier 1950)."""
    return _mean(squared_errors(y, probability), weight)


def _mean(values: FloatArray, weight: FloatArray | None) -> float:
    total = len(values) if weight is None else float(weight.sum())
    if not total > 0:
        return NAN
    return float(values.sum() if weight is None else values @ weight) / total
