"""Declared directions: what must raise the log-odds, or lower them, over the range it was learned on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...model.design import source_of
from ...model.fitted import column_names
from ...project.gates import Sign
from .coefficients import CHECK

_POINTS = 41
_ROWS = 64
_QUANTILES = (0.01, 0.99)
_CURVED, _STRAIGHT = 0.01, 1e-9
"""What log-odds may move the wrong way: 1 % of the odds on a curve, rounding alone on a straight line."""


def sign_findings(pipeline: Pipeline, train: pd.DataFrame, signs: Mapping[str, Sign]) -> list[Finding]:
    """Hold the effect of each declared feature against its declared direction.

    The model is evaluated on a grid between the 1st and the 99th percentile of the feature's training
    values, all else as in 64 training rows that are spread over the whole part. Each row's curve must
    go the declared way: nowhere may it fall behind its own best by more than the tolerance. For a straight
    line without interactions that is the sign of the coefficient.

    Parameters
    ----------
    pipeline : Pipeline
        From `fit` or `recalibrate`.
    train : DataFrame of shape (n, ...)
        The training rows.
    signs : mapping of feature to "positive" or "negative"

    Returns
    -------
    list of Finding
        One for each feature; INDETERMINATE where the feature has no effect or no range.
    """
    return [_held(pipeline, train, feature, sign) for feature, sign in signs.items()]


def _held(pipeline: Pipeline, train: pd.DataFrame, feature: str, sign: Sign) -> Finding:
    values = train[feature].to_numpy(dtype=np.float64)
    seen = values[~np.isnan(values)]
    low, high = np.quantile(seen, _QUANTILES) if len(seen) else (0.0, 0.0)
    if not low < high:
        return _untold(
            feature, sign, "the middle 98 % of its training values are one value, or all are missing"
        )
    grid = np.linspace(low, high, _POINTS)
    curves = _curves(pipeline, train, feature, grid) * (1 if sign == "positive" else -1)
    if not np.isfinite(curves).all():
        return _untold(feature, sign, "some log-odds are not finite")
    return _judged(feature, sign, grid, curves, _STRAIGHT if _is_straight(pipeline, feature) else _CURVED)


def _judged(feature: str, sign: Sign, grid: FloatArray, curves: FloatArray, tolerance: float) -> Finding:
    """Compare each curve, shape (rows, points), with the best that it has reached so far."""
    best = np.maximum.accumulate(curves, axis=1)
    fall, rise = best - curves, float((best[:, -1] - curves[:, 0]).max())
    figures: dict[str, Figure] = {"sign": sign, "wrong_way": float(fall.max()), "right_way": rise}
    figures |= {"from": float(grid[0]), "to": float(grid[-1]), "tolerance": tolerance}
    if fall.max() > tolerance:
        row, worst = np.unravel_index(int(fall.argmax()), fall.shape)
        begins = grid[int(curves[row, : worst + 1].argmax())]
        rows = int((fall.max(axis=1) > tolerance).sum())
        because = (
            f"declared {sign}, but the log-odds go the other way by {fall.max():.3g} between {begins:.4g} "
            f"and {grid[worst]:.4g}, and by more than {tolerance:g} in {rows} of {len(curves)} rows"
        )
        return Finding(CHECK, feature, Status.FAIL, because, figures)
    where = f"between {grid[0]:.4g} and {grid[-1]:.4g}"
    if rise <= tolerance:
        return _untold(feature, sign, f"the model gives it no effect {where}", figures)
    because = f"declared {sign}, and so it is {where}: by up to {rise:.3g} in log-odds"
    return Finding(CHECK, feature, Status.PASS, because, figures)


def _untold(feature: str, sign: Sign, why: str, figures: Mapping[str, Figure] | None = None) -> Finding:
    because = f"declared {sign}, but {why}; drop the feature or its sign"
    return Finding(CHECK, feature, Status.INDETERMINATE, because, figures or {"sign": sign})


def _curves(pipeline: Pipeline, train: pd.DataFrame, feature: str, grid: FloatArray) -> FloatArray:
    """Return the log-odds of some training rows at each value of the feature, shape (rows, points)."""
    places = np.unique(np.linspace(0, len(train) - 1, _ROWS).astype(np.int64))
    rows = train[list(pipeline[0].feature_names_in_)].iloc[np.repeat(places, len(grid))]
    moved = rows.assign(**{feature: np.tile(grid, len(places))})
    curves: FloatArray = pipeline.decision_function(moved).reshape(len(places), len(grid))
    return curves


def _is_straight(pipeline: Pipeline, feature: str) -> bool:
    """Whether the feature enters as one straight line and nowhere else; the mark of a missing cell aside."""
    layout = pipeline[0]
    named = zip(column_names(layout), source_of(layout), strict=True)
    own = [source for name, source in named if feature in source and not name.startswith("missing__")]
    return own == [(feature,)]
