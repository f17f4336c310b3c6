"""Simpler models: what the model is worth beyond each, and which one to propose where that is unproven.

Costs decide; log loss and AUC are shown beside them. Source: Obuchowski (1997) for the AUCs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..evaluation.comparison import Paired, paired
from ..evaluation.delong import delong
from ..evaluation.evaluate import Scored
from ..evaluation.intervals import Estimate, mean_interval, proves_below
from ..evaluation.metrics import log_losses
from ..evidence_table import Exhibit
from ..findings import Figure, Finding, Status

CHECK = "baselines"


def same_model(one: Scored, other: Scored) -> bool:
    """Whether two models give every row the same probability and the same decision, to the last bit."""
    return bool(
        np.array_equal(one.decision.probability, other.decision.probability)
        and np.array_equal(one.decision.flagged, other.decision.flagged)
    )


def itself(name: str) -> Finding:
    """Record that the model is this simpler one, so that there is nothing simpler to propose in its place."""
    because = f"the model is the {name} model itself: nothing more complex is to be justified"
    return Finding(CHECK, name, Status.PASS, because)


def proposals(scored: Scored, baselines: Mapping[str, Scored], alpha: float) -> list[Finding]:
    """Propose each simpler model that the model is not proven to beat: one finding each, or a single PASS.

    The gates stop where a margin is broken; a proposal never does more than warn.

    Parameters
    ----------
    scored : Scored
    baselines : mapping of name to Scored
        On the same rows.
    alpha : float
    """
    rivals = {name: other for name, other in baselines.items() if not same_model(scored, other)}
    found = [_proposed(name, other, paired(scored, other, alpha)) for name, other in rivals.items()]
    kept = [one for one in found if one is not None]
    if kept:
        return kept
    because = "cheaper than every simpler model, each by its own paired interval"
    return [Finding(CHECK, "proposal", Status.PASS, because)]


def _proposed(name: str, other: Scored, compared: Paired) -> Finding | None:
    difference = compared.difference
    if proves_below(compared.upper, difference.low, 0.0) is Status.PASS:
        return None
    cost = float(other.cost.mean())
    worth = "cheaper" if difference.low > 0 else "not proven to be dearer"
    because = (
        f"propose the {name} model: {worth}, and simpler; it costs {cost:.4g} per row, and the model "
        f"{difference.value:+.4g} [{difference.low:+.4g}, {difference.high:+.4g}] beside it"
    )
    figures = {"cost": cost, **compared.figures()}
    return Finding(CHECK, f"proposal: {name}", Status.WARN, because, figures)


def baseline_exhibit(scored: Scored, baselines: Mapping[str, Scored]) -> Exhibit:
    """Return each model's cost, savings, log loss and AUC, and the model's differences with intervals."""
    rows = [_row("the model", scored)]
    rows += [_row(name, other) | _beside(scored, other) for name, other in baselines.items()]
    note = (
        "Differences are the model's figure less the row's on the same test rows, with 95 % intervals over "
        "the clusters. Savings are against the better of flag-none and flag-all, their cost taken as known."
    )
    return Exhibit(CHECK, "The model and the simpler ones", tuple(rows), note)


def _row(name: str, scored: Scored) -> dict[str, Figure]:
    y, probability = scored.y, scored.decision.probability
    cost, reference = float(scored.cost.mean()), _reference(scored)
    return {
        "model": name,
        "cost": cost,
        "savings": 1 - cost / reference if reference > 0 else None,
        "log_loss": float(log_losses(y, probability).mean()),
        "auc": delong(y, probability, probability).first,
    }


def _beside(scored: Scored, other: Scored) -> dict[str, Figure]:
    one, two = (log_losses(rows.y, rows.decision.probability) for rows in (scored, other))
    cost = mean_interval(scored.cost - other.cost, scored.cluster)
    probabilities = scored.decision.probability, other.decision.probability
    figures: dict[str, Figure] = {**cost.figures("cost_difference")}
    reference = _reference(scored)
    if reference > 0:
        savings = Estimate(-cost.value / reference, -cost.high / reference, -cost.low / reference)
        figures |= savings.figures("savings_difference")
    figures |= mean_interval(one - two, scored.cluster).figures("log_loss_difference")
    ranked = delong(scored.y, *probabilities, scored.cluster).difference
    return figures | ranked.figures("auc_difference")


def _reference(scored: Scored) -> float:
    """Return the mean cost of the better of flag-none and flag-all."""
    flags = (np.full(len(scored.y), every) for every in (False, True))
    return min(float(scored.costs.of(scored.y, flag).mean()) for flag in flags)
