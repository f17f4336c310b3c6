"""Distributions of single columns as counts that can be kept, added up and held against each other.

A number is counted between edges that stay those of the whole reference, so that parts of it (the rows of a
season) can be added up; a text by its levels. Missing values have a bin of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..decision.expressions import FloatArray
from ..errors import DataError

_GRID = np.linspace(0, 1, 51)[1:-1]
_BINS = 10
_WIDEST = 50
_BINARY_EDGES = 3
OTHER, MISSING = "other levels", "missing"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number's rows by a grid of quantiles of the reference.

    Parameters
    ----------
    edges : tuple of float, rising
        At most 50.
    counts : float array of shape (edges + 1,)
        Rows from an edge up to the next one; weighted where seasons are mixed.
    missing : float
    mean, sd : float
        Of the reference; NaN without two values.
    """

    edges: tuple[float, ...]
    counts: FloatArray
    missing: float
    mean: float = float("nan")
    sd: float = float("nan")

    @classmethod
    def of(cls, values: FloatArray, like: Numbers | None = None) -> Numbers:
        """Count values, NaN where missing, by their own quantiles or by the edges of another one."""
        present = values[~np.isnan(values)]
        edges = like.edges if like else _edges(present)
        counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(edges) + 1)
        several = len(present) > 1
        return cls(
            tuple(float(edge) for edge in edges),
            counts.astype(np.float64),
            float(len(values) - len(present)),
            float(present.mean()) if several else float("nan"),
            float(present.std(ddof=1)) if several else float("nan"),
        )

    @property
    def present(self) -> float:
        """Rows that have a value."""
        return float(self.counts.sum())

    @property
    def is_binary(self) -> bool:
        """Whether the rows take two values, each with a cell of its own."""
        return len(self.edges) == _BINARY_EDGES and self.counts[0] == self.counts[-1] == 0

    @property
    def rows(self) -> float:
        """All rows."""
        return self.present + self.missing

    def cumulative(self) -> FloatArray:
        """Return the share of the present rows below each edge, shape (edges,)."""
        return np.cumsum(self.counts)[:-1] / max(self.present, 1.0)

    def range(self) -> tuple[float, float]:
        """Return the quantiles .02 and .98 with slack: twice their distance, or eight deviations if more."""
        if not self.edges or not np.isfinite(self.sd):
            return -np.inf, np.inf
        low, high = self.edges[0], self.edges[-1]
        slack = max(2 * (high - low), 8 * self.sd)
        # One cell far beyond all others would make any range wide enough for everything.
        slack = min(slack, _WIDEST * (high - low)) if high > low else slack
        return (low - slack, high + slack) if slack > 0 else (-np.inf, np.inf)

    def tenths(self) -> list[slice]:
        """Return which neighbouring cells make up about a tenth of the rows each; a binary number has two."""
        if self.is_binary:
            return [slice(0, 2), slice(2, 4)]
        place = np.minimum(np.floor(np.r_[0.0, self.cumulative()] * _BINS + 1e-9), _BINS - 1)
        starts = [int(start) for start in np.flatnonzero(np.diff(place, prepend=-1))]
        return [slice(*ends) for ends in zip(starts, [*starts[1:], len(self.counts)], strict=True)]

    def binned(self, bins: list[slice]) -> FloatArray:
        """Return the rows of such bins, and last those without a value."""
        return np.array([*(self.counts[part].sum() for part in bins), self.missing])

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        spread = {"mean": self.mean, "sd": self.sd}
        return {
            "edges": list(self.edges),
            "counts": [int(count) for count in self.counts],
            "missing": int(self.missing),
            **{name: value if np.isfinite(value) else None for name, value in spread.items()},
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Numbers:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is none of ours.
        """
        try:
            found = cls(
                tuple(float(edge) for edge in plain["edges"]),
                np.asarray(plain["counts"], dtype=np.float64),
                float(plain["missing"]),
                *(float("nan") if plain[name] is None else float(plain[name]) for name in ("mean", "sd")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable() from error
        if len(found.counts) != len(found.edges) + 1:
            raise unreadable()
        return found


@dataclass(frozen=True, slots=True)
class Levels:
    """A text's rows by level; levels too rare to be learned are pooled, so that none points at a person.

    Parameters
    ----------
    levels : mapping of str to float
        Rows of each named level.
    pooled : float
        Rows of all other levels.
    missing : float
    singles : float
        Levels of a single row: what share of later rows will show a new level.
    """

    levels: Mapping[str, float]
    pooled: float
    missing: float
    singles: float = 0.0

    @classmethod
    def of(cls, column: pd.Series, rare: int, like: Levels | None = None) -> Levels:
        """Count a column; `rare` rows make a level named, unless those of another one are given."""
        counts = column.astype("object").value_counts()
        named = counts[counts.index.isin(list(like.levels))] if like else counts[counts >= rare]
        return cls(
            {str(level): float(number) for level, number in named.items()},
            float(counts.sum() - named.sum()),
            float(column.isna().sum()),
            float((counts == 1).sum()),
        )

    @property
    def present(self) -> float:
        """Rows that have a level."""
        return float(sum(self.levels.values()) + self.pooled)

    @property
    def rows(self) -> float:
        """All rows."""
        return self.present + self.missing

    def counts(self, names: list[str]) -> FloatArray:
        """Return the rows of these levels, of all others, and those without one."""
        named = [self.levels.get(name, 0.0) for name in names]
        return np.array([*named, self.present - sum(named), self.missing])

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "levels": {name: int(count) for name, count in self.levels.items()},
            "pooled": int(self.pooled),
            "missing": int(self.missing),
            "singles": int(self.singles),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Levels:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is none of ours.
        """
        try:
            named = {str(name): float(count) for name, count in plain["levels"].items()}
            return cls(named, *(float(plain[name]) for name in ("pooled", "missing", "singles")))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unreadable() from error


def outside_of(values: FloatArray, limits: tuple[float, float]) -> int:
    """Return how many values lie outside the limits; a missing one does not."""
    low, high = limits
    return int(((values < low) | (values > high)).sum())


def longest_run(values: NDArray[Any], of: object = None) -> int:
    """Return how many neighbours are the same at most, or are one value; shape (n,), none missing.

    Examples
    --------
    >>> longest_run(np.array([1, 1, 2, 2, 2, 1]))
    3
    >>> longest_run(np.array([True, False, False, True]), of=True)
    1
    """
    if not len(values):
        return 0
    ends = np.flatnonzero(np.r_[values[1:] != values[:-1], True])
    runs = np.diff(ends, prepend=-1)
    return int(runs.max() if of is None else runs[values[ends] == of].max(initial=0))


def _edges(present: FloatArray) -> tuple[float, ...]:
    """Return the quantiles, and one edge above them where many rows have the largest value.

    Both values of a binary number have a cell of their own, however rare one is.
    """
    if not len(present):
        return ()
    low, high = present.min(), present.max()
    if low < high and ((present == low) | (present == high)).all():
        return (float(low), float(high), float(np.nextafter(high, np.inf)))
    edges = np.unique(np.quantile(present, _GRID))
    top = present.max()
    return (*edges, np.nextafter(top, np.inf)) if edges[-1] == top else tuple(edges)


def mixed(parts: list[tuple[Numbers | Levels, float]]) -> Numbers | Levels:
    """Mix the distributions of seasons by the weights of a window; the first one names edges or levels.

    Parameters
    ----------
    parts : list of (distribution, weight)
        Weights add up to 1. The mixture has as many rows as tell as much: 1 / sum(w^2 / n).
    """
    sound = [(one, weight) for one, weight in parts if one.rows]
    rows = 1 / sum(weight**2 / one.rows for one, weight in sound)
    shares = [(one, rows * weight / one.rows) for one, weight in sound]
    first = parts[0][0]
    if isinstance(first, Numbers):
        counts = sum(one.counts * scale for one, scale in shares if isinstance(one, Numbers))
        missing = sum(one.missing * scale for one, scale in shares)
        return Numbers(first.edges, np.asarray(counts), float(missing), first.mean, first.sd)
    names = list(first.levels)
    added = sum(one.counts(names) * scale for one, scale in shares if isinstance(one, Levels))
    *named, pooled, missing = np.asarray(added).tolist()
    singles = sum(one.singles * scale for one, scale in shares if isinstance(one, Levels))
    return Levels(dict(zip(names, named, strict=True)), pooled, missing, float(singles))


def unreadable() -> DataError:
    """Return the error about a reference profile that logitgate did not write."""
    return DataError("reference profile", "not readable", "train the model once more")
