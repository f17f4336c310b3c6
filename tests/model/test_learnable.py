"""What is refused before fitting names its column and counts, and chance is not called a leak."""

import numpy as np
import pandas as pd
import pytest

from logitgate.errors import DataError, FitError
from logitgate.findings import Status
from logitgate.model.design.learnable import refuse_unlearnable, usable_features
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Search
from tests.wording import refusal

SEARCH = Search()
BOTH = FeaturesConfig(numeric=("x",), categorical=("g",))


def _rows(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n), "g": rng.choice(["a", "b"], n)}), rng.integers(2, size=n)


def _refusal(X, y, features):
    try:
        refuse_unlearnable(X, y, features, SEARCH)
    except (DataError, FitError) as error:
        return str(error)
    return None


def test_other_than_two_classes_of_0_and_1_are_refused(wording):
    """One class and three; -1 and 1 would be scored wrongly."""
    X, y = _rows()
    outcomes = (np.zeros(200), np.ones(200), np.arange(200) % 3, 2 * y - 1)
    wording(
        *(refusal(DataError, refuse_unlearnable, X, one.astype(np.int8), BOTH, SEARCH) for one in outcomes)
    )


def test_infinite_numbers_are_counted(wording):
    """Infinity is refused with the column and how often it stands there; a gap is no infinity."""
    X, y = _rows()
    X.loc[[3, 5], "x"] = [np.inf, -np.inf]
    X.loc[7, "x"] = np.nan
    wording(refusal(DataError, refuse_unlearnable, X, y, BOTH, SEARCH))


@pytest.mark.parametrize(
    ("column", "values"),
    [("x", 3.0), ("x", np.nan), ("g", "a"), ("g", None)],
    ids=["number", "gaps", "level", "none"],
)
def test_constant_columns_are_left_out_with_a_warning(column, values):
    """By name; the other one stays. It is no reason to refuse rows, such as those of an early fold."""
    X, y = _rows()
    X = X.assign(**{column: pd.Series([values] * 200)})
    usable = usable_features(X, BOTH, SEARCH)
    assert usable.left_out == (column,)
    assert usable.features.all == tuple(name for name in BOTH.all if name != column)
    (finding,) = usable.findings(200)
    assert (finding.check, finding.subject, finding.status) == ("fit", column, Status.WARN)
    assert finding.figures == {"rows": 200}
    assert _refusal(X, y, BOTH) is None


def test_interactions_go_with_their_features():
    """A form loses the interactions of a constant feature, keeps the others, and stands once."""
    X, _ = _rows()
    X = X.assign(z=X["x"] ** 2, c=1.0)
    search = Search(
        forms=("linear", "spline", "spline + lost", "spline + kept + lost"),
        interactions={"lost": ("x", "c"), "kept": ("x", "g")},
    )
    usable = usable_features(X, FeaturesConfig(numeric=("x", "z", "c"), categorical=("g",)), search)
    assert [str(form) for form in usable.search.forms] == ["linear", "spline", "spline + kept"]
    assert usable.features == FeaturesConfig(numeric=("x", "z"), categorical=("g",))


def test_features_that_vary_are_all_kept():
    """Without a constant nothing changes; whether a value is there at all can matter, too."""
    X, y = _rows()
    usable = usable_features(X, BOTH, SEARCH)
    assert (usable.features, usable.search, usable.left_out) == (BOTH, SEARCH, ())
    assert _refusal(X, y, BOTH) is None
    X["x"] = np.where(np.arange(200) % 3 == 0, np.nan, 1.0)
    assert usable_features(X, BOTH, SEARCH).left_out == ()
    assert _refusal(X, y, BOTH) is None


def test_no_feature_left_is_an_error(wording):
    """A table in which every feature is constant teaches nothing."""
    X, _ = _rows()
    wording(refusal(DataError, usable_features, X.assign(x=1.0, g="a"), BOTH, SEARCH))


@pytest.mark.parametrize("n", [5_000, 300_000])
def test_ids_are_no_categories(n, wording):
    """Refused by counting, not by running out of memory: a matrix of 300,000 ids would have 720 GB."""
    X, y = pd.DataFrame({"g": np.arange(n).astype(str), "x": np.arange(n, dtype=float)}), np.arange(n) % 2
    wording(refusal(DataError, refuse_unlearnable, X, y, BOTH, SEARCH))
    if n == 5_000:
        refuse_unlearnable(X, y, BOTH, Search(most_levels=n))


def _separating(kind, y):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=len(y)) / 10
    return {
        "rising": pd.Series(y + noise.clip(-0.4, 0.4)),
        "falling": pd.Series(noise.clip(-0.4, 0.4) - y),
        "gaps": pd.Series(np.where(y == 1, np.nan, noise)),
        "levels": pd.Series(np.where(y == 1, rng.choice(["p", "q"], len(y)), rng.choice(["r", "s"], len(y)))),
        "missing level": pd.Series(np.where(y == 1, None, "there"), dtype="str"),
    }[kind]


@pytest.mark.parametrize("kind", ["rising", "falling", "gaps", "levels", "missing level"])
def test_a_feature_that_is_the_outcome_is_named(kind, wording):
    """Whichever way it separates the classes alone; one contradiction, and other gates judge it."""
    X, y = _rows()
    leak = _separating(kind, y)
    alone = FeaturesConfig(**{"categorical" if "level" in kind else "numeric": ("leak",)})
    wording(refusal(FitError, refuse_unlearnable, X.assign(leak=leak), y, alone, SEARCH))
    leak.iloc[np.flatnonzero(y == 1)[0]] = leak.iloc[np.flatnonzero(y == 0)[0]]
    assert _refusal(X.assign(leak=leak), y, alone) is None


def test_few_rows_separated_by_chance_are_not_refused():
    """Noise separates a single event from nine rows one time in five: that is no evidence of a leak."""
    y = np.r_[1, np.zeros(9)].astype(np.int8)
    X = pd.DataFrame({"x": np.arange(10.0)})
    assert _refusal(X, y, FeaturesConfig(numeric=("x",))) is None
