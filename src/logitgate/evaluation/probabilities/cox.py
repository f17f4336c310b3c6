"""Cox's logistic recalibration: logit P(y = 1) = a + b logit(p).

A calibrated model has a = 0 and b = 1. Calibration-in-the-large is a when b is held at 1.
Source: Cox (1958), Two further applications of a model for binary regression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ..estimates import NAN
from ..intervals import Clusters, meat
from ..metrics import SMALLEST
from .cox_tests import Cox

_MANY, _APART = 200_000, 32
"""Rows above which a fit starts at that of one row in so many."""
_BLOCK = 16_384
_ITERATIONS = 100
_HALVINGS = 40
_NEAR = 1e-6
_THERE = 1e-16


def log_odds(probability: FloatArray) -> FloatArray:
    """Return log(p / (1 - p)), with p clipped to [eps, 1 - eps], eps = 2.2e-16, so within +-36.04."""
    clipped = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def losses_by_log_odds(event: NDArray[np.integer] | BoolArray, score: FloatArray) -> FloatArray:
    """Return the log loss of each row in nats, shape of `score`; exact where probabilities round to 0 or 1.

    Parameters
    ----------
    event : array of shape (n,)
        0 or 1, or bool.
    score : array of shape (..., n)
        Log-odds; NaN where unknown, and so the loss.
    """
    return softplus(np.where(event == 1, -score, score))


def softplus(values: FloatArray) -> FloatArray:
    """Return log(1 + exp(x)) of each value, to rounding; `numpy.logaddexp` takes eight times as long."""
    found = np.abs(values)
    np.negative(found, out=found)
    np.exp(found, out=found)
    np.log1p(found, out=found)
    found += np.maximum(values, 0.0)
    return found


def chances(score: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)) of each log-odds, to rounding, in half the time of `scipy.special.expit`."""
    found = np.negative(score)
    with np.errstate(over="ignore"):  # then the chance is zero
        np.exp(found, out=found)
    found += 1.0
    return np.reciprocal(found, out=found)


def fit_cox(y: NDArray[np.integer], score: FloatArray, cluster: Clusters = None) -> Cox:
    """Fit intercept and slope by damped Newton, and calibration-in-the-large on its own.

    Errors are the model's; with clusters they are the sandwich's with the factor G/(G-1).

    Parameters
    ----------
    y : int array of shape (n,)
    score : array of shape (n,)
        Log-odds; see `log_odds`.
    cluster : int array of shape (n,), optional
        Codes from 0 on.

    Returns
    -------
    Cox
        NaN throughout for a single class or a score that is not finite. NaN for intercept and
        slope where the score separates the classes or is the same in all rows: then no finite
        slope is best.
    """
    event = np.asarray(y, dtype=bool)
    design = np.stack((np.ones(len(event)), score))
    ones = design[:1]
    both = _both(event, score)
    overlap = both and _overlap(score[event], score[~event])
    large = _newton(ones, event, score) if both else _undefined(1)
    of_slope_one = _likelihood(large.weights[0] + score, event)
    line = _line(design, event, float(large.weights[0]), of_slope_one) if overlap else _undefined(2)
    fitted = line.weights @ design
    best = _likelihood(fitted, event) if overlap else NAN
    gain = 2 * (best - _likelihood(score, event))
    by_slope = 2 * (best - of_slope_one)
    return Cox(
        intercept=float(line.weights[0]),
        slope=float(line.weights[1]),
        covariance=_robust(line, design, event - chances(fitted), cluster),
        in_the_large=float(large.weights[0]),
        in_the_large_error=float(
            np.sqrt(_robust(large, ones, event - chances(large.weights[0] + score), cluster)[0, 0])
        ),
        joint_statistic=max(gain, 0.0),
        slope_statistic=max(by_slope, 0.0),
        degrees=np.inf if cluster is None else float(np.count_nonzero(np.bincount(cluster)) - 1),
    )


class _Optimum(NamedTuple):
    weights: FloatArray
    covariance: FloatArray


def _undefined(size: int) -> _Optimum:
    return _Optimum(np.full(size, NAN), np.full((size, size), NAN))


def _overlap(events: FloatArray, others: FloatArray) -> bool:
    """Whether a best slope exists: neither class lies wholly above the other (Albert, Anderson 1984)."""
    return bool(events.min() < others.max() and others.min() < events.max())


