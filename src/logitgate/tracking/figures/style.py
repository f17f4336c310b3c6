"""What all figures share: colours that the colour-blind can tell apart, titles, quiet axes, PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ...decision.costs import IntArray

# Okabe and Ito's colours, which the colour-blind can distinguish too.
MODEL, CHOSEN, OTHER, QUIET = "#0072B2", "#D55E00", "#009E73", "#767676"
VERSIONS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
"""One colour a version, again from the first one."""
SIZE, _DPI = (6.4, 4.8), 110
_MARGINS = {"left": 0.13, "right": 0.97, "bottom": 0.12, "top": 0.87}
_MEASURED = 5
"""Of so many names that have the most letters the widest is looked for."""
_EDGE, _ABOVE, _LEGEND, _BELOW, _BESIDE = 0.1, 0.58, 0.42, 0.52, 0.2
"""Inches above the title, for it, for a legend below it, for the label of the axis, beside the names."""
_MOST_POINTS = 1_000


@dataclass(frozen=True, slots=True)
class Caption:
    """What the title of each figure names.

    Parameters
    ----------
    model : str
    version : int, optional
        None before it has a number.
    as_of : datetime, optional
        Before which date its rows were known; None for all of them.
    rows : int, optional
        That the figure is about.
    verdict : str
    """

    model: str
    version: int | None = None
    as_of: datetime | None = None
    rows: int | None = None
    verdict: str = ""

    def title(self, what: str) -> str:
        """Return two lines: what is drawn of which version, and on which rows with which verdict.

        Examples
        --------
        >>> Caption("flights", 2, datetime(2013, 6, 1), 83764, "PASS").title("ranking").splitlines()
        ['flights version 2: ranking', 'as of 2013-06-01, n = 83,764, PASS']
        """
        version = "" if self.version is None else f" version {self.version}"
        as_of = f"as of {self.as_of:%Y-%m-%d}" if self.as_of else "all rows"
        rows = f"n = {self.rows:,}" if self.rows is not None else ""
        return f"{self.model}{version}: {what}\n" + ", ".join(
            part for part in (as_of, rows, self.verdict) if part
        )


def new_figure(title: str, height: float = SIZE[1]) -> tuple[Figure, Axes]:
    """Return an empty figure of a height in inches with its title, and its axes."""
    figure = blank(title, height)
    axes = dress(figure.subplots())
    figure.subplots_adjust(**_MARGINS)
    return figure, axes


def blank(title: str, height: float) -> Figure:
    """Return a figure without axes; a layout engine would draw it twice."""
    figure = Figure(figsize=(SIZE[0], height), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11, y=1 - _EDGE / height)
    return figure


def dress(axes: Axes) -> Axes:
    """Give axes a quiet grid, and return them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def with_names(figure: Figure, axes: Axes, names: Sequence[str]) -> Figure:
    """Name the places 0, 1, ... of the vertical axis, leave them room, and return the figure."""
    axes.set_yticks(np.arange(len(names)), names, fontsize=8)
    longest = sorted(axes.get_yticklabels(), key=lambda label: -len(label.get_text()))[:_MEASURED]
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    widest = max((label.get_window_extent(renderer).width for label in longest), default=0.0) / _DPI
    width, height = figure.get_size_inches()
    above = _ABOVE + (_LEGEND if axes.get_legend() else 0.0)
    margins = {
        "left": min((widest + _BESIDE) / width, 0.6),
        "bottom": _BELOW / height,
        "top": 1 - above / height,
    }
    figure.subplots_adjust(**margins, right=0.97)
    return with_quiet_legends(figure)


def in_percent(axes: Axes) -> None:
    """Write both axes in percent."""
    percent = FuncFormatter(lambda share, _: f"{share:.0%}")
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)


def thinned(points: int) -> IntArray | slice:
    """Choose so many points that the eye sees no gap; the first and the last are always among them."""
    if points <= _MOST_POINTS:
        return slice(None)
    return np.unique(np.linspace(0, points - 1, _MOST_POINTS).astype(np.int64))


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
    figure.savefig(path, metadata={"Software": None}, pil_kwargs={"compress_level": 1})
