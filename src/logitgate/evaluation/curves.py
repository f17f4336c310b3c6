"""The curves that people look at: how a model ranks, and what each single threshold would have cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..decision.expressions import FloatArray
from .evaluate import Scored


def roc_points(scored: Scored) -> tuple[FloatArray, FloatArray]:
    """Return the rates of flagged non-events and events at each threshold, from none to all flagged."""
    last, event = _falling(scored)
    events, rows = np.cumsum(event)[last], last + 1
    false_positives, true_positives = rows - events, events
    return _from_zero(false_positives / false_positives[-1]), _from_zero(true_positives / true_positives[-1])


def cost_points(scored: Scored) -> tuple[FloatArray, FloatArray]:
    """Return every distinct score, falling, and the mean cost per row had it been the threshold."""
    order = np.argsort(-scored.decision.probability, kind="stable")
    costs, rows = scored.costs, len(scored.y)
    passed = costs.of(scored.y, np.zeros(rows, dtype=bool))
    change = (costs.of(scored.y, np.ones(rows, dtype=bool)) - passed)[order]
    last, _ = _falling(scored)
    total = passed.sum() + np.cumsum(change)[last]
    return scored.decision.probability[order][last], total / rows


def _falling(scored: Scored) -> tuple[NDArray[np.int64], FloatArray]:
    """Return where each group of equal scores ends, highest score first, and the events in that order."""
    order = np.argsort(-scored.decision.probability, kind="stable")
    score = scored.decision.probability[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    return last.astype(np.int64), scored.y[order].astype(np.float64)


def _from_zero(rates: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], rates))
