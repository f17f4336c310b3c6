"""Figures of a model as PNG files: ROC, reliability diagram, cost curve, slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..evaluation.probabilities.reliability import Consistency, Corp
from ..findings import Status

# Okabe and Ito's colours, which the colour-blind can distinguish too.
_MODEL, _CHOSEN, _OTHER, _QUIET = "#0072B2", "#D55E00", "#009E73", "#767676"
_SIZE, _DPI = (6.4, 4.8), 110
_MOST_POINTS = 1_000
_MOST_SLICES = 40


@dataclass(frozen=True, slots=True)
class _Style:
    colour: str
    marker: str
    label: str


_STYLES = {
    Status.INSUFFICIENT: _Style(_QUIET, "o", "too few rows to tell"),
    Status.PASS: _Style(_MODEL, "o", "no harm proven"),
    Status.FAIL: _Style(_CHOSEN, "D", "harm proven"),
}


@dataclass(frozen=True, slots=True)
class Roc:
    """Rates of events and non-events that are flagged, at falling thresholds, and at the model's own."""

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    auc: float
    operating_point: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reliability:
    """The isotonic recalibration of the rows, and where chance would put it were the model right."""

    corp: Corp
    chance: Consistency


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Mean cost per row at each threshold, and of the decisions that were chosen.

    Parameters
    ----------
    threshold, mean_cost : arrays of shape (k,)
    chosen : tuple of two numbers
        Threshold and mean cost; the threshold is NaN when each row has its own, or infinite.
    flag_none, flag_all : float
    unit : str
    """

    threshold: FloatArray
    mean_cost: FloatArray
    chosen: tuple[float, float]
    flag_none: float
    flag_all: float
    unit: str


@dataclass(frozen=True, slots=True)
class SliceDots:
    """The paired difference in cost of each slice against the reference, with its interval.

    Parameters
    ----------
    names : sequence of str
    value, low, high : arrays of shape (slices,)
        NaN where a slice has no interval.
    n : int array of shape (slices,)
        Rows of each slice.
    status : sequence of Status
        INSUFFICIENT is drawn grey, FAIL in the colour of proven harm.
    margin : float
        Extra cost per row that is tolerated in a slice.
    what : str
        What the difference is, with its unit.
    """

    names: Sequence[str]
    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: IntArray
    status: Sequence[Status]
    margin: float
    what: str


def roc(curve: Roc, name: str, path: Path) -> None:
    """Write the ROC as a PNG file."""
    save(roc_figure(curve, name), path)


def roc_figure(curve: Roc, name: str) -> Figure:
    """Draw the ROC with the operating point."""
    figure, axes = new_figure(f"{name}: ranking")
    keep = _thinned(len(curve.false_positive_rate))
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle=":", linewidth=1)
    axes.plot(
        curve.false_positive_rate[keep],
        curve.true_positive_rate[keep],
        color=_MODEL,
        label=f"model, AUC {curve.auc:.3f}",
    )
    x, y = curve.operating_point
    axes.plot(
        x, y, "o", color=_CHOSEN, markersize=9, label=f"decisions: {y:.0%} of events, {x:.0%} of others"
    )
    axes.set(xlabel="share of non-events that are flagged", ylabel="share of events that are flagged")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    _in_percent(axes)
    axes.legend(loc="lower right")
    return with_quiet_legends(figure)


def reliability(curve: Reliability, name: str, path: Path) -> None:
    """Write the reliability curve as a PNG file."""
    save(reliability_figure(curve, name), path)


def reliability_figure(curve: Reliability, name: str) -> Figure:
    """Draw the reliability diagram: event rate by predicted probability, and below it their histogram.

    The curve is the isotonic recalibration; where it leaves the band it is marked.
    """
    corp, chance = curve.corp, curve.chance
    figure = Figure(figsize=(_SIZE[0], 6.0), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (4, 1)})
    figure.suptitle(f"{name}: honesty of the probabilities", fontsize=12)
    most = float(np.clip(1.04 * max(corp.probability[-1], corp.rate[-1], chance.high[-1]), 0.01, 1.0))
    above.plot([0, most], [0, most], color=_QUIET, linestyle=":", linewidth=1, label="perfectly calibrated")
    above.fill_between(
        chance.probability,
        chance.low,
        chance.high,
        color=_QUIET,
        alpha=0.3,
        label="95 % if the model is right",
    )
    ends = np.sort(np.concatenate((corp.blocks[:-1], corp.blocks[1:] - 1)))
    above.plot(corp.probability[ends], corp.rate[ends], color=_MODEL, label="observed, isotonic")
    at = corp.rate[np.searchsorted(corp.probability, chance.probability)]
    outside = (at < chance.low) | (at > chance.high)
    if outside.any():
        label = "observed, outside"
        above.plot(chance.probability[outside], at[outside], "D", color=_CHOSEN, markersize=4, label=label)
    above.set(ylabel="share of events", ylim=(0, most))
    above.legend(loc="upper left")
    below.hist(corp.probability, weights=corp.rows, bins=60, range=(0, most), color=_MODEL)
    below.set(xlabel="predicted probability", ylabel="rows", xlim=(0, most))
    _in_percent(dress(above))
    dress(below)
    return with_quiet_legends(figure)


def cost_curve(curve: CostCurve, name: str, path: Path) -> None:
    """Write the cost curve as a PNG file."""
    save(cost_curve_figure(curve, name), path)


def cost_curve_figure(curve: CostCurve, name: str) -> Figure:
    """Draw the mean cost against the threshold, with the chosen one and both ways to decide blindly."""
    figure, axes = new_figure(f"{name}: cost of the decisions")
    keep = _thinned(len(curve.threshold))
    axes.plot(curve.threshold[keep], curve.mean_cost[keep], color=_MODEL, label="one threshold for all rows")
    axes.axhline(curve.flag_none, color=_QUIET, linestyle="--", label=f"flag none: {curve.flag_none:.4g}")
    axes.axhline(curve.flag_all, color=_OTHER, linestyle="-.", label=f"flag all: {curve.flag_all:.4g}")
    threshold, cost = curve.chosen
    if np.isfinite(threshold):
        axes.plot(
            threshold, cost, "o", color=_CHOSEN, markersize=9, label=f"chosen, at {threshold:.3g}: {cost:.4g}"
        )
    else:
        axes.axhline(cost, color=_CHOSEN, linewidth=2, label=f"chosen rule: {cost:.4g}")
    axes.set(xlabel="threshold", ylabel=f"mean cost per row ({curve.unit})")
    axes.margins(y=0.12)
    axes.legend(loc="best")
    return with_quiet_legends(figure)


def slices(dots: SliceDots, name: str, path: Path) -> None:
    """Write the slices as a PNG file."""
    save(slices_figure(dots, name), path)


def slices_figure(dots: SliceDots, name: str) -> Figure:
    """Draw the difference of each slice and its interval, the worst on top, its rows beside its name.

    Of more than 40 slices the 40 worst are drawn, and the title states it.
    """
    order = np.argsort(np.where(np.isnan(dots.value), -np.inf, dots.value))[-_MOST_SLICES:]
    shown = "" if len(order) == len(dots.names) else f" (worst {len(order)} of {len(dots.names)} slices)"
    figure, axes = new_figure(f"{name}: slices{shown}", height=max(2.4, 1.2 + 0.26 * len(order)))
    axes.axvline(0, color=_QUIET, linewidth=1, label="as the reference")
    axes.axvline(dots.margin, color=_QUIET, linestyle="--", linewidth=1, label=f"margin {dots.margin:.4g}")
    for status, style in _STYLES.items():
        place = [at for at, index in enumerate(order) if _drawn_as(dots.status[index]) is status]
        _draw_slices(axes, dots, order, np.array(place, dtype=np.int64), style)
    labels = [f"{_short(str(dots.names[index]))}  n = {dots.n[index]:,}" for index in order]
    axes.set_yticks(np.arange(len(order)), labels, fontsize=8)
    axes.set(xlabel=dots.what, ylim=(-0.7, len(order) - 0.3))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    return with_quiet_legends(figure)


def _drawn_as(status: Status) -> Status:
    return status if status in _STYLES else Status.PASS


def _draw_slices(axes: Axes, dots: SliceDots, order: IntArray, place: IntArray, style: _Style) -> None:
    """Draw the slices at these places of the order in one style; nothing where there are none."""
    if not len(place):
        return
    rows = order[place]
    axes.hlines(place, dots.low[rows], dots.high[rows], color=style.colour, linewidth=2, alpha=0.6)
    axes.plot(dots.value[rows], place, style.marker, color=style.colour, label=style.label)


def new_figure(title: str, height: float = _SIZE[1]) -> tuple[Figure, Axes]:
    """Return an empty figure with its title, and its axes."""
    figure = Figure(figsize=(_SIZE[0], height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12)
    return figure, dress(figure.subplots())


def dress(axes: Axes) -> Axes:
    """Give axes a quiet grid, and return them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def _in_percent(axes: Axes) -> None:
    percent = FuncFormatter(lambda share, _: f"{share:.0%}")
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)


def _thinned(points: int) -> FloatArray | slice:
    """Choose so many points that the eye sees no gap; the first and the last are always among them."""
    if points <= _MOST_POINTS:
        return slice(None)
    return np.unique(np.linspace(0, points - 1, _MOST_POINTS).astype(int))


def _short(name: str) -> str:
    return name if len(name) <= 36 else name[:35] + "…"


def with_quiet_legends(figure: Figure) -> Figure:
    """Make the legends small and frameless, and return the figure."""
    for axes in figure.axes:
        if legend := axes.get_legend():
            legend.set_frame_on(False)
            for text in legend.get_texts():
                text.set_fontsize(8)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, the same bytes each time."""
    figure.savefig(path, metadata={"Software": None})
