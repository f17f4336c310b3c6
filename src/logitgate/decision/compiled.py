"""From a fitted scikit-learn pipeline to look-ups: its steps are folded into what each value adds.

Only pipelines of this project's design are known; any other one is answered by scikit-learn itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline, PPoly

from .cells import FeatureCells
from .costs import IntArray
from .expressions import FloatArray
from .levels import learned_levels
from .look_ups import LevelTerm, LookUps, NumberTerm, ProductTerm, QuadraticTerm, Scaled, Term

Fitted: TypeAlias = Any
"""A part of scikit-learn; importing it for its types alone would take a second."""

_LINES = ("linear", "straight")
_CURVES = ("spline", "piecewise")
_PRODUCTS = "interaction"
_KNOWN = (*_LINES, *_CURVES, _PRODUCTS, "polynomial", "missing", "levels", "values", "remainder")


def compiled(pipeline: Fitted) -> LookUps | None:
    """Return a fitted pipeline as look-ups, or None where it is not made as this project makes them.

    Parameters
    ----------
    pipeline : fitted Pipeline
        Of a ColumnTransformer with the blocks of this project's design and a LogisticRegression.
    """
    steps = [step for _, step in getattr(pipeline, "steps", ())]
    if len(steps) != 2 or not (hasattr(steps[0], "transformers_") and hasattr(steps[1], "coef_")):
        return None
    blocks = [
        (name, fitted, list(columns))
        for name, fitted, columns in steps[0].transformers_
        if name != "remainder"
    ]
    if not all(name.startswith(_KNOWN) for name, _, _ in blocks):
        return None
    return _Compiler(steps[0], steps[1].coef_[0], learned_levels(pipeline)).look_ups(steps[1].intercept_[0])


@dataclass(frozen=True)
class _Compiler:
    layout: Fitted
    coefficients: FloatArray
    learned: dict[str, tuple[str, ...]]

    def look_ups(self, intercept: float) -> LookUps:
        blocks = [
            (name, fitted, list(columns), self.coefficients[self.layout.output_indices_[name]])
            for name, fitted, columns in self.layout.transformers_
            if name != "remainder"
        ]
        numbers: dict[str, NumberTerm] = {}
        terms: list[Term] = []
        for name, fitted, columns, weights in blocks:
            if name.startswith((*_LINES, *_CURVES)):
                numbers |= {term.name: term for term in _curves(fitted, columns, weights)}
            elif name == "polynomial":
                terms.append(_quadratic(fitted, columns, weights))
            elif name == "levels":
                terms += self._levels(fitted, columns, weights)
            elif name.startswith(_PRODUCTS):
                terms.append(self._product(fitted, weights))
        for name, fitted, columns, weights in blocks:
            if name == "missing":
                for column, weight in zip(columns, weights, strict=True):
                    term = numbers.get(column) or _nothing(column)
                    numbers[column] = replace(term, missing=term.missing + float(weight))
            elif name == "values":
                numbers |= _marked(numbers, fitted, columns, weights)
        return LookUps(float(intercept), (*numbers.values(), *terms))

    def _levels(self, encoder: Fitted, columns: Sequence[str], weights: FloatArray) -> Iterator[LevelTerm]:
        start = 0
        for place, name in enumerate(columns):
            column, width = _columns(encoder, place, self.learned[name])
            own = np.append(weights[start : start + width], 0.0)
            yield LevelTerm(name, own[column])
            start += width

    def _product(self, fitted: Fitted, weights: FloatArray) -> ProductTerm:
        """Fold a product of two features: a column for each pair of both sides' columns, in order."""
        sides = [
            (name, side, columns[0])
            for name, side, columns in fitted.named_steps["sides"].transformers_
            if name != "remainder"
        ]
        (first, a), (second, b) = (self._side(side, name) for _, side, name in sides)
        kept = fitted.named_steps["varying"].get_support()
        of_pair = np.zeros(len(kept))
        of_pair[kept] = weights
        table = np.pad(of_pair[places_of_pairs(a, b)], ((0, 1), (0, 1)))
        is_level = [not isinstance(side, Scaled) for side in (first, second)]
        at = [np.zeros(1, np.intp) if isinstance(side, Scaled) else side for side in (first, second)]
        shape = [len(codes) for codes, level in zip(at, is_level, strict=True) if level]
        return ProductTerm(
            tuple(name for (_, _, name), level in zip(sides, is_level, strict=True) if level),
            table[np.ix_(*at)].reshape(shape),
            tuple(side for side in (first, second) if isinstance(side, Scaled)),
        )

    def _side(self, fitted: Fitted, name: str) -> tuple[Scaled | IntArray, int]:
        if hasattr(fitted, "categories_"):
            return _columns(fitted, 0, self.learned[name])
        return next(_scaled(fitted, [name])), 1


