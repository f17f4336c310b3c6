"""Whether the probabilities of labelled rows are calibrated.

Calibration that is proven outside its margin is a FAIL, whatever the reference was. A reference that does not
prove to be inside the margin itself lends no limits: the window is held against 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....catalogue import Check
from ....findings import Finding, Status
from ....project.project import Project
from ..control_limits import Chunks, ControlLimits, Side
from .figures import EXCESS, Realised
from .sentences import limited, spanned

CALIBRATION = Check.CALIBRATION

_WORDS = {
    EXCESS: "observed less expected events",
    "in_the_large": "calibration-in-the-large",
    "slope": "slope",
}


def calibration_findings(
    whole: Realised, window: Chunks, reference: Chunks, project: Project
) -> list[Finding]:
    """Return one finding for each of three figures, each at alpha/3."""
    alpha = project.gates.alpha / 3
    findings = []
    for name in (EXCESS, "in_the_large", "slope"):
        value, limits = window.mean(name), reference.limits(name, alpha, window)
        margin = _Margin.of(name, whole, project)
        sound = is_sound(reference, name, project)
        status = _status(limits.side(value), margin) if sound else margin.alone
        trust = "" if sound else "; the reference itself is not proven to keep its margin"
        because = f"{_WORDS[name]} {limited(value, limits)}{'' if name == EXCESS else margin.text}{trust}"
        figures = {**whole.figures(), f"chunk_{name}": value, "chunks": window.count, **limits.figures()}
        findings.append(Finding(CALIBRATION, _WORDS[name], status, because, figures))
    return findings


@dataclass(frozen=True, slots=True)
class _Margin:
    """The project's own margin, applied to a figure over all rows."""

    text: str
    missed: bool
    """Whether the value itself is not inside; also when it is undefined."""
    beyond: bool
    """Whether that is proven: the rows are enough and the whole interval is outside."""
    enough: bool
    excludes: bool
    """Whether the interval excludes perfect calibration: 0 in the large, and a slope of 1."""

    @classmethod
    def of(cls, name: str, whole: Realised, project: Project) -> _Margin:
        """Compare the slope, or calibration-in-the-large, with its margin."""
        gate, least = project.gates.calibration, project.slices
        low, high = gate.slope if name == "slope" else (-gate.in_the_large, gate.in_the_large)
        interval = whole.slope if name == "slope" else whole.in_the_large
        enough = whole.n >= least.minimum_rows
        enough = enough and min(whole.events, whole.n - whole.events) >= least.minimum_events
        outside = interval.low > high or interval.high < low
        perfect = 1.0 if name == "slope" else 0.0
        return cls(
            f"; over all {whole.n} rows with {whole.events} events "
            f"{'the slope' if name == 'slope' else 'calibration-in-the-large'} is {spanned(interval)}, its "
            f"margin [{low:.3g}, {high:.3g}]",
            not low <= interval.value <= high,
            enough and outside and name != EXCESS,
            enough,
            not interval.low <= perfect <= interval.high,
        )

    @property
    def alone(self) -> Status:
        """What it says without a reference."""
        if self.beyond:
            return Status.FAIL
        if not self.enough:
            return Status.INSUFFICIENT
        return Status.WARN if self.excludes else Status.PASS


def _status(side: Side, margin: _Margin) -> Status:
    if margin.beyond:
        return Status.FAIL
    match side:
        case "unknown":
            return Status.INSUFFICIENT
        case "inside":
            return Status.PASS
        case _:
            return Status.FAIL if margin.missed else Status.WARN


def is_sound(reference: Chunks, name: str, project: Project) -> bool:
    """Return whether a reference is proven to keep the margin of a figure of calibration, on average."""
    gate = project.gates.calibration
    low, high = gate.slope if name == "slope" else (-gate.in_the_large, gate.in_the_large)
    figure = "slope" if name == "slope" else "in_the_large"
    mean = ControlLimits.of_mean(reference.figures.get(figure, ()), project.gates.alpha)
    return low <= mean.low <= mean.high <= high
