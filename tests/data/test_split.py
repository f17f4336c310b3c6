"""The four parts: disjoint, in time order, whole groups together, the same for the same rows."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.sample import observe
from logitgate.data.split import PARTS, split
from logitgate.errors import DataError
from logitgate.project.load import parse_project

TIMED = {"id": "id", "time": "t"}


def project(columns, **shares):
    """Return a project with these roles of columns and this split."""
    plain = {
        "name": "small",
        "rows": {"path": "rows.csv"},
        "columns": columns,
        "outcome": {"column": "y", "event": "yes"},
        "features": {"numeric": ["x"]},
        "split": shares,
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
        "contract": {"suite": "suite.json"},
    }
    return parse_project(plain, "small.toml")


def table(n=400, seed=0):
    """Return n rows, six hours apart, of forty entities and some two hundred distinct features."""
    rng = np.random.default_rng(seed)
    time = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(n) * 6, unit="h")
    return pd.DataFrame(
        {
            "id": [f"r{row:04}" for row in rng.permutation(n)],
            "t": time.astype("datetime64[us, UTC]"),
            "day": time.strftime("%Y-%m-%d"),
            "who": rng.choice([f"w{one}" for one in range(40)], n),
            "x": rng.integers(0, n // 2, n).astype(float),
            "y": np.where(rng.random(n) < 0.3, "yes", "no"),
        }
    )


def parted(frame, declared):
    """Observe and split."""
    return split(observe(frame, declared, None).sample, declared)


def ids(parts):
    """Return the ids of each part."""
    return {name: set(part.ids) for name, part in parts}


def assert_disjoint_and_whole(parts, frame):
    """Each row of the table is in exactly one part."""
    counted = Counter(name for part in ids(parts).values() for name in part)
    assert counted == Counter(frame["id"])


def test_parts_follow_each_other_in_time():
    """Train, calibrate, threshold, test: each ends before the next begins, in the declared shares."""
    parts = parted(table(), project(TIMED))
    assert [len(part) for _, part in parts] == [240, 40, 40, 80]
    for (_, earlier), (_, later) in pairwise(parts):
        assert earlier.time.max() < later.time.min()
    assert_disjoint_and_whole(parts, table())


def test_rows_of_one_moment_stay_together():
    """A moment that straddles an edge goes to one part as a whole."""
    coarse = table()
    coarse["t"] = coarse["t"].dt.floor("11D")
    parts = parted(coarse, project(TIMED))
    for (_, earlier), (_, later) in pairwise(parts):
        assert earlier.time.max() < later.time.min()


def test_clusters_stay_whole():
    """No day is cut, although the shares would cut one."""
    parts = parted(table(398), project({**TIMED, "cluster": "day"}))
    days = [set(part.frame["day"]) for _, part in parts]
    assert sum(map(len, days)) == len(set.union(*days)) == 100
    assert [len(part) for _, part in parts] == pytest.approx([239, 40, 40, 79], abs=3)


def test_dates_part_the_rows_at_midnight():
    """The first day of a part belongs to it from its first moment on."""
    dates = {"calibrate_from": "2024-02-01", "threshold_from": "2024-02-15", "test_from": "2024-03-01"}
    parts = parted(table(), project(TIMED, **dates))
    firsts = [part.time.min() for _, part in parts]
    assert firsts[1:] == [np.datetime64(f"{day}T00:00") for day in dates.values()]
    assert_disjoint_and_whole(parts, table())


def test_entities_stay_in_one_part():
    """By entity, each one's rows are together and the shares are kept as far as they can be."""
    parts = parted(table(4000), project({"id": "id", "entity": "who"}))
    whos = [set(part.frame["who"]) for _, part in parts]
    assert sum(map(len, whos)) == len(set.union(*whos)) == 40
    assert [len(part) / 4000 for _, part in parts] == pytest.approx([0.6, 0.1, 0.1, 0.2], abs=0.03)


def test_identical_rows_stay_together_at_random():
    """Rows with the same features are in one part, whatever their outcome."""
    parts = parted(table(), project({"id": "id"}))
    seen = [set(part.frame["x"]) for _, part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))
    assert_disjoint_and_whole(parts, table())


def test_a_random_split_spreads_the_events():
    """Rare events are dealt out in the shares of the parts, not by luck."""
    rare = table(1000)
    rare["x"] = np.arange(1000.0)
    rare["y"] = np.where(np.arange(1000) % 50 == 0, "yes", "no")
    for seed in range(5):
        parts = parted(rare, project({"id": "id"}, seed=seed))
        assert [int(part.y.sum()) for _, part in parts] == [12, 2, 2, 4]
        assert [len(part) for _, part in parts] == [600, 100, 100, 200]


@pytest.mark.parametrize(
    ("columns", "shares"),
    [({"id": "id"}, {}), ({"id": "id", "entity": "who"}, {}), (TIMED, {"by": "random"})],
)
def test_the_seed_decides(columns, shares):
    """The same seed parts the same rows in the same way, another one in another."""
    first, again, other = (ids(parted(table(), project(columns, seed=seed, **shares))) for seed in (3, 3, 4))
    assert first == again
    assert first != other


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    columns=st.sampled_from(
        [
            TIMED,
            {**TIMED, "cluster": "day"},
            {"id": "id", "entity": "who"},
            {"id": "id"},
            {"id": "id", "cluster": "day"},
        ]
    ),
)
def test_the_order_of_the_table_counts_for_nothing(seed, columns):
    """However the rows are shuffled, each one is in the same part, at the same place."""
    declared = project(columns)
    parts = parted(table(), declared)
    shuffled = parted(table().sample(frac=1, random_state=seed), declared)
    for (_, first), (_, second) in zip(parts, shuffled, strict=True):
        np.testing.assert_array_equal(first.ids, second.ids)
        np.testing.assert_array_equal(first.y, second.y)
    assert_disjoint_and_whole(parts, table())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("y", ["yes", "no"])
def test_a_part_of_one_class_is_refused(part, y):
    """Each part needs events and non-events; the one that lacks them is named."""
    frame = table()
    rows = dict(zip(PARTS, (slice(0, 240), slice(240, 280), slice(280, 320), slice(320, 400)), strict=True))
    frame.loc[frame.index[rows[part]], "y"] = y
    with pytest.raises(DataError, match=f"the {part} rows: .* each part needs events and non-events"):
        parted(frame, project(TIMED))


def test_an_empty_part_is_refused():
    """Dates beyond the table leave nothing to judge."""
    dates = {"calibrate_from": "2024-02-01", "threshold_from": "2024-02-15", "test_from": "2025-03-01"}
    with pytest.raises(DataError, match="the test rows: 0 rows with 0 events"):
        parted(table(), project(TIMED, **dates))
    with pytest.raises(DataError, match="the calibrate rows: 0 rows"):
        parted(
            table(),
            project(
                {**TIMED, "entity": "who"}, by="entity", train=0.97, calibrate=0.01, threshold=0.01, test=0.01
            ),
        )
