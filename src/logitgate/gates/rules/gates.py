"""The gates: from evidence to findings that can stop a promotion.

Gates of gain (baselines, a new recipe against the champion) say PASS only where the gain is proven; FAIL
means that the opposite is proven, INDETERMINATE that neither is. Gates of harm (calibration, slices, a
refresh) say FAIL where harm is proven. What is missing or NaN never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from ...catalogue import Check
from ...decision.costs import IntArray
from ...evaluation.comparisons.comparison import Paired
from ...evaluation.comparisons.recalibrated import Regret
from ...evaluation.comparisons.words import amount, bound, cheaper
from ...evaluation.estimates import Estimate, proves_below, proves_inside
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import mean_interval
from ...evaluation.probabilities.calibration import Calibration
from ...findings import Figure, Finding, Status
from ...project.gates import CalibrationGate, Gates
from .slice_harm import SliceHarm

LAST_BLOCK = "last block"
"""Subject of the veto of the newest block."""
FEWEST_EVENTS = 20
"""Below so many events, or other rows, calibration cannot be judged."""


def too_few(y: IntArray) -> Finding | None:
    """Return the finding that calibration cannot be judged on so few events; None where it can."""
    events = int(y.sum())
    if min(events, len(y) - events) >= FEWEST_EVENTS:
        return None
    because = (
        f"{events} events in {len(y)} judged rows; calibration needs {FEWEST_EVENTS} events and as many "
        "other rows: give more rows or a longer split.window"
    )
    figures = {"events": events, "n": len(y), "limit": FEWEST_EVENTS}
    return Finding(Check.CALIBRATION, "events", Status.INDETERMINATE, because, figures)


def calibration(in_the_large: Estimate, slope: Estimate, regret: Regret, declared: Gates) -> list[Finding]:
    """Stop where miscalibration beyond the margins, or decisions that cost more because of it, are proven.

    Parameters
    ----------
    in_the_large : Estimate
        In log-odds.
    slope : Estimate
    regret : Regret
    declared : Gates
        Margins of calibration, and the events that a proof of a cost takes.
    """
    gate = declared.calibration
    limit = gate.in_the_large
    return [
        _interval_finding("calibration_in_the_large", in_the_large, -limit, limit),
        _interval_finding("slope", slope, *gate.slope),
        _regret(regret, declared.discordant_events),
    ]


def _regret(regret: Regret, least: float) -> Finding:
    """FAIL where a cost is proven, which takes events: a few flags too many always cost more than no miss."""
    status = Status.PASS
    if not np.isfinite(regret.mean.low):
        status = Status.INDETERMINATE
    elif regret.mean.low > 0:
        status = Status.FAIL if regret.events >= least else Status.WARN
    because = (
        f"its decisions are {cheaper(regret.mean)} per row than those of recalibrated probabilities; "
        f"effectively {regret.events:.0f} events cost differently, at least {least:g} are needed for a proof"
    )
    figures = {**regret.mean.figures("regret"), "effective_events": regret.events, "limit": least}
    return Finding(Check.CALIBRATION, "regret of decisions", status, because, figures)


def beside_champion(
    found: list[Finding], version: int, difference: Estimate, log_loss: Estimate
) -> list[Finding]:
    """Stop for harm only where the challenger is proven worse calibrated than the champion on the same rows.

    In a world that has changed both are off, and the fresher one is usually less so. A champion that knows
    nothing of the new world may be nearly calibrated; a log loss that is proven lower than its own has the
    challenger's miscalibration in it.

    Parameters
    ----------
    found : list of Finding
        Of `calibration`.
    version : int
        The champion's.
    difference : Estimate
        Mean of the challenger's miscalibration less the champion's, in nats per row: log loss less that of
        cross-fitted recalibrated probabilities.
    log_loss : Estimate
        Mean of the challenger's log loss less the champion's, in nats per row.
    """
    is_worse, is_likelier = difference.low > 0, log_loss.high < 0
    if (is_worse and not is_likelier) or not any(one.status is Status.FAIL for one in found):
        return found
    because = f"not proven worse calibrated than version {version}: {_signed(difference)} nats per row"
    if is_worse:
        because = f"its log loss is proven lower than version {version}'s: {_signed(log_loss)} nats per row"
    compared = Finding(
        Check.CALIBRATION, f"beside version {version}", Status.PASS, because, difference.figures("difference")
    )
    softened = [replace(one, status=Status.WARN) if one.status is Status.FAIL else one for one in found]
    return [*softened, compared]


def near_threshold(found: Calibration | None, gate: CalibrationGate) -> list[Finding]:
    """Warn where miscalibration beyond the margin is proven among the rows that decisions turn on.

    It does not stop a promotion: what wrong decisions cost is asked of the baselines and the champion.
    None, too few rows to tell, is no reason to warn.
    """
    if found is None or _beyond(found.in_the_large, gate) == 0:
        return []
    because = (
        f"{_said_and_seen(found)} where decisions are close; calibration-in-the-large "
        f"{_spanned(found.in_the_large)} lies outside [{-gate.in_the_large:.3g}, {gate.in_the_large:.3g}]"
    )
    figures = found.in_the_large.figures("in_the_large")
    return [Finding(Check.CALIBRATION, "near the threshold", Status.WARN, because, figures)]


def calibrated_slices(found: Mapping[str, Calibration], gate: CalibrationGate) -> list[Finding]:
    """Warn, once, where miscalibration beyond the margin is proven in slices; name the worst.

    Each slice by its own 95 % interval, so one in forty that lie just at the margin is named by chance;
    what stops a promotion is proven harm.
    """
    beyond = {name: _beyond(part.in_the_large, gate) for name, part in found.items()}
    named = sorted((name for name in beyond if beyond[name]), key=lambda name: -beyond[name])
    if not named:
        return []
    because = (
        f"{len(named)} of {len(found)} lie outside [{-gate.in_the_large:.3g}, {gate.in_the_large:.3g}] of "
        f"calibration-in-the-large; the worst is {named[0]}: {_said_and_seen(found[named[0]])}"
    )
    figures = {"beyond": len(named), **found[named[0]].in_the_large.figures("in_the_large")}
    return [Finding(Check.CALIBRATION, "slices", Status.WARN, because, figures)]


def _beyond(interval: Estimate, gate: CalibrationGate) -> float:
    """Return how far outside the margin the interval begins; 0 where it reaches inside or is undefined."""
    distance = max(interval.low, -interval.high) - gate.in_the_large
    return distance if distance > 0 else 0.0


def _said_and_seen(found: Calibration) -> str:
    return f"{found.said:.1%} were said and {found.observed:.1%} of {found.n} rows are events"


def baseline(name: str, paired: Paired) -> Finding:
    """Demand that the model is proven to cost less per row than a rule that needs no feature."""
    return Finding(
        Check.BASELINES,
        name,
        proves_below(paired.upper, paired.difference.low, 0.0),
        f"{cheaper(paired.difference)} per row than {name}; {bound(paired.upper)}",
        {**paired.figures(), "limit": 0.0},
    )


def last_block(newest: Scored, name: str, rule: Scored, margin: float) -> Finding:
    """Stop where the newest block alone speaks against the model: a world that changed shows there first.

    Parameters
    ----------
    newest, rule : Scored
        The model and the better of flag-none and flag-all on the last block.
    name : str
        Of that rule.
    margin : float
        Share of the rule's mean cost that the point difference must stay below.
    """
    difference = mean_interval(newest.cost - rule.cost, newest.cluster)
    limit = margin * abs(float(rule.cost.mean()))
    status = Status.PASS if difference.value < limit else Status.FAIL
    because = (
        f"in the last block alone ({len(newest.y)} rows, {int(newest.y.sum())} events) it is "
        f"{cheaper(difference)} per row than {name}; it must be less than {amount(limit)} dearer"
    )
    figures: dict[str, Figure] = {
        **difference.figures("difference"),
        "limit": limit,
        "n": len(newest.y),
        "events": int(newest.y.sum()),
        "rule": name,
    }
    return Finding(Check.BASELINES, LAST_BLOCK, status, because, figures)


def slices(harms: Iterable[SliceHarm], reference: str, margin: float) -> list[Finding]:
    """Stop on slices that are proven to be harmed; one finding for each slice."""
    findings = [
        Finding(
            Check.SLICES,
            harm.name,
            harm.status,
            _said(harm, reference, margin),
            {**harm.figures(), "margin": margin},
        )
        for harm in harms
    ]
    none = Finding(Check.SLICES, "none declared", Status.PASS, "the project declares no slices")
    return findings or [none]


def critical_slices(
    harms: Iterable[SliceHarm], margins: Mapping[str, float], reference: str
) -> list[Finding]:
    """Demand from each named slice a proof that it costs no more than its margin beyond the reference.

    All of them have to pass, so that none of the proofs needs a correction for the others. Too few
    rows are no excuse here: a proof that cannot be given is INDETERMINATE.

    Parameters
    ----------
    harms : iterable of SliceHarm
        All slices of the judged rows.
    margins : mapping of str to float
        By the slice's name, the mean extra cost per row that its upper bound must stay below.
    reference : str
    """
    found = {harm.name: harm for harm in harms}
    return [_critical(name, found.get(name), margin, reference) for name, margin in margins.items()]


def _critical(name: str, harm: SliceHarm | None, margin: float, reference: str) -> Finding:
    if harm is None or harm.n == 0:
        because = "no test row is in this slice, so the proof that is demanded cannot be given"
        return Finding(Check.CRITICAL_SLICES, name, Status.INDETERMINATE, because, {"n": 0, "margin": margin})
    figures = {**harm.figures(), "margin": margin}
    if harm.status is Status.INSUFFICIENT:
        because = f"{harm.n} rows with {harm.events} events are too few for the proof that is demanded"
        return Finding(Check.CRITICAL_SLICES, name, Status.INDETERMINATE, because, figures)
    because = (
        f"{cheaper(harm.difference)} per row than the {reference}; {bound(harm.upper)}, "
        f"and less than {amount(margin)} dearer must be proven"
    )
    status = proves_below(harm.upper, harm.difference.low, margin)
    return Finding(Check.CRITICAL_SLICES, name, status, because, figures)


def _said(harm: SliceHarm, reference: str, margin: float) -> str:
    if harm.status is Status.INSUFFICIENT:
        return f"{harm.n} rows with {harm.events} events are too few to tell"
    proof = {
        Status.PASS: "no harm beyond {} is proven",
        Status.FAIL: "harm beyond {} is proven",
        Status.INDETERMINATE: "harm beyond {} cannot be judged",
    }[harm.status].format(f"{margin:.4g}")
    return f"{cheaper(harm.difference)} per row than the {reference}; {proof}"


def _interval_finding(name: str, interval: Estimate, low: float, high: float) -> Finding:
    """FAIL wholly outside the margins, WARN where it reaches outside, INDETERMINATE without an interval."""
    words = name.replace("_", "-")
    status = proves_inside(interval, low, high)
    because = f"{words} {_spanned(interval)}; margins [{low:.3g}, {high:.3g}]"
    if status is Status.INDETERMINATE and np.isfinite(interval.low) and np.isfinite(interval.high):
        status = Status.WARN
        because += f"; proven is [{interval.low:.3g}, {interval.high:.3g}]"
    figures = {**interval.figures(name), "margin_low": low, "margin_high": high}
    return Finding(Check.CALIBRATION, words, status, because, figures)


def _signed(difference: Estimate) -> str:
    return f"{difference.value:+.4g} [{difference.low:+.4g}, {difference.high:+.4g}]"


def _spanned(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
