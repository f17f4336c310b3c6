"""The gates: from evidence to findings that can stop a promotion.

Each gate asks for a proof and says PASS only when the proof is there. FAIL means that the opposite
is proven, INDETERMINATE that neither is; what is missing or NaN is never a proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..decision.expressions import FloatArray
from ..evaluation.calibration import Calibration
from ..evaluation.comparison import Paired
from ..evaluation.evaluate import Scored
from ..evaluation.intervals import Estimate, mean_interval, proves_below, proves_inside, upper_bound
from ..findings import Finding, Status
from ..project.gates import CalibrationGate, Gates
from .slice_harm import SliceHarm

REQUIRED = (
    "rows",
    "contract",
    "leakage",
    "shifts",
    "baselines",
    "calibration",
    "slices",
    "behaviour",
    "champion",
    "self-test",
    "coefficients",
    "stability",
)


def calibration(in_the_large: Estimate, slope: Estimate, gate: CalibrationGate) -> list[Finding]:
    """Demand that calibration-in-the-large and slope lie within their margins."""
    limit = gate.in_the_large
    return [
        _interval_finding("calibration_in_the_large", in_the_large, -limit, limit),
        _interval_finding("slope", slope, *gate.slope),
    ]


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
    return [Finding("calibration", "near the threshold", Status.WARN, because, figures)]


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
    return [Finding("calibration", "slices", Status.WARN, because, figures)]


def _beyond(interval: Estimate, gate: CalibrationGate) -> float:
    """Return how far outside the margin the interval begins; 0 where it reaches inside or is undefined."""
    distance = max(interval.low, -interval.high) - gate.in_the_large
    return distance if distance > 0 else 0.0


def _said_and_seen(found: Calibration) -> str:
    return f"{found.said:.1%} were said and {found.observed:.1%} of {found.n} rows are events"


def baseline(name: str, paired: Paired, limit: float) -> Finding:
    """Demand that the model costs less per row than a simpler one (by more than minus the limit)."""
    return Finding(
        "baselines",
        name,
        proves_below(paired.upper, paired.difference.low, limit),
        f"costs {_signed(paired.difference)} per row against the {name} model; the upper bound "
        f"{paired.upper:+.4g} must be below {limit:.4g}",
        {**paired.figures(), "limit": limit},
    )


def log_loss(difference: FloatArray, scored: Scored, alpha: float) -> Finding:
    """Demand a log loss that is lower than the prior's.

    Parameters
    ----------
    difference : array of shape (n,)
        Log loss of the model minus log loss of the prior, per row.
    scored : Scored
        The rows, for their clusters.
    alpha : float
    """
    interval = mean_interval(difference, scored.cluster)
    upper = upper_bound(difference, scored.cluster, alpha)
    because = (
        f"log loss {_signed(interval)} against the prior model; the upper bound {upper:+.4g} must be below 0"
    )
    figures = {**interval.figures("difference"), "upper": upper}
    return Finding("baselines", "log loss", proves_below(upper, interval.low, 0.0), because, figures)


def champion(version: int, paired: Paired, gates: Gates) -> list[Finding]:
    """Demand a proven gain over the model in production, on enough events that are decided differently."""
    subject, limit = f"version {version}", 0.0 - gates.minimum_gain
    enough = paired.effective_events >= gates.discordant_events
    return [
        Finding(
            "champion",
            subject,
            proves_below(paired.upper, paired.difference.low, limit),
            f"costs {_signed(paired.difference)} per row against the champion; the upper bound "
            f"{paired.upper:+.4g} must be below {limit:.4g}",
            {**paired.figures(), "limit": limit},
        ),
        Finding(
            "champion",
            f"{subject}: events decided differently",
            Status.PASS if enough else Status.INDETERMINATE,
            f"effectively {paired.effective_events:.0f} events cost differently, at least "
            f"{gates.discordant_events:g} are needed to tell",
            {"effective_events": paired.effective_events, "limit": gates.discordant_events},
        ),
    ]


def first_release() -> Finding:
    """Record that no model is in production yet, so that the baselines alone are to be beaten."""
    return Finding(
        "champion", "first release", Status.PASS, "no model is in production yet; the baselines decide"
    )


def champion_unjudged(version: int, reason: str) -> Finding:
    """Record that the champion could not be judged on these rows."""
    return Finding(
        "champion", f"version {version}", Status.INDETERMINATE, f"the champion cannot be judged: {reason}"
    )


def slices(harms: Iterable[SliceHarm], reference: str, margin: float) -> list[Finding]:
    """Stop on slices that are proven to be harmed; one finding for each slice."""
    findings = [
        Finding(
            "slices",
            harm.name,
            harm.status,
            _said(harm, reference, margin),
            {**harm.figures(), "margin": margin},
        )
        for harm in harms
    ]
    none = Finding("slices", "none declared", Status.PASS, "the project declares no slices")
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
        All slices of the test rows.
    margins : mapping of str to float
        By the slice's name, the mean extra cost per row that its upper bound must stay below.
    reference : str
    """
    found = {harm.name: harm for harm in harms}
    return [_critical(name, found.get(name), margin, reference) for name, margin in margins.items()]


def _critical(name: str, harm: SliceHarm | None, margin: float, reference: str) -> Finding:
    if harm is None or harm.n == 0:
        because = "no test row is in this slice, so the proof that is demanded cannot be given"
        return Finding("critical slices", name, Status.INDETERMINATE, because, {"n": 0, "margin": margin})
    figures = {**harm.figures(), "margin": margin}
    if harm.status is Status.INSUFFICIENT:
        because = f"{harm.n} rows with {harm.events} events are too few for the proof that is demanded"
        return Finding("critical slices", name, Status.INDETERMINATE, because, figures)
    because = (
        f"costs {_signed(harm.difference)} per row against the {reference}; the upper bound "
        f"{harm.upper:+.4g} must be below {margin:.4g}"
    )
    status = proves_below(harm.upper, harm.difference.low, margin)
    return Finding("critical slices", name, status, because, figures)


def _said(harm: SliceHarm, reference: str, margin: float) -> str:
    if harm.status is Status.INSUFFICIENT:
        return f"{harm.n} rows with {harm.events} events are too few to tell"
    proof = {
        Status.PASS: "no harm beyond {} is proven",
        Status.FAIL: "harm beyond {} is proven",
        Status.INDETERMINATE: "harm beyond {} cannot be judged",
    }[harm.status].format(f"{margin:.4g}")
    return f"costs {_signed(harm.difference)} per row against the {reference}; {proof}"


def _interval_finding(name: str, interval: Estimate, low: float, high: float) -> Finding:
    words = name.replace("_", "-")
    because = f"{words} {_spanned(interval)} must lie in [{low:.3g}, {high:.3g}]"
    figures = {**interval.figures(name), "margin_low": low, "margin_high": high}
    return Finding("calibration", words, proves_inside(interval, low, high), because, figures)


def _signed(difference: Estimate) -> str:
    return f"{difference.value:+.4g} [{difference.low:+.4g}, {difference.high:+.4g}]"


def _spanned(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