def cox_line(y: NDArray[np.integer], score: FloatArray) -> tuple[float, float]:
    """Return intercept and slope alone, as `fit_cox` finds them; NaN where it does.

    Parameters
    ----------
    y : int array of shape (n,)
    score : array of shape (n,)
        Log-odds.
    """
    event = np.asarray(y, dtype=bool)
    if not (_both(event, score) and _overlap(score[event], score[~event])):
        return NAN, NAN
    line = _line(np.stack((np.ones(len(event)), score)), event, 0.0, _likelihood(score, event))
    return float(line.weights[0]), float(line.weights[1])


def _both(event: BoolArray, score: FloatArray) -> bool:
    return bool(event.any() and not event.all() and np.isfinite(score).all())


def _line(design: FloatArray, event: BoolArray, intercept: float, reached: float) -> _Optimum:
    """Fit intercept and slope, from slope 1 on where its likelihood is better than knowing nothing."""
    if reached > -len(event) * np.log(2):
        found = _newton(design, event, None, np.array([intercept, 1.0]))
        if np.isfinite(found.weights).all():
            return found
    return _newton(design, event, None)


def _newton(
    design: FloatArray, event: BoolArray, offset: FloatArray | None, start: FloatArray | None = None
) -> _Optimum:
    """Maximise the likelihood of columns, shape (k, n); NaN when a hundred damped steps do not get there."""
    weights = _start(design, event, offset) if start is None else start
    reached = _reached(weights, design, event, offset)
    for _ in range(_ITERATIONS):
        gradient, information = _derivatives(weights, design, event, offset)
        try:
            step: FloatArray = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        decrement = float(gradient @ step)
        if not np.isfinite(decrement):
            break
        if decrement > _NEAR:
            step, reached = _damped(
                weights, step, reached, lambda tried: _reached(tried, design, event, offset)
            )
        weights = weights + step
        if decrement < _THERE:
            return _Optimum(weights, np.asarray(np.linalg.inv(information), dtype=np.float64))
    return _undefined(len(weights))


def _derivatives(
    weights: FloatArray, design: FloatArray, event: BoolArray, offset: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and information of the likelihood, by blocks that stay in the processor's cache."""
    gradient, information = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for rows in _blocks(len(event)):
        columns = design[:, rows]
        fitted = chances(_scored(weights, columns, offset, rows))
        gradient += columns @ (event[rows] - fitted)
        fitted *= 1 - fitted
        information += (columns * fitted) @ columns.T
    return gradient, information


def _reached(weights: FloatArray, design: FloatArray, event: BoolArray, offset: FloatArray | None) -> float:
    return sum(
        _likelihood(_scored(weights, design[:, rows], offset, rows), event[rows])
        for rows in _blocks(len(event))
    )


def _scored(weights: FloatArray, columns: FloatArray, offset: FloatArray | None, rows: slice) -> FloatArray:
    score: FloatArray = weights @ columns
    return score if offset is None else score + offset[rows]


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(first, first + _BLOCK) for first in range(0, rows, _BLOCK))


def _start(design: FloatArray, event: BoolArray, offset: FloatArray | None) -> FloatArray:
    """Return the weights of some of many rows, which save most steps over all of them; else zeros."""
    zeros = np.zeros(len(design))
    if len(event) <= _MANY:
        return zeros
    some = slice(None, None, _APART)
    beside = None if offset is None else offset[some]
    found = _newton(np.ascontiguousarray(design[:, some]), event[some], beside).weights
    return found if np.isfinite(found).all() else zeros


def _damped(
    weights: FloatArray, step: FloatArray, reached: float, likelihood: Callable[[FloatArray], float]
) -> tuple[FloatArray, float]:
    """Halve the step until it improves the likelihood; return both. Plain Newton diverges on drifted rows."""
    for _ in range(_HALVINGS):
        found = likelihood(weights + step)
        if found > reached:
            return step, found
        step = step / 2
    return step, reached


def _likelihood(score: FloatArray, event: BoolArray) -> float:
    with np.errstate(invalid="ignore"):
        return -float(losses_by_log_odds(event, score).sum())


def _robust(optimum: _Optimum, design: FloatArray, residual: FloatArray, cluster: Clusters) -> FloatArray:
    """Return the model's covariance, or the sandwich over the clusters (Liang, Zeger 1986)."""
    if cluster is None:
        return optimum.covariance
    return optimum.covariance @ meat((design * residual).T, cluster) @ optimum.covariance
