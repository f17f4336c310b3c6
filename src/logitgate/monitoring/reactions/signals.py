"""Signals: the figures of a window that are followed from window to window, with interval and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from ...catalogue import Check
from ...findings import Finding, Verdict
from .remedies import Action

VALUE, LOW, HIGH = "value", "low", "high"
_LOWER_LIMITS, _UPPER_LIMITS = ("limit_low",), ("limit_high", "limit_days")


@dataclass(frozen=True, slots=True)
class Signal:
    """What is followed of one finding.

    Parameters
    ----------
    name : str
        Of the chart.
    check : Check
    subject : str
        Of the finding; empty for the first one that has the figure.
    figure : str
        Its value; ``<figure>_low`` and ``<figure>_high`` are its interval.
    beside : tuple of str
        Other figures of the finding that belong into the same chart.
    """

    name: str
    check: Check
    subject: str
    figure: str
    beside: tuple[str, ...] = ()

    def of(self, finding: Finding) -> dict[str, float]:
        """Return the figures of a finding by the names of their metrics."""
        wanted = {VALUE: self.figure, LOW: f"{self.figure}_low", HIGH: f"{self.figure}_high"}
        wanted |= {name: name for name in self.beside}
        known = {name: finding.figures.get(figure) for name, figure in wanted.items()}
        return {
            f"{self.name}/{name}": float(one) for name, one in known.items() if isinstance(one, (int, float))
        }


_LIMITS = ("limit_low", "limit_high")
SIGNALS = (
    Signal(
        "calibration",
        Check.CALIBRATION,
        "calibration-in-the-large",
        "in_the_large",
        ("chunk_in_the_large", *_LIMITS),
    ),
    Signal("slope", Check.CALIBRATION, "slope", "slope", ("chunk_slope", *_LIMITS)),
    Signal("cost", Check.COST, "mean cost per row", "cost"),
    Signal(
        "cost beyond expected",
        Check.COST,
        "mean cost per row",
        "excess_cost",
        ("chunk_excess_cost", *_LIMITS),
    ),
    Signal("expected cost", Check.ESTIMATE, "expected cost", "expected_cost", _LIMITS),
    Signal("cost against no model", Check.NO_MODEL, "", "difference"),
    Signal("cost against previous version", Check.PREVIOUS, "", "difference"),
    Signal("log-odds since release", Check.DECAY, "all rows", "log_odds"),
    Signal("flag rate", Check.SCORE, "flag rate", "rate", ("reference_rate",)),
    Signal("age", Check.STALENESS, "champion", "age_days", ("limit_days",)),
)


@dataclass(frozen=True, slots=True)
class SignalPoint:
    """A signal in one window; None where a figure is not known."""

    at: datetime
    """End of the window."""
    version: int
    value: float
    low: float | None = None
    high: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None

    @classmethod
    def of(cls, at: datetime, version: int, figures: dict[str, float]) -> SignalPoint:
        """Take the point from figures by the names behind the slash; there must be a value."""
        limits = (
            next((figures[name] for name in names if name in figures), None)
            for names in (_LOWER_LIMITS, _UPPER_LIMITS)
        )
        return cls(at, version, figures[VALUE], figures.get(LOW), figures.get(HIGH), *limits)


@dataclass(frozen=True, slots=True)
class SignalCurve:
    """One signal over all windows, oldest first."""

    name: str
    points: tuple[SignalPoint, ...]

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that were in production, in order."""
        return tuple(dict.fromkeys(point.version for point in self.points))

    @property
    def stays(self) -> tuple[tuple[SignalPoint, ...], ...]:
        """The points of each time without a change of version, in order."""
        return tuple(tuple(points) for _, points in groupby(self.points, key=lambda one: one.version))


@dataclass(frozen=True, slots=True)
class ActionMark:
    """What was carried out, or asked for, after a window."""

    at: datetime
    action: Action
    done: bool


@dataclass(frozen=True, slots=True)
class SignalHistory:
    """All signals of a model, and what was done."""

    curves: tuple[SignalCurve, ...] = ()
    marks: tuple[ActionMark, ...] = ()


def curve_points(verdict: Verdict) -> dict[str, float]:
    """Return the figures of a window that are followed, by the names of their metrics."""
    figures: dict[str, float] = {}
    for signal, finding in _found(verdict):
        figures = signal.of(finding) | figures
    return figures


def readings(verdict: Verdict, at: datetime, version: int) -> dict[str, SignalPoint]:
    """Return the signals of one window by their names."""
    found: dict[str, dict[str, float]] = {}
    for name, value in curve_points(verdict).items():
        signal, figure = name.split("/")
        found.setdefault(signal, {})[figure] = value
    return {name: SignalPoint.of(at, version, one) for name, one in found.items() if VALUE in one}


def _found(verdict: Verdict) -> Iterator[tuple[Signal, Finding]]:
    for signal in SIGNALS:
        for one in verdict.findings:
            if one.check is signal.check and signal.subject in ("", one.subject):
                yield signal, one
