"""Cutting rows into the slices that a project declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .margins import Slices
from .project import Project
from .sample import Sample
from .slice_names import MISSING, bin_names
from .slices import Levels, crossed


def slice_levels(sample: Sample, project: Project) -> dict[str, Levels]:
    """Return the level of each row in every declared slice column, bin and crossing."""
    declared = project.slices
    levels = {name: _levels(sample.frame[name], name, declared) for name in declared.all}
    return levels | {
        f"{first} & {second}": crossed(levels[first], levels[second]) for first, second in declared.crossings
    }


def column_levels(column: pd.Series) -> Levels:
    """Return the level of each of n rows in one column; rows without a value are a level of their own."""
    codes, names = pd.factorize(column.astype(object), sort=True)
    return _with_missing(codes.astype(np.int64), tuple(map(str, names)))


def _levels(column: pd.Series, name: str, declared: Slices) -> Levels:
    if name not in declared.bins:
        return column_levels(column)
    edges = declared.bins[name]
    values = column.to_numpy(np.float64, na_value=np.nan)
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return _with_missing(codes, bin_names(edges))


def _with_missing(codes: np.ndarray, names: tuple[str, ...]) -> Levels:
    """Make the rows coded -1 a level of their own."""
    if not (codes < 0).any():
        return Levels(codes, names)
    return Levels(np.where(codes < 0, len(names), codes), (*names, MISSING))
