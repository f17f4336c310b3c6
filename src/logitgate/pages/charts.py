"""Geometry of the page's charts: values to places in an SVG of fixed size, which the template writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .explorer import ExplorerEntries, ExplorerGroups, Point, cost_by_threshold, explored

WIDTH, HEIGHT = 440, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 14, 46


BOX = {"left": LEFT, "top": TOP, "width": WIDTH - LEFT - RIGHT, "height": HEIGHT - TOP - BOTTOM}
"""The frame of a chart, as the pages' scripts need it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of one axis and what it shows."""

    label: str
    low: float = 0.0
    high: float = 1.0

    def share(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one; never outside."""
        width = self.high - self.low
        return min(max((value - self.low) / width, 0.0), 1.0) if width > 0 else 0.5


@dataclass(frozen=True, slots=True)
class ChartLine:
    """Joined points, such as "64,20 100,30"."""

    kind: str
    label: str
    points: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point that stands out."""

    kind: str
    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, with a description for those who do not see it."""

    name: str
    title: str
    description: str
    x: Axis
    y: Axis
    lines: tuple[ChartLine, ...]
    marks: tuple[Mark, ...]
    named: tuple[tuple[float, str], ...] = ()
    """Ticks of the horizontal axis with a name, such as a month; empty for five numbers."""

    @property
    def x_ticks(self) -> Sequence[tuple[float, float | str]]:
        """Place and value of five ticks, or the named ones."""
        if self.named:
            return [(across(self.x, value), name) for value, name in self.named]
        return [(across(self.x, value), value) for value in _ticks(self.x)]

    @property
    def y_ticks(self) -> list[tuple[float, float]]:
        """Place and value of five ticks."""
        return [(down(self.y, value), value) for value in _ticks(self.y)]


def across(axis: Axis, value: float) -> float:
    """Return the horizontal place of a value."""
    return round(LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT), 1)


def down(axis: Axis, value: float) -> float:
    """Return the vertical place of a value."""
    return round(HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM), 1)


def roc_chart(groups: ExplorerGroups, costs: ExplorerEntries) -> Chart:
    """Draw the rates of flagged events and others at each threshold, and at that of these costs."""
    x, y = Axis("share of non-events that are flagged"), Axis("share of events that are flagged")
    found = cost_by_threshold(groups, costs)
    curve = line("model", "model", x, y, [(one.false_positive_rate, one.recall) for one in found])
    chance = line("quiet", "chance", x, y, [(0, 0), (1, 1)])
    at = explored(groups, costs)
    mark = Mark("chosen", "threshold of these costs", across(x, at.false_positive_rate), down(y, at.recall))
    alarms = f"{at.false_positive_rate:.0%} of the others are flagged"
    said = f"At these costs {at.recall:.0%} of the events and {alarms}."
    return Chart("roc", "ROC", said, x, y, (chance, curve), (mark,))


def cost_chart(groups: ExplorerGroups, costs: ExplorerEntries, unit: str) -> Chart:
    """Draw the mean cost per row at each threshold, and at that of these costs."""
    found = cost_by_threshold(groups, costs)
    values = [one.cost for one in found]
    x, y = Axis("threshold"), Axis(f"mean cost per row ({unit})", min(0.0, *values), max(0.0, *values))
    at = explored(groups, costs)
    curve = line("model", "one threshold for all rows", x, y, [(_shown(one), one.cost) for one in found])
    mark = Mark("chosen", "threshold of these costs", across(x, _shown(at)), down(y, at.cost))
    said = f"At the threshold of these costs a row costs {at.cost:.4g} {unit}."
    return Chart("cost", "Cost curve", said, x, y, (curve,), (mark,))


def line(kind: str, label: str, x: Axis, y: Axis, points: Iterable[tuple[float, float]]) -> ChartLine:
    """Join points."""
    return ChartLine(kind, label, " ".join(f"{across(x, one)},{down(y, other)}" for one, other in points))


def _shown(point: Point) -> float:
    return point.threshold if math.isfinite(point.threshold) else 1.0


def _ticks(axis: Axis) -> list[float]:
    return [axis.low + (axis.high - axis.low) * part / 4 for part in range(5)]
