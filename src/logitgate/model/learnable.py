"""Which rows nothing can be learned from: refused by name before a model is fitted."""

from __future__ import annotations

from math import lgamma, log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..errors import DataError, FitError
from ..project.data import Features
from ..project.search import Search

_CHANCE = log(1e-6)
_SMALLEST = 1e-100


def refuse_unlearnable(X: pd.DataFrame, y: NDArray[np.integer], features: Features, search: Search) -> None:
    """Refuse training rows that no logistic model can be fitted to.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        With the feature columns.
    y : int array of shape (n,)
        0 or 1.
    features : Features
    search : Search
        For the most levels that a category may have.

    Raises
    ------
    DataError
        When y does not hold both 0 and 1 and nothing else, a number is infinite or vanishes, a feature is
        the same in all rows, or a category has so many levels that it is an id.
    FitError
        When a single feature separates the classes perfectly, which chance alone does less than
        once in a million: it is the outcome by another name, or was known after it.
    """
    _refuse_outcome(y)
    for name in features.numeric:
        _refuse_number(name, X[name])
    for name in features.categorical:
        _refuse_category(name, X[name], search.most_levels)
    alone = [name for name in features.all if _separates(X[name], np.asarray(y, dtype=bool))]
    if alone:
        names = ", ".join(f"'{name}'" for name in alone)
        raise FitError(
            f"features {names}",
            f"each separates the outcome perfectly on the {len(y)} training rows",
            "drop what is only known after the outcome",
        )


def _refuse_outcome(y: NDArray[np.integer]) -> None:
    classes = np.unique(y)
    if len(classes) == 2 and (classes == (0, 1)).all():
        return
    rule = f"{len(classes)} classes in {len(y)} training rows, where two are needed: 0 and 1"
    raise DataError("outcome", rule, "give rows with events and without, marked 1 and 0")


def _refuse_number(name: str, column: pd.Series) -> None:
    values = column.to_numpy(dtype=np.float64)
    infinite = int(np.isinf(values).sum())
    if infinite:
        rule = f"{infinite} of {len(values)} values are infinite"
        raise DataError(f"feature '{name}'", rule, "give finite numbers, or leave the cell empty")
    small = np.abs(values[np.isfinite(values) & (values != 0)])
    if len(small) and small.max() < _SMALLEST:
        rule = f"all {len(small)} values that are not zero lie below {_SMALLEST:g}, where squares vanish"
        raise DataError(f"feature '{name}'", rule, "give it in another unit")
    gaps = np.isnan(values)
    observed = values[~gaps]
    if not len(observed) or (not gaps.any() and observed.min() == observed.max()):
        raise _constant(name, len(values))


def _refuse_category(name: str, column: pd.Series, most: int) -> None:
    levels = column.nunique(dropna=False)
    if levels > most:
        rule = f"{levels} levels in {len(column)} training rows, more than {most}"
        remedy = "it is an id, not a feature: drop it, or raise search.most_levels"
        raise DataError(f"feature '{name}'", rule, remedy)
    if levels < 2:
        raise _constant(name, len(column))


def _constant(name: str, rows: int) -> DataError:
    return DataError(f"feature '{name}'", f"constant on the {rows} training rows", "drop it")


def _separates(column: pd.Series, event: BoolArray) -> bool:
    """Whether the feature alone tells all events from all other rows, and not by chance."""
    if pd.api.types.is_numeric_dtype(column):
        return _number_separates(column.to_numpy(dtype=np.float64), event) and not _by_chance(event)
    codes = pd.factorize(column, use_na_sentinel=False)[0]
    share = np.bincount(codes, event) / np.bincount(codes)
    pure = bool(((share == 0) | (share == 1)).all())
    # One row more or less decides nothing: a level must repeat before its purity says anything.
    return pure and not _by_chance(event) and len(share) <= len(event) // 10


def _number_separates(values: FloatArray, event: BoolArray) -> bool:
    gaps = np.isnan(values)
    if gaps.any() and event[gaps].min() != event[gaps].max():
        return False
    high, low = values[event & ~gaps], values[~event & ~gaps]
    if not len(high) or not len(low):
        return True
    return bool(high.min() > low.max() or low.min() > high.max())


def _by_chance(event: BoolArray) -> bool:
    """Whether random outcomes would be sorted like this more than once in a million: 2 / C(n, k)."""
    rows, events = len(event), int(event.sum())
    arrangements = lgamma(rows + 1) - lgamma(events + 1) - lgamma(rows - events + 1)
    return log(2) - arrangements > _CHANCE
