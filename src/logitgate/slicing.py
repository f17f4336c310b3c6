"""Cutting rows into the slices that a project declares."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from .margins import Slices
from .project import Project
from .sample import Sample
from .slice_names import MISSING, RARE, bin_names
from .slices import Levels, crossed


def slice_levels(sample: Sample, project: Project) -> dict[str, Levels]:
    """Return the level of each row in every declared slice column, bin and crossing."""
    declared = project.slices
    rare = project.search.rare_level_rows
    levels = {
        name: _binned(sample.frame[name], declared.bins[name])
        if name in declared.bins
        else column_levels(sample.frame[name], rare, _named(name, declared))
        for name in declared.all
    }
    return levels | {
        f"{first} & {second}": crossed(levels[first], levels[second]) for first, second in declared.crossings
    }


def column_levels(column: pd.Series, rare: int, named: Collection[str] = ()) -> Levels:
    """Return the level of each of n rows in one column; rows without a value are a level of their own.

    Levels of fewer than `rare` rows are one level, `rare levels`: the text of a few rows may be a person's.
    Those that the project itself has `named` keep their names.
    """
    codes, found = pd.factorize(column.astype(object), sort=True)
    names = [str(name) for name in found]
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    kept = [place for place, name in enumerate(names) if rows[place] >= rare or name in named]
    place_of = np.full(len(names) + 1, len(kept), dtype=np.int64)
    place_of[kept] = np.arange(len(kept))
    place_of[-1] = -1
    pooled = (RARE,) if len(kept) < len(names) else ()
    return _with_missing(place_of[codes], (*(names[place] for place in kept), *pooled))


def _named(column: str, declared: Slices) -> set[str]:
    """Return the levels of a column that the project's own critical slices may name."""
    parts = {part for name in declared.critical for part in re.split(" = | & ", name)}
    return parts if any(column in name for name in declared.critical) else set()


def _binned(column: pd.Series, edges: Sequence[float]) -> Levels:
    values = column.to_numpy(np.float64, na_value=np.nan)
    codes = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    return _with_missing(codes, bin_names(edges))


def _with_missing(codes: np.ndarray, names: tuple[str, ...]) -> Levels:
    """Make the rows coded -1 a level of their own."""
    if not (codes < 0).any():
        return Levels(codes, names)
    return Levels(np.where(codes < 0, len(names), codes), (*names, MISSING))
