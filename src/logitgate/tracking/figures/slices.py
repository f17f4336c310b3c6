"""Slices as paired differences against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ...findings import Status
from .style import CHOSEN, MODEL, QUIET, Caption, new_figure, with_names

_MOST_SLICES = 40


@dataclass(frozen=True, slots=True)
class _Style:
    colour: str
    marker: str
    label: str


_STYLES = {
    Status.INSUFFICIENT: _Style(QUIET, "o", "too few rows to tell"),
    Status.PASS: _Style(MODEL, "o", "no harm proven"),
    Status.FAIL: _Style(CHOSEN, "D", "harm proven"),
}


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


def slices_figure(dots: SliceDots, caption: Caption) -> Figure:
    """Draw the difference of each slice and its interval, the worst on top, its rows beside its name.

    Of more than 40 slices the 40 worst are drawn, and the title states it.
    """
    order = np.argsort(np.where(np.isnan(dots.value), -np.inf, dots.value))[-_MOST_SLICES:]
    shown = "" if len(order) == len(dots.names) else f" (worst {len(order)} of {len(dots.names)} slices)"
    height = max(2.6, 1.4 + 0.26 * len(order))
    figure, axes = new_figure(caption.title(f"slices{shown}"), height)
    axes.axvline(0, color=QUIET, linewidth=1, label="as the reference")
    axes.axvline(dots.margin, color=QUIET, linestyle="--", linewidth=1, label=f"margin {dots.margin:.4g}")
    for status, style in _STYLES.items():
        place = [at for at, index in enumerate(order) if _drawn_as(dots.status[index]) is status]
        _draw_slices(axes, dots, order, np.array(place, dtype=np.int64), style)
    labels = [f"{_short(str(dots.names[index]))}  n = {dots.n[index]:,}" for index in order]
    axes.set(xlabel=dots.what, ylim=(-0.7, len(order) - 0.3))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    return with_names(figure, axes, labels)


def _drawn_as(status: Status) -> Status:
    return status if status in _STYLES else Status.PASS


def _draw_slices(axes: Axes, dots: SliceDots, order: IntArray, place: IntArray, style: _Style) -> None:
    """Draw the slices at these places of the order in one style; nothing where there are none."""
    if not len(place):
        return
    rows = order[place]
    axes.hlines(place, dots.low[rows], dots.high[rows], color=style.colour, linewidth=2, alpha=0.6)
    axes.plot(dots.value[rows], place, style.marker, color=style.colour, label=style.label)


def _short(name: str) -> str:
    return name if len(name) <= 36 else name[:35] + "…"
