"""The design matrix: curves only where the rows support them, no level or gap that breaks it."""

import numpy as np
import pandas as pd
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import parse as parsed

from logitgate.model.design.matrix import TRUSTED_TYPES, design, fitted_design, source_of
from logitgate.model.design.pooled import pooled
from logitgate.model.fitting.fit import Choice, fit
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Search

FEATURES = FeaturesConfig(numeric=("age", "rain"), categorical=("city",))
SEARCH = Search(
    forms=("linear", "spline", "polynomial", "spline + both + mixed + cities"),
    interactions={"both": ("age", "rain"), "mixed": ("age", "city"), "cities": ("city", "kind")},
    rare_level_rows=20,
)
WIDE = FeaturesConfig(numeric=("age", "rain"), categorical=("city", "kind"))


def _rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "rain": np.where(rng.random(n) < 0.95, 0.0, rng.gamma(1.0, size=n)),
            "city": rng.choice(["Rome", "Oslo", "Bern"], n, p=[0.5, 0.3, 0.2]),
            "kind": rng.choice(["a", "b"], n),
        }
    )
    frame.loc[::17, "age"] = np.nan
    frame.loc[::13, "city"] = np.nan
    return frame


def _outcome(frame, seed=1):
    odds = 0.05 * (frame["age"].fillna(40) - 40) + (frame["city"] == "Oslo")
    return (
        (np.random.default_rng(seed).random(len(frame)) < 1 / (1 + np.exp(-odds))).to_numpy().astype(np.int8)
    )


@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_every_form_yields_finite_numbers_with_a_source(form):
    """Each form turns gaps, ties and levels into a finite dense matrix, each column with its source."""
    rows = _rows()
    layout = design(form, WIDE, SEARCH, rows)
    matrix = layout.fit_transform(rows)
    sources = source_of(layout)
    assert isinstance(matrix, np.ndarray)
    assert matrix.dtype == np.float64
    assert np.isfinite(matrix).all()
    assert len(sources) == matrix.shape[1]
    assert set().union(*sources) == set(WIDE.all)


@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_a_column_moves_only_with_its_sources(form):
    """Changing a feature changes columns that name it as a source, and no others."""
    rows = _rows()
    layout = design(form, WIDE, SEARCH, rows).fit(rows)
    sources = source_of(layout)
    before = layout.transform(rows)
    for feature, fresh in {"age": 12.5, "rain": 0.7, "city": "Bern", "kind": "b"}.items():
        changed = layout.transform(rows.assign(**{feature: fresh}))
        moved = np.flatnonzero((changed != before).any(axis=0))
        assert len(moved)
        assert all(feature in sources[place] for place in moved)


def test_interaction_columns_are_the_products_of_the_two_features():
    """An interaction holds level times scaled number, and products of one column's levels are gone."""
    rows = _rows().dropna(ignore_index=True)
    form = Search(forms=("linear + mixed",), interactions=SEARCH.interactions).forms[0]
    layout = design(form, WIDE, SEARCH, rows)
    matrix = layout.fit_transform(rows)
    products = matrix[:, [place for place, source in enumerate(source_of(layout)) if len(source) == 2]]
    scaled = (rows["age"] - rows["age"].mean()) / rows["age"].std(ddof=0)
    expected = np.column_stack([scaled * (rows["city"] == city) for city in ("Bern", "Oslo", "Rome")])
    np.testing.assert_allclose(products, expected, atol=1e-12)


def test_wide_categories_cross_without_their_own_products():
    """Two categories of 60 and 40 levels cross to the pairs that occur, not to (100 choose 2) columns."""
    rng = np.random.default_rng(3)
    n = 4000
    rows = pd.DataFrame(
        {"a": rng.integers(60, size=n).astype(str), "b": rng.integers(40, size=n).astype(str)}
    )
    search = Search(forms=("linear + ab",), interactions={"ab": ("a", "b")}, rare_level_rows=1)
    layout = design(search.forms[0], FeaturesConfig(categorical=("a", "b")), search, rows)
    matrix = layout.fit_transform(rows)
    pairs = len(rows.drop_duplicates())
    assert matrix.shape == (n, 60 + 40 + pairs)


