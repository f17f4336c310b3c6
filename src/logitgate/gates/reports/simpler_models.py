"""Simpler recipes: which one is submitted, and what the model is worth beyond each.

Costs decide; log loss and AUC are shown beside them. Source: Obuchowski (1997) for the AUCs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...catalogue import Check
from ...decision.expressions import FloatArray
from ...evaluation.comparisons.words import cheaper
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import mean_interval, upper_bound
from ...evaluation.metrics import log_losses
from ...evaluation.ranking.delong import Ranked
from ...evidence_table import Exhibit
from ...findings import Figure, Finding, Status
from ...model.recipes.submission import Step, Submission

CHECK = Check.BASELINES


def submission_findings(submission: Submission) -> list[Finding]:
    """Report which recipe is submitted: a single PASS, or one WARN for each step to a simpler one."""
    taken = [step for step in submission.steps if step.taken]
    if not taken:
        because = f"{submission.name} is submitted: no simpler recipe does as well"
        return [Finding(CHECK, "submission", Status.PASS, because, {"submitted": submission.name})]
    return [_step(one, submission.name) for one in taken]


def _step(step: Step, submitted: str) -> Finding:
    difference = step.compared.difference
    because = (
        f"{step.simpler} is submitted in place of {step.recipe}, which is not proven better: it is "
        f"{cheaper(difference)} per row than that"
    )
    figures: dict[str, Figure] = {**step.compared.figures(), "submitted": submitted, "simpler": step.simpler}
    return Finding(CHECK, f"submission: {step.recipe}", Status.WARN, because, figures)


def against_prior(scored: Scored, prior: Scored, alpha: float) -> Finding:
    """Compare the log loss with the prior's; costs decide, so a loss that is not proven lower only warns."""
    difference = _losses(scored) - _losses(prior)
    interval, upper = (
        mean_interval(difference, scored.cluster),
        upper_bound(difference, scored.cluster, alpha),
    )
    status = Status.PASS if upper < 0 else Status.WARN
    because = (
        f"log loss {interval.value:+.4g} [{interval.low:+.4g}, {interval.high:+.4g}] against the prior; "
        f"proven lower where the upper bound {upper:+.4g} is below 0"
    )
    return Finding(CHECK, "log loss", status, because, {**interval.figures("difference"), "upper": upper})


def _losses(scored: Scored) -> FloatArray:
    return log_losses(scored.y, scored.decision.probability)


def baseline_exhibit(scored: Scored, baselines: Mapping[str, Scored]) -> Exhibit:
    """Return each model's cost, savings, log loss and AUC, and the model's differences with intervals."""
    own = _ranked(scored)
    rows = [_row("the model", scored, own)]
    for name, other in baselines.items():
        ranked = _ranked(other)
        row = _row(name, other, ranked) | _beside(scored, other)
        rows.append(row | {**own.less(ranked, scored.cluster).difference.figures("auc_difference")})
    note = (
        "Differences are the model's figure less the row's on the same judged rows, with 95 % intervals over "
        "the clusters. Savings are against the better of flag-none and flag-all, their cost taken as known."
    )
    return Exhibit(CHECK, "The model and the simpler ones", tuple(rows), note)


def _ranked(scored: Scored) -> Ranked:
    return Ranked.of(scored.y, scored.decision.probability)


def _row(name: str, scored: Scored, ranked: Ranked) -> dict[str, Figure]:
    y, probability = scored.y, scored.decision.probability
    cost, reference = float(scored.cost.mean()), _reference(scored)
    return {
        "model": name,
        "cost": cost,
        "savings": 1 - cost / reference if reference > 0 else None,
        "log_loss": float(log_losses(y, probability).mean()),
        "auc": ranked.auc,
    }


def _beside(scored: Scored, other: Scored) -> dict[str, Figure]:
    one, two = (log_losses(rows.y, rows.decision.probability) for rows in (scored, other))
    cost = mean_interval(scored.cost - other.cost, scored.cluster)
    figures: dict[str, Figure] = {**cost.figures("cost_difference")}
    reference = _reference(scored)
    if reference > 0:
        savings = Estimate(-cost.value / reference, -cost.high / reference, -cost.low / reference)
        figures |= savings.figures("savings_difference")
    return figures | mean_interval(one - two, scored.cluster).figures("log_loss_difference")


def _reference(scored: Scored) -> float:
    """Return the mean cost of the better of flag-none and flag-all."""
    flags = (np.full(len(scored.y), every) for every in (False, True))
    return min(float(scored.costs.of(scored.y, flag).mean()) for flag in flags)
