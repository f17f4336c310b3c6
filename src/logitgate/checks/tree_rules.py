"""The leaves of a shallow regression tree, each as the conditions that say which rows it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from .conditions import ONLY_MISSING, Among, Between, round_between

Column: TypeAlias = FloatArray | pd.Categorical
"""Numbers, NaN where missing, or levels, whose names are sorted; shape (n,)."""
Conditions: TypeAlias = Mapping[str, Between | Among]
"""What the rows of a leaf have in common, by column; all of it holds for each of them."""
_MOST_ROWS = 65_536
"""Rows that a tree looks at: enough for a few leaves, and no more memory in a longer table."""
_Single: TypeAlias = NDArray[np.float32]
_Part: TypeAlias = tuple[str, tuple[Among, Among] | FloatArray]
"""What a column of the design stands for: without and with a level, or its distinct numbers in order."""


def words(conditions: Conditions) -> str:
    """Return the conditions in words: levels first, then numbers, then what a level is not."""
    ordered = sorted(conditions.values(), key=lambda one: (_rank(one), one.column))
    return " and ".join(map(str, ordered)) or "all rows"


def _rank(condition: Between | Among) -> int:
    return 1 if isinstance(condition, Between) else 2 * condition.others


def members(conditions: Conditions, columns: Mapping[str, Column], rows: int) -> BoolArray:
    """Return which of the rows meet all conditions, shape (rows,)."""
    member = np.ones(rows, dtype=bool)
    for condition in conditions.values():
        member &= condition.holds(columns[condition.column])  # type: ignore[arg-type]  # made for this column
    return member


def tree_leaves(
    columns: Mapping[str, Column], target: FloatArray, grown: BoolArray, tree: DecisionTreeRegressor
) -> list[Conditions]:
    """Grow a tree on some of the rows and return what leads to each leaf.

    Parameters
    ----------
    columns : mapping of str to arrays of shape (n,)
        A level is a candidate when at least `min_samples_leaf` of the rows have it.
    target : array of shape (n,)
    grown : bool array of shape (n,)
        The rows that the tree may look at, 65,536 of them at most; of the others only where numbers lie is
        used, to round the edge between two neighbours.
    tree : DecisionTreeRegressor
        Not yet fitted.

    Returns
    -------
    list of Conditions
        Each row, of any half, meets the conditions of exactly one leaf.
    """
    rows = np.flatnonzero(grown)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
    encoded = [
        one for name, values in columns.items() for one in _encoded(name, values, rows, tree.min_samples_leaf)
    ]
    if not encoded:
        return [{}]
    tree.fit(np.column_stack([values for values, _ in encoded]), target[rows])
    return _paths(tree.tree_, [part for _, part in encoded])


def _encoded(name: str, values: Column, rows: IntArray, least: int) -> list[tuple[_Single, _Part]]:
    """Return an indicator for each level with enough rows, or the ranks of the numbers.

    Ranks part the rows as the numbers do, and are exact in the tree's single precision.
    """
    if not isinstance(values, pd.Categorical):
        numbers, own = np.unique(values), values[rows]
        rank = np.where(np.isnan(own), np.nan, np.searchsorted(numbers, own))
        return [(rank.astype(np.float32), (name, numbers))]
    names, code = values.categories.tolist(), values.codes[rows]
    often = np.flatnonzero(np.bincount(code, minlength=len(names)) >= least)
    if len(names) == 2:
        often = often[-1:]
    return [
        ((code == at).astype(np.float32), (name, _without_and_with(name, names, at))) for at in often.tolist()
    ]


def _without_and_with(name: str, levels: list[str], at: int) -> tuple[Among, Among]:
    """Return what rows without and with a level are called; of two levels each is called by its name."""
    known = Among(name, (levels[at],))
    return Among(name, (levels[1 - at],)) if len(levels) == 2 else replace(known, others=True), known


def _paths(
    tree: object, parts: list[_Part], node: int = 0, path: Conditions | None = None
) -> list[Conditions]:
    """Return the conditions that lead to each leaf below a node."""
    known: Conditions = path or {}
    left, right = tree.children_left[node], tree.children_right[node]  # type: ignore[attr-defined]
    if left < 0:
        return [known]
    name, meaning = parts[tree.feature[node]]  # type: ignore[attr-defined]
    at, missing_left = tree.threshold[node], bool(tree.missing_go_to_left[node])  # type: ignore[attr-defined]
    sides = _sides(name, meaning, float(at), missing_left)
    return [
        leaf
        for child, side in zip((left, right), sides, strict=True)
        for leaf in _paths(tree, parts, child, _narrowed(known, side))
    ]


def _sides(
    name: str,
    meaning: tuple[Among, Among] | FloatArray,
    at: float,
    missing_left: bool,  # noqa: FBT001 - the tree's own flag
) -> tuple[Between | Among, Between | Among]:
    """Return what the rows to the left and to the right of a split have in common."""
    if isinstance(meaning, tuple):
        return meaning
    absent = bool(np.isnan(meaning[-1]))
    if at >= len(meaning) - 1 - absent:
        return Between(name), Between(name, *ONLY_MISSING, missing=True)
    last = int(at)
    edge = round_between(float(meaning[last]), float(meaning[last + 1]))
    left = absent and missing_left
    return Between(name, high=edge, missing=left), Between(name, low=edge, missing=absent and not left)


def _narrowed(known: Conditions, side: Between | Among) -> Conditions:
    before = known.get(side.column)
    both = side if before is None else before.narrowed(side)  # type: ignore[arg-type]  # one kind a column
    return {**known, side.column: both}
