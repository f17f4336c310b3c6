"""What a model is worth in each slice of the rows, from codes and counts, one pass per column.

Every figure has a 95 % interval that respects the clusters. Sources: Wilson (1927) and Korn,
Graubard (1998) for rates; Bahnsen (2014) for savings; for the rest see `intervals` and `ranks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from ..project.syntax.slice_names import MISSING
from .evaluate import Scored
from .intervals import NAN, Clusters, Estimate, Means, Units, wilson_limits
from .metrics import log_losses, squared_errors
from .ranks import group_aucs

_NORMAL = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of each row, as a code; -1 for rows that belong to no level.

    Examples
    --------
    >>> carrier = Levels.of(["UA", "AA", None, "UA"])
    >>> carrier.names, carrier.codes.tolist()
    (('AA', 'UA', 'missing'), [1, 0, 2, 1])
    """

    codes: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: ArrayLike) -> Levels:
        """Give each distinct value a code, in the order of their names; None and NaN are a level."""
        named = [_name(value) for value in np.asarray(values, dtype=object)]
        names, codes = np.unique(np.array(named, dtype=np.str_), return_inverse=True)
        return cls(codes, tuple(names.tolist()))

    def take(self, index: IntArray | BoolArray) -> Levels:
        """Return the levels of the chosen rows."""
        return Levels(self.codes[index], self.names)


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
    def of(cls, column: str, levels: Levels, y: NDArray[np.integer]) -> Sliced:
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
        return self.units(cluster).ratio(held, np.ones(len(held)))


@dataclass(frozen=True, slots=True)
class SliceEvaluation:
    """What a decision maker is worth in one slice; NaN where undefined."""

    name: str
    n: int
    events: int
    cost: Estimate
    """Mean per row; this and the other means have (clustered) t intervals."""
    savings: Estimate
    """1 - cost / cost of the cheaper of flag-none and flag-all in this slice."""
    observed: Estimate
    """The rate of events; this and the other rates have Wilson intervals."""
    flag_rate: Estimate
    recall: Estimate
    false_positive_rate: Estimate
    precision: Estimate
    probability: Estimate
    """The mean predicted probability, to be held against `observed`."""
    log_loss: Estimate
    brier: Estimate
    auc: Estimate
    """With DeLong's interval, or Obuchowski's where there are clusters."""

    def figures(self) -> dict[str, float]:
        """Return all figures flat: `n`, `events`, then each `name`, `name_low` and `name_high`."""
        flat: dict[str, float] = {"n": self.n, "events": self.events}
        for part in fields(self):
            estimate = getattr(self, part.name)
            if isinstance(estimate, Estimate):
                flat |= estimate.figures(part.name)
        return flat


def crossed(first: Levels, second: Levels) -> Levels:
    """Return the pairs of levels that occur; a row without a level in either belongs to none.

    Examples
    --------
    >>> crossed(Levels.of(["a", "b", "b"]), Levels.of(["x", "x", "y"])).names
    ('a & x', 'b & x', 'b & y')
    """
    width = max(len(second.names), 1)
    pair = np.where((first.codes < 0) | (second.codes < 0), -1, first.codes * width + second.codes)
    found, codes = np.unique(pair, return_inverse=True)
    absent = int((found < 0).sum())
    names = (f"{first.names[code // width]} & {second.names[code % width]}" for code in found[absent:])
    return Levels(codes - absent, tuple(names))


def slice_evaluations(scored: Scored, slices: Mapping[str, Levels]) -> list[SliceEvaluation]:
    """Evaluate every level of every slicing column.

    Parameters
    ----------
    scored : Scored
    slices : mapping of str to Levels
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


def _refuse_other_length(column: str, levels: Levels, rows: int) -> None:
    if len(levels.codes) != rows:
        raise ValueError(f"slices of {column}: {len(levels.codes)} codes for {rows} rows")


def _name(value: object) -> str:
    return MISSING if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)


def _evaluate_levels(scored: Scored, part: Sliced) -> list[SliceEvaluation]:
    """Evaluate the levels of one column."""
    rows, units = scored.take(part.member), part.units(scored.cluster)
    probability, flagged, event = rows.decision.probability, rows.decision.flagged, rows.y == 1
    every = np.ones(len(rows.y), dtype=bool)
    auc, low, high = group_aucs(units, part.code, probability, rows.y)
    columns = {
        "cost": _mean(units, rows.cost),
        "savings": _savings(units, rows),
        "observed": _rate(units, event, every),
        "flag_rate": _rate(units, flagged, every),
        "recall": _rate(units, flagged & event, event),
        "false_positive_rate": _rate(units, flagged & ~event, ~event),
        "precision": _rate(units, flagged & event, flagged),
        "probability": _mean(units, probability),
        "log_loss": _mean(units, log_losses(rows.y, probability)),
        "brier": _mean(units, squared_errors(rows.y, probability)),
        "auc": _Column(auc.mean, low, high),
    }
    estimates = {name: map(Estimate, *(limit.tolist() for limit in found)) for name, found in columns.items()}
    by_level = zip(*estimates.values(), strict=True)
    counts = zip(part.names, part.n.tolist(), part.events.tolist(), by_level, strict=True)
    return [
        SliceEvaluation(name, n, events, **dict(zip(estimates, values, strict=True)))
        for name, n, events, values in counts
    ]


class _Column(NamedTuple):
    """One figure of every level with its limits; shape (k,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def _mean(units: Units, values: FloatArray) -> _Column:
    found = units.ratio(values, np.ones(len(values)))
    return _Column(found.mean, *found.limits(0.95))


def _rate(units: Units, hits: BoolArray, among: BoolArray) -> _Column:
    """Return the share of `hits` `among` the rows with Wilson's limits.

    With clusters the rows count for as many as would give the clustered error, at most for all of
    them. Where nothing or everything is a hit no error can be seen, and each cluster counts once.
    """
    found, n = units.ratio(hits, among), units.totals(units.sums(among))
    if len(units.owner) == len(units.unit):
        return _Column(found.mean, *wilson_limits(found.mean, n, _NORMAL))
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.minimum(n, found.mean * (1 - found.mean) / found.error**2)
    clusters = np.where((found.mean == 0) | (found.mean == 1), found.degrees + 1, effective)
    return _Column(found.mean, *wilson_limits(found.mean, clusters, found.quantile(0.975)))


def _savings(units: Units, rows: Scored) -> _Column:
    """Return the savings; their error takes which constant decision is the cheaper one as known."""
    none, every = (rows.costs.of(rows.y, np.full(len(rows.y), flag)) for flag in (False, True))
    cheaper = np.minimum(units.totals(units.sums(none)), units.totals(units.sums(every)))
    flag = units.totals(units.sums(every)) < units.totals(units.sums(none))
    reference = np.where(flag[units.owner][units.unit], every, none)
    found = units.ratio(rows.cost, reference)
    low, high = found.limits(0.95)
    return _Column(*(np.where(cheaper > 0, 1 - part, NAN) for part in (found.mean, high, low)))
