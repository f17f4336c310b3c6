"""Intervals of shares, within 0 and 1: Wilson (1927) of independent rows, Pepe (2003) of clusters."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri

from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate
from .means import Means


def wilson(successes: float, n: float, confidence: float = 0.95) -> Estimate:
    """Return a rate with Wilson's score interval; NaN when there are no rows.

    Examples
    --------
    >>> rate = wilson(7, 12)
    >>> round(rate.low, 6), round(rate.high, 6)
    (0.319511, 0.80674)
    """
    if not n > 0:
        return Estimate(NAN)
    rate = successes / n
    low, high = wilson_limits(np.array(rate), np.array(n), float(ndtri((1 + confidence) / 2)))
    return Estimate(float(rate), float(low), float(high))


def wilson_limits(
    rate: FloatArray, n: FloatArray, quantile: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's limits of rates over n rows, at a normal (or t) quantile; NaN without rows."""
    square = quantile**2
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (n * rate + square / 2) / (n + square)
        reach = np.sqrt(square * (n * rate * (1 - rate) + square / 4)) / (n + square)
    low = np.where((rate == 0) & (reach > 0), 0.0, np.maximum(0.0, centre - reach))
    high = np.where((rate == 1) & (reach > 0), 1.0, np.minimum(1.0, centre + reach))
    return low, high


def log_odds_limits(
    means: Means, degrees: FloatArray | None = None, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return t limits of shares that are symmetric in their log-odds, so within (0, 1) (Pepe 2003).

    Parameters
    ----------
    means : Means
        Shares; of 0, 1 or without an error there are none: NaN.
    degrees : array of shape (k,), optional
        Degrees of freedom, where they are not those of `means`.
    confidence : float
    """
    share, error = means.mean, means.error
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled_error = np.where(error > 0, error, NAN) / (share * (1 - share))
        scaled = Means(logit(share), scaled_error, means.degrees if degrees is None else degrees)
    low, high = scaled.limits(confidence)
    return expit(low), expit(high)
