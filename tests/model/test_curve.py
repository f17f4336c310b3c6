"""Knots and levels of a number: piles and codes stand beside the curve, and tails do not hide the rest."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score

from logitgate.model.design.curve import curve, rising_curve
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.fitted import column_names, units_of
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Search
from tests.model.blocks import blocks_of, search

FEW = 50
MOST = 5
HALVINGS = 6
X_ONLY = FeaturesConfig(numeric=("x",))


def _zeros(rng, n):
    x = np.where(rng.random(n) < 0.9, 0.0, np.exp(rng.normal(1, 1.2, n)))
    return x, np.where(x == 0, -2.0, -1 + 2 * np.sin(np.log(np.maximum(x, 1e-9))))


def _counts(rng, n):
    x = np.minimum(rng.geometric(0.65, n) - 1, 13).astype(float)
    kind = rng.random(n)
    x = np.where(kind < 0.01, 98.0, np.where(kind < 0.0105, 96.0, x))
    return x, np.where(x > 90, 0.5, np.minimum(1.2 * np.sqrt(x), 3) - 2.5)


def _codes(rng, n):
    x = rng.negative_binomial(1, 0.15, n).astype(float)
    x = np.where(rng.random(n) < 0.03, -999.0, x)
    return x, np.where(x < 0, 1.0, np.sin(x / 4) - 1)


def _default(rng, n):
    x = np.where(rng.random(n) < 0.3, 5000.0, np.round(np.exp(rng.normal(8.3, 0.6, n)), -1))
    return x, np.where(x == 5000, 1.0, np.log(x / 5000) - 1)


def _heavy(rng, n):
    x = rng.standard_t(1.2, n)
    return x, 2 * np.tanh(x) * np.where(x > 0, 1, 0.3) - 1


def _shares(rng, n):
    x = np.where(rng.random(n) < 0.02, rng.uniform(1, 8000, n), rng.beta(0.6, 1.2, n))
    return x, np.where(x > 1, -1.0, 3 * x - 3)


def _normal(rng, n):
    x = rng.normal(size=n)
    return x, np.sin(2 * x) - 1


WORLDS = {
    "mostly zero": (_zeros, {0.0}),
    "counts with codes": (_counts, {0.0, 98.0}),
    "a code below": (_codes, {-999.0}),
    "a default amount": (_default, {5000.0}),
    "heavy tails": (_heavy, set()),
    "shares and a few amounts": (_shares, set()),
    "normal": (_normal, set()),
}


@pytest.mark.parametrize("world", WORLDS)
def test_piles_and_codes_are_levels_and_nothing_else_is(world):
    """What fills a large share of the rows, or stands far from all others, is a level."""
    draw, levels = WORLDS[world]
    for seed in range(5):
        x, _ = draw(np.random.default_rng(seed), 10_000)
        found = curve(x, MOST, FEW)
        assert set(found.levels.tolist()) == levels
        if found.knots is not None:
            others = x[~np.isin(x, [*levels, 96.0])]
            assert (found.knots[0], found.knots[-1]) == (others.min(), others.max())


@pytest.mark.parametrize("world", WORLDS)
def test_the_effect_of_every_kind_of_number_is_learned(world):
    """The log loss on other rows is near the true probabilities' and well below a straight line's."""
    draw, _ = WORLDS[world]
    rng = np.random.default_rng(1)
    (x, score), (other, true) = draw(rng, 20_000), draw(rng, 40_000)
    y, known = (rng.random(20_000) < expit(score)).astype(np.int8), rng.random(40_000) < expit(true)
    choices = Search(forms=("linear", "spline"))
    straight, curved = (
        fit(Choice(form, 10.0), pd.DataFrame({"x": x}), y, X_ONLY, choices).predict_proba(
            pd.DataFrame({"x": other})
        )[:, 1]
        for form in choices.forms
    )
    best, found, plain = (log_loss(known, p) for p in (expit(true), curved, straight))
    assert found - best < 0.1 * (plain - best)
    assert roc_auc_score(known, expit(true)) - roc_auc_score(known, curved) < 0.01


def test_the_search_finds_what_a_mostly_zero_number_does():
    """The folds of the search build the same columns: the spline form is chosen and named with its level."""
    rng = np.random.default_rng(2)
    x, score = _zeros(rng, 6000)
    y = (rng.random(6000) < expit(score)).astype(np.int8)
    X, choices = pd.DataFrame({"x": x, "city": rng.choice(["Rome", "Oslo"], 6000)}), Search()
    features = FeaturesConfig(numeric=("x",), categorical=("city",))
    found = search(blocks_of(X, y, 4), features, choices)
    assert found.chosen.choice.form.basis == "spline"
    layout = fit(found.chosen.choice, X, y, features, choices)["design"]
    names, units = column_names(layout), units_of(layout)
    assert units[names.index("values__x_0.0")] == 1.0
    assert found.chosen.n_features <= len(names)


def test_a_missing_or_new_value_has_no_level():
    """The indicator is 1 for its own value alone; a straight line stays one, whatever piles up."""
    x, _ = _counts(np.random.default_rng(3), 10_000)
    X, y = pd.DataFrame({"x": x}), (np.arange(10_000) % 2).astype(np.int8)
    straight, layout = (
        fit(Choice(form, 1.0), X, y, X_ONLY, Search())["design"] for form in Search().forms[:2]
    )
    assert column_names(straight) == ("linear__x",)
    marks = [place for place, name in enumerate(column_names(layout)) if name.startswith("values__")]
    shown = pd.DataFrame({"x": [0.0, 98.0, np.nan, 97.0, 1.0]})
    assert layout.transform(shown)[:, marks].tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]]


def test_plain_quantiles_where_nothing_piles_up():
    """An ordinary number has its knots there; a gap is left out, and a level needs rows enough."""
    x = np.random.default_rng(0).random(1000)
    found = curve(np.r_[x, np.nan], MOST, FEW)
    np.testing.assert_array_equal(found.knots, np.quantile(x, [0, 0.25, 0.5, 0.75, 1]))
    assert not len(found.levels)
    few = np.r_[np.linspace(0, 1, 400), np.full(FEW - 1, 999.0)]
    assert not len(curve(few, MOST, FEW).levels)
    assert curve(np.r_[few, 999.0], MOST, FEW).levels.tolist() == [999.0]


def test_few_values_have_no_more_columns_than_values():
    """A line and the levels never describe more values than there are, so no fit without penalty breaks."""
    rng = np.random.default_rng(0)
    for values in range(1, 9):
        x = rng.choice(
            np.arange(values, dtype=float),
            4000,
            p=0.5 ** np.arange(values) / (0.5 ** np.arange(values)).sum(),
        )
        found = curve(x, MOST, FEW)
        assert len(found.levels) <= max(len(np.unique(x)) - 2, 0)
        if values > 1:
            y = (rng.random(4000) < 0.3).astype(np.int8)
            fit(Choice(Search().forms[1], np.inf), pd.DataFrame({"x": x}), y, X_ONLY, Search())


def test_two_groups_of_values_are_not_both_codes():
    """Where each half lies far from the other, one of them still supports the curve."""
    x = np.repeat([0.0, 1.0, 2.0, 100.0, 101.0, 102.0], 100)
    found = curve(x, MOST, FEW)
    assert found.levels.tolist() == [0.0, 100.0, 101.0, 102.0]
    y = (np.arange(600) % 7 < 3).astype(np.int8)
    fit(Choice(Search().forms[1], np.inf), pd.DataFrame({"x": x}), y, X_ONLY, Search())


VALUES = st.lists(
    st.one_of(
        st.sampled_from([0.0, 1.0, -3.0, 99.0, float("nan")]), st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
    ),
    min_size=2,
    max_size=80,
).map(np.array)


@given(values=VALUES, most=st.integers(3, 20), few=st.integers(1, 10))
@settings(deadline=None, max_examples=150)
def test_any_column_has_a_sound_curve_or_none(values, most, few):
    """Whatever the ties: knots rise strictly, levels are values with enough rows, and one way is no other."""
    free, one_way = curve(values, most, few), rising_curve(values, most, few)
    for found in (free, one_way):
        assert found.knots is None or (np.diff(found.knots) > 0).all()
        assert (np.diff(found.levels) > 0).all()
    assert free.knots is None or len(free.knots) <= most + HALVINGS
    assert all((values == level).sum() >= few for level in free.levels)
    assert not len(one_way.levels)
    assert free.knots is None or one_way.knots is not None


@given(values=VALUES, seed=st.integers(0, 99), power=st.integers(-8, 8))
@settings(deadline=None, max_examples=60)
def test_neither_order_nor_unit_matters(values, seed, power):
    """Permuted rows give the same curve, another unit the same one in that unit."""
    first = curve(values, MOST, 3)
    again = curve(np.random.default_rng(seed).permutation(values), MOST, 3)
    scaled = curve(values * 2.0**power, MOST, 3)
    assert np.array_equal(first.levels, again.levels)
    assert np.array_equal(first.levels * 2.0**power, scaled.levels)
    for other, unit in ((again, 1.0), (scaled, 2.0**power)):
        assert (first.knots is None) == (other.knots is None)
        assert first.knots is None or np.array_equal(first.knots * unit, other.knots)
