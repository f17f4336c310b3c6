"""The design matrix on codes is the one that scikit-learn's transformers write out."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import design
from logitgate.model.design.pooled import FEWEST, PooledColumns
from logitgate.model.fitting.leverage import leverages
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Search

SEARCH = Search(
    forms=("linear", "spline", "polynomial", "linear + both + mixed + cities + back"),
    interactions={
        "both": ("age", "rain"),
        "mixed": ("age", "city"),
        "cities": ("city", "kind"),
        "back": ("kind", "rain"),
    },
    rare_level_rows=20,
)
FEATURES = FeaturesConfig(numeric=("age", "rain"), categorical=("city", "kind"))


def _rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "rain": np.where(rng.random(n) < 0.6, 0.0, rng.gamma(1.0, size=n)),
            "city": rng.choice(["Rome", "Oslo", "Bern", "Vaduz"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "kind": rng.choice(["a", "b"], n),
        }
    )
    frame.loc[::17, "age"] = np.nan
    frame.loc[::13, "city"] = np.nan
    return frame


def _coded(form, text, other=None):
    """Return the layout fitted to some rows, and other rows on codes and as scikit-learn writes them."""
    learned, judged = _rows(), (_rows(300, seed=1) if other is None else other)
    columns = dict.fromkeys(FEATURES.categorical, text)
    learned, judged = learned.astype(columns), judged.astype(columns)
    layout = design(form, FEATURES, SEARCH, learned).fit(learned)
    return CodedMatrix.of(layout, judged), layout.transform(judged)


@pytest.mark.parametrize("text", [object, "str", "category"])
@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_each_form_is_the_same_matrix(form, text):
    """Rare levels, missing cells and products included, whatever type the texts have.

    A level that the fit never met counts as a rare one where there are any, else it has no column.
    """
    other = _rows(200, seed=2)
    other.loc[::3, "city"], other.loc[::5, "kind"], other.loc[::4, "rain"] = "Lima", "c", np.nan
    for rows in (None, other):
        coded, written = _coded(form, text, rows)
        assert coded.shape == written.shape
        assert np.allclose(coded.whole(), written, rtol=1e-12, atol=1e-12)


@cache
def _fitted(form, *, is_pooled):
    """The matrix of a form, both ways; it is fitted once for all examples."""
    return _coded(form, object, _rows(FEWEST + 500, seed=3).round(1) if is_pooled else None)


@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_rows_that_share_values_are_the_same_matrix(form):
    """Curves by distinct values, straight lines written, and levels of several features together."""
    coded, written = _fitted(form, is_pooled=True)
    kinds = [isinstance(part, PooledColumns) for part in (*coded.numbers, *coded.groups)]
    assert sum(kinds) == (3 if form.basis == "spline" else 1)
    assert np.allclose(coded.whole(), written, rtol=1e-12, atol=1e-12)
    code = np.arange(len(written)) % 3
    sums = [written[code == one].sum(axis=0) for one in range(3)]
    assert np.allclose(coded.sums_by(code, np.ones(len(written)))[:, :-1], sums, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_leverages_do_not_depend_on_how_columns_are_stored(form):
    """A row of a cell has the leverage that it has by itself."""
    coded, _ = _fitted(form, is_pooled=True)
    alone = replace(
        coded,
        numbers=tuple(one for part in coded.numbers for one in _by_row(part)),
        groups=tuple(one for part in coded.groups for one in _by_row(part)),
    )
    assert np.allclose(leverages(coded), leverages(alone), rtol=1e-9)


def _by_row(part):
    """The columns of a part, row by row."""
    return (
        [one.taken(part.codes.astype(int)) for one in part.each]
        if isinstance(part, PooledColumns)
        else [part]
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from(SEARCH.forms), st.integers(1, 40_000), st.booleans())
def test_scores_sums_and_hessian_are_those_of_the_matrix(seed, form, n, is_pooled):
    """Look-ups and counts are products with the written matrix, in blocks of rows or not."""
    rng = np.random.default_rng(seed)
    coded, _ = _fitted(form, is_pooled=is_pooled)
    coded = coded.take(rng.integers(0, coded.shape[0], n))
    whole = np.column_stack((coded.whole(), np.ones(n)))
    weights, values, curvature = rng.normal(size=whole.shape[1]), rng.normal(size=n), rng.uniform(size=n)
    assert np.allclose(coded.scores(weights), whole @ weights, rtol=0, atol=1e-10)
    for one in (coded, coded.for_many_sums()):
        assert np.allclose(one.sums(values), whole.T @ values, rtol=1e-9, atol=1e-9 * n)
    expected = (whole * curvature[:, None]).T @ whole
    assert np.allclose(coded.hessian(curvature), expected, rtol=1e-9, atol=1e-9 * n)


@given(st.integers(0, 2**32 - 1), st.sampled_from(SEARCH.forms), st.booleans())
def test_columns_can_be_left_out(seed, form, is_pooled):
    """What is kept keeps its order, and the ones stay last."""
    coded, written = _fitted(form, is_pooled=is_pooled)
    kept = np.random.default_rng(seed).random(coded.shape[1]) < 0.5
    left = coded.among(kept)
    assert np.allclose(left.whole(), written[:, kept], rtol=1e-12, atol=1e-12)
    weights = np.arange(kept.sum() + 1.0)
    assert np.allclose(left.scores(weights), written[:, kept] @ weights[:-1] + weights[-1])
    assert np.allclose(left.hessian(np.ones(len(written)))[-1, -1], len(written))


def test_rows_without_features_have_ones_alone():
    """A design without columns still has an intercept."""
    bare = CodedMatrix.of_dense(np.empty((3, 0)))
    assert bare.shape == (3, 0) and bare.scores(np.array([2.0])).tolist() == [2.0, 2.0, 2.0]
    assert bare.hessian(np.array([1.0, 2.0, 3.0])).tolist() == [[6.0]]
