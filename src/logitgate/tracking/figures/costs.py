"""What decisions cost: at each threshold, and when the declared costs are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...decision.expressions import FloatArray
from ...evaluation.estimates import Estimate
from .style import (
    CHOSEN,
    MODEL,
    OTHER,
    QUIET,
    Caption,
    new_figure,
    thinned,
    with_names,
    with_quiet_legends,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to decide, by its threshold and mean cost; the threshold is NaN when each row has its own."""

    threshold: float
    cost: float


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Mean cost per row at each threshold, and of the decisions that were made.

    Parameters
    ----------
    threshold, mean_cost : arrays of shape (k,)
    grid, low, high : arrays of shape (g,)
        Some thresholds, rising, and the 95 % interval of the mean cost there, for clustered rows.
    chosen, bayes, half : Rule
        The rule that was judged, that of the costs alone, and a threshold of .5.
    flag_none, flag_all : float
    unit : str
    row : str
        What a row is.
    """

    threshold: FloatArray
    mean_cost: FloatArray
    grid: FloatArray
    low: FloatArray
    high: FloatArray
    chosen: Rule
    bayes: Rule
    half: Rule
    flag_none: float
    flag_all: float
    unit: str
    row: str = "row"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The difference in cost against the reference when costs are off; one entry a scenario."""

    names: Sequence[str]
    difference: Sequence[Estimate]
    proven: Sequence[bool]
    reference: str
    unit: str
    row: str = "row"


def cost_curve_figure(curve: CostCurve, caption: Caption) -> Figure:
    """Draw the mean cost against the threshold, with the rule used, Bayes, .5, none and all."""
    figure, axes = new_figure(caption.title("cost of the decisions"))
    keep = thinned(len(curve.threshold))
    axes.fill_between(curve.grid, curve.low, curve.high, color=MODEL, alpha=0.2, label="95 % interval")
    axes.plot(curve.threshold[keep], curve.mean_cost[keep], color=MODEL, label="one threshold for all rows")
    axes.axhline(curve.flag_none, color=QUIET, linestyle="--", label=f"flag none: {curve.flag_none:.4g}")
    axes.axhline(curve.flag_all, color=OTHER, linestyle="-.", label=f"flag all: {curve.flag_all:.4g}")
    rules = (
        ("Bayes, by the costs", curve.bayes, "s", "#000000"),
        ("threshold .5", curve.half, "^", QUIET),
        ("used", curve.chosen, "o", CHOSEN),
    )
    for name, rule, marker, colour in rules:
        _draw(axes, name, rule, marker, colour)
    axes.set(xlabel="threshold", ylabel=f"mean cost per {curve.row} ({curve.unit})")
    axes.margins(y=0.12)
    axes.legend(loc="best")
    return with_quiet_legends(figure)


def sensitivity_figure(found: Sensitivity, caption: Caption) -> Figure:
    """Draw the difference in cost of each scenario with its interval; orange where the choice flips."""
    figure, axes = new_figure(caption.title("if the costs are wrong"))
    places = np.arange(len(found.names))[::-1]
    axes.axvline(0, color=QUIET, linewidth=1)
    for place, one, proven in zip(places, found.difference, found.proven, strict=True):
        colour = MODEL if proven == found.proven[0] else CHOSEN
        axes.hlines(place, one.low, one.high, color=colour, linewidth=2, alpha=0.6)
        axes.plot(one.value, place, "o" if proven else "D", color=colour)
    axes.set(xlabel=f"cost per {found.row} beyond the {found.reference} ({found.unit}); below 0 is cheaper")
    return with_names(figure, axes, found.names[::-1])


def _draw(axes: Axes, name: str, rule: Rule, marker: str, colour: str) -> None:
    """Draw a rule as a point, or as a line where it has no threshold on the axis."""
    if np.isfinite(rule.threshold):
        label = f"{name}, at {rule.threshold:.3g}: {rule.cost:.4g}"
        axes.plot(rule.threshold, rule.cost, marker, color=colour, markersize=8, label=label)
    else:
        axes.axhline(rule.cost, color=colour, linewidth=1.5, label=f"{name}, by row: {rule.cost:.4g}")
