"""CORP: how much of a score is miscalibration, how much discrimination, and the reliability curve.

The probabilities are held against their isotonic recalibration, the best one that keeps their order:
no bins to choose, and equal probabilities stay together. Source: Dimitriadis, Gneiting, Jordan
(2021), Stable reliability diagrams for probabilistic classifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import xlog1py, xlogy

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ..metrics import NAN, SMALLEST, ScoreGroups

RESAMPLES = 200
MANY, _GROUPS = 200_000, 4096
"""Rows above which outcomes are drawn for so many groups of neighbouring probabilities at once."""
_GRID = 100


class Decomposition(NamedTuple):
    """A mean score = miscalibration - discrimination + uncertainty; NaN without rows."""

    score: float
    miscalibration: float
    """What the isotonic recalibration would gain; at least 0, and above 0 by chance alone."""
    discrimination: float
    """What the recalibrated probabilities gain over the share of events; at least 0."""
    uncertainty: float
    """The score of the share of events."""


class Null(NamedTuple):
    """What a figure would be by chance alone, if every probability were right."""

    mean: float
    high: float
    """Exceeded in one of twenty samples."""


@dataclass(frozen=True, slots=True)
class Corp:
    """The isotonic recalibration of n rows; arrays of shape (k,), one entry for each distinct probability.

    Examples
    --------
    >>> corp = Corp.of(np.array([0, 1, 0, 1, 1]), np.array([0.1, 0.3, 0.3, 0.6, 0.8]))
    >>> corp.rate.tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    probability: FloatArray
    """Rising."""
    rows: IntArray
    events: IntArray
    rate: FloatArray
    """The recalibrated probability."""
    blocks: IntArray
    """Where each step of `rate` starts, and k; shape (steps + 1,)."""

    @classmethod
    def of(cls, y: NDArray[np.integer], probability: FloatArray) -> Corp:
        """Pool equal probabilities and fit.

        Parameters
        ----------
        y : int array of shape (n,), 0 or 1
        probability : array of shape (n,)

        Raises
        ------
        ValueError
            When a probability is missing.
        """
        groups = ScoreGroups.of(probability)
        events, others = (counts[::-1].astype(np.int64) for counts in groups.counts(y))
        distinct = probability[groups.order][groups.starts][::-1]
        return cls(distinct, events + others, events, *_isotonic(events, events + others))

    def brier(self) -> Decomposition:
        """Decompose the Brier score (Brier 1950)."""
        said, best, blind = (
            float(self.events @ (1 - rate) ** 2 + (self.rows - self.events) @ rate**2)
            for rate in self._rates()
        )
        return self._decomposed(said, best, blind)

    def log_loss(self) -> Decomposition:
        """Decompose the log loss, in nats; what was said is clipped as in `log_losses`.

        The isotonic rates need no clipping: where one is 0 or 1, nothing else happened.
        """
        rates = self._rates()
        rates[0] = np.clip(rates[0], SMALLEST, 1 - SMALLEST)
        said, best, blind = (
            -float((xlogy(self.events, rate) + xlog1py(self.rows - self.events, -rate)).sum())
            for rate in rates
        )
        return self._decomposed(said, best, blind)

    def _rates(self) -> list[FloatArray]:
        """Return what is scored: what was said, the recalibration, and the share of events."""
        share = self.events.sum() / max(int(self.rows.sum()), 1)
        return [self.probability, self.rate, np.full(len(self.rate), share)]

    def _decomposed(self, said: float, best: float, blind: float) -> Decomposition:
        n = int(self.rows.sum())
        if not n:
            return Decomposition(NAN, NAN, NAN, NAN)
        return Decomposition(said / n, (said - best) / n, (blind - best) / n, blind / n)


@dataclass(frozen=True, slots=True)
class Consistency:
    """What chance does to the curve and to the miscalibrations if every probability is right.

    Parameters
    ----------
    probability, low, high : arrays of shape (g,)
        Some of the distinct probabilities, rising, and where 95 % of the recalibrations pass there.
    brier, log_loss : Null
        Of the two miscalibrations.
    """

    probability: FloatArray
    low: FloatArray
    high: FloatArray
    brier: Null
    log_loss: Null