def columns_of_levels(encoder: Fitted, place: int) -> tuple[IntArray, int, int]:
    """Return the indicator of each level of a feature, how many there are, and that of an unseen level.

    Rare levels share the last one. The number after the last one stands for none.

    Parameters
    ----------
    encoder : fitted OneHotEncoder
    place : int
        Of the feature among those that it reads.
    """
    categories = encoder.categories_[place]
    rare = None if encoder.min_frequency is None else encoder.infrequent_categories_[place]
    is_rare = np.zeros(len(categories), bool) if rare is None else pd.Index(categories).isin(rare)
    frequent = int((~is_rare).sum())
    column = np.where(is_rare, frequent, np.cumsum(~is_rare) - 1)
    width = frequent + bool(is_rare.any())
    # A level that was not there in the fit counts as a rare one, if there are any and it may.
    return column, width, frequent if rare is not None and encoder.handle_unknown != "ignore" else width


def places_of_pairs(first: int, second: int) -> IntArray:
    """Return where `PolynomialFeatures` puts the product of each column of two sides, by their widths."""
    i, j = np.meshgrid(np.arange(first), np.arange(first, first + second), indexing="ij")
    return np.asarray(i * (first + second) - i * (i + 1) // 2 + (j - i - 1), dtype=np.intp)


def _columns(encoder: Fitted, place: int, learned: Sequence[str]) -> tuple[IntArray, int]:
    """Return the column of each learned level, of a missing and of an unseen one, and how many there are.

    The column after the last one stands for none.
    """
    categories = encoder.categories_[place]
    column, width, unseen = columns_of_levels(encoder, place)
    known = {
        level if isinstance(level, str) else None: at for level, at in zip(categories, column, strict=True)
    }
    asked: list[str | None] = [*learned, None]
    return np.array([*(known.get(level, unseen) for level in asked), unseen], dtype=np.intp), width


def _scaled(fitted: Fitted, columns: Sequence[str]) -> Iterator[Scaled]:
    imputed, scale = fitted.named_steps["impute"].statistics_, fitted.named_steps["scale"]
    for name, *figures in zip(columns, imputed, scale.mean_, scale.scale_, strict=True):
        yield Scaled(name, *map(float, figures))


def _curves(fitted: Fitted, columns: Sequence[str], weights: FloatArray) -> Iterator[NumberTerm]:
    """Fold imputing, curve and scaling of each number into one polynomial a piece."""
    imputed, scale = fitted.named_steps["impute"].statistics_, fitted.named_steps["scale"]
    curve = fitted.named_steps.get("spline")
    each = len(weights) // len(columns)
    for place, name in enumerate(columns):
        own = slice(place * each, (place + 1) * each)
        slopes = weights[own] / scale.scale_[own]
        if curve is None:
            line = np.array([[slopes[0]], [0.0]])
            term = NumberTerm(name, scale.mean_[own].copy(), line)
        else:
            offset = -float(slopes @ scale.mean_[own])
            term = _pieces(name, curve.bsplines_[place], np.append(slopes, 0.0), offset)
        yield replace(term, missing=_at(term, float(imputed[place])))


def _pieces(name: str, basis: BSpline, weights: FloatArray, offset: float) -> NumberTerm:
    """Return a weighted sum of B-splines as polynomials; the last one is left out of the design."""
    curve = PPoly.from_spline((basis.t, weights, basis.k))
    inside = slice(basis.k, len(basis.t) - basis.k - 1)
    coefficients = np.array(curve.c[:, inside])
    coefficients[-1] += offset
    low, high = float(basis.t[basis.k]), float(basis.t[-basis.k - 1])
    return NumberTerm(name, np.array(curve.x[inside]), coefficients, low, high)


def _quadratic(fitted: Fitted, columns: Sequence[str], weights: FloatArray) -> QuadraticTerm:
    powers, rescale = fitted.named_steps["products"].powers_, fitted.named_steps["rescale"]
    slopes = weights / rescale.scale_
    is_line = powers.sum(axis=1) == 1
    lines = np.zeros(len(columns))
    lines[powers[is_line].argmax(axis=1)] = slopes[is_line]
    pairs = [np.repeat(np.arange(len(columns)), row) for row in powers[~is_line]]
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    constant = -float(slopes @ rescale.mean_)
    return QuadraticTerm(tuple(_scaled(fitted, columns)), lines, (first, second), slopes[~is_line], constant)


def _nothing(name: str) -> NumberTerm:
    return NumberTerm(name, np.zeros(1), np.zeros((1, 1)))


def _marked(
    numbers: dict[str, NumberTerm],
    encoder: Fitted,
    columns: Sequence[str],
    weights: FloatArray,
) -> dict[str, NumberTerm]:
    """Add the values that have an indicator of their own."""
    ends = np.cumsum([0, *map(len, encoder.categories_)])
    marked = {}
    for name, values, (start, end) in zip(columns, encoder.categories_, pairwise(ends), strict=True):
        pairs = zip(values.tolist(), weights[start:end].tolist(), strict=True)
        marked[name] = replace(numbers[name], marks=tuple(pairs))
    return marked


def _at(term: NumberTerm, value: float) -> float:
    """Return what a value adds, for a missing cell that counts as this one."""
    return float(term.of(FeatureCells({term.name: np.array([value])}, {}, 1))[0])
