"""Declared signs: what they cost the fit that they are imposed on, and whether its effects follow them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...model.design.matrix import source_of
from ...model.design.signs import Signs
from ...model.fitting.fit import fitted_weights
from ...model.fitting.fitted import Fitted, column_names
from ...project.gates import Sign
from .coefficients import CHECK

_POINTS = 41
_ROWS = 64
_QUANTILES = (0.01, 0.99)
_OTHERS, _LIMITED = 0.01, 1e-9
"""What log-odds may move the wrong way: 1 % of the odds, or rounding alone where the fit imposes the sign."""
_AT_LIMIT = 1e-9


def imposed(fitted: Fitted, signs: Signs) -> list[Finding]:
    """Return what the same fit without the declared signs would have gained in log loss; nothing of it stops.

    Parameters
    ----------
    fitted : Fitted
        With the limits of the signs.
    signs : mapping of feature to "positive" or "negative"

    Returns
    -------
    list of Finding
        One, or none where no sign is declared.

    Raises
    ------
    FitError
        When the free fit does not converge.
    """
    if not signs:
        return []
    steps = fitted.limits.differences @ fitted.weights[:-1]
    at_limit = fitted.limits.bounded & (steps <= _AT_LIMIT)
    names = dict.fromkeys(source[0] for source, held in zip(fitted.sources, at_limit, strict=True) if held)
    gain = _free_gain(fitted) if names else 0.0
    because = f"{len(signs)} declared signs are imposed"
    because += f"; without them the training rows' log loss would be lower by {gain:.3g}"
    because += f"; at their limit in part: {', '.join(names)}" if names else ""
    figures: dict[str, Figure] = {"declared": len(signs), "gain": gain, "at_limit": ", ".join(names)}
    return [Finding(CHECK, "signs", Status.PASS, because, figures)]


def _free_gain(fitted: Fitted) -> float:
    """Return the mean log loss of a fit within limits less that of the free one, in nats."""
    weights = fitted_weights(fitted.matrix, fitted.y, fitted.C, subject="model without declared signs")
    free, own = fitted.matrix.scores(weights), fitted.scores
    return float(np.mean(np.logaddexp(0.0, own) - np.logaddexp(0.0, free) - fitted.y * (own - free)))


def sign_findings(pipeline: Pipeline, train: pd.DataFrame, signs: Mapping[str, Sign]) -> list[Finding]:
    """Hold the effect of each declared feature against its declared direction.

    The model is evaluated on a grid between the 1st and the 99th percentile of the feature's training
    values, or all of them where these are one value, all else as in 64 training rows that are spread over
    the whole part. Each row's curve must go the declared way: nowhere may it fall behind its own best by
    more than the tolerance. Where the fit imposes the sign, the grid goes on as far on either side, and only
    rounding is tolerated.

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
        One for each feature of the model; INDETERMINATE where log-odds are not finite.
    """
    used = set(pipeline[0].feature_names_in_)
    return [_held(pipeline, train, feature, sign) for feature, sign in signs.items() if feature in used]


def _held(pipeline: Pipeline, train: pd.DataFrame, feature: str, sign: Sign) -> Finding:
    is_limited = _is_limited(pipeline, feature)
    grid = _grid(train[feature].to_numpy(dtype=np.float64), is_limited=is_limited)
    curves = _curves(pipeline, train, feature, grid) * (1 if sign == "positive" else -1)
    if not np.isfinite(curves).all():
        because = f"declared {sign}, but some log-odds are not finite; drop the feature or its sign"
        return Finding(CHECK, feature, Status.INDETERMINATE, because, {"sign": sign})
    return _judged(feature, sign, grid, curves, _LIMITED if is_limited else _OTHERS)


def _grid(values: FloatArray, *, is_limited: bool) -> FloatArray:
    """Return the values at which a feature is looked at, rising."""
    present = values[~np.isnan(values)]
    low, high = np.quantile(present, _QUANTILES) if len(present) else (0.0, 0.0)
    if not low < high:
        low, high = (present.min(), present.max()) if len(present) else (0.0, 0.0)
    if not low < high:
        low, high = low - 1, high + 1
    inside: FloatArray = np.linspace(low, high, _POINTS)
    return np.concatenate(([2 * low - high], inside, [2 * high - low])) if is_limited else inside


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
        because = f"declared {sign}, and the model gives it no effect {where}"
        return Finding(CHECK, feature, Status.PASS, because, figures)
    because = f"declared {sign}, and so it is {where}: by up to {rise:.3g} in log-odds"
    return Finding(CHECK, feature, Status.PASS, because, figures)


def _curves(pipeline: Pipeline, train: pd.DataFrame, feature: str, grid: FloatArray) -> FloatArray:
    """Return the log-odds of some training rows at each value of the feature, shape (rows, points)."""
    places = np.unique(np.linspace(0, len(train) - 1, _ROWS).astype(np.int64))
    rows = train[list(pipeline[0].feature_names_in_)].iloc[np.repeat(places, len(grid))]
    moved = rows.assign(**{feature: np.tile(grid, len(places))})
    curves: FloatArray = pipeline.decision_function(moved).reshape(len(places), len(grid))
    return curves


def _is_limited(pipeline: Pipeline, feature: str) -> bool:
    """Whether a feature enters as a straight line or a spline and nowhere else; missing cells aside."""
    layout = pipeline[0]
    named = zip(column_names(layout), source_of(layout), strict=True)
    own = [name.split("__")[0] for name, source in named if feature in source]
    return all(block.startswith(("linear", "missing", "spline", "piecewise")) for block in own)
