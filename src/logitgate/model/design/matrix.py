"""The design matrix: how features become the columns that a logistic model weighs.

Only scikit-learn's own transformers are used, so that loading a model never needs to trust code of
ours. What has to be decided from rows (where the knots of a spline lie, which columns have missing
cells) is decided from the training rows alone.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, SplineTransformer, StandardScaler

from ...decision.expressions import FloatArray
from ...project.data import FeaturesConfig
from ...project.search import Form, Search
from .block_fit import fitted_block
from .curve import CUBIC, curve, rising_curve
from .pooled import NONE, Known, numbers_of
from .signs import FREE, Signs

Block: TypeAlias = "tuple[str, BaseEstimator, list[str]]"
"""Name, unfitted transformer, and the columns it reads."""

TRUSTED_TYPES: tuple[str, ...] = (
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.interpolate._bsplines._BSpline",
)
"""What `skops.io.load` must trust beyond its own list to read a pipeline of this project.

The first is how imputers and encoders remember their input's type; the others are the curves of
a fitted `SplineTransformer`, with the function by which they read arrays (before SciPy 1.18) or the part that
computes them (from 1.18 on).
"""


def design(
    form: Form, features: FeaturesConfig, search: Search, rows: pd.DataFrame, signs: Signs = FREE
) -> ColumnTransformer:
    """Lay out the design matrix of a form.

    Parameters
    ----------
    form : Form
    features : FeaturesConfig
    search : Search
        For its knots, interactions and how rare a level must be to be pooled.
    rows : DataFrame of shape (n, ...)
        The training rows: numeric features as floats, categorical ones as text or categories;
        missing cells are NaN.
    signs : mapping of feature to "positive" or "negative"
        The curves of these have no levels beside them; see `rising_curve`.

    Returns
    -------
    ColumnTransformer
        Not yet fitted; reads a frame with the feature columns and returns a dense float64 matrix.
    """
    return ColumnTransformer(blocks(form, features, search, rows, signs), sparse_threshold=0.0)


def fitted_design(  # noqa: PLR0913, PLR0917 - as `design`
    form: Form,
    features: FeaturesConfig,
    search: Search,
    rows: pd.DataFrame,
    signs: Signs = FREE,
    known: Known = NONE,
) -> ColumnTransformer:
    """Return the design matrix fitted to rows, as `design(...).fit(rows)` would be, parameters as there.

    It is fitted to numbers of levels, which sort as the levels do, and given their names afterwards:
    scikit-learn counts texts one by one in Python. No column is written for more than some thousand rows.
    """
    coded, labels = level_codes(rows, features)
    parts = blocks(form, features, search, coded, signs, known)
    fitted = [(name, fitted_block(part, coded[columns], known), columns) for name, part, columns in parts]
    for name, block, columns in fitted:
        if name == "levels":
            _name_levels(block, columns, labels)
        elif name.startswith("interaction"):
            for _, side, own in block.named_steps["sides"].transformers_:
                if isinstance(side, OneHotEncoder):
                    _name_levels(side, own, labels)
    return _laid_out(fitted, parts, rows[list(features.all)])


def _laid_out(fitted: list[Block], parts: list[Block], rows: pd.DataFrame) -> ColumnTransformer:
    """Put fitted blocks into a layout, which is fitted to a single row for its own names and places."""
    frozen = [(name, FrozenEstimator(block), columns) for name, block, columns in fitted]
    layout = ColumnTransformer(frozen, sparse_threshold=0.0).fit(rows.iloc[:1])
    layout.transformers = parts
    layout.transformers_ = [
        (name, block.estimator if isinstance(block, FrozenEstimator) else block, columns)
        for name, block, columns in layout.transformers_
    ]
    return layout


def level_codes(rows: pd.DataFrame, features: FeaturesConfig) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Write each level as its number in sorted order, missing cells as NaN; return the levels as well."""
    codes, labels = {}, {}
    for name in features.categorical:
        numbers, levels = pd.factorize(rows[name], sort=True)
        codes[name] = np.where(numbers < 0, np.nan, numbers.astype(np.float32))
        labels[name] = np.asarray(levels, dtype=object)
    return rows.assign(**codes), labels


def _name_levels(encoder: OneHotEncoder, columns: list[str], labels: dict[str, np.ndarray]) -> None:
    """Put levels in place of their numbers."""
    encoder.categories_ = [
        np.array([np.nan if np.isnan(code) else labels[name][int(code)] for code in codes], dtype=object)
        for name, codes in zip(columns, encoder.categories_, strict=True)
    ]


def blocks(  # noqa: PLR0913, PLR0917 - as `design`
    form: Form,
    features: FeaturesConfig,
    search: Search,
    rows: pd.DataFrame,
    signs: Signs = FREE,
    known: Known = NONE,
) -> list[Block]:
    """Return the blocks of columns that make up a design matrix; see `design`.

    Blocks of the same name in two forms over the same rows are the same. An interaction with a feature that
    is constant in these rows has no columns.
    """
    gaps = [name for name in features.numeric if bool(rows[name].isna().any())]
    match form.basis:
        case "linear":
            found: list[Block] = [("linear", _linear(), list(features.numeric))]
        case "polynomial":
            found = [("polynomial", _polynomial(), list(features.numeric))]
        case "spline":
            found = _splines(features.numeric, search, rows, signs, known)
    found.append(("missing", MissingIndicator(features="all"), gaps))
    found.append(("levels", _levels(search), list(features.categorical)))
    for position, (name, pair) in enumerate(search.interactions.items()):
        if name in form.interactions and _vary(pair, features, search, rows):
            found.append((f"interaction{position}", _interaction(pair, features, search), list(pair)))
    return [block for block in found if block[2]]


