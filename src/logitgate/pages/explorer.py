"""What other costs would mean: threshold, counts, money, from groups of scores instead of rows.

A group holds at least ten rows with neighbouring probabilities, and only the numbers of its events and others
are kept. A threshold is moved up to the next group's lower end, so that every figure is that of the rows.
`templates/base.js` does the same arithmetic in the same order; a browser test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decision.costs import RowCosts
from ..decision.expressions import FloatArray
from ..evaluation.evaluate import Scored
from ..project.fields import Plain

_MOST_GROUPS, _LEAST_ROWS, _DIGITS = 400, 10, 4
_DECLARED_AT = 100


class ExplorerGroups(Plain):
    """Numbers of judged rows by probability, rising."""

    edges: tuple[float, ...]
    """Lower end of each group; the first is 0."""
    events: tuple[int, ...]
    others: tuple[int, ...]


class ExplorerEntries(Plain):
    """The four costs, each the same for all rows, in the project's unit."""

    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float

    @classmethod
    def mean(cls, costs: RowCosts) -> ExplorerEntries:
        """Return the mean of each cost over the rows; of costs that are constant the cost itself."""
        names = ("true_positive", "false_positive", "true_negative", "false_negative")
        return cls(**{name: _mean(getattr(costs, name)) for name in names})

    def threshold(self) -> float:
        """Return the probability from which flagging is cheaper (Elkan 2001), as `RowCosts` does.

        Infinite where being wrong costs less than being right: nothing is flagged, as there is no threshold.
        """
        columns = (self.true_positive, self.false_positive, self.true_negative, self.false_negative)
        costs = RowCosts(*(np.array([value], dtype=np.float64) for value in columns))
        if costs.spread()[0] < 0:
            return float("inf")
        return float(costs.bayes_threshold()[0])


class Slider(Plain):
    """The values that one cost can take, by positions 0 to 400; at position 100 stands the declared one."""

    declared: float
    step: float

    @classmethod
    def around(cls, declared: float, scale: float) -> Slider:
        """Reach from 0 to four times the declared cost; for a negative one from its double to twice its size.

        Parameters
        ----------
        declared : float
        scale : float
            What a declared cost of 0 is changed by, in all.
        """
        return cls(declared=declared, step=(abs(declared) or scale) / _DECLARED_AT)

    def value(self, position: int) -> float:
        """Return the cost at a position."""
        return self.declared + (position - _DECLARED_AT) * self.step


@dataclass(frozen=True, slots=True)
class Point:
    """The judged rows as one threshold decides them."""

    threshold: float
    """Lower end of the first group that is flagged; infinite where none is."""
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    flag_rate: float
    cost: float
    """Mean per row."""

    @property
    def recall(self) -> float:
        """Share of the events that are flagged."""
        return self.true_positive / max(self.true_positive + self.false_negative, 1)

    @property
    def false_positive_rate(self) -> float:
        """Share of the others that are flagged."""
        return self.false_positive / max(self.false_positive + self.true_negative, 1)


def score_groups(scored: Scored) -> ExplorerGroups:
    """Count the events and others of groups of neighbouring probabilities, each of at least ten rows.

    Parameters
    ----------
    scored : Scored
        At least one row.
    """
    probability = np.sort(scored.decision.probability)
    wanted = max(1, min(_MOST_GROUPS, len(probability) // _LEAST_ROWS))
    places = (np.arange(1, wanted) * len(probability)) // wanted
    rounded = [float(f"{edge:.{_DIGITS}g}") for edge in probability[places]]
    edges = _large_enough(np.unique([0.0, *rounded]), probability)
    group = np.searchsorted(edges, scored.decision.probability, side="right") - 1
    rows = np.bincount(group, minlength=len(edges))
    events = np.bincount(group[scored.y == 1], minlength=len(edges))
    return ExplorerGroups(edges=edges.tolist(), events=events.tolist(), others=(rows - events).tolist())


def explored(groups: ExplorerGroups, costs: ExplorerEntries) -> Point:
    """Return what the cheapest threshold for these costs does to the judged rows."""
    place = int(np.searchsorted(groups.edges, costs.threshold(), side="left"))
    return _at(groups, costs, place)


def cost_by_threshold(groups: ExplorerGroups, costs: ExplorerEntries) -> list[Point]:
    """Return what each threshold does to the judged rows, from flagging all of them to flagging none."""
    return [_at(groups, costs, place) for place in range(len(groups.edges) + 1)]


def _at(groups: ExplorerGroups, costs: ExplorerEntries, place: int) -> Point:
    """Flag the groups from this place on."""
    events, others = sum(groups.events), sum(groups.others)
    caught, alarms = sum(groups.events[place:]), sum(groups.others[place:])
    missed, passed = events - caught, others - alarms
    total = (
        caught * costs.true_positive
        + alarms * costs.false_positive
        + passed * costs.true_negative
        + missed * costs.false_negative
    )
    rows = events + others
    threshold = groups.edges[place] if place < len(groups.edges) else float("inf")
    return Point(threshold, caught, alarms, passed, missed, (caught + alarms) / rows, total / rows)


def _large_enough(edges: FloatArray, probability: FloatArray) -> FloatArray:
    """Drop lower ends until each group has rows enough; a rounded end may have moved rows."""
    kept, above = [], len(probability)
    for edge in edges[::-1]:
        first = int(np.searchsorted(probability, edge, side="left"))
        if above - first >= _LEAST_ROWS and (edge == 0 or first >= _LEAST_ROWS):
            kept.append(float(edge))
            above = first
    return np.array([*([] if kept and kept[-1] == 0 else [0.0]), *kept[::-1]])


def _mean(values: FloatArray) -> float:
    return float(values[0]) if (values == values[0]).all() else float(values.mean())
