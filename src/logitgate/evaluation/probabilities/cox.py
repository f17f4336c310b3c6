"""Cox's logistic recalibration: logit P(y = 1) = a + b logit(p).

A calibrated model has a = 0 and b = 1. Calibration-in-the-large is a when b is held at 1.
Sources: Cox (1958), Two further applications of a model for binary regression; Hotelling (1931) for
the joint test of clustered rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, ndtri, stdtr, stdtrit

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate
from ..intervals import Clusters, meat
from ..metrics import SMALLEST

_MANY, _APART = 200_000, 32
"""Rows above which a fit starts at that of one row in so many."""
_ITERATIONS = 100
_HALVINGS = 40
_NEAR = 1e-6
_THERE = 1e-16


class Statistic(NamedTuple):
    """A test statistic, and the probability of one as extreme if the model is calibrated."""

    value: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Cox:
    """The recalibration and its errors; NaN where the rows do not determine it."""

    intercept: float
    slope: float
    covariance: FloatArray
    """Of intercept and slope, shape (2, 2)."""
    in_the_large: float
    in_the_large_error: float
    joint_statistic: float
    """2 (l(a, b) - l(0, 1)); chi-squared with 2 degrees of freedom for a calibrated model."""
    slope_statistic: float
    """2 (l(a, b) - l(a', 1)), a' calibration-in-the-large; chi-squared with 1 degree of freedom when the
    slope is 1."""
    degrees: float
    """Degrees of freedom of the errors: clusters - 1, or infinite."""

    @property
    def slope_error(self) -> float:
        """The standard error of the slope."""
        return float(np.sqrt(self.covariance[1, 1]))

    @property
    def joint_p_value(self) -> float:
        """The probability of such a misfit under a calibrated model; it knows nothing of clusters."""
        return float(chdtrc(2, self.joint_statistic))

    @property
    def wald(self) -> Statistic:
        """Intercept 0 and slope 1 tested together, by a covariance that may be clustered.

        ``W = (a, b - 1) V^-1 (a, b - 1)'`` is chi-squared with 2 degrees of freedom; with G clusters
        it is Hotelling's: ``W (G - 2) / (2 (G - 1))`` is F with 2 and G - 2. NaN below three clusters.
        """
        (top, both), (_, bottom) = self.covariance
        determinant = top * bottom - both**2
        if not (self.degrees > 1 and determinant > _THERE * top * bottom):
            return Statistic(NAN, NAN)
        a, b = self.intercept, self.slope - 1
        value = float((a**2 * bottom - 2 * a * b * both + b**2 * top) / determinant)
        if np.isinf(self.degrees):
            return Statistic(value, float(chdtrc(2, value)))
        left = self.degrees - 1
        return Statistic(value, float(fdtrc(2, left, value * left / (2 * self.degrees))))

    @property
    def joint(self) -> Statistic:
        """The likelihood ratio where rows are independent, Wald's where they are clustered.

        The likelihood ratio counts rows of one cluster as if each were news, and rejects too often.
        """
        clustered = np.isfinite(self.degrees)
        return self.wald if clustered else Statistic(self.joint_statistic, self.joint_p_value)

    @property
    def slope_beyond_intercept(self) -> Statistic:
        """Slope 1 tested with a free intercept: the likelihood ratio, or Wald's where rows are clustered."""
        if np.isinf(self.degrees):
            return Statistic(self.slope_statistic, float(chdtrc(1, self.slope_statistic)))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = (self.slope - 1) / self.slope_error
        return Statistic(value, float(2 * stdtr(self.degrees, -abs(value))))

    def slope_interval(self, confidence: float = 0.95) -> Estimate:
        """Return the slope with its Wald interval."""
        return self._wald(self.slope, self.slope_error, confidence)

    def in_the_large_interval(self, confidence: float = 0.95) -> Estimate:
        """Return calibration-in-the-large with its Wald interval, in log-odds."""
        return self._wald(self.in_the_large, self.in_the_large_error, confidence)

    def _wald(self, value: float, error: float, confidence: float) -> Estimate:
        share = (1 + confidence) / 2
        reach = error * float(ndtri(share) if np.isinf(self.degrees) else stdtrit(self.degrees, share))
        return Estimate(value, value - reach, value + reach)


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
    both = bool(event.any() and not event.all() and np.isfinite(score).all())
    overlap = both and _overlap(score[event], score[~event])
    large = _newton(ones, event, score) if both else _undefined(1)
    line = _newton(design, event, np.zeros(len(event))) if overlap else _undefined(2)
    fitted = line.weights @ design
    best = _likelihood(fitted, event) if overlap else NAN
    gain = 2 * (best - _likelihood(score, event))
    by_slope = 2 * (best - _likelihood(large.weights[0] + score, event))
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


def _newton(design: FloatArray, event: BoolArray, offset: FloatArray) -> _Optimum:
    """Maximise the likelihood of columns, shape (k, n); NaN when a hundred damped steps do not get there."""
    weights = _start(design, event, offset)
    reached = _likelihood(offset + weights @ design, event)
    for _ in range(_ITERATIONS):
        fitted = chances(offset + weights @ design)
        gradient = design @ (event - fitted)
        fitted *= 1 - fitted
        information = np.array([[own @ column for own in design * fitted] for column in design])
        try:
            step: FloatArray = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        decrement = float(gradient @ step)
        if not np.isfinite(decrement):
            break
        if decrement > _NEAR:
            step, reached = _damped(
                weights, step, reached, lambda tried: _likelihood(offset + tried @ design, event)
            )
        weights = weights + step
        if decrement < _THERE:
            return _Optimum(weights, np.asarray(np.linalg.inv(information), dtype=np.float64))
    return _undefined(len(weights))


def _start(design: FloatArray, event: BoolArray, offset: FloatArray) -> FloatArray:
    """Return the weights of some of many rows, which save most steps over all of them; else zeros."""
    zeros = np.zeros(len(design))
    if len(event) <= _MANY:
        return zeros
    some = slice(None, None, _APART)
    found = _newton(design[:, some], event[some], offset[some]).weights
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
