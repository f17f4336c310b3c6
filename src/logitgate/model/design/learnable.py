"""What nothing can be learned from: constant features are left out, other rows are refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...errors import DataError, FitError
from ...findings import Finding, Status
from ...project.data import FeaturesConfig
from ...project.project import Project
from ...project.search import Search

CHECK = Check.FIT
_CHANCE = log(1e-6)
_SMALLEST = 1e-100
_FEWEST_VALUES = 2


@dataclass(frozen=True, slots=True)
class Usable:
    """What some rows can teach something about, and the features about which they cannot."""

    features: FeaturesConfig
    search: Search
    """Its forms lack the interactions that a left-out feature takes part in."""
    left_out: tuple[str, ...]

    def findings(self, rows: int) -> list[Finding]:
        """Return a warning for each feature that was left out of a fit to so many rows."""
        because = (
            f"constant or empty in all {rows} rows, so it is left out of this fit, with its interactions"
        )
        return [Finding(CHECK, name, Status.WARN, because, {"rows": rows}) for name in self.left_out]

    def of(self, project: Project) -> Project:
        """Return the project as if it had never declared what was left out."""
        gates = project.gates
        signs = {name: sign for name, sign in gates.signs.items() if name in self.features.numeric}
        kept = {"features": self.features, "search": self.search}
        return project.model_copy(update={**kept, "gates": gates.model_copy(update={"signs": signs})})


def usable_features(X: pd.DataFrame, features: FeaturesConfig, search: Search) -> Usable:
    """Leave out the features that are constant or empty in all rows, and the interactions with them.

    Whether a value is there at all can matter: a number that is always the same where it is not missing
    stays.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        All rows of the training's window, with the feature columns.
    features : FeaturesConfig
    search : Search

    Raises
    ------
    DataError
        When no feature is left.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [30.0, 41.0], "branch": ["north", "north"]})
    >>> usable_features(X, FeaturesConfig(numeric=("age",), categorical=("branch",)), Search()).left_out
    ('branch',)
    """
    left_out = tuple(name for name in features.all if X[name].nunique(dropna=False) < _FEWEST_VALUES)
    if not left_out:
        return Usable(features, search, ())
    if len(left_out) == len(features.all):
        rule = f"each of {len(left_out)} is constant or empty in all {len(X)} rows"
        raise DataError("features", rule, "name a column that varies under features")
    kept = {
        "numeric": tuple(name for name in features.numeric if name not in left_out),
        "categorical": tuple(name for name in features.categorical if name not in left_out),
    }
    lost = {name for name, pair in search.interactions.items() if set(pair) & set(left_out)}
    forms = tuple(dict.fromkeys(form.without(lost) for form in search.forms))
    return Usable(features.model_copy(update=kept), search.model_copy(update={"forms": forms}), left_out)


def refuse_unlearnable(
    X: pd.DataFrame, y: NDArray[np.integer], features: FeaturesConfig, search: Search
) -> None:
    """Refuse training rows that no logistic model can be fitted to.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        With the feature columns.
    y : int array of shape (n,)
        0 or 1.
    features : FeaturesConfig
    search : Search
        For the most levels that a category may have.

    Raises
    ------
    DataError
        When y does not hold both 0 and 1 and nothing else, a number is infinite or vanishes, or a category
        has so many levels that it is an id. A constant feature is no error: it gets no weight.
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


def _refuse_category(name: str, column: pd.Series, most: int) -> None:
    levels = column.nunique(dropna=False)
    if levels > most:
        rule = f"{levels} levels in {len(column)} training rows, more than {most}"
        remedy = "it is an id, not a feature: drop it, or raise search.most_levels"
        raise DataError(f"feature '{name}'", rule, remedy)


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
