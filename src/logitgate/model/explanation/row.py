"""One row's path to its decision: features, contributions, log-odds, probability, threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...data.sample import row_costs
from ...decision.rule import Decision
from ...errors import DataError
from ...project.project import Project
from ..model import Model
from .contributions import explain


def explain_row(
    model: Model, design_means: tuple[float, ...], frame: pd.DataFrame, project: Project, row: str
) -> dict[str, Any]:
    """Explain the decision about the row with this id.

    Returns
    -------
    dict
        Plain values. `base` and the contributions of the features add up to `log_odds`; no value
        of the row itself is among them.

    Raises
    ------
    DataError
        When no row, or more than one, has this id, or the table lacks what the model needs.
    """
    found = frame[frame[project.columns.row_id].astype(str) == row]
    if len(found) != 1:
        raise DataError(
            project.columns.row_id,
            f"{len(found)} rows have the id that was asked for",
            "give the id of one row",
        )
    costs = row_costs(found, model.costs, np.array([row], dtype=object))
    decision = Decision.by(model.rule, model.probability(found), costs)
    explained = explain(model.pipeline, model.brought(found)[list(model.features.all)], design_means)
    threshold = float(decision.threshold[0])
    return {
        "id": row,
        "contributions": dict(explained.contributions),
        "base": explained.base,
        "log_odds": explained.log_odds,
        "probability": float(decision.probability[0]),
        "threshold": threshold if np.isfinite(threshold) else None,
        "rule": model.rule.name,
        "flagged": bool(decision.flagged[0]),
        "cost_if_flagged": float(decision.cost_if_flagged[0]),
        "cost_if_passed": float(decision.cost_if_passed[0]),
        "unit": project.costs.unit,
    }