def test_a_missing_level_is_a_level_of_its_own():
    """Rows without a city share a column that no other row has, also as categories."""
    rows = _rows()
    layout = design(SEARCH.forms[0], FeaturesConfig(categorical=("city",)), SEARCH, rows)
    matrix = layout.fit_transform(rows)
    gaps = rows["city"].isna().to_numpy()
    assert matrix.shape[1] == 4
    assert any(np.array_equal(column == 1, gaps) for column in matrix.T)
    assert np.array_equal(layout.fit_transform(rows.astype({"city": "category"})), matrix)


def test_rare_and_unseen_levels_share_one_column():
    """Levels below the minimum are pooled; an unknown one counts among them, if there are any."""
    rows = pd.DataFrame({"city": ["Rome"] * 50 + ["Oslo"] * 40 + ["Bern"] * 5 + ["Graz"] * 5})
    layout = design(SEARCH.forms[0], FeaturesConfig(categorical=("city",)), SEARCH, rows).fit(rows)
    shown = pd.DataFrame({"city": ["Bern", "Graz", "Nowhere", np.nan, "Rome"]})
    assert layout.transform(shown).tolist() == [[0, 0, 1]] * 4 + [[0, 1, 0]]
    assert source_of(layout) == [("city",)] * 3
    common = design(SEARCH.forms[0], FeaturesConfig(categorical=("city",)), SEARCH, rows[:90]).fit(rows[:90])
    assert common.transform(pd.DataFrame({"city": ["Nowhere"]})).tolist() == [[0, 0]]


def test_a_missing_number_counts_as_the_median_and_is_marked():
    """Gaps new to a column are accepted; a column without any value, as in an early fold, is zeros."""
    rows = pd.DataFrame({"age": [1.0, 2.0, 9.0, np.nan], "rain": [1.0, 2.0, 3.0, 4.0]})
    features = FeaturesConfig(numeric=("age", "rain"))
    layout = design(SEARCH.forms[0], features, SEARCH, rows).fit(rows)
    shown = pd.DataFrame({"age": [np.nan, 2.0], "rain": [np.nan, 2.5]})
    gap, plain = layout.transform(shown)
    assert gap.tolist() == [*plain[:2].tolist(), 1.0]
    assert plain[2] == 0.0
    assert source_of(layout) == [("age",), ("rain",), ("age",)]
    empty = pd.DataFrame({"age": np.full(30, np.nan), "rain": np.arange(30.0)})
    assert np.isfinite(design(SEARCH.forms[1], features, SEARCH, empty).fit_transform(empty)).all()


def test_a_mostly_zero_column_is_a_level_and_a_curve():
    """Rain on 5 % of 600 days: a curve over these rows, and a level for the days without."""
    rows = _rows()
    layout = design(SEARCH.forms[1], FeaturesConfig(numeric=("age", "rain")), SEARCH, rows).fit(rows)
    counted = source_of(layout)
    assert counted.count(("rain",)) == SEARCH.knots + 2 - 1 + 1  # the spline and the level of zero
    assert counted.count(("age",)) == SEARCH.knots + 2 - 1 + 1  # the spline and the mark of a gap


@given(
    values=st.lists(
        st.one_of(st.sampled_from([0.0, 1.0, -3.0, float("nan")]), st.floats(-1e6, 1e6)),
        min_size=2,
        max_size=60,
    ),
    most=st.integers(3, 20),
)
@settings(max_examples=40)
def test_any_column_has_a_sound_spline_or_none(values, most):
    """Whatever the ties, the spline over them is finite, inside and out."""
    rows = pd.DataFrame({"x": values})
    search = Search(forms=("spline",), knots=most)
    layout = design(search.forms[0], FeaturesConfig(numeric=("x",)), search, rows).fit(rows)
    assert np.isfinite(layout.transform(pd.DataFrame({"x": [*values, -1e9, 1e9]}))).all()


def test_a_spline_is_flat_beyond_the_training_rows():
    """Beyond the smallest and largest training value a curve keeps its last value."""
    rows = _rows().dropna()
    layout = design(SEARCH.forms[1], FeaturesConfig(numeric=("age",)), SEARCH, rows).fit(rows)
    low, high = rows["age"].min(), rows["age"].max()
    ends, far = (
        layout.transform(pd.DataFrame({"age": pair})) for pair in ([low, high], [low - 1e6, high + 1e6])
    )
    np.testing.assert_allclose(far, ends, atol=1e-9)


