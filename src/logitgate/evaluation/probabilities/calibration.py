"""Calibration metrics of predicted probabilities, on any set of rows.

None of these figures decides alone: the gate asks for the intervals of calibration-in-the-large and
slope. The raw ECE is above zero for a perfect model too, so it never stands without its null.
Sources: Cox (1958); Spiegelhalter (1986), Probabilistic prediction in patient management and clinical
trials; Kumar, Liang, Ma (2019), Verified uncertainty calibration; Bröcker, Smith (2007), Increasing the
reliability of reliability diagrams, for nulls drawn from the probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate
from ..intervals import Clusters, renumbered
from .cox import fit_cox, log_odds
from .cox_tests import Statistic
from .reliability import RESAMPLES, Null, null, pool

BINS = 15
_NORMAL = 10.0
"""Standard deviation from which on the events of a bin are drawn as a normal number."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far n rows are from what was said about them; NaN where undefined."""

    n: int
    events: int
    said: float
    """Mean probability."""
    observed: float
    """Share of events."""
    in_the_large: Estimate
    """In log-odds; 0 for a calibrated model. This and the slope have (clustered) Wald intervals."""
    slope: Estimate
    """1 for a calibrated model, below 1 for one that is too sure."""
    joint: Statistic
    """Cox's test that intercept and slope are 0 and 1, which respects clusters."""
    spiegelhalter: Statistic
    l2_error: float
    """Root mean square of said minus true probability, without what chance adds to it."""
    ece: float
    ece_null: Null
    """The ECE that the same probabilities would show if each were right."""


def calibration(
    y: NDArray[np.integer], probability: FloatArray, cluster: Clusters = None, seed: int = 0
) -> Calibration:
    """Hold probabilities against outcomes.

    Parameters
    ----------
    y : int array of shape (n,), 0 or 1
    probability : array of shape (n,)
        In [0, 1].
    cluster : int array of shape (n,), optional
        Codes from 0 on. The tests and the intervals respect them; the null of the ECE draws each
        row on its own.
    seed : int
        Of the null.

    Returns
    -------
    Calibration
        Without rows NaN throughout; with a single class there is no log-odds to be off by.

    Raises
    ------
    ValueError
        When a probability is missing or outside [0, 1].
    """
    unsound = ~((probability >= 0) & (probability <= 1))
    if unsound.any():
        raise ValueError(f"{int(unsound.sum())} of {len(unsound)} probabilities are not in [0, 1]")
    cox = fit_cox(y, log_odds(probability), cluster)
    n, events = len(y), int(np.sum(y))
    return Calibration(
        n=n,
        events=events,
        said=float(probability.sum()) / n if n else NAN,
        observed=events / n if n else NAN,
        in_the_large=cox.in_the_large_interval(),
        slope=cox.slope_interval(),
        joint=cox.joint,
        spiegelhalter=spiegelhalter(y, probability, cluster),
        l2_error=l2_error(y, probability),
        ece=ece(y, probability),
        ece_null=ece_null(probability, seed),
    )


def spiegelhalter(y: NDArray[np.integer], probability: FloatArray, cluster: Clusters = None) -> Statistic:
    """Test the Brier score against what it would be if every probability were right.

    ``Z = sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p))``, two-sided normal. With clusters it is
    the one-sample t of the clusters' sums of the same terms: rows of one cluster are one observation.

    Returns
    -------
    Statistic
        NaN where nothing could vary: no rows, only probabilities of 0, 1/2 and 1, or one cluster.
    """
    weight = 1 - 2 * probability
    terms = (y - probability) * weight
    if cluster is None:
        spread = float(np.sqrt(np.sum(weight**2 * probability * (1 - probability))))
        value = float(terms.sum()) / spread if spread > 0 else NAN
        return Statistic(value, 2 * float(ndtr(-abs(value))))
    sums = np.bincount(renumbered(cluster)[1], terms)
    spread = float(np.sqrt(len(sums)) * sums.std(ddof=1)) if len(sums) > 1 else 0.0
    value = float(terms.sum()) / spread if spread > 0 else NAN
    return Statistic(value, 2 * float(stdtr(max(len(sums) - 1, 1), -abs(value))))


def l2_error(y: NDArray[np.integer], probability: FloatArray, bins: int = BINS) -> float:
    """Return the debiased L2 calibration error of Kumar et al. (2019).

    The root of ``sum n_b/n ((mean p_b - mean y_b)^2 - mean y_b (1 - mean y_b) / (n_b - 1))`` over bins
    of as many rows each, equal probabilities together: the second term is what chance adds to the first.

    Returns
    -------
    float
        0 where chance explains all of it; a bin of one row tells nothing and adds nothing. NaN
        without rows.
    """
    if not len(y):
        return NAN
    code = _equal_rows(probability, bins)
    rows = np.bincount(code)
    filled = rows > 1
    events, said = (np.bincount(code, values)[filled] / rows[filled] for values in (y, probability))
    chance = events * (1 - events) / (rows[filled] - 1)
    return float(np.sqrt(max(float(rows[filled] @ ((said - events) ** 2 - chance)) / len(y), 0.0)))


def ece(y: NDArray[np.integer], probability: FloatArray, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal width, [low, high); NaN without rows.

    ``sum n_b/n |mean p_b - mean y_b|`` (Naeini, Cooper, Hauskrecht 2015). Above zero by chance alone.

    Examples
    --------
    >>> said = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    >>> round(ece(np.array([0, 1] * 4), said, bins=5), 4)
    0.2125
    """
    gap = np.abs(np.bincount(_equal_width(probability, bins), probability - y)).sum()
    return float(gap) / len(y) if len(y) else NAN


def ece_null(probability: FloatArray, seed: int, bins: int = BINS, resamples: int = RESAMPLES) -> Null:
    """Return what the ECE would be by chance: outcomes are drawn from the probabilities themselves.

    In a bin where the events' standard deviation is large their sum is drawn as a normal number (Lyapunov),
    and else for up to some thousand groups of neighbouring probabilities.

    Parameters
    ----------
    probability : array of shape (n,)
    seed : int
    bins : int
    resamples : int

    Returns
    -------
    Null
        NaN without rows. The order of the rows counts for nothing.
    """
    if not len(probability):
        return Null(NAN, NAN)
    said, rows, _ = pool(np.sort(probability), np.ones(len(probability), dtype=np.int64))
    starts = np.flatnonzero(np.diff(_equal_width(said, bins), prepend=-1))
    spread = np.sqrt(np.add.reduceat(rows * said * (1 - said), starts))
    random = np.random.default_rng(seed)
    gap = random.normal(0, 1, (resamples, len(starts))) * spread
    parts = list(zip(np.split(said, starts[1:]), np.split(rows, starts[1:]), strict=True))
    for place in np.flatnonzero(spread < _NORMAL):
        mean, group = parts[place]
        gap[:, place] = random.binomial(group, mean, (resamples, len(group))).sum(axis=1) - group @ mean
    return null(np.abs(gap).sum(axis=1) / len(probability))


def _equal_width(probability: FloatArray, bins: int) -> IntArray:
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return np.asarray(np.searchsorted(edges, probability, side="right"), dtype=np.int64)


def _equal_rows(probability: FloatArray, bins: int) -> IntArray:
    """Return the bin of each row: cut half-way between neighbours, so that equal ones stay together."""
    rising = np.sort(probability)
    cuts = np.cumsum([len(part) for part in np.array_split(rising, min(bins, len(rising)))])[:-1]
    edges = np.unique((rising[cuts - 1] + rising[cuts]) / 2)
    return np.asarray(np.searchsorted(edges, probability), dtype=np.int64)
