"""Decision boundaries over two features: models of two features that are sums of one curve each.

``log-odds = intercept + first(x) + second(y)`` holds for a straight line, for splines, for polynomials and
for a circle around one class, so that the page can redraw each of them from two tabulated curves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..errors import LogitgateError
from ..model.fitting.fit import Choice, fit
from ..model.fitting.recalibration import scores
from ..model.fitting.solver import Rows, solve
from ..project.data import FeaturesConfig
from ..project.search import Form
from .material import Material, numbers, rounded, thinned

_FEATURES, _POINTS, _STEPS, _DIGITS = 4, 240, 33, 2
_KINDS = {
    "straight": Form(basis="linear"),
    "curved (spline)": Form(basis="spline"),
    "curved (polynomial)": Form(basis="polynomial"),
}
CLOSED = "closed (circle)"
_EDGE = 0.01
"""Share of the rows beyond each end of the picture."""
_WEAK = 1.0


@dataclass(frozen=True, slots=True)
class Surface:
    """A fitted model of two features; `why` says what stood against it where there is none."""

    kind: str
    intercept: float
    first: tuple[float, ...]
    """What the first feature adds to the log-odds, at even steps from its low end to its high end."""
    second: tuple[float, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """Two features, some rows, and models of the two."""

    names: tuple[str, str]
    low: tuple[float, float]
    high: tuple[float, float]
    points: tuple[tuple[float, float], ...]
    events: tuple[bool, ...]
    surfaces: tuple[Surface, ...]


def planes(material: Material) -> tuple[Plane, ...]:
    """Fit the models of each pair of the features that move the log-odds most; none without two numbers.

    The rows in the picture are rounded to two digits, and none where the project shows no rows.
    """
    rows = material.learned_of_last()
    useful = [name for name in material.ranked if len(np.unique(numbers(rows.frame, name))) > 2]
    found = (_plane(material, pair) for pair in combinations(useful[:_FEATURES], 2))
    return tuple(one for one in found if one is not None)


def _plane(material: Material, names: tuple[str, str]) -> Plane | None:
    sample = material.learned_of_last()
    frame = pd.DataFrame({name: numbers(sample.frame, name) for name in names})
    known = np.isfinite(frame.to_numpy()).all(axis=1)
    frame, y = frame[known], sample.y[known].astype(np.int64)
    ends = [np.quantile(frame[name], (_EDGE, 1 - _EDGE)) if len(frame) else (0.0, 0.0) for name in names]
    if min(y.sum(), len(y) - y.sum()) < 2 or any(low >= high for low, high in ends):
        return None
    grid = pd.DataFrame(
        {name: np.linspace(low, high, _STEPS) for name, (low, high) in zip(names, ends, strict=True)}
    )
    shown = thinned(sample.take(known), _POINTS if material.shows_rows else 0)
    return Plane(
        names,
        (float(ends[0][0]), float(ends[1][0])),
        (float(ends[0][1]), float(ends[1][1])),
        tuple(zip(*(rounded(numbers(shown.frame, name), _DIGITS).tolist() for name in names), strict=True)),
        tuple(bool(one) for one in shown.y),
        (
            *(_fitted(kind, frame, y, grid, material) for kind in _KINDS),
            _closed(frame, y, grid),
        ),
    )


def _fitted(kind: str, frame: pd.DataFrame, y: IntArray, grid: pd.DataFrame, material: Material) -> Surface:
    features = FeaturesConfig(numeric=tuple(frame.columns), categorical=())
    search = material.project.search.model_copy(update={"interactions": {}})
    try:
        pipeline = fit(Choice(_KINDS[kind], _WEAK), frame, y, features, search)
    except LogitgateError as error:
        return Surface(kind, 0.0, (), (), str(error))
    return _tabulated(kind, lambda at: scores(pipeline, at), grid)


def _closed(frame: pd.DataFrame, y: IntArray, grid: pd.DataFrame) -> Surface:
    """Fit the squared distance from the middle of the denser class: its boundary is always closed."""
    spread = frame.std()
    scaled = frame / spread
    groups = [scaled[y == one] for one in (1, 0)]
    middle = min(groups, key=lambda one: float(one.var().sum())).mean()

    def squared(at: pd.DataFrame) -> FloatArray:
        return np.asarray(((at / spread - middle) ** 2).to_numpy())

    rows = Rows.of(squared(frame).sum(axis=1)[:, None], y)
    found = solve(rows, _WEAK, np.zeros(2))
    if found.failure is not None:
        return Surface(CLOSED, 0.0, (), (), found.failure)
    slope, intercept = found.weights
    return _tabulated(CLOSED, lambda at: intercept + slope * squared(at).sum(axis=1), grid)


def _tabulated(kind: str, score: Callable[[pd.DataFrame], FloatArray], grid: pd.DataFrame) -> Surface:
    """Take a sum of two curves apart, each against the middle of the other's range."""
    middle = grid.iloc[[len(grid) // 2]]
    base = float(score(middle)[0])
    curves: list[tuple[float, ...]] = []
    for name in grid.columns:
        moved = pd.concat([middle] * len(grid), ignore_index=True).assign(**{name: grid[name].to_numpy()})
        curves.append(tuple((score(moved) - base).tolist()))
    return Surface(kind, base, curves[0], curves[1])
