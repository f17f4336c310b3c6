"""Judged rows near the threshold, worked through from features to decision, without identifiers.

Numbers are rounded to two digits, contributions to two decimals, and a level of fewer than ten rows is not
named, so that a page that is handed on names no person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..decision.costs import IntArray
from ..evaluation.evaluate import Scored
from ..evaluation.probabilities.cox import log_odds
from ..findings import Figure
from ..gates.reports.calibration_report import near_threshold
from ..model.explanation.contributions import Explanation, design_means, explain
from ..model.explanation.row import plain
from ..model.train import FittedModel
from ..project.fields import Plain
from ..project.project import Project

_LEAST_ROWS, _DIGITS, _DECIMALS = 10, 2, 2
_SHARE_DIGITS = 4
"""Of probability and threshold, which lie near each other."""


class WorkedStep(Plain):
    """What one feature, or one pair of features, adds."""

    feature: str
    value: str
    log_odds: float


class WorkedRow(Plain):
    """One judged row on its way from features to decision."""

    event: bool
    """Its outcome."""
    flagged: bool
    base: float
    """Log-odds of an average row."""
    steps: tuple[WorkedStep, ...]
    """Largest first."""
    log_odds: float
    probability: float
    threshold: float
    expected_flagged: float
    """Expected cost of flagging it, by its probability."""
    expected_passed: float
    cost: float
    """What the decision cost, given the outcome."""


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """Judged rows, and the model that decided about them.

    Parameters
    ----------
    fitted : FittedModel
    frame : DataFrame of n rows
    scored : Scored of the same rows
    """

    fitted: FittedModel
    frame: pd.DataFrame
    scored: Scored


def worked_rows(judged: JudgedBy, project: Project) -> tuple[WorkedRow, ...]:
    """Work through the rows nearest to their threshold, of each outcome and decision in turn.

    Parameters
    ----------
    judged : JudgedBy
    project : Project
        Says how many rows: `rows.explained`.
    """
    chosen = _nearest(judged.scored, project.rows.explained)
    if not len(chosen):
        return ()
    fitted = judged.fitted
    model, means = fitted.model, design_means(fitted.model.pipeline, fitted.rows.frame)
    levels = {name: fitted.rows.frame[name].value_counts() for name in model.features.categorical}
    frame = model.brought(judged.frame.iloc[chosen])[list(model.features.all)]
    explained = (explain(model.pipeline, frame.iloc[[place]], means) for place in range(len(chosen)))
    values = (_values(frame.iloc[place], levels) for place in range(len(chosen)))
    return tuple(
        _worked(judged.scored.take(chosen[place : place + 1]), one, named)
        for place, (one, named) in enumerate(zip(explained, values, strict=True))
    )


def _nearest(scored: Scored, number: int) -> IntArray:
    """Return the places of so many rows: the nearest of each outcome and decision, then the second ones."""
    near = np.flatnonzero(near_threshold(scored))
    decision = scored.decision
    away = np.abs(log_odds(decision.probability[near]) - log_odds(decision.threshold[near]))
    kind = 2 * scored.y[near] + decision.flagged[near]
    order = np.lexsort((near, away))
    rank = np.empty(len(near), dtype=np.int64)
    for each in range(4):
        same = order[kind[order] == each]
        rank[same] = np.arange(len(same))
    first = np.lexsort((away, -kind, rank))[:number]
    return np.asarray(near[first], dtype=np.int64)


def _worked(row: Scored, one: Explanation, values: Mapping[str, str]) -> WorkedRow:
    decision = row.decision
    steps = (
        WorkedStep(feature=name, value=_joined(name, values), log_odds=round(part, _DECIMALS))
        for name, part in one.contributions
    )
    return WorkedRow(
        event=bool(row.y[0]),
        flagged=bool(decision.flagged[0]),
        base=round(one.base, _DECIMALS),
        steps=tuple(steps),
        log_odds=round(one.log_odds, _DECIMALS),
        probability=_rounded(one.probability, _SHARE_DIGITS),
        threshold=_rounded(float(decision.threshold[0]), _SHARE_DIGITS),
        expected_flagged=float(decision.cost_if_flagged[0]),
        expected_passed=float(decision.cost_if_passed[0]),
        cost=float(row.cost[0]),
    )


def _joined(name: str, values: Mapping[str, str]) -> str:
    """Return the value of a feature, or those of the features of an interaction."""
    return values[name] if name in values else " x ".join(_parts(name, values))


def _parts(name: str, values: Mapping[str, str]) -> Iterator[str]:
    yield from (values.get(part, "") for part in name.split(" x "))


def _values(row: pd.Series, levels: Mapping[str, pd.Series]) -> dict[str, str]:
    return {str(name): _text(plain(value), levels.get(str(name))) for name, value in row.items()}


def _text(value: Figure, levels: pd.Series | None) -> str:
    """Write a value for a page: rounded, and no level that few rows have."""
    if value is None:
        return "missing"
    if levels is not None:
        return str(value) if levels.get(value, 0) >= _LEAST_ROWS else "a rare level"
    return f"{_rounded(float(value)):,g}"


def _rounded(value: float, digits: int = _DIGITS) -> float:
    return float(f"{value:.{digits}g}")
