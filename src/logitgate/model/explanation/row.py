"""One row's path to its decision: values, contributions, log-odds, probability, threshold, outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...data.sampling.sample import row_costs
from ...decision.rule import Decision
from ...errors import DataError
from ...findings import Figure
from ...project.project import Project
from ..model import Model
from .contributions import explain


def explain_row(
    model: Model, design_means: tuple[float, ...], found: pd.DataFrame, project: Project, row: str
) -> dict[str, Any]:
    """Explain the decision about the one row that was found with this id.

    Returns
    -------
    dict
        Plain values. `base` and the contributions of the features add up to `log_odds`. `values` are the
        features as the model reads them, `outcome` is what the table has as the outcome: None where that is
        missing, or the table has no such column.

    Raises
    ------
    DataError
        When no row, or more than one, has this id, or the table lacks what the model needs.
    """
    if len(found) != 1:
        raise DataError(
            project.columns.row_id,
            f"{len(found)} rows have the id that was asked for",
            "give the id of one row",
        )
    costs = row_costs(found, model.costs, np.array([row], dtype=object))
    decision = Decision.by(model.rule, model.probability(found), costs)
    read = model.brought(found)[list(model.features.all)]
    explained = explain(model.pipeline, read, design_means)
    outcome = project.outcome.column
    threshold = float(decision.threshold[0])
    return {
        "id": row,
        "values": {name: plain(read[name].iloc[0]) for name in read},
        "contributions": dict(explained.contributions),
        "base": explained.base,
        "log_odds": explained.log_odds,
        "probability": float(decision.probability[0]),
        "threshold": threshold if np.isfinite(threshold) else None,
        "rule": model.rule.name,
        "flagged": bool(decision.flagged[0]),
        "cost_if_flagged": float(decision.cost_if_flagged[0]),
        "cost_if_passed": float(decision.cost_if_passed[0]),
        "outcome": plain(found[outcome].iloc[0]) if outcome in found else None,
        "unit": project.costs.unit,
    }


def plain(value: object) -> Figure:
    """Return the value of a cell as JSON has it; None where it is missing.

    Examples
    --------
    >>> plain(np.float64(1.5)), plain(np.nan), plain(np.int64(3)), plain(np.bool_(True)), plain("west")
    (1.5, None, 3, True, 'west')
    """
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    number = value.item() if isinstance(value, np.generic) else value
    return number if isinstance(number, (bool, int, float, str)) else str(number)
