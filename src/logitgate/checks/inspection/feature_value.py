"""Leave-one-feature-out (LOCO) importance in cost, on the last block.

Each reduced model has the form, C, recalibration and threshold rule of the last block's model and is fitted
to the same rows. The differences are paired by row and clustered; Holm's correction holds them to one error
rate together. Source: Lei et al. (2018) for leaving one covariate out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import Means, holm, mean_interval
from ...evaluation.metrics import log_losses
from ...evidence_table import Exhibit
from ...findings import Finding, Status
from ...model.design.coded import CodedMatrix
from ...model.design.matrix import source_of
from ...model.fitting.recalibration import Recalibration
from ...model.model import Model
from .leave_one_out import Dropped

CHECK = Check.FEATURES


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


def worths(model: Model, change: Recalibration, dropped: Dropped, rows: Sample) -> list[Worth]:
    """Judge each reduced model on rows that it was not fitted to, the dearest loss first.

    Parameters
    ----------
    model : Model
    change : Recalibration
        The model's, which the reduced ones share, as they share its threshold rule.
    dropped : Dropped
        From `without_each`.
    rows : Sample
    """
    scored = model.score(rows, model.costs)
    layout = model.pipeline[0]
    matrix, sources = CodedMatrix.of(layout, rows.frame[list(layout.feature_names_in_)]), source_of(layout)
    found = []
    for feature, weights in zip(dropped.features, dropped.weights.T, strict=True):
        other = model.decide(expit(change.of(matrix.scores(weights))), rows, model.costs)
        columns = sum(feature in source for source in sources)
        found.append(_worth(feature, columns, scored, other))
    p_values = holm(np.array([one.p_value for one in found]))
    held = [replace(one, p_value=float(p_value)) for one, p_value in zip(found, p_values, strict=True)]
    return sorted(held, key=lambda one: -one.cost.value)


def _worth(feature: str, columns: int, scored: Scored, other: Scored) -> Worth:
    """Compare a model's decisions with those of the one without a feature; the p-value is its own."""
    own, without = (log_losses(one.y, one.decision.probability) for one in (scored, other))
    dearer = other.cost - scored.cost
    return Worth(
        feature,
        columns,
        mean_interval(dearer, scored.cluster),
        mean_interval(without - own, scored.cluster),
        _p_value(dearer, scored),
    )


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
        "fitted again. p-values are Holm's over all features. Features that stand in for each other are "
        "worth little alone."
    )
    because = f"not proven to earn their place: {', '.join(idle)}" if idle else "each earns its place"
    status = Status.WARN if idle else Status.PASS
    figures = {"features": len(found), "not_proven": len(idle), "alpha": alpha}
    table = Exhibit(CHECK, "What features are worth", rows, note)
    return Finding(CHECK, "worth", status, because, figures), table


def _p_value(difference: FloatArray, scored: Scored) -> float:
    group = np.zeros(len(difference), dtype=np.int64)
    return float(Means.of(difference, group, 1, scored.cluster).p_above(0.0)[0])