def consistency(corp: Corp, seed: int, resamples: int = RESAMPLES) -> Consistency:
    """Draw outcomes from the probabilities themselves, refit, and see how far chance reaches.

    Each row is drawn on its own: where rows fail together, the truth reaches further.

    Parameters
    ----------
    corp : Corp
    seed : int
    resamples : int

    Returns
    -------
    Consistency
        Bands at up to 200 probabilities, half of them evenly spread over the rows and half over the
        scale, so that neither the crowd nor the thin tail is coarse. NaN and empty without rows.
    """
    if not len(corp.rows):
        nothing = np.array([])
        return Consistency(nothing, nothing, nothing, Null(NAN, NAN), Null(NAN, NAN))
    at, n = _grid(corp.probability), int(corp.rows.sum())
    said, group = (corp, np.arange(len(corp.rows))) if n <= MANY else _pooled(corp)
    weights, constants = _scores_by_events(said)
    refits, gains = np.empty((resamples, len(at))), np.empty((resamples, 2))
    for resample, events in enumerate(_drawn(said, seed, resamples)):
        rate, blocks = _isotonic(events, said.rows)
        refits[resample] = rate[group[at]]
        gains[resample] = weights @ events + constants - _least_scores(events, said.rows, rate, blocks)
    low, high = np.percentile(refits, (2.5, 97.5), axis=0)
    return Consistency(corp.probability[at], low, high, *(null(gain / n) for gain in gains.T))


def pool(probability: FloatArray, rows: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Pool neighbouring probabilities of many rows into some thousand groups of about as many rows.

    Parameters
    ----------
    probability, rows : arrays of shape (k,)
        Distinct or not, rising, and how many rows have each.

    Returns
    -------
    mean, rows, group : arrays of shapes (g,), (g,) and (k,)
        Of each group, and the group of each probability.
    """
    before = np.cumsum(rows) - rows
    group = np.unique(before * _GROUPS // max(int(rows.sum()), 1), return_inverse=True)[1]
    pooled = np.bincount(group, rows).astype(np.int64)
    return np.bincount(group, rows * probability) / pooled, pooled, group


def _pooled(corp: Corp) -> tuple[Corp, IntArray]:
    mean, rows, group = pool(corp.probability, corp.rows)
    events = np.bincount(group, corp.events).astype(np.int64)
    return Corp(mean, rows, events, *_isotonic(events, rows)), group


def _drawn(corp: Corp, seed: int, resamples: int) -> Iterator[FloatArray]:
    """Draw the events at each probability, resample by resample, shape (k,); row by row where few."""
    random = np.random.default_rng(seed)
    if int(corp.rows.sum()) > MANY:
        for _ in range(resamples):
            yield random.binomial(corp.rows, corp.probability).astype(np.float64)
        return
    said, starts = np.repeat(corp.probability, corp.rows), np.cumsum(corp.rows) - corp.rows
    for _ in range(resamples):
        yield np.add.reduceat(random.random(len(said)) < said, starts, dtype=np.float64)


def null(simulated: FloatArray) -> Null:
    """Return the mean and the 95 % quantile of simulated figures."""
    return Null(float(simulated.mean()), float(np.quantile(simulated, 0.95)))


def _scores_by_events(corp: Corp) -> tuple[FloatArray, FloatArray]:
    """Return what makes the summed Brier score and log loss of what was said linear in the events.

    Weights of shape (2, k) and constants of shape (2,): drawn events need no other logarithms.
    """
    said = np.clip(corp.probability, SMALLEST, 1 - SMALLEST)
    weights = np.stack((1 - 2 * corp.probability, np.log1p(-said) - np.log(said)))
    return weights, np.array([corp.rows @ corp.probability**2, -(corp.rows @ np.log1p(-said))])


def _least_scores(events: FloatArray, rows: IntArray, rate: FloatArray, blocks: IntArray) -> FloatArray:
    """Return the summed Brier score and log loss of an isotonic fit: its steps are few."""
    first = blocks[:-1]
    events, rows, rate = np.add.reduceat(events, first), np.add.reduceat(rows, first), rate[first]
    squares = events @ (1 - 2 * rate) + rows @ rate**2
    return np.array([squares, -(xlogy(events, rate) + xlog1py(rows - events, -rate)).sum()])


def _isotonic(events: FloatArray | IntArray, rows: IntArray) -> tuple[FloatArray, IntArray]:
    if not len(events):
        return np.array([]), np.array([0])
    fitted = isotonic_regression(np.asarray(events / rows, dtype=np.float64), weights=rows)
    # Averages of averages may end a rounding error outside.
    return np.clip(fitted.x, 0.0, 1.0), np.asarray(fitted.blocks, dtype=np.int64)


def _grid(probability: FloatArray) -> IntArray:
    by_row = np.linspace(0, len(probability) - 1, _GRID).astype(np.int64)
    by_value = np.searchsorted(probability, np.linspace(probability[0], probability[-1], _GRID))
    return np.unique(np.concatenate((by_row, np.minimum(by_value, len(probability) - 1))))