def source_of(fitted: ColumnTransformer) -> list[tuple[str, ...]]:
    """Return, for each column of a fitted design matrix, the feature or the two features it came from."""
    sources: list[tuple[str, ...]] = []
    for name, transformer, columns in fitted.transformers_:
        width = fitted.output_indices_[name]
        if name != "remainder":
            sources += _sources(name, transformer, list(columns), width.stop - width.start)
    return sources


def _splines(
    columns: tuple[str, ...], search: Search, rows: pd.DataFrame, signs: Signs, known: Known
) -> list[Block]:
    """Group the columns by degree and knots of their curves; those that support no curve stay linear."""
    curves = {
        column: (rising_curve if column in signs else curve)(
            known[column] if column in known else numbers_of(rows[column]),
            search.knots,
            search.rare_level_rows,
        )
        for column in columns
    }
    groups: dict[tuple[int, int], dict[str, FloatArray]] = {}
    for column, one in curves.items():
        if one.knots is not None:
            groups.setdefault((one.degree, len(one.knots)), {})[column] = one.knots
    found: list[Block] = [("straight", _linear(), [name for name in columns if curves[name].knots is None])]
    for (degree, count), group in sorted(groups.items()):
        name = f"spline{count}" if degree == CUBIC else f"piecewise{count}"
        found.append((name, _spline(np.column_stack(list(group.values())), degree), list(group)))
    levels = {name: one.levels for name, one in curves.items() if len(one.levels)}
    marks = OneHotEncoder(categories=list(levels.values()), handle_unknown="ignore", sparse_output=False)
    return [*found, ("values", marks, list(levels))]


def _linear() -> Pipeline:
    return Pipeline([("impute", _impute()), ("scale", StandardScaler())])


def _spline(places: FloatArray, degree: int) -> Pipeline:
    curve = SplineTransformer(knots=places, degree=degree, extrapolation="constant", include_bias=False)
    return Pipeline([("impute", _impute()), ("spline", curve), ("scale", StandardScaler())])


def _polynomial() -> Pipeline:
    products = PolynomialFeatures(2, include_bias=False)
    return Pipeline([*_linear().steps, ("products", products), ("rescale", StandardScaler())])


def _impute() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _levels(search: Search, *, sparse: bool = False) -> OneHotEncoder:
    # A missing cell is a level of its own; an unseen level counts as a rare one.
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=search.rare_level_rows, sparse_output=sparse
    )


def _interaction(pair: tuple[str, ...], features: FeaturesConfig, search: Search) -> Pipeline:
    """Multiply two features; sparse until the end, because two wide categories make wide products."""
    sides = ColumnTransformer(
        [
            (f"side{side}", _linear() if name in features.numeric else _levels(search, sparse=True), [name])
            for side, name in enumerate(pair)
        ],
        sparse_threshold=1.0,
    )
    products = PolynomialFeatures(degree=(2, 2), interaction_only=True, include_bias=False)
    # Two levels of one column never meet in a row: their products are zero throughout.
    return Pipeline([("sides", sides), ("products", products), ("varying", VarianceThreshold(0.0))])


def _vary(pair: tuple[str, ...], features: FeaturesConfig, search: Search, rows: pd.DataFrame) -> bool:
    numeric = features.numeric
    return all(_varies(rows[name], is_number=name in numeric, search=search) for name in pair)


def _varies(column: pd.Series, *, is_number: bool, search: Search) -> bool:
    """Whether a side of an interaction has two columns or two values, once rare levels are pooled."""
    counts = column.value_counts(dropna=is_number)
    if is_number:
        return len(counts) > 1
    is_rare = counts < search.rare_level_rows
    return int((~is_rare).sum() + is_rare.any()) > 1


def _sources(name: str, transformer: BaseEstimator, columns: list[str], width: int) -> list[tuple[str, ...]]:
    if name in ("levels", "values"):
        repeats = zip(columns, _counts(transformer), strict=True)
        return [(column,) for column, count in repeats for _ in range(count)]
    if name == "polynomial":
        powers = transformer.named_steps["products"].powers_
        return [tuple(columns[place] for place in np.flatnonzero(row)) for row in powers]
    if name.startswith("interaction"):
        return [tuple(columns)] * width
    each = width // len(columns)
    return [(column,) for column in columns for _ in range(each)]


def _counts(levels: OneHotEncoder) -> list[int]:
    """How many columns each feature has: its frequent levels and one for the rare ones, if any."""
    if levels.min_frequency is None:
        return [len(every) for every in levels.categories_]
    counts = []
    for every, rare in zip(levels.categories_, levels.infrequent_categories_, strict=True):
        pooled = 0 if rare is None else len(rare)
        counts.append(len(every) - pooled + (pooled > 0))
    return counts