@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_a_stored_model_answers_bit_for_bit(form):
    """A model that went through skops with the listed types alone gives the same probabilities."""
    import skops.io

    rows = _rows()
    model = fit(Choice(form, 1.0), rows, _outcome(rows), WIDE, SEARCH)
    stored = skops.io.dumps(model)
    assert set(skops.io.get_untrusted_types(data=stored)) <= set(TRUSTED_TYPES)
    loaded = skops.io.loads(stored, trusted=list(TRUSTED_TYPES))
    shown = pd.concat([rows, rows.assign(city="Nowhere", age=np.nan)])
    assert np.array_equal(loaded.predict_proba(shown), model.predict_proba(shown))


def test_all_trusted_types_are_needed():
    """The allow-list holds nothing that no model needs: each but one, which is of an older or newer SciPy."""
    import skops.io

    rows = _rows()
    model = fit(Choice(SEARCH.forms[-1], 1.0), rows, _outcome(rows), WIDE, SEARCH)
    needed = set(skops.io.get_untrusted_types(data=skops.io.dumps(model)))
    of_another_scipy = "_BSpline" if parsed(scipy.__version__) < parsed("1.18") else "asarray"
    (left,) = set(TRUSTED_TYPES) - needed
    assert left.endswith(f".{of_another_scipy}") and needed < set(TRUSTED_TYPES)


@pytest.mark.parametrize("text", [object, "str", "category"])
@pytest.mark.parametrize("form", SEARCH.forms, ids=str)
def test_a_design_fitted_on_codes_is_the_same(form, text):
    """Whatever type the texts have: the same columns, levels and rare levels."""
    rows = _rows().astype({"city": text, "kind": text})
    rows.loc[3, "city"] = "Bern"
    ours = fitted_design(form, WIDE, SEARCH, rows)
    theirs = design(form, WIDE, SEARCH, rows).fit(rows[list(WIDE.all)])
    other = _rows(200, seed=5).astype({"city": text, "kind": text})
    np.testing.assert_array_equal(ours.transform(other), theirs.transform(other))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    for one, another in zip(_encoders(ours), _encoders(theirs), strict=True):
        for levels, wanted in zip(one.categories_, another.categories_, strict=True):
            assert levels.dtype == wanted.dtype and pd.Series(levels).equals(pd.Series(wanted))
        assert str(one.infrequent_categories_) == str(another.infrequent_categories_)


@pytest.mark.parametrize("is_shared", [False, True], ids=["each its own", "shared values"])
@pytest.mark.parametrize("form", Search(forms=("linear", "spline", "polynomial")).forms, ids=str)
def test_moments_of_many_rows_are_those_of_the_written_columns(form, is_shared):
    """Above the rows that are written at once medians, means and scales agree to rounding."""
    rng = np.random.default_rng(3)
    rows = _rows(20_000)
    rows["tail"] = np.exp(rng.normal(0, 2, len(rows)))
    rows["far"] = 1.7e9 + rng.normal(0, 400, len(rows))
    rows["gaps"] = rows["age"].where(rng.random(len(rows)) < 0.7)
    numbers = ("age", "rain", "tail", "far", "gaps")
    if is_shared:
        rows[list(numbers)] = rows[list(numbers)].round(0)
    features = FeaturesConfig(numeric=numbers, categorical=("city",))
    known = pooled(rows, numbers)
    assert ("age" in known) == is_shared
    ours = fitted_design(form, features, SEARCH, rows, known=known)
    theirs = design(form, features, SEARCH, rows).fit(rows[list(features.all)])
    some = rows[:500]
    np.testing.assert_allclose(ours.transform(some), theirs.transform(some), rtol=1e-9, atol=1e-8)
    kept, wanted = (vars(one.transformers_[0][1][-1]) for one in (ours, theirs))
    assert kept.keys() == wanted.keys()


def _encoders(layout):
    """Return the encoders of texts in a layout."""
    for name, block, _ in layout.transformers_:
        if name == "levels":
            yield block
        elif name.startswith("interaction"):
            sides = block.named_steps["sides"].transformers_
            yield from (side for _, side, _ in sides if hasattr(side, "categories_"))
