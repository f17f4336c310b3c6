"""From a table to a sample: nothing of the future, nothing immature, the same rows whatever their order."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.sampling.sample import observe, row_costs, rows_seen, used_rows
from logitgate.decision.costs import CostMatrix
from logitgate.errors import DataError
from tests.projects import small as project
from tests.wording import refusal

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TIMED = {"columns": {"id": "id", "time": "t"}}


def table(n=6, **columns):
    """Return n rows, an hour apart up to noon, every other one an event; columns can be replaced."""
    hours = pd.to_datetime([NOON - timedelta(hours=n - 1 - row) for row in range(n)], utc=True)
    plain = {
        "id": [f"r{row}" for row in range(n)],
        "t": hours.astype("datetime64[us, UTC]"),
        "x": np.arange(n, dtype=float),
        "y": ["no", "yes"] * (n // 2),
    }
    return pd.DataFrame(plain | columns)


def used(observed):
    """Return the ids of the rows that are used, in their order."""
    return observed.sample.ids.tolist()


def test_rows_are_ordered_and_their_outcome_is_coded():
    """Time, id and outcome of each row stand at the same place."""
    sample = observe(table(), project(**TIMED), None).sample
    assert sample.ids.tolist() == [f"r{row}" for row in range(6)]
    assert sample.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert sample.frame["x"].tolist() == list(range(6))
    assert sample.time[-1] == np.datetime64("2024-06-01T12:00")
    assert (sample.entity, sample.cluster) == (None, None)


@pytest.mark.parametrize(("later", "last"), [(-1, "r2"), (0, "r2"), (1, "r3")])
def test_the_as_of_date_is_strict(later, last):
    """A row of the very moment is not yet known; a microsecond later it is."""
    as_of = NOON - timedelta(hours=2) + timedelta(microseconds=later)
    observed = observe(table(), project(**TIMED), as_of)
    assert used(observed)[-1] == last
    assert observed.as_of == as_of
    assert observed.counts["after_as_of"] == 5 - int(last[1])


def test_a_date_without_a_zone_is_in_utc():
    """The same moment, written in three ways, gives the same rows, also for a table in local time."""
    moment = NOON - timedelta(hours=2)
    elsewhere = moment.astimezone(pd.Timestamp("2024-01-01", tz="America/New_York").tz)
    local = table().assign(t=lambda rows: rows["t"].dt.tz_convert("Asia/Tokyo"))
    written = [(table(), one) for one in (moment, moment.replace(tzinfo=None), elsewhere)] + [(local, moment)]
    assert {tuple(used(observe(rows, project(**TIMED), one))) for rows, one in written} == {
        ("r0", "r1", "r2")
    }


def test_without_a_date_the_newest_row_decides():
    """The newest row is still used, whatever the clock says, and the date stands in the answer."""
    observed = observe(table(), project(**TIMED), None)
    assert used(observed)[-1] == "r5"
    assert observed.as_of == NOON + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("matures_after", "last", "immature"), [("2 hours", "r2", 2), ("119 minutes", "r3", 1)]
)
def test_an_outcome_must_have_matured(matures_after, last, immature):
    """At the as-of date the outcome of a row must be as old as the project says, to the minute."""
    matured = project(**TIMED, outcome={"column": "y", "event": "yes", "matures_after": matures_after})
    observed = observe(table(), matured, NOON - timedelta(minutes=1))
    assert used(observed)[-1] == last
    assert observed.counts["immature"] == immature
    assert used(observe(table(), matured, NOON))[-1] == "r3"


def test_the_window_begins_with_its_first_moment():
    """Rows before the window are left out and counted; the one at its edge is in."""
    windowed = project(**TIMED, split={"window": "3 hours"})
    observed = observe(table(), windowed, NOON)
    assert used(observed) == ["r2", "r3", "r4"]
    assert observed.counts["before_window"] == 2


def test_every_row_is_counted_once():
    """Used and left out, by reason, add up to the table."""
    gaps = table(24)
    gaps.loc[[1, 9, 10, 23], "y"] = None
    outcome = {"column": "y", "event": "yes", "matures_after": "4 hours"}
    counted = project(**TIMED, outcome=outcome, split={"window": "12 hours"})
    counts = observe(gaps, counted, NOON - timedelta(hours=2)).counts
    reasons = {"after_as_of": 3, "immature": 3, "before_window": 9, "without_outcome": 2, "used": 7}
    assert counts == {"rows": 24} | reasons and sum(reasons.values()) == 24


def test_a_table_without_time_uses_all_rows_with_an_outcome():
    """There is no date then, and ids give the order, as in one moment; unused ones may repeat."""
    shuffled = table(y=["no", None, "yes", "no", "yes", "no"]).iloc[[3, 1, 0, 5, 4, 2]]
    observed = observe(shuffled, project(), None)
    assert used(observed) == ["r0", "r2", "r3", "r4", "r5"]
    assert observed.sample.y.tolist() == [0, 1, 0, 1, 0]
    assert (observed.as_of, observed.counts) == (None, {"rows": 6, "without_outcome": 1, "used": 5})
    again = table(id=["a", "a", "b", "c", "d", "e"], y=["no", None, "yes", "no", "yes", "no"])
    assert used(observe(again, project(), None)) == ["a", "b", "c", "d", "e"]
    tied = table(id=["f", "e", "d", "c", "b", "a"]).assign(t=table()["t"].iloc[0])
    assert used(observe(tied, project(**TIMED), None)) == list("abcdef")


def test_rows_that_cannot_be_used_are_refused_with_their_counts(wording):
    """Of the future, by clock, unit or zone; without a time; by repeated ids; and where none is left."""
    ahead, untimed, timed = table(), table(), project(**TIMED)
    ahead.loc[5, "t"] = pd.Timestamp.now(tz="UTC").as_unit("us") + timedelta(hours=1)
    untimed.loc[[1, 4], "t"] = pd.NaT
    twice = table(id=["a", "b", "a", "b", "c", "a"], y=["no", "no", "yes", "no", "yes", "no"])
    asked = [
        (ahead, timed, NOON),
        (untimed, timed, NOON),
        (twice, project(), None),
        (table(), timed, NOON - timedelta(days=1)),
        (table().iloc[:0], timed, None),
        *((table(y=y), project(), None) for y in (["no"] * 6, ["no", "yes", "maybe"] * 2, ["no", "nay"] * 3)),
    ]
    wording(*(refusal(DataError, observe, *one) for one in asked))


def test_only_the_used_rows_need_two_values():
    """A third value that went out of use before the window is no obstacle, and no level of the outcome."""
    once = table(y=pd.Categorical(["maybe", "yes", "no", "yes", "no", "yes"]))
    windowed = project(**TIMED, split={"window": "4 hours"})
    assert observe(once, windowed, NOON).sample.y.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_rows_of_blocks_are_used_as_those_of_the_whole_table(size):
    """Whatever the blocks are, they end at the date of the whole; without one they are refused."""
    whole = table(y=["no", "yes", None, "yes", "no", "yes"])
    windowed = project(
        **TIMED,
        split={"window": "4 hours"},
        outcome={"column": "y", "event": "yes", "matures_after": "1 hour"},
    )
    observed = observe(whole, windowed, None)
    blocks = [whole[start : start + size] for start in range(0, len(whole), size)]
    kept = pd.concat([block[used_rows(block, windowed, observed.as_of)] for block in blocks])
    assert kept["id"].tolist() == used(observed)
    with pytest.raises(ValueError, match="date"):
        used_rows(blocks[0], windowed, None)


EVENTS = [
    (True, pd.array([True, False] * 3, dtype="boolean")),
    (True, np.array([True, False] * 3)),
    (True, ["true", "false"] * 3),
    (True, ["TRUE", "False"] * 3),
    (False, ["false", "TRUE"] * 3),
    (1, pd.array([1, 0] * 3, dtype="Int64")),
    (1, [1.0, 0.0] * 3),
    (1, ["1", "0"] * 3),
    ("1", pd.array([1, 0] * 3, dtype="Int64")),
    (0, [0, 1] * 3),
]


@pytest.mark.parametrize(
    ("event", "y"), EVENTS, ids=[f"{event!r}-{position}" for position, (event, _) in enumerate(EVENTS)]
)
def test_the_event_may_be_a_truth_value_or_an_integer(event, y):
    """However the cells are typed, the declared event is found."""
    found = observe(table(y=y), project(outcome={"column": "y", "event": event}), None)
    assert found.sample.y.tolist() == [1, 0, 1, 0, 1, 0]


@settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(12)))
def test_the_order_of_the_table_counts_for_nothing(order):
    """Rows, outcomes, groups and hashes are the same for any order of the same rows."""
    grouped = project(columns={"id": "id", "time": "t", "entity": "who", "cluster": "day"})
    rows = table(12, who=[*"abcabcabcdd", None], day=list("xxyyzzxxyyzz"))
    rows["t"] = rows["t"].dt.floor("4h")
    first, second = (observe(one, grouped, None).sample for one in (rows, rows.iloc[list(order)]))
    pd.testing.assert_frame_equal(first.frame, second.frame)
    for name in ("y", "ids", "time", "entity", "cluster"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(rows_seen(first, ("x",)), rows_seen(second, ("x",)))


def test_the_cluster_is_the_entity_unless_declared():
    """Rows about one entity fail together when nothing else is said."""
    rows = table(who=list("aabbcc"), day=list("xyxyxy"))
    alone = observe(rows, project(columns={"id": "id", "entity": "who"}), None).sample
    assert alone.entity.tolist() == alone.cluster.tolist() == [0, 0, 1, 1, 2, 2]
    both = observe(rows, project(columns={"id": "id", "entity": "who", "cluster": "day"}), None).sample
    assert both.cluster.tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("index", [np.array([4, 0]), np.array([True, False, False, False, True, False])])
def test_taken_rows_keep_everything(index):
    """Positions and masks take frame, outcome, id, time and groups alike."""
    whole = observe(
        table(who=list("aabbcc")), project(columns={"id": "id", "time": "t", "entity": "who"}), None
    ).sample
    taken = whole.take(index)
    places = [4, 0] if index.dtype != bool else [0, 4]
    assert taken.ids.tolist() == taken.frame["id"].tolist() == [f"r{place}" for place in places]
    assert taken.time.tolist() == [whole.time[place].item() for place in places]
    assert taken.entity.tolist() == taken.cluster.tolist() == [[0, 0, 1, 1, 2, 2][place] for place in places]
    assert len(taken) == 2


def test_equal_features_have_equal_hashes():
    """Only the features count, and a missing one equals a missing one."""
    rows = table(x=[1.0, np.nan, 1.0, np.nan, 2.0, 2.0], g=pd.Categorical(["a", None, "a", None, "a", "b"]))
    sample = observe(rows, project(), None).sample
    hashes = rows_seen(sample, ("x", "g"))
    assert hashes[0] == hashes[2]
    assert hashes[1] == hashes[3]
    assert len(set(hashes.tolist())) == 4


def test_costs_read_the_rows(wording):
    """An expression is evaluated row by row; a column that is not there is named, not a crash."""
    matrix = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="10 * x")
    sample = observe(table(), project(), None).sample
    assert sample.row_costs(matrix).false_negative.tolist() == [0, 10, 20, 30, 40, 50]
    wording(refusal(DataError, row_costs, table().drop(columns="x"), matrix, sample.ids))
