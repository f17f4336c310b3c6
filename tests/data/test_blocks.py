"""Blocks: equal times with whole clusters, folds with whole entities, models that know no judge."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.sampling.blocks import LEAST, cut
from logitgate.data.sampling.sample import observe
from logitgate.errors import DataError, ProjectError
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL
from tests.wording import refusal

TIMED = SMALL | {"columns": {"id": "id", "time": "t"}}


def rows(n=400, seed=0, rate=0.4, **columns):
    """Return rows at random times, the features all different."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.integers(0, 24 * 100, n))
    frame = pd.DataFrame(
        {
            "id": [f"r{row:05}" for row in range(n)],
            "t": (pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")).as_unit("us"),
            "x": rng.normal(size=n),
            "y": np.where(rng.random(n) < rate, "yes", "no"),
        }
    )
    return frame.assign(**columns)


def blocks_of(frame, plain):
    """Cut the rows of a table as a project says."""
    project = parse_project(plain, "small.toml")
    return cut(observe(frame, project, None).sample, project)


@given(seed=st.integers(0, 100), n=st.integers(60, 400), count=st.integers(3, 8))
@settings(deadline=None, max_examples=30)
def test_blocks_in_time_span_equal_times(seed, n, count):
    """Each row lies in the block of its time, blocks rise with time, and every model is of the past alone."""
    found = blocks_of(rows(n, seed), TIMED | {"split": {"blocks": count}})
    time = found.sample.time.astype(np.int64)
    assert (np.diff(found.number) >= 0).all()
    width = (time.max() - time.min()) / count
    place = np.minimum((time - time.min()) // width, count - 1).astype(int)
    # A time on an edge may round to either side.
    edge = np.abs((time - time.min()) / width - np.round((time - time.min()) / width)) < 1e-9
    same = np.unique(place, return_inverse=True)[1] == found.number
    assert (same | edge).all()
    for block in found.judged:
        assert time[found.learned(block)].max() < time[found.rows(block)].min()


def test_a_cluster_goes_whole_into_the_block_in_which_it_begins():
    """Rows of one week stay together, though the week crosses an edge."""
    frame = rows()
    frame["week"] = (frame["t"] - frame["t"].min()).dt.days // 7
    found = blocks_of(frame, TIMED | {"columns": {"id": "id", "time": "t", "cluster": "week"}})
    week = found.sample.cluster
    assert all(len(set(found.number[week == one])) == 1 for one in set(week))
    assert found.count == 5


def test_a_stretch_without_rows_leaves_no_empty_block():
    """Rows of the first and the last days alone make two blocks."""
    frame = rows(200)
    days = (frame["t"] - frame["t"].min()).dt.days
    found = blocks_of(frame[(days < 10) | (days > 90)], TIMED)
    assert (found.count, found.judged) == (2, (1,))


@given(seed=st.integers(0, 100), people=st.integers(30, 80), groups=st.integers(20, 40))
@settings(deadline=None, max_examples=30)
def test_folds_keep_entities_clusters_and_copies_whole(seed, people, groups):
    """What is tied by an entity, a cluster or equal features lies in one fold."""
    rng = np.random.default_rng(seed)
    frame = rows(300, seed)
    frame["who"] = np.repeat(np.arange(people), 300 // people + 1)[:300]
    frame["where"] = frame["who"] % groups if seed % 2 else frame["who"]
    copied = rng.choice(300, 20, replace=False)
    frame.loc[copied[:10], "x"] = frame.loc[copied[10:], "x"].to_numpy()
    columns = {"id": "id", "entity": "who", "cluster": "where"}
    found = blocks_of(frame, SMALL | {"columns": columns})
    for codes in (found.sample.entity, found.sample.cluster, pd.factorize(found.sample.frame["x"])[0]):
        assert all(len(set(found.number[codes == one])) == 1 for one in set(codes))
    for block in found.judged:
        assert not set(found.learned(block)) & set(found.rows(block))


def test_folds_spread_events_evenly_and_follow_the_seed():
    """Each fold has nearly the same share of events; another seed deals otherwise, the same one alike."""
    frame = rows(2_000, rate=0.05)
    first, again, other = (blocks_of(frame, SMALL | {"split": {"seed": seed}}).number for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    y = blocks_of(frame, SMALL).sample.y
    events = np.bincount(blocks_of(frame, SMALL).number, weights=y)
    assert np.ptp(events) <= 1


def test_coarse_features_do_not_tie_rows_together():
    """Eight cells of equal rows are chance, not copies: folds of equal size all the same."""
    frame = rows(1_000).assign(x=np.random.default_rng(0).integers(0, 8, 1_000).astype(float))
    sizes = np.bincount(blocks_of(frame, SMALL).number)
    assert len(sizes) == 5
    assert np.ptp(sizes) <= 2


def test_a_block_before_which_there_is_too_little_is_not_judged():
    """Without five events before it a block only learns."""
    frame = rows(500, rate=0.5)
    early = frame["t"] < frame["t"].min() + pd.Timedelta(days=30)
    frame.loc[early, "y"] = "no"
    found = blocks_of(frame, TIMED)
    assert found.judged == (2, 3, 4)
    assert all(found.sample.y[found.learned(block)].sum() >= LEAST for block in found.judged)


def test_rows_that_can_judge_nothing_are_refused(wording):
    """All events in the last block: no model can be fitted before it."""
    frame = rows(500).assign(y="no")
    frame.loc[frame.index[-20:], "y"] = "yes"
    wording(refusal(DataError, blocks_of, frame, TIMED))


def test_an_old_file_hears_what_to_change(wording):
    """The shares of former days, and the folds of the search, are answered by what takes their place."""
    shares = ("train", "calibrate", "threshold", "test", "calibrate_from", "test_from")
    old = [*({"split": {key: 0.2}} for key in shares), {"search": {"folds": 4}}]
    wording(*(refusal(ProjectError, parse_project, SMALL | one, "small.toml") for one in old))
