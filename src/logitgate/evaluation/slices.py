"""What a model is worth in each slice of the rows, from codes and counts, one pass per column.

The figures and their intervals are those of the evaluation of all rows; see `evaluate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from ..project.syntax.slice_names import MISSING
from .estimates import Estimate, estimates_of
from .evaluate import Scored, group_figures
from .figures import mean
from .intervals import Clusters, Means, Units


@dataclass(frozen=True, slots=True)
class SliceLevels:
    """The level of each row, as a code; -1 for rows that belong to no level.

    Examples
    --------
    >>> carrier = SliceLevels.of(["UA", "AA", None, "UA"])
    >>> carrier.names, carrier.codes.tolist()
    (('AA', 'UA', 'missing'), [1, 0, 2, 1])
    """

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: ArrayLike) -> SliceLevels:
        """Give each distinct value a code, in the order of their names; None and NaN are a level."""
        named = [_name(value) for value in np.asarray(values, dtype=object)]
        names, codes = np.unique(np.array(named, dtype=np.str_), return_inverse=True)
        return cls(codes, tuple(names.tolist()))

    def take(self, index: IntArray | BoolArray) -> SliceLevels:
        """Return the levels of the chosen rows."""
        return SliceLevels(self.codes[index], self.names)


@dataclass(frozen=True, slots=True)
class Sliced:
    """The rows that belong to a level of one column, and how many there are of each."""

    names: tuple[str, ...]
    """What the levels are called: `carrier = UA`; shape (k,)."""
    member: IntArray
    """Which rows belong to a level, shape (members,)."""
    code: IntArray
    """The level of each of those, shape (members,)."""
    n: IntArray
    events: IntArray

    @classmethod
    def of(cls, column: str, levels: SliceLevels, y: NDArray[np.integer]) -> Sliced:
        """Count rows and events of each level.

        Raises
        ------
        ValueError
            When there are not as many codes as outcomes.
        """
        _refuse_other_length(column, levels, len(y))
        member = np.flatnonzero(levels.codes >= 0)
        code = levels.codes[member]
        size = len(levels.names)
        events = np.bincount(code[y[member] == 1], minlength=size)
        names = tuple(f"{column} = {level}" for level in levels.names)
        return cls(names, member, code, np.bincount(code, minlength=size), events)

    def units(self, cluster: Clusters) -> Units:
        """Return the independent units of each level, given the cluster of all rows, shape (n,)."""
        return Units.of(self.code, len(self.names), None if cluster is None else cluster[self.member])

    def means(self, values: FloatArray, cluster: Clusters) -> Means:
        """Average over the levels what all rows hold, shape (n,)."""
        held = values[self.member]
        return self.units(cluster).mean(held)


@dataclass(frozen=True, slots=True)
class SliceEvaluation:
    """What a decision maker is worth in one slice; NaN where undefined."""

    name: str
    n: int
    events: int
    cost: Estimate
    """Mean per row."""
    savings: Estimate
    """1 - cost / cost of the cheaper of flag-none and flag-all in this slice."""
    observed: Estimate
    """The rate of events."""
    flag_rate: Estimate
    recall: Estimate
    false_positive_rate: Estimate
    precision: Estimate
    probability: Estimate
    """The mean predicted probability, to be held against `observed`."""
    log_loss: Estimate
    brier: Estimate
    auc: Estimate

    def figures(self) -> dict[str, float]:
        """Return all figures flat: `n`, `events`, then each `name`, `name_low` and `name_high`."""
        return {"n": self.n, "events": self.events, **estimates_of(self)}


def crossed(first: SliceLevels, second: SliceLevels) -> SliceLevels:
    """Return the pairs of levels that occur; a row without a level in either belongs to none.

    Examples
    --------
    >>> crossed(SliceLevels.of(["a", "b", "b"]), SliceLevels.of(["x", "x", "y"])).names
    ('a & x', 'b & x', 'b & y')
    """
    width = max(len(second.names), 1)
    pair = np.where((first.codes < 0) | (second.codes < 0), -1, first.codes * width + second.codes)
    found, codes = np.unique(pair, return_inverse=True)
    absent = int((found < 0).sum())
    names = (f"{first.names[code // width]} & {second.names[code % width]}" for code in found[absent:])
    return SliceLevels(codes - absent, tuple(names))


def slice_evaluations(scored: Scored, slices: Mapping[str, SliceLevels]) -> list[SliceEvaluation]:
    """Evaluate every level of every slicing column.

    Parameters
    ----------
    scored : Scored
    slices : mapping of str to SliceLevels
        By the name of the column, or of the cross of columns; codes of shape (n,).

    Returns
    -------
    list of SliceEvaluation
        Named `carrier = UA`; a level without rows is there, with n = 0.

    Raises
    ------
    ValueError
        When a column has not as many codes as there are rows.
    """
    return [
        part
        for column, levels in slices.items()
        for part in _evaluate_levels(scored, Sliced.of(column, levels, scored.y))
    ]


def _refuse_other_length(column: str, levels: SliceLevels, rows: int) -> None:
    if len(levels.codes) != rows:
        raise ValueError(f"slices of {column}: {len(levels.codes)} codes for {rows} rows")


def _name(value: object) -> str:
    return MISSING if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)


def _evaluate_levels(scored: Scored, part: Sliced) -> list[SliceEvaluation]:
    """Evaluate the levels of one column."""
    rows, units = scored.take(part.member), part.units(scored.cluster)
    columns = group_figures(rows, units, part.code)
    columns["observed"] = columns.pop("prevalence")
    columns["probability"] = mean(units, rows.decision.probability)
    by_level = zip(*(column.estimates() for column in columns.values()), strict=True)
    counts = zip(part.names, part.n.tolist(), part.events.tolist(), by_level, strict=True)
    return [
        SliceEvaluation(name, n, events, **dict(zip(columns, values, strict=True)))
        for name, n, events, values in counts
    ]
