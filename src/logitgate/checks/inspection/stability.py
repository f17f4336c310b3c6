"""Stability of the fit: the same rows in another order must give the same model.

The solver draws no random numbers, so a second seed can change one thing only: the order in which the rows
arrive. One refit under a permutation drawn from a seed of its own therefore covers both.
"""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import Pipeline

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...errors import DataError, FitError
from ...findings import Figure, Finding, Status
from ...model.fitting.fit import fit
from ...model.fitting.fitted import Fitted, column_names
from ...model.train import FittedModel
from ...project.project import Project

CHECK = Check.STABILITY
_ROWS = 5_000
_TOLERANCE = 1e-6
"""Log-odds that agree this well move no probability by more than 2.5e-7."""


def stability(fitted: Fitted, shipped: FittedModel, project: Project) -> Finding:
    """Fit once more to the permuted training rows, preprocessing included, and compare.

    Parameters
    ----------
    fitted : Fitted
        The final fit, to the rows in their own order.
    shipped : FittedModel
    project : Project

    Returns
    -------
    Finding
        FAIL where the columns differ, where a coefficient moves by more than 1e-6 of the largest (or of 1,
        if that is more), where the log-odds move by more than 1e-6 in one of up to 5,000 training rows, or
        where the rows cannot be fitted in the other order.
    """
    rows, choice = shipped.rows, shipped.decided.candidate.choice
    order = np.random.default_rng((project.split.seed, 1)).permutation(len(rows))
    try:
        again = fit(
            choice,
            rows.frame[list(shipped.model.features.all)].iloc[order],
            fitted.y[order],
            shipped.model.features,
            project.search,
            signs=project.gates.signs,
            whole=shipped.whole,
        )
    except (DataError, FitError) as error:
        because = f"the same rows in another order cannot be fitted: {error}"
        return Finding(CHECK, "permuted rows", Status.FAIL, because)
    columns = column_names(again[0])
    if columns != fitted.columns[:-1]:
        differing = sorted(set(columns) ^ set(fitted.columns[:-1]))
        because = f"the same rows in another order give other columns: {len(differing)} differ"
        return Finding(CHECK, "permuted rows", Status.FAIL, because, {"columns": len(differing)})
    return _compared(fitted, again, rows)


def _compared(fitted: Fitted, again: Pipeline, train: Sample) -> Finding:
    weights = np.append(again[-1].coef_[0], again[-1].intercept_[0])
    scale = max(1.0, float(np.abs(fitted.weights).max()))
    moved = _largest(weights - fitted.weights) / scale
    rows = np.unique(np.linspace(0, len(train) - 1, _ROWS).astype(np.int64))
    scores = again.decision_function(train.frame[list(again[0].feature_names_in_)].iloc[rows])
    apart = _largest(scores - fitted.scores[rows])
    agrees = moved <= _TOLERANCE and apart <= _TOLERANCE
    because = (
        f"the same rows in another order move no coefficient by more than {moved:.1e} of the largest and no "
        f"log-odds by more than {apart:.1e}; at most {_TOLERANCE:.0e} each"
    )
    figures: dict[str, Figure] = {"coefficients": moved, "log_odds": apart, "limit": _TOLERANCE}
    return Finding(CHECK, "permuted rows", Status.PASS if agrees else Status.FAIL, because, figures)


def _largest(difference: FloatArray) -> float:
    return float(np.abs(difference).max())
