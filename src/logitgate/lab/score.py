"""How a score is made: real rows from their inputs to the decision, each number that is added up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier

from ..data.sampling.sample import Sample
from ..decision.expressions import FloatArray
from ..findings import Figure
from ..model.design.matrix import source_of
from ..model.fitting.fitted import column_names
from ..pages.charts import Axis, Chart, Mark, across, down, line
from .material import Material, log_odds_of, numbers, rounded

_ROWS = 12
_NEAR = 4
_REACH = 8.0
_LEAST_ROWS, _DIGITS = 10, 2


@dataclass(frozen=True, slots=True)
class Input:
    """One cell of a row."""

    feature: str
    value: Figure


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One column of the design matrix: its value times its coefficient is what it adds to the log-odds."""

    feature: str
    column: str
    value: float
    weight: float
    adds: float


@dataclass(frozen=True, slots=True)
class Walk:
    """One row from its inputs to its decision."""

    inputs: tuple[Input, ...]
    parts: tuple[ScorePart, ...]
    """Columns that are not 0, those that add most first."""
    intercept: float
    log_odds: float
    probability: float
    threshold: float | None
    """None where the rule flags every row, or none."""
    flagged: bool
    event: bool
    cost: float


@dataclass(frozen=True, slots=True)
class Score:
    """Some rows, walked through."""

    rule: str
    form: str
    walks: tuple[Walk, ...]
    """By rising probability."""


def score(material: Material) -> Score:
    """Walk with rows from the least probable to the most, some of them next to the threshold.

    No id, entity, cluster or time is among their values: the inputs are the model's own features. Numbers are
    rounded to two digits before the model sees them, and rows with a level of fewer than ten rows are left
    out, so that the page names no person. None is shown where the project says so (`rows.explained = 0`).
    """
    model, sample = material.model, _shown(material)
    rule, choice = model.rule.name, str(material.learned.shipped.decided.candidate.choice)
    if not len(sample):
        return Score(rule, choice, ())
    probability = model.probability(sample.frame)
    decided = model.decision(probability, sample.frame, sample.ids)
    chosen = _chosen(probability, decided.threshold)
    rows = sample.take(chosen)
    costs = rows.row_costs(material.project.costs.matrix)
    decision = model.decision(probability[chosen], rows.frame, rows.ids)
    spent = costs.of(rows.y, decision.flagged)
    frame = model.brought(rows.frame)[list(model.features.all)]
    parts, intercept = _parts(material, frame)
    log_odds = log_odds_of(model, rows.frame)
    walks = tuple(
        Walk(
            tuple(Input(str(name), _cell(value)) for name, value in frame.iloc[at].items()),
            tuple(parts[at]),
            intercept,
            float(log_odds[at]),
            float(decision.probability[at]),
            _known(decision.threshold[at]),
            bool(decision.flagged[at]),
            bool(rows.y[at]),
            float(spent[at]),
        )
        for at in range(len(rows))
    )
    return Score(rule, choice, walks)


def sigmoid_chart(walk: Walk) -> Chart:
    """Draw the sigmoid with a row's point and the threshold."""
    x, y = Axis("log-odds", -_REACH, _REACH), Axis("probability")
    at = np.linspace(-_REACH, _REACH, 81)
    curve = line("model", "sigmoid", x, y, zip(at, 1 / (1 + np.exp(-at)), strict=True))
    level = 1.0 if walk.threshold is None else walk.threshold
    limit = line("quiet", "threshold", x, y, [(-_REACH, level), (_REACH, level)])
    mark = Mark("chosen", "this row", across(x, walk.log_odds), down(y, walk.probability))
    said = f"Log-odds {walk.log_odds:.3g} become the probability {walk.probability:.3g}."
    return Chart("sigmoid", "Sigmoid", said, x, y, (limit, curve), (mark,))


def _shown(material: Material) -> Sample:
    """Return the judged rows that may be shown, their numbers rounded."""
    sample, features = material.judged, material.project.features
    if not material.shows_rows:
        return sample.take(np.zeros(len(sample), dtype=bool))
    keep = np.ones(len(sample), dtype=bool)
    for name in features.categorical:
        level = sample.frame[name].astype(object)
        keep &= (level.map(level.value_counts()).fillna(_LEAST_ROWS) >= _LEAST_ROWS).to_numpy(bool)
    known = sample.take(keep)
    values = {name: rounded(numbers(known.frame, name), _DIGITS) for name in features.numeric}
    return replace(known, frame=known.frame.assign(**values))


def _chosen(probability: FloatArray, threshold: FloatArray) -> np.ndarray:
    """Return rows at even ranks of probability and those next to the threshold, by rising probability."""
    order = np.argsort(probability, kind="stable")
    even = order[np.linspace(0, len(order) - 1, min(_ROWS - _NEAR, len(order))).round().astype(np.int64)]
    near = np.argsort(np.abs(probability - threshold), kind="stable")[:_NEAR]
    rows = np.unique(np.concatenate([even, near]))
    return rows[np.argsort(probability[rows], kind="stable")].astype(np.int64)


def _parts(material: Material, frame: pd.DataFrame) -> tuple[list[list[ScorePart]], float]:
    """Return what each design column adds, for each row, and the intercept."""
    pipeline = material.model.pipeline
    if isinstance(pipeline[-1], DummyClassifier):
        return [[] for _ in range(len(frame))], float(log_odds_of(material.model, frame)[0])
    names, sources = column_names(pipeline[0]), source_of(pipeline[0])
    matrix, weights = pipeline[:-1].transform(frame), pipeline[-1].coef_[0]
    found = []
    for values in matrix:
        parts = [
            ScorePart(" x ".join(source), name, float(value), float(weight), float(value * weight))
            for source, name, value, weight in zip(sources, names, values, weights, strict=True)
            if value != 0
        ]
        found.append(sorted(parts, key=lambda one: -abs(one.adds)))
    return found, float(pipeline[-1].intercept_[0])


def _known(threshold: float) -> float | None:
    return float(threshold) if np.isfinite(threshold) else None


def _cell(value: object) -> Figure:
    if pd.isna(value):  # type: ignore[call-overload]  # a cell
        return None
    return float(value) if isinstance(value, (int, float, np.number)) else str(value)
