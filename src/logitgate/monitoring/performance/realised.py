"""Realised performance on labelled rows: calibration and cost against chunks of the reference.

`reference_chunks(scored)` is made of the judged rows when a model is trained and kept in its reference
profile; `realised(scored, reference, project)` gives the findings of the checks "calibration" and "cost" of
a window, and their exhibit. A window's mean over its whole chunks is compared with the limits that follow
from the chunks of the reference (`chunks`); intervals over all rows respect the project's clusters.

Calibration that is proven outside its margin is a FAIL, whatever the reference was. A reference that does not
prove to be inside the margin itself lends no limits: the window is held against 0 and 1. Cost is judged by
what it exceeds the cost that the model itself expects of these rows; what it expects beyond the reference
is the effect of other rows, which is reported and raises no alarm.

Sources: Cox (1958) for slope and calibration-in-the-large; Hahn, Meeker (1991) for the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...catalogue import Check
from ...decision.expressions import FloatArray
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import lower_bound, mean_interval, wilson
from ...evaluation.probabilities.cox import fit_cox, log_odds
from ...evidence_table import Exhibit
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .control_limits import FEWEST_CHUNKS, Chunks, ControlLimits, Side, chunk_rows, cut
from .estimated import COST as EXPECTED_COST
from .estimated import expected_chunks, expected_cost

CALIBRATION, COST = Check.CALIBRATION, Check.COST
EXCESS = "excess_z"
"""(O - E) / sqrt(sum p (1 - p)): observed less expected events, in standard errors of calibrated rows."""
EXCESS_COST = "excess_cost"
"""Realised less expected cost per row: what the model did not foresee."""
NAMES = (EXCESS, "in_the_large", "slope", COST, EXCESS_COST)
"""The figures of a chunk."""
_WORDS = {
    EXCESS: "observed less expected events",
    "in_the_large": "calibration-in-the-large",
    "slope": "slope",
}


@dataclass(frozen=True, slots=True)
class Realised:
    """What n labelled rows show; 95 % intervals that respect the clusters, NaN where undefined."""

    n: int
    events: int
    prevalence: Estimate
    mean_prediction: float
    """Mean probability."""
    cost: Estimate
    """Mean per row."""
    excess_cost: Estimate
    """Realised less expected by the model, mean per row."""
    excess_z: float
    in_the_large: Estimate
    slope: Estimate

    @classmethod
    def of(cls, scored: Scored) -> Realised:
        """Evaluate labelled rows; without clusters the share of events has Wilson's interval."""
        n, events = len(scored.y), int(scored.y.sum())
        probability = scored.decision.probability
        cox = fit_cox(scored.y, log_odds(probability), scored.cluster)
        clustered = scored.cluster is not None
        return cls(
            n,
            events,
            mean_interval(scored.y.astype(np.float64), scored.cluster) if clustered else wilson(events, n),
            float(probability.mean()) if n else NAN,
            mean_interval(scored.cost, scored.cluster),
            mean_interval(scored.cost - _expected(scored), scored.cluster),
            excess(scored),
            cox.in_the_large_interval(),
            cox.slope_interval(),
        )

    def figures(self) -> dict[str, Figure]:
        """Return all figures flat."""
        flat: dict[str, Figure] = {
            "n": self.n,
            "events": self.events,
            "said": self.mean_prediction,
            EXCESS: self.excess_z,
        }
        for name in ("prevalence", "cost", EXCESS_COST, "in_the_large", "slope"):
            flat |= getattr(self, name).figures(name)
        return flat


def excess(scored: Scored) -> float:
    """Return (O - E) / sqrt(sum p (1 - p)); NaN where nothing could vary."""
    probability = scored.decision.probability
    spread = float(np.sqrt((probability * (1 - probability)).sum()))
    return float((scored.y - probability).sum()) / spread if spread > 0 else NAN


def _expected(scored: Scored) -> FloatArray:
    """Return what the model expects each decision to cost, shape (n,)."""
    return expected_cost(scored.decision.probability, scored.decision.flagged, scored.costs)


def realised_chunks(scored: Scored, rows: int) -> Chunks:
    """Return the figures `NAMES` of each whole chunk of labelled rows that stand in order of time."""
    everywhere = np.arange(len(scored.y))

    def figures(place: slice) -> dict[str, float]:
        part = scored.take(everywhere[place])
        cox = fit_cox(part.y, log_odds(part.decision.probability))
        return {
            EXCESS: excess(part),
            "in_the_large": cox.in_the_large,
            "slope": cox.slope,
            COST: float(part.cost.mean()),
            EXCESS_COST: float((part.cost - _expected(part)).mean()),
        }

    return cut(len(scored.y), rows, figures, NAMES)


def reference_chunks(scored: Scored, rows: int | None = None) -> Chunks:
    """Return the reference chunks of a model for later windows, with and without labels.

    Parameters
    ----------
    scored : Scored of n rows
        The judged rows, in order of time: calibrated by rows that are not among them.
    rows : int, optional
        Of a chunk; by default `chunk_rows(n)`.

    Returns
    -------
    Chunks
        The figures of `realised_chunks` and of `label_free.expected_chunks`.
    """
    size = chunk_rows(len(scored.y)) if rows is None else rows
    return realised_chunks(scored, size).plus(expected_chunks(scored.decision, scored.costs, size))


