"""`lg.evaluation` and `lg.monitoring`: the figures of the gates, for anybody's arrays and frames."""

import numpy as np
import pandas as pd
import polars
import pytest

import logitgate as lg
from logitgate.errors import DataError, ProjectError
from logitgate.findings import Status

N = 600
COSTS = {"true_positive": 1, "false_positive": 2, "false_negative": 8}


@pytest.fixture(scope="module")
def scored():
    """Outcomes, probabilities that are right, and the day of each row."""
    random = np.random.default_rng(3)
    p = random.uniform(0.05, 0.95, N)
    return random.uniform(size=N) < p, p, np.array([f"day {day}" for day in np.arange(N) // 20])


@pytest.mark.parametrize("kind", [list, np.asarray, pd.Series, polars.Series])
def test_every_kind_of_column_has_the_same_figures(kind, scored):
    """Lists, arrays and columns of both libraries; labels of clusters may be text."""
    y, p, day = scored
    expected = lg.evaluation.calibration(y.astype(int), p, np.arange(N) // 20)
    assert lg.evaluation.calibration(kind(y.tolist()), kind(p.tolist()), kind(day.tolist())) == expected
    assert expected.slope != lg.evaluation.calibration(y, p).slope, "clusters change the interval"


def test_the_cost_curve_is_what_each_threshold_costs(scored):
    """Against a loop over the thresholds, with costs by row."""
    y, p, _ = scored
    missed = np.random.default_rng(4).uniform(1, 9, N)
    curve = lg.evaluation.cost_curve(y, p, {"false_positive": 2, "false_negative": missed})
    for threshold, cost in curve.iloc[::97].itertuples(index=False):
        flagged = p >= threshold
        assert cost == pytest.approx((2 * (flagged & ~y) + missed * (~flagged & y)).mean())
    assert curve["threshold"].is_monotonic_decreasing and len(curve) == N


def test_paired_costs_go_by_the_decisions_that_are_given(scored):
    """Also by ones that no threshold on a probability would make, and where flagging is free."""
    y, p, day = scored
    one, other = p >= 0.2, np.random.default_rng(5).uniform(size=N) < 0.5
    cost = {"true_positive": -1, "false_positive": 0, "false_negative": 3}
    found = lg.evaluation.paired_cost(y, one, other, cost, day)
    by_hand = [np.where(y, np.where(flags, -1, 3), 0) for flags in (one, other)]
    assert found.difference.value == pytest.approx((by_hand[0] - by_hand[1]).mean())
    assert found.newly_flagged.rows == int((one & ~other).sum())
    strict = lg.evaluation.paired_cost(y, one, other, cost, day, alpha=0.001)
    assert strict.upper > found.upper


def test_slices_are_those_of_their_own_rows(scored):
    """Each level is evaluated as if its rows were alone; a missing level is one."""
    y, p, _ = scored
    side = np.array(["north", "south", None], dtype=object)[np.arange(N) % 3]
    table = lg.evaluation.slices(y, p, COSTS, pd.DataFrame({"side": side})).set_index("slice")
    assert list(table.index) == ["side = missing", "side = north", "side = south"]
    north = side == "north"
    alone = lg.evaluation.slices(y[north], p[north], COSTS, {"side": side[north]})
    pd.testing.assert_series_equal(table.loc["side = north"], alone.set_index("slice").loc["side = north"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"y": [0, 2, 1]}, "y"),
        ({"y": [0, np.nan, 1]}, "y"),
        ({"y": ["no", "yes", "Ida Secret"]}, "y"),
        ({"p": [0.1, 1.2, 0.3]}, "p"),
        ({"p": [0.1, np.nan, 0.3]}, "p"),
        ({"p": [0.1, 0.2]}, "p"),
        ({"p": [[0.1, 0.2, 0.3]]}, "p"),
        ({"costs": {"false_alarm": 1}}, "false_alarm"),
        ({"costs": {"false_negative": [1, 2]}}, "false_negative"),
        ({"costs": {"false_negative": np.inf}}, "false_negative"),
        ({"cluster": ["a", "b"]}, "cluster"),
        ({"cluster": ["a", None, "b"]}, "cluster"),
        ({"by": {"side": ["a", "b"]}}, "side"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(change, word):
    """Counts and names, never a cell."""
    sound = {"y": [0, 1, 1], "p": [0.1, 0.2, 0.3], "costs": COSTS, "by": {"side": ["a", "b", "a"]}}
    with pytest.raises(DataError) as refused:
        lg.evaluation.slices(**sound | change)
    assert word in str(refused.value) and "Secret" not in str(refused.value)


@pytest.fixture(scope="module")
def rows():
    """Rows of a number, an integer with missing cells, a text, a truth value and a category."""
    random = np.random.default_rng(6)
    return pd.DataFrame(
        {
            "row": random.normal(5, 2, 2_000),
            "count": pd.array(random.poisson(3, 2_000), "Int64"),
            "side": random.choice(["a", "b", "c"], 2_000),
            "wet": random.uniform(size=2_000) < 0.3,
            "kind": pd.Categorical(random.choice(["x", "y"], 2_000)),
        }
    ).assign(count=lambda frame: frame["count"].mask(frame.index % 11 == 0))


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("row", lambda column: column * 2),
        ("count", lambda column: column + 2),
        ("count", lambda column: column.mask(np.arange(len(column)) % 3 == 0)),
        ("side", lambda column: column.replace("a", "b")),
        ("wet", lambda column: ~column),
        ("kind", lambda column: column.where(np.arange(len(column)) % 3 > 0)),
    ],
)
def test_a_changed_column_is_found_and_no_other(column, change, rows):
    """Whatever kind of column it is."""
    found = lg.monitoring.drift(rows[:1_000], rows[1_000:].assign(**{column: change(rows[1_000:][column])}))
    assert {one.subject for one in found.verdict.reasons} == {column}
    assert column in set(found.table["feature"]) and column in found._repr_html_()


def test_equal_rows_have_not_drifted_and_few_tell_nothing(rows):
    """Few rows are no proof of no drift."""
    assert lg.monitoring.drift(rows[:1_000], rows[1_000:]).verdict.status is Status.PASS
    few = lg.monitoring.drift(rows, rows[:50])
    assert {one.status for one in few.verdict.findings if one.check == "drift"} == {Status.INSUFFICIENT}
    assert not lg.monitoring.drift(rows, rows[:50], {"minimum_rows": 50}).table.empty


def test_frames_that_cannot_be_compared_are_refused(rows):
    """By the names of columns and rules."""
    with pytest.raises(DataError, match="side"):
        lg.monitoring.drift(rows, rows.drop(columns="side"))
    with pytest.raises(DataError, match="row"):
        lg.monitoring.drift(rows, rows.assign(row="Ida"))
    with pytest.raises(DataError, match="infinite"):
        lg.monitoring.drift(rows, rows.assign(row=np.inf))
    with pytest.raises(ProjectError, match="psy"):
        lg.monitoring.drift(rows, rows, {"psy": 0.1})
