"""A signal of monitoring over time: one picture each, one colour a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...monitoring.reactions.signals import SignalCurve, SignalHistory, SignalPoint
from .style import CHOSEN, QUIET, VERSIONS, Caption, new_figure, with_quiet_legends


def signal_figure(curve: SignalCurve, history: SignalHistory, caption: Caption) -> Figure:
    """Draw a signal with its interval and limits; vertical lines mark what was done or asked for.

    Parameters
    ----------
    curve : SignalCurve
        At least one point.
    history : SignalHistory
        For the marks.
    caption : Caption
    """
    figure, axes = new_figure(caption.title(curve.name))
    for version, colour in zip(curve.versions, cycle(VERSIONS), strict=False):
        _draw_version(axes, curve, version, colour)
    _draw_limits(axes, curve.points)
    for mark in history.marks:
        style = "-" if mark.done else ":"
        axes.axvline(_time(mark.at), color=CHOSEN, linestyle=style, linewidth=1)
        words = mark.action.value if mark.done else f"{mark.action.value} wanted"
        axes.annotate(
            words, (_time(mark.at), 1), xycoords=("data", "axes fraction"), fontsize=7, rotation=90, va="top"
        )
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set(xlabel="end of the window", ylabel=curve.name)
    axes.legend(loc="best")
    return with_quiet_legends(figure)


def _draw_version(axes: Axes, curve: SignalCurve, version: int, colour: str) -> None:
    """Draw each time that a version was in production as a line of its own, with the windows' intervals."""
    label: str | None = f"version {version}"
    for points in (stay for stay in curve.stays if stay[0].version == version):
        at, values = _times(points), [one.value for one in points]
        axes.plot(at, values, marker="o", markersize=4, color=colour, label=label)
        low, high = (_numbers([getattr(one, name) for one in points]) for name in ("low", "high"))
        axes.vlines(at, low, high, color=colour, linewidth=3, alpha=0.3)
        label = None


def _draw_limits(axes: Axes, points: Sequence[SignalPoint]) -> None:
    label: str | None = "limits of the reference"
    for name in ("limit_low", "limit_high"):
        values = _numbers([getattr(one, name) for one in points])
        if np.isfinite(values).any():
            axes.plot(_times(points), values, color=QUIET, linestyle="--", linewidth=1, label=label)
            label = None


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _times(points: Sequence[SignalPoint]) -> NDArray[np.float64]:
    return np.array([_time(one.at) for one in points], dtype=np.float64)


def _time(moment: datetime) -> float:
    return float(date2num(moment))  # type: ignore[no-untyped-call]
