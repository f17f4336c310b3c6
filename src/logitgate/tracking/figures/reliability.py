"""Whether probabilities come true: the reliability diagram, and what recalibration changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit, logit

from ...decision.expressions import FloatArray
from ...evaluation.probabilities.reliability import Corp
from .style import (
    CHOSEN,
    MODEL,
    OTHER,
    QUIET,
    Caption,
    blank,
    dress,
    in_percent,
    new_figure,
    with_quiet_legends,
)

_LEAST_TAIL, _TAIL = 50, 0.01
"""Rows, and share of the rows, beyond which the curve is drawn thin."""


@dataclass(frozen=True, slots=True)
class Binned:
    """Groups of rows with neighbouring probabilities; arrays of shape (k,).

    Parameters
    ----------
    predicted : array
        Mean probability, rising.
    rate, low, high : arrays
        Share of events with its 95 % interval for clustered rows; NaN where there is none.
    """

    predicted: FloatArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability of judged rows.

    Parameters
    ----------
    corp : Corp
        The isotonic recalibration of the rows.
    bins : Binned
        For the band.
    margin : float
        Largest calibration-in-the-large of the gate, in log-odds.
    thresholds : tuple of two numbers
        5 % and 95 % quantile of the rows' thresholds; NaN where none is finite.
    """

    corp: Corp
    bins: Binned
    margin: float
    thresholds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """The same rows before and after recalibration."""

    before: Binned
    after: Binned


def reliability_figure(curve: Reliability, caption: Caption) -> Figure:
    """Draw the reliability diagram: share of events by predicted probability, below it their histogram.

    The line is the isotonic recalibration, thin where few rows are; the band holds the clustered intervals of
    groups of rows, the corridor the margin of the gate. A group whose interval lies outside the corridor is
    marked.
    """
    corp, bins = curve.corp, curve.bins
    figure = blank(caption.title("reliability"), 6.0)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (4, 1)})
    figure.subplots_adjust(left=0.13, right=0.97, bottom=0.09, top=0.89, hspace=0.08)
    known = bins.high[np.isfinite(bins.high)]
    largest = max(corp.probability[-1], corp.rate[-1], known.max(initial=0.0))
    most = float(np.clip(1.04 * largest, 0.01, 1.0))
    _corridor(above, curve.margin, most)
    above.fill_between(
        bins.predicted, bins.low, bins.high, color=MODEL, alpha=0.2, label="95 % interval, clustered"
    )
    _isotonic(above, corp)
    _mark_outside(above, bins, curve.margin)
    _thresholds(above, curve.thresholds)
    above.set(ylabel="share of events", ylim=(0, most))
    above.legend(loc="upper left")
    below.hist(corp.probability, weights=corp.rows, bins=60, range=(0, most), color=MODEL)
    below.set(xlabel="predicted probability", ylabel="rows", xlim=(0, most))
    in_percent(dress(above))
    dress(below)
    return with_quiet_legends(figure)


def recalibration_figure(found: Recalibrated, caption: Caption) -> Figure:
    """Draw share of events by predicted probability, as the fit gave it and as it was judged."""
    figure, axes = new_figure(caption.title("calibration before and after recalibration"))
    largest = max(max(part.predicted.max(), part.rate.max()) for part in (found.before, found.after))
    most = float(np.clip(1.04 * largest, 0.01, 1.0))
    axes.plot([0, most], [0, most], color=QUIET, linestyle=":", linewidth=1, label="perfectly calibrated")
    for part, colour, marker, label in (
        (found.before, OTHER, "s", "before"),
        (found.after, MODEL, "o", "after, as judged"),
    ):
        axes.plot(part.predicted, part.rate, marker=marker, markersize=4, color=colour, label=label)
    axes.set(xlabel="predicted probability", ylabel="share of events", xlim=(0, most), ylim=(0, most))
    in_percent(axes)
    axes.legend(loc="upper left")
    return with_quiet_legends(figure)


def outside(bins: Binned, margin: float) -> FloatArray:
    """Return which groups have an interval wholly outside the corridor; bool array of shape (k,)."""
    low, high = _limits(bins.predicted, margin)
    with np.errstate(invalid="ignore"):
        return np.asarray((bins.low > high) | (bins.high < low))


def _corridor(axes: Axes, margin: float, most: float) -> None:
    grid = np.linspace(0, most, 200)
    low, high = _limits(grid, margin)
    label = f"margin of the gate, {margin:g} log-odds"
    axes.fill_between(grid, low, high, color=QUIET, alpha=0.2, label=label)
    axes.plot([0, most], [0, most], color=QUIET, linestyle=":", linewidth=1, label="perfectly calibrated")


def _limits(probability: FloatArray, margin: float) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore"):
        at = logit(probability)
    return expit(at - margin), expit(at + margin)


def _isotonic(axes: Axes, corp: Corp) -> None:
    """Draw the steps of the isotonic curve; thin below and above the rows of the tails."""
    ends = np.sort(np.concatenate((corp.blocks[:-1], corp.blocks[1:] - 1)))
    axes.plot(corp.probability[ends], corp.rate[ends], color=MODEL, linewidth=0.8)
    rows = np.cumsum(corp.rows)
    tail = max(_LEAST_TAIL, int(_TAIL * rows[-1]))
    first, last = (int(np.searchsorted(rows, limit)) for limit in (tail, rows[-1] - tail))
    middle = np.unique(np.clip(ends, first, max(first, last)).clip(max=len(rows) - 1))
    axes.plot(
        corp.probability[middle], corp.rate[middle], color=MODEL, linewidth=2.2, label="observed, isotonic"
    )


def _mark_outside(axes: Axes, bins: Binned, margin: float) -> None:
    places = outside(bins, margin)
    if places.any():
        label = "proven outside the margin"
        axes.plot(bins.predicted[places], bins.rate[places], "D", color=CHOSEN, markersize=5, label=label)


def _thresholds(axes: Axes, thresholds: tuple[float, float]) -> None:
    low, high = thresholds
    if np.isfinite(low):
        label = f"threshold {low:.3g}" if low == high else f"thresholds {low:.3g} to {high:.3g}"
        axes.axvspan(low, high, color=CHOSEN, alpha=0.25, linewidth=1, label=label)
