"""What the model weighs, column by column: coefficients, odds ratios, and drift against the champion.

The errors are those of the final fit. Where a penalty works they are conditional on it: they say how far
the estimate would move on other rows, not how far the penalty holds it from the truth. Source: Belsley, Kuh,
Welsch (1980) for scaling before a condition number is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit
from sklearn.pipeline import Pipeline

from ...catalogue import Check
from ...decision.expressions import FloatArray
from ...evaluation.estimates import NAN
from ...evidence_table import Exhibit
from ...findings import Figure, Finding, Status
from ...model.fitting.fitted import INTERCEPT, Fitted, column_names, units_of

CHECK = Check.COEFFICIENTS
_SHOWN = 5
_WORST_CONDITION = 1e8
"""Above it, more than half of a double's sixteen digits can be lost in solving for the weights."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """The weights by which a model decides, recalibration included; the intercept stands last.

    Attributes
    ----------
    columns : tuple of k texts
    weights, errors : arrays of shape (k,)
        Per unit of the design column, which for a straight line is one standard deviation of the rows.
    units : array of shape (k,)
        How many units of the feature that is; NaN where it is not measured in any.
    degrees : float
        Degrees of freedom of the errors: clusters - 1, or infinite.
    condition : float
        Largest over smallest eigenvalue of the Hessian that was scaled to a diagonal of ones.
    """

    columns: tuple[str, ...]
    weights: FloatArray
    errors: FloatArray
    units: FloatArray
    degrees: float
    condition: float

    @classmethod
    def of(cls, fitted: Fitted) -> Coefficients:
        """Return the weights of a model with their errors.

        The errors are those of `Fitted.covariance`, multiplied by the slope of the recalibration, which is
        taken as given. A weight that a declared sign keeps at zero has no such error.
        """
        errors = fitted.change.slope * np.sqrt(np.maximum(np.diag(fitted.covariance), 0.0))
        degrees = np.inf if fitted.cluster is None else float(len(np.unique(fitted.cluster)) - 1)
        known = errors if degrees > 0 else np.full(len(errors), NAN)
        known[:-1][fitted.limits.bounded & (fitted.weights[:-1] == 0)] = NAN
        return cls(fitted.columns, fitted.deciding, known, fitted.units, degrees, _condition(fitted.hessian))

    def limits(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the Wald limits of the weights; with clusters by Student's distribution."""
        share = (1 + confidence) / 2
        quantile = ndtri(share) if np.isinf(self.degrees) else stdtrit(self.degrees, share)
        reach = float(quantile) * self.errors
        return self.weights - reach, self.weights + reach


def champion_weights(pipeline: object) -> dict[str, tuple[float, float]]:
    """Return the weight and the unit of each column of another model; empty where it has none to compare."""
    if not isinstance(pipeline, Pipeline) or not hasattr(pipeline[-1], "coef_"):
        return {}
    layout, model = pipeline[0], pipeline[-1]
    weights = [*model.coef_[0].tolist(), float(model.intercept_[0])]
    both = zip(weights, [*units_of(layout).tolist(), NAN], strict=True)
    return dict(zip((*column_names(layout), INTERCEPT), both, strict=True))


def drift(own: Coefficients, champion: Mapping[str, tuple[float, float]]) -> FloatArray:
    """Return the challenger's weights less the champion's, shape (k,); NaN where only one has the column.

    A champion's weight of a straight line counts per standard deviation of its own training rows, so it
    is first put into the challenger's.
    """
    other = []
    for column, unit in zip(own.columns, own.units.tolist(), strict=True):
        weight, its_unit = champion.get(column, (NAN, NAN))
        both = np.isfinite(unit) and np.isfinite(its_unit)
        other.append(weight * unit / its_unit if both else weight)
    difference: FloatArray = own.weights - np.array(other)
    return difference


def coefficient_evidence(
    own: Coefficients, champion: Mapping[str, tuple[float, float]] | None
) -> tuple[list[Finding], Exhibit]:
    """Return what the weights say: condition, drift, and the table of all columns; nothing of it stops.

    Parameters
    ----------
    own : Coefficients
    champion : mapping
        From `champion_weights`; None before the first release.
    """
    findings = [_conditioned(own.condition)]
    if champion is not None:
        findings.append(_drifted(own, champion))
    champion = champion or {}
    moved = drift(own, champion)
    low, high = own.limits()
    rows = [
        _row(own, place, (float(low[place]), float(high[place]))) | _beside(own, place, champion, moved)
        for place in range(len(own.columns))
    ]
    rows += [
        {"column": name, "champion": weight, "only_in": "champion"}
        for name, (weight, _) in champion.items()
        if name not in own.columns
    ]
    return findings, Exhibit(CHECK, "Coefficients", tuple(rows), _note(own))


