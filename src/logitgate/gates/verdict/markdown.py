"""What a person reads about a verdict: a line, a Markdown table."""

from __future__ import annotations

from collections import Counter

from ...catalogue import Check
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Evaluation
from ...findings import Finding, Status, Verdict

_QUIET = {
    (Check.SLICES, Status.INSUFFICIENT): ("slices", "too few rows, events or non-events to tell"),
    (Check.SLICES, Status.PASS): ("slices", "no harm beyond the margin is proven"),
    (Check.SLICES, Status.WARN): ("slices", "harm that was declared harmless"),
    (Check.DECAY, Status.PASS): ("figures", "nothing is proven to have become worse since the release"),
    (Check.SCORE, Status.PASS): ("figures", "probabilities and flags as in the reference"),
    (Check.DRIFT, Status.PASS): ("features", "no change beyond chance and floor"),
    (Check.MISSINGNESS, Status.PASS): ("features", "no change of missing values beyond chance and floor"),
    (Check.LEVELS, Status.PASS): ("features", "no more new levels than expected"),
    (Check.ESTIMATE, Status.PASS): (
        "estimates",
        "within the limits, if the probabilities are right",
    ),
    (Check.SELF_TEST, Status.PASS): ("saboteurs", "each was refused by the gate that is meant for it"),
}
"""Findings of which there may be many, by check and status: their name, and what they have found."""


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line, with the first reason why not.

    Examples
    --------
    >>> headline(Verdict((Finding(Check.SLICES, "carrier = UA", Status.FAIL, "costs more"),)))
    'FAIL: slices of carrier = UA (costs more)'
    """
    reasons = verdict.reasons
    if not reasons:
        return f"{verdict.status}: {_counted(verdict)}"
    first = max(reasons, key=lambda finding: list(Status).index(finding.status))
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"{verdict.status}: {first.check} of {first.subject} ({first.because}){more}"


def markdown(verdict: Verdict, evaluation: Evaluation | None, unit: str) -> str:
    """Return the verdict, the figures of the judged rows and all findings as Markdown."""
    parts = [f"**{headline(verdict)}**"]
    if evaluation is not None:
        parts.append(_figures(evaluation, unit))
    rows = "\n".join(_row(finding) for finding in folded(verdict))
    parts.append(f"| status | check | subject | because |\n|---|---|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"


def description(verdict: Verdict, evaluation: Evaluation | None, unit: str) -> str:
    """Return the short Markdown that stands beside a run and a version: verdict, figures, reasons."""
    parts = [f"**{headline(verdict)}**"]
    if evaluation is not None:
        parts.append(_figures(evaluation, unit))
    if verdict.reasons:
        parts.append("\n".join(_reason(one) for one in verdict.reasons))
    return "\n\n".join(parts) + "\n"


def folded(verdict: Verdict) -> tuple[Finding, ...]:
    """Return the findings for a person: many of one quiet kind as one finding that counts them."""
    numbers = Counter((one.check, one.status) for one in verdict.findings)
    several = {kind: said for kind, said in _QUIET.items() if numbers[kind] > 1}
    kept = [one for one in verdict.findings if (one.check, one.status) not in several]
    counted = [
        Finding(kind[0], f"{numbers[kind]} {called}", kind[1], because)
        for kind, (called, because) in several.items()
    ]
    return (*kept, *counted)


def _counted(verdict: Verdict) -> str:
    counts = Counter(finding.status for finding in verdict.findings)
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def _reason(one: Finding) -> str:
    return f"- {one.status} {one.check}, {one.subject}: {one.because} ({one.check.code})"


def _row(finding: Finding) -> str:
    cells = (finding.status.value, finding.check, finding.subject, finding.because)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _figures(evaluation: Evaluation, unit: str) -> str:
    shown = {
        f"cost per row ({unit})": evaluation.cost,
        "savings": evaluation.savings,
        "log loss": evaluation.log_loss,
        "AUC": evaluation.auc,
        "calibration-in-the-large": evaluation.calibration_in_the_large,
        "calibration slope": evaluation.slope,
        "flagged": evaluation.flag_rate,
    }
    rows = "\n".join(f"| {name} | {_interval(estimate)} |" for name, estimate in shown.items())
    head = "| figure | value [95 % interval] |\n|---|---|"
    return f"{evaluation.n} judged rows, {evaluation.events} events\n\n{head}\n{rows}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"
