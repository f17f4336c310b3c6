"""What each numeric feature adds to the log-odds along its values, with its band: lines and curves alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit
from sklearn.pipeline import Pipeline

from ...decision.expressions import FloatArray
from ...evidence_table import Exhibit
from ...findings import Figure
from ...model.fitting.fitted import Fitted

_SHARES = np.linspace(0.05, 0.95, 19)
_DIGITS, _SHARE = 4, 0.975
_NOTE = (
    "Log-odds against the feature's median, over the middle 90 % of the rows it was fitted to, with 95 % "
    "Wald limits, given penalty and recalibration. Interactions are left out."
)


def effect_exhibit(
    fitted: Fitted, pipeline: Pipeline, frame: pd.DataFrame, numeric: Sequence[str]
) -> Exhibit:
    """Return the effect of each numeric feature at up to 19 quantiles of its values.

    Parameters
    ----------
    fitted : Fitted
    pipeline : Pipeline
        It was taken from.
    frame : DataFrame of shape (n, ...)
        The rows it was fitted to.
    numeric : sequence of str
    """
    covariance = fitted.covariance[:-1, :-1]
    rows = (row for name in numeric for row in _effect(fitted, pipeline, frame, name, covariance))
    return Exhibit("effects", "Effects of numeric features", tuple(rows), _NOTE)


def _effect(
    fitted: Fitted, pipeline: Pipeline, frame: pd.DataFrame, name: str, covariance: FloatArray
) -> Iterator[dict[str, Figure]]:
    places = [place for place, source in enumerate(fitted.sources) if source == (name,)]
    known = frame[name].dropna().to_numpy(np.float64)
    if not places or not len(known):
        return
    *quantiles, median = np.quantile(known, [*_SHARES, 0.5])
    values = np.unique([float(f"{one:.{_DIGITS}g}") for one in quantiles])
    at = np.append(values, median)
    table = frame.iloc[np.zeros(len(at), dtype=np.int64)].assign(**{name: at})
    layout = pipeline[:-1].transform(table[list(pipeline[0].feature_names_in_)])[:, places]
    moved = layout[:-1] - layout[-1]
    effect = moved @ fitted.deciding[places]
    part = covariance[np.ix_(places, places)]
    error = fitted.change.slope * np.sqrt(np.maximum(((moved @ part) * moved).sum(axis=1), 0.0))
    reach = _quantile(fitted) * error
    for value, middle, low, high in zip(values, effect, effect - reach, effect + reach, strict=True):
        row: dict[str, Figure] = {"feature": name, "value": float(value), "log_odds": float(middle)}
        yield row | {"log_odds_low": float(low), "log_odds_high": float(high)}


def _quantile(fitted: Fitted) -> float:
    if fitted.cluster is None:
        return float(ndtri(_SHARE))
    return float(stdtrit(len(np.unique(fitted.cluster)) - 1, _SHARE))
