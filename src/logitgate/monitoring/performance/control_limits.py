"""Chunks: figures of consecutive rows, so many rows each, and the limits that later chunks keep to.

A figure of a model in production is compared with the same figure of chunks of its reference rows (the
judged rows it was judged on), cut to the same size: what days and storms do to a chunk is then in the
limits already. The mean of M new chunks lies with probability 1 - alpha within

    mean +- t(K - 1; 1 - alpha/2) sd sqrt(min(1, f/M) + f/K),    f = (1 + r) / (1 - r)

of the K chunks of the reference. For one chunk, and where chunks do not resemble the one before (r = 0),
this is the prediction interval mean +- t sd sqrt(1 + 1/K). A bad day is rarely alone, so M chunks count as
much as M/f independent ones: r is the autocorrelation of neighbours, never taken below 0, and moved up by
(1 + 3r)/K, as that of few chunks comes out too small.

Sources: Hahn, Meeker (1991), Statistical intervals; Bayley, Hammersley (1946) for the effective number;
Marriott, Pope (1954) for the bias of r.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.special import stdtrit

from ...decision.expressions import FloatArray
from ...errors import DataError
from ...evaluation.estimates import NAN

FEWEST_CHUNKS = 12
"""Fewer chunks do not show how far chunks spread."""
SMALLEST_CHUNK = 50
"""Rows; with fewer, a chunk says next to nothing."""
_CHUNKS = 20
_ROUNDING = 1e-9
_MOST_ALIKE = 0.9

Side: TypeAlias = Literal["inside", "below", "above", "unknown"]


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Where the mean of later chunks lies with probability 1 - alpha if nothing changed; NaN if unknown."""

    mean: float
    sd: float
    chunks: int
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], alpha: float, later: int = 1) -> ControlLimits:
        """Return the limits of the mean of so many later chunks; the formula stands at the top of this file.

        Only chunks in which the figure is defined count, and fewer than `FEWEST_CHUNKS` have no limits. They
        are moved out by rounding, so that a figure which never varied does not leave them by it.
        """
        known = _finite(values)
        count = len(known)
        if count < FEWEST_CHUNKS or later < 1:
            return cls(float(known.mean()) if count else NAN, NAN, count, NAN, NAN)
        mean, sd = float(known.mean()), float(known.std(ddof=1))
        alike = likeness(known)
        spread = np.sqrt(min(1.0, alike / later) + alike / count)
        reach = float(stdtrit(count - 1, 1 - alpha / 2)) * sd * float(spread)
        reach += _ROUNDING * max(1.0, abs(mean))
        return cls(mean, sd, count, mean - reach, mean + reach)

    @classmethod
    def of_mean(cls, values: Sequence[float], alpha: float) -> ControlLimits:
        """Return the interval of the mean itself: as many chunks as these are worth, and none to come."""
        known = _finite(values)
        count = len(known)
        if count < FEWEST_CHUNKS:
            return cls(float(known.mean()) if count else NAN, NAN, count, NAN, NAN)
        mean, sd = float(known.mean()), float(known.std(ddof=1))
        reach = float(stdtrit(count - 1, 1 - alpha / 2)) * sd * np.sqrt(min(likeness(known) / count, 1.0))
        return cls(mean, sd, count, mean - float(reach), mean + float(reach))

    def side(self, value: float) -> Side:
        """Return where a value lies; unknown without limits or value."""
        if not (np.isfinite(value) and np.isfinite(self.low) and np.isfinite(self.high)):
            return "unknown"
        return "below" if value < self.low else "above" if value > self.high else "inside"

    def figures(self) -> dict[str, float]:
        """Return the limits flat, as figures of a finding."""
        return {
            "reference": self.mean,
            "reference_sd": self.sd,
            "reference_chunks": self.chunks,
            "limit_low": self.low,
            "limit_high": self.high,
        }


@dataclass(frozen=True, slots=True)
class Chunks:
    """The figures of consecutive chunks of equally many rows.

    Parameters
    ----------
    rows : int
        Of each chunk.
    figures : mapping of str to tuple of float
        For each figure its value in each chunk, in order; NaN where it is undefined.
    """

    rows: int
    figures: Mapping[str, tuple[float, ...]]

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return max((len(values) for values in self.figures.values()), default=0)

    def mean(self, name: str) -> float:
        """Return the mean of a figure over the chunks in which it is defined; NaN without any."""
        known = _finite(self.figures.get(name, ()))
        return float(known.mean()) if len(known) else NAN

    def limits(self, name: str, alpha: float, window: Chunks | None = None) -> ControlLimits:
        """Return the limits of a figure's mean over the chunks of a window, or of one chunk.

        Those of an unknown figure are NaN.
        """
        later = 1 if window is None else len(_finite(window.figures.get(name, ())))
        return ControlLimits.of(self.figures.get(name, ()), alpha, later)

    def plus(self, other: Chunks) -> Chunks:
        """Return the figures of both, which are of the same chunks."""
        if (self.rows, self.count) != (other.rows, other.count):
            raise ValueError("chunks of other rows")
        return Chunks(self.rows, {**self.figures, **other.figures})

    def as_json(self) -> dict[str, Any]:
        """Return plain values; a figure that is not finite becomes None."""
        figures = {
            name: [float(value) if np.isfinite(value) else None for value in values]
            for name, values in self.figures.items()
        }
        return {"rows": self.rows, "figures": figures}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Chunks:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is no reference of this format: there is nothing to compare a model with.
        """
        try:
            figures = {
                str(name): tuple(NAN if value is None else float(value) for value in values)
                for name, values in plain["figures"].items()
            }
            rows = int(plain["rows"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError("reference chunks", "not readable", "train the model once more") from error
        if rows < 1 or len({len(values) for values in figures.values()}) > 1:
            raise DataError("reference chunks", "not of equal number", "train the model once more")
        return cls(rows, figures)


NO_REFERENCE = Chunks(SMALLEST_CHUNK, {})
"""For a version that was made without reference chunks: nothing has limits."""


def chunk_rows(reference_rows: int) -> int:
    """Return how many rows a chunk has: twenty chunks where that leaves 50 rows each, else fewer chunks.

    Examples
    --------
    >>> chunk_rows(13_000), chunk_rows(600)
    (650, 50)
    """
    return max(SMALLEST_CHUNK, reference_rows // _CHUNKS)


def cut(
    rows: int, size: int, figures: Callable[[slice], Mapping[str, float]], names: Sequence[str]
) -> Chunks:
    """Evaluate each whole chunk of rows that stand in order of time; the partial last one is dropped.

    Parameters
    ----------
    rows : int
        How many there are.
    size : int
        Rows of a chunk.
    figures : callable
        From the place of a chunk's rows to its figures.
    names : sequence of str
        The figures to compute.
    """
    if size < 1:
        raise ValueError("a chunk without rows")
    found = [figures(slice(start, start + size)) for start in range(0, rows - size + 1, size)]
    return Chunks(size, {name: tuple(float(chunk[name]) for chunk in found) for name in names})


def _finite(values: Sequence[float]) -> FloatArray:
    known = np.asarray(values, dtype=np.float64)
    return known[np.isfinite(known)]


def likeness(values: FloatArray) -> float:
    """Return (1 + r) / (1 - r): how many chunks are worth one, by the autocorrelation r of neighbours."""
    apart = values - values.mean()
    squares = float(apart @ apart)
    if not squares > 0:
        return 1.0
    r = float(apart[1:] @ apart[:-1]) / squares
    r = min(max(r + (1 + 3 * r) / len(values), 0.0), _MOST_ALIKE)
    return (1 + r) / (1 - r)
