"""The cost function: rows for a log loss over two coefficients, and where the product's own solver ends.

The page draws the surface, Newton's steps and gradient descent by itself; a browser test compares them with
`model.fitting.solver`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.dummy import DummyClassifier

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from ..model.design.coded import CodedMatrix
from ..model.fitting.fitted import column_names
from ..model.fitting.solver import Rows, solve
from .material import Material, thinned

_ROWS = 300
_DECIMALS = 2
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""C, the inverse strength of the penalty; the page adds none at all."""
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the product's solver ends at one penalty."""

    C: float
    weights: tuple[float, float]
    log_loss: float
    """Mean per row, without the penalty, in nats."""


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows of two columns for which the loss is drawn."""

    name: str
    about: str
    x: tuple[tuple[float, float], ...]
    event: tuple[bool, ...]
    minima: tuple[Minimum, ...]


@dataclass(frozen=True, slots=True)
class CostFunction:
    """Two columns of the shipped model's design matrix, centred and scaled to a spread of 1; no intercept."""

    columns: tuple[str, str]
    sets: tuple[RowSet, ...]


def cost_function(material: Material) -> CostFunction | None:
    """Return the two columns that move the log-odds most, rounded to two decimals.

    None for a model of fewer than two columns, and where the project shows no rows.
    """
    pipeline = material.model.pipeline
    prior = isinstance(pipeline[-1], DummyClassifier)
    if prior or not material.shows_rows or pipeline[-1].coef_.shape[1] < 2:
        return None
    sample = thinned(material.judged, _ROWS)
    frame = material.model.brought(sample.frame)[list(material.model.features.all)]
    matrix = CodedMatrix.of(pipeline[0], frame).whole()
    spread = matrix.std(axis=0)
    places = np.sort(np.argsort(-np.abs(pipeline[-1].coef_[0]) * spread, kind="stable")[:2])
    if not (spread[places] > 0).all():
        return None
    x = _balanced(matrix[:, places], sample.y.astype(np.int64)).round(_DECIMALS)
    y, names = sample.y.astype(np.int64), column_names(pipeline[0])
    sets = [_row_set("rows as they are", f"{len(y)} judged rows", x, y)]
    apart = _apart(x, y)
    if min(int(y[apart].sum()), int((1 - y[apart]).sum())) >= _FEWEST:
        about = f"the {int(apart.sum())} of them that a straight line separates; the others are left out"
        sets.append(_row_set("separated rows", about, x[apart], y[apart]))
    return CostFunction((names[places[0]], names[places[1]]), tuple(sets))


def _balanced(x: FloatArray, y: IntArray) -> FloatArray:
    """Centre columns between both classes, so that a model without an intercept is a fair one."""
    middle = (x[y == 1].mean(axis=0) + x[y == 0].mean(axis=0)) / 2 if 0 < y.sum() < len(y) else x.mean(axis=0)
    return np.asarray((x - middle) / x.std(axis=0))


def _apart(x: FloatArray, y: IntArray) -> BoolArray:
    """Return the rows, shape (n,), that lie on the right side of the best line."""
    weights = np.array(_minimum(x, y, PENALTIES[-1]).weights)
    return np.asarray(np.where(y == 1, 1, -1) * (x @ weights) > 0)


def _row_set(name: str, about: str, x: FloatArray, y: IntArray) -> RowSet:
    minima = tuple(_minimum(x, y, C) for C in PENALTIES)
    return RowSet(name, about, tuple(map(tuple, x.tolist())), tuple(bool(one) for one in y), minima)


def _minimum(x: FloatArray, y: IntArray, C: float) -> Minimum:
    """Solve without an intercept: beside each row stands its mirror image, which has the other outcome."""
    mirrored, outcomes = np.vstack([x, -x]), np.concatenate([y, 1 - y])
    weights = solve(Rows.of(mirrored, outcomes), C / 2, np.zeros(3)).weights[:2]
    losses = np.logaddexp(0.0, -np.where(y == 1, 1, -1) * (x @ weights))
    return Minimum(C, (float(weights[0]), float(weights[1])), float(losses.mean()))
