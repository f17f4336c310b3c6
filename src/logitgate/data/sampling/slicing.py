"""Cutting rows into the slices that a project declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from ...evaluation.slices import SliceLevels, crossed
from ...project.gates import Slices
from ...project.project import Project
from ...project.syntax.slice_names import MISSING, RARE, bin_names
from .sample import Sample


def slice_levels(sample: Sample, project: Project) -> dict[str, SliceLevels]:
    """Return the level of each row in every declared slice column, bin and crossing."""
    declared = project.slices
    levels = {name: _levels(sample.frame[name], name, declared) for name in declared.all}
    return levels | {
        f"{first} & {second}": crossed(levels[first], levels[second]) for first, second in declared.crossings
    }


def rare_pooled(levels: Mapping[str, SliceLevels], project: Project) -> dict[str, SliceLevels]:
    """Put the levels of fewer than `search.rare_level_rows` rows together as `rare levels`.

    The text of a few rows may be a person's. What is called by the project's own words keeps its name: bins,
    and the slices that it declares as critical.
    """
    rare, declared = project.search.rare_level_rows, project.slices
    return {
        name: one if name in declared.bins else _pooled(one, rare, {*declared.critical}, name)
        for name, one in levels.items()
    }


def _pooled(levels: SliceLevels, rare: int, critical: Collection[str], column: str) -> SliceLevels:
    rows = np.bincount(levels.codes[levels.codes >= 0], minlength=len(levels.names))
    kept = [
        place
        for place, name in enumerate(levels.names)
        if rows[place] >= rare or name == MISSING or f"{column} = {name}" in critical
    ]
    if len(kept) == len(levels.names):
        return levels
    # The last place is that of rows without a level, which are coded -1.
    place_of = np.full(len(levels.names) + 1, len(kept), dtype=np.int64)
    place_of[kept], place_of[-1] = np.arange(len(kept)), -1
    return SliceLevels(place_of[levels.codes], (*(levels.names[place] for place in kept), RARE))


def column_levels(column: pd.Series) -> SliceLevels:
    """Return the level of each of n rows in one column; rows without a value are a level of their own."""
    is_coded = isinstance(column.dtype, pd.CategoricalDtype) and column.cat.categories.is_monotonic_increasing
    codes, names = pd.factorize(column if is_coded else column.astype(object), sort=True)
    return _with_missing(codes.astype(np.int64), tuple(map(str, names)))


def _levels(column: pd.Series, name: str, declared: Slices) -> SliceLevels:
    if name not in declared.bins:
        return column_levels(column)
    edges = declared.bins[name]
    values = column.to_numpy(np.float64, na_value=np.nan)
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return _with_missing(codes, bin_names(edges))


def _with_missing(codes: np.ndarray, names: tuple[str, ...]) -> SliceLevels:
    """Make the rows coded -1 a level of their own."""
    if not (codes < 0).any():
        return SliceLevels(codes, names)
    return SliceLevels(np.where(codes < 0, len(names), codes), (*names, MISSING))