def _row(own: Coefficients, place: int, limits: tuple[float, float]) -> dict[str, Figure]:
    weight, unit = float(own.weights[place]), float(own.units[place])
    row: dict[str, Figure] = {"column": own.columns[place], "coefficient": weight}
    row |= {"error": float(own.errors[place]), "coefficient_low": limits[0], "coefficient_high": limits[1]}
    if own.columns[place] != INTERCEPT:
        with np.errstate(over="ignore"):
            ratios = np.exp([weight, *limits]).tolist()
        row |= dict(zip(("odds_ratio", "odds_ratio_low", "odds_ratio_high"), ratios, strict=True))
    return row | ({"per_unit": weight / unit, "unit": unit} if np.isfinite(unit) else {})


def _beside(
    own: Coefficients, place: int, champion: Mapping[str, tuple[float, float]], moved: FloatArray
) -> dict[str, Figure]:
    if not champion:
        return {}
    if own.columns[place] not in champion:
        return {"only_in": "challenger"}
    difference = float(moved[place])
    in_errors = _ratio(difference, float(own.errors[place]))
    weight = float(own.weights[place]) - difference
    return {"champion": weight, "difference": difference, "difference_in_errors": in_errors}


def _ratio(difference: float, error: float) -> float:
    return difference / error if error > 0 else NAN


def _conditioned(condition: float) -> Finding:
    sound = condition < _WORST_CONDITION
    because = f"condition number {condition:.3g} of the scaled Hessian"
    if not sound:
        because += (
            f", not below {_WORST_CONDITION:.0e}: single coefficients mean little; lower C or drop repeats"
        )
    return Finding(
        CHECK,
        "condition",
        Status.PASS if sound else Status.WARN,
        because,
        {"condition": condition, "limit": _WORST_CONDITION},
    )


def _drifted(own: Coefficients, champion: Mapping[str, tuple[float, float]]) -> Finding:
    """Tell the largest move and the columns that only one side has; to tell is all, costs decide."""
    if not champion:
        return Finding(CHECK, "drift", Status.WARN, "the champion has no coefficients that could be compared")
    moved = drift(own, champion)
    new = [name for name in own.columns if name not in champion]
    gone = [name for name in champion if name not in own.columns]
    parts = []
    figures: dict[str, Figure] = {"only_challenger": len(new), "only_champion": len(gone)}
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (np.abs(moved) / own.errors)[:-1]  # the intercept stands for where the columns are zero
    if np.isfinite(distance).any():
        place = int(np.nanargmax(np.where(np.isfinite(distance), distance, np.nan)))
        parts.append(
            f"'{own.columns[place]}' moved most, by {moved[place]:+.3g} ({distance[place]:.1f} "
            "standard errors)"
        )
        figures |= {"largest": float(moved[place]), "largest_in_errors": float(distance[place])}
    parts += [f"only {side}: {_few(names)}" for side, names in (("here", new), ("there", gone)) if names]
    return Finding(CHECK, "drift", Status.PASS, "against the champion " + "; ".join(parts), figures)


def _few(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _note(own: Coefficients) -> str:
    clusters = "" if np.isinf(own.degrees) else f", from {own.degrees + 1:.0f} clusters of training rows"
    rough = " (fewer than columns, so they are rough)" if own.degrees < len(own.columns) else ""
    return (
        "Log-odds per unit of the design column (a straight line's is one standard deviation), per_unit per "
        f"unit of the feature. Intervals are 95 % Wald{clusters}{rough}, given penalty and recalibration."
    )


def _condition(hessian: FloatArray) -> float:
    """Return the condition number after scaling to a diagonal of ones; infinite where it is not positive."""
    size = np.sqrt(np.diag(hessian))
    if not (size > 0).all():
        return float("inf")
    eigenvalues = np.linalg.eigvalsh(hessian / np.outer(size, size))
    return float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else float("inf")
