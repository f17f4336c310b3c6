"""What each feature is worth: what decisions cost more without it, on the test rows.

Each reduced model has the chosen form and C, is fitted to the same rows, recalibrated and given a threshold
of its own as the model was. The differences are paired by row and clustered; Holm's correction holds
them to one error rate together. Source: Lei et al. (2018) for leaving one covariate out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ...data.sample import Sample
from ...data.split import Split
from ...decision.costs import CostMatrix
from ...decision.expressions import FloatArray
from ...decision.rule import Decision
from ...evaluation.cox import fit_cox
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import Estimate, Means, holm, mean_interval
from ...evaluation.metrics import log_losses
from ...evidence_table import Exhibit
from ...findings import Finding, Status
from ...model.design import source_of
from ...model.model import Model
from ...model.threshold import choose_rule
from .leave_one_out import Dropped

CHECK = "features"


@dataclass(frozen=True, slots=True)
class Worth:
    """What a model costs more without one feature; below zero it is cheaper without."""

    feature: str
    columns: int
    cost: Estimate
    """Cost per row without the feature less the cost with it."""
    log_loss: Estimate
    p_value: float
    """One-sided, of the cost being no higher without it; Holm's over all features."""


def worths(model: Model, scored: Scored, dropped: Dropped, split: Split) -> list[Worth]:
    """Judge each reduced model on the test rows beside the model itself, the dearest loss first.

    Parameters
    ----------
    model : Model
    scored : Scored
        The model on the test rows.
    dropped : Dropped
        From `without_each`.
    split : Split
    """
    others = _scored(model, dropped, split)
    differences = [other.cost - scored.cost for other in others]
    p_values = holm(np.array([_p_value(one, scored) for one in differences]))
    own = log_losses(scored.y, scored.decision.probability)
    sources = source_of(model.pipeline[0])
    found = [
        Worth(
            feature,
            sum(feature in source for source in sources),
            mean_interval(differences[place], scored.cluster),
            mean_interval(log_losses(scored.y, others[place].decision.probability) - own, scored.cluster),
            float(p_values[place]),
        )
        for place, feature in enumerate(dropped.features)
    ]
    return sorted(found, key=lambda one: -one.cost.value)


def worth_evidence(found: list[Worth], alpha: float) -> tuple[Finding, Exhibit]:
    """Return the features that are not proven to earn their place, which warns at most, and the table."""
    idle = [one.feature for one in found if not one.p_value <= alpha]
    rows = tuple(
        {
            "feature": one.feature,
            "columns": one.columns,
            **one.cost.figures("cost_without"),
            **one.log_loss.figures("log_loss_without"),
            "p_value": one.p_value,
            "earns_its_place": "proven" if one.p_value <= alpha else "not proven",
        }
        for one in found
    )
    note = (
        "What decisions cost more per row, and the log loss, when the feature is dropped and the rest is "
        "fitted anew. p-values are Holm's over all features. Features that stand in for each other are "
        "worth little alone."
    )
    because = f"not proven to earn their place: {', '.join(idle)}" if idle else "each earns its place"
    status = Status.WARN if idle else Status.PASS
    figures = {"features": len(found), "not_proven": len(idle), "alpha": alpha}
    table = Exhibit(CHECK, "What features are worth", rows, note)
    return Finding(CHECK, "worth", status, because, figures), table


def _scored(model: Model, dropped: Dropped, split: Split) -> list[Scored]:
    layout, costs = model.pipeline[0], model.costs
    log_odds = [_log_odds(layout, rows, dropped) for rows in (split.calibrate, split.threshold, split.test)]
    places = range(len(dropped.features))
    return [_decided([part[:, place] for part in log_odds], split, costs) for place in places]


def _log_odds(layout: object, rows: Sample, dropped: Dropped) -> FloatArray:
    matrix = layout.transform(rows.frame[list(layout.feature_names_in_)])  # type: ignore[attr-defined]
    return np.asarray(matrix @ dropped.weights[:-1] + dropped.weights[-1], dtype=np.float64)


def _decided(log_odds: list[FloatArray], split: Split, costs: CostMatrix) -> Scored:
    """Recalibrate and choose the threshold of one reduced model on the parts kept for that."""
    calibrate, threshold, test = log_odds
    with np.errstate(invalid="ignore"):
        change = fit_cox(split.calibrate.y.astype(np.int64), calibrate)
    if np.isfinite(change.slope) and change.slope > 0:
        threshold, test = (change.intercept + change.slope * part for part in (threshold, test))
    rule = choose_rule(expit(threshold), split.threshold.y, split.threshold.row_costs(costs)).rule
    row_costs = split.test.row_costs(costs)
    decision = Decision.by(rule, expit(test), row_costs)
    return Scored(split.test.y.astype(np.int64), decision, row_costs, split.test.cluster)


def _p_value(difference: FloatArray, scored: Scored) -> float:
    group = np.zeros(len(difference), dtype=np.int64)
    return float(Means.of(difference, group, 1, scored.cluster).p_above(0.0)[0])