def realised(
    scored: Scored | None, reference: Chunks, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare the labelled rows of a window with the reference: the checks "calibration" and "cost".

    Calibration, each of three figures at alpha/3: FAIL where the interval over all rows is wholly beyond the
    margin of `gates.calibration`. Otherwise, with a reference that proves to be inside the margin, FAIL
    outside its limits when the value over all rows also misses the margin, WARN when it does not; with any
    other reference, WARN where the interval excludes perfect calibration. Cost: FAIL where realised less
    expected cost is above the limit of that reference at alpha/3, one-sided; WARN where there is no such
    reference and the excess is proven to be above 0.

    Parameters
    ----------
    scored : Scored, or None when no outcome has matured
        Matured rows in order of time.
    reference : Chunks
        From `reference_chunks`.
    project : Project
        For alpha, the margins of calibration and the smallest slices.
    """
    n = 0 if scored is None else len(scored.y)
    if scored is None or not n:
        because = "no row has a mature outcome"
        return [
            Finding(check, "window", Status.INSUFFICIENT, because, {"n": 0}) for check in (CALIBRATION, COST)
        ], []
    unsound = int((~((scored.decision.probability >= 0) & (scored.decision.probability <= 1))).sum())
    if unsound:
        because = f"{unsound} of {n} probabilities are missing or not in [0, 1]"
        return [
            Finding(check, "window", Status.INDETERMINATE, because, {"n": n, "unsound": unsound})
            for check in (CALIBRATION, COST)
        ], []
    reference = with_excess_cost(reference)
    whole, window = Realised.of(scored), realised_chunks(scored, reference.rows)
    excess_lower = lower_bound(scored.cost - _expected(scored), scored.cluster, project.gates.alpha)
    findings = [
        *_calibration(whole, window, reference, project),
        _cost(whole, window, reference, project, excess_lower),
    ]
    return findings, [_exhibit(whole, window, reference)]


def _calibration(whole: Realised, window: Chunks, reference: Chunks, project: Project) -> list[Finding]:
    alpha = project.gates.alpha / 3
    findings = []
    for name in (EXCESS, "in_the_large", "slope"):
        value, limits = window.mean(name), reference.limits(name, alpha, window)
        margin = _Margin.of(name, whole, project)
        sound = is_sound(reference, name, project)
        status = _status(limits.side(value), margin) if sound else margin.alone
        trust = "" if sound else "; the reference itself is not proven to keep its margin"
        because = f"{_WORDS[name]} {_limited(value, limits)}{'' if name == EXCESS else margin.text}{trust}"
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
            f"{'the slope' if name == 'slope' else 'calibration-in-the-large'} is {_spanned(interval)}, its "
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


def _cost(whole: Realised, window: Chunks, reference: Chunks, project: Project, lower: float) -> Finding:
    value, limits = window.mean(EXCESS_COST), excess_limits(reference, project.gates.alpha, window)
    side = limits.side(value) if is_sound(reference, EXCESS, project) else "unknown"
    if side == "unknown":
        is_proven = lower > 0 and whole.n >= project.slices.minimum_rows
        status = Status.WARN if is_proven else Status.INSUFFICIENT
    else:
        status = Status.FAIL if side == "above" else Status.PASS
    expected, before = whole.cost.value - whole.excess_cost.value, reference.mean(EXPECTED_COST)
    because = (
        f"realised less expected cost per row {_limited(value, limits)}; over all {whole.n} rows it is "
        f"{_spanned(whole.excess_cost)} of a cost of {_spanned(whole.cost)}"
    )
    if np.isfinite(before):
        because += f"; of these rows the model expects {expected - before:+.4g} against the reference"
    found: dict[str, Figure] = {
        **whole.figures(),
        "chunk_excess_cost": value,
        "lower": lower,
        "effect_of_rows": expected - before,
        "chunks": window.count,
        **limits.figures(),
    }
    return Finding(COST, "mean cost per row", status, because, found)


def excess_limits(reference: Chunks, alpha: float, window: Chunks) -> ControlLimits:
    """Return the limits of a window's excess cost; the upper one is left by chance with alpha/3.

    As each figure of calibration has: a version is looked at in many windows.
    """
    return with_excess_cost(reference).limits(EXCESS_COST, 2 * alpha / 3, window)


def with_excess_cost(reference: Chunks) -> Chunks:
    """Return a reference with the excess cost of its chunks; earlier versions kept what it is made of."""
    figures = reference.figures
    if EXCESS_COST in figures or not {COST, EXPECTED_COST} <= set(figures):
        return reference
    pairs = zip(figures[COST], figures[EXPECTED_COST], strict=True)
    return Chunks(reference.rows, {**figures, EXCESS_COST: tuple(one - two for one, two in pairs)})


def _limited(value: float, limits: ControlLimits) -> str:
    if not np.isfinite(value):
        return "has no whole chunk that counts"
    if limits.side(value) == "unknown":
        few = f"{limits.chunks} chunks of the reference count, {FEWEST_CHUNKS} are needed"
        return f"{value:.4g} has no limits: {few}"
    words = {"inside": "within", "above": "above", "below": "below"}[limits.side(value)]
    return f"{value:.4g} lies {words} the limits [{limits.low:.4g}, {limits.high:.4g}] of the reference"


def _spanned(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"


def _exhibit(whole: Realised, window: Chunks, reference: Chunks) -> Exhibit:
    rows: list[dict[str, Figure]] = [
        {"chunk": number, **{name: window.figures[name][number - 1] for name in NAMES}}
        for number in range(1, window.count + 1)
    ]
    rows.append({"chunk": "reference", **{name: reference.mean(name) for name in NAMES}})
    everything = {name: getattr(whole, name) for name in NAMES[1:]}
    for bound in ("value", "low", "high"):
        ends = {name: getattr(interval, bound) for name, interval in everything.items()}
        rows.append({"chunk": f"all rows: {bound}", **ends})
    note = (
        f"Chunks of {window.rows} matured rows in order of time, the partial last one left out; below them "
        "the mean of the reference's chunks and the 95 % interval over all rows."
    )
    return Exhibit("realised", "Calibration and cost with labels", tuple(rows), note)
