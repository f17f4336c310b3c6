"""Independent rows of clustered columns, and drift judged by them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.evaluation.histograms import Levels, Numbers
from logitgate.evaluation.intervals import Means
from logitgate.findings import Status
from logitgate.monitoring.distributions.features import Features
from logitgate.monitoring.distributions.independence import (
    ClusterSizes,
    correlation_of,
    correlations,
    share_correlation,
    worth,
)
from logitgate.monitoring.drift import drift
from logitgate.monitoring.reference import Reference
from logitgate.project.reading.load import parse_project
from tests.projects import plain

DAYS, A_DAY = 60, 50


def days(rng, sd, n_days=DAYS, a_day=A_DAY):
    """Return numbers whose days differ by so many standard deviations, and the day of each."""
    day = np.repeat(np.arange(n_days), a_day)
    return rng.normal(size=n_days * a_day) + sd * rng.normal(size=n_days)[day], day


def test_the_design_effect_of_a_share_is_that_of_the_clustered_mean():
    """The ratio of the clustered variance of a mean to the binomial one, by the code of the intervals."""
    rng = np.random.default_rng(0)
    values, day = days(rng, 1.0)
    is_high = (values > 0.3).astype(np.float64)
    found = ClusterSizes.of(day).effect(share_correlation(is_high, day))
    error = Means.of(is_high, np.zeros(len(day), dtype=np.int64), 1, day).error[0]
    assert found == pytest.approx(error**2 * len(day) / (is_high.mean() * (1 - is_high.mean())), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_whole_clusters_that_agree_are_worth_one_row_each(seed, a_day):
    """Rows that are copies of their cluster have correlation 1, and there are as many as clusters."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(400), a_day)
    values = rng.normal(size=400)[day]
    known = Numbers.of(values)
    alike = correlation_of(values, known, day)
    assert alike.cells == pytest.approx(1, abs=0.02) and alike.below == pytest.approx(1, abs=0.02)
    sizes = ClusterSizes.of(day)
    assert worth(known, (sizes.effect(alike.cells), 1.0)).present == pytest.approx(400, rel=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_independent_rows_keep_their_number(seed):
    """Clusters that are drawn at random take nothing but noise; clusters of one row nothing at all."""
    rng = np.random.default_rng(seed)
    values, day = days(rng, 0.0)
    alike = correlation_of(values, Numbers.of(values), day)
    assert max(alike.cells, alike.below) < 0.05
    alone = correlation_of(values, Numbers.of(values), np.arange(len(values)))
    assert (alone.cells, alone.below, alone.missing) == (0.0, 0.0, 0.0)


def test_gaps_and_levels_have_their_own_correlation():
    """A station that is out for whole days loses days of its gaps, not of its values."""
    rng = np.random.default_rng(1)
    values, day = days(rng, 0.0)
    values[np.isin(day, [3, 9, 27])] = np.nan
    side = rng.choice(["a", "b"], len(day))
    frame = pd.DataFrame({"x": values, "side": np.where(day % 2, "a", side)})
    numbers, texts = {"x": Numbers.of(values)}, {"side": Levels.of(frame["side"], 1)}
    found = correlations(frame, numbers, texts, day)
    assert found["x"].missing == pytest.approx(1, abs=0.05) and found["x"].cells < 0.05
    assert found["side"].cells > 0.2
    assert correlations(frame, numbers, texts, None) == {}


def test_one_cluster_shows_no_spread():
    """A window of one day is worth no more than one row where nothing else is known."""
    alike = correlation_of(np.arange(50.0), Numbers.of(np.arange(50.0)), np.zeros(50, dtype=np.int64))
    assert alike.cells == 1 and ClusterSizes.of(np.zeros(50, dtype=np.int64)).effect(1.0) == 50


PLAIN = plain(
    columns={"id": "visit", "time": "at", "cluster": "day"},
    features={"numeric": ["x"], "categorical": []},
    slices={},
    search={"forms": ["linear"]},
)


def world(rng, n_days, sd, shift=0.0):
    """Return visits whose days differ."""
    values, day = days(rng, sd, n_days)
    return pd.DataFrame({"x": values + shift, "day": day.astype(str)})


def known(frame, project, *, old=False):
    """Return the reference of rows, as this version keeps it or as earlier ones did."""
    features = Features.of(frame, project)
    cluster = pd.factorize(frame["day"])[0]
    if old:
        return Reference(len(frame), features, Numbers.of(np.empty(0)), 0, 0.0, {})
    alike = correlations(frame, features.numeric, features.categorical, cluster)
    sizes = ClusterSizes.of(cluster)
    return Reference(len(frame), features, Numbers.of(np.empty(0)), 0, 0.0, {}, clusters=sizes, alike=alike)


@pytest.mark.parametrize("old", [False, True])
def test_days_are_counted_where_days_are_alike(old):
    """Rows would cry wolf in most windows; days do not, and still see what moves. Old references, too."""
    project = parse_project(PLAIN, "visits.toml")
    rowwise = parse_project({**PLAIN, "columns": {"id": "visit", "time": "at"}}, "visits.toml")
    alarms = np.zeros(3)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        before, now, moved = (world(rng, n, 1.0, by) for n, by in ((72, 0), (28, 0), (28, 2.0)))
        reference = known(before, project, old=old)
        for place, (frame, asked) in enumerate(((now, rowwise), (now, project), (moved, project))):
            bare = known(before, project, old=True) if asked is rowwise else reference
            findings, _ = drift(frame, None, bare, asked)
            failed = [one for one in findings if one.check == "drift" and one.status is Status.FAIL]
            alarms[place] += bool(failed)
    by_rows, by_days, power = alarms / 30
    assert by_rows > 0.2 and by_days <= 0.1 and power >= 0.95


def test_the_length_of_the_window_in_clusters_is_reported():
    """As a figure."""
    project = parse_project(PLAIN, "visits.toml")
    rng = np.random.default_rng(5)
    findings, _ = drift(world(rng, 28, 1.0), None, known(world(rng, 72, 1.0), project), project)
    (window,) = [one for one in findings if (one.check, one.subject) == ("drift", "window")]
    assert window.figures["clusters"] == 28 and 28 <= window.figures["least_independent"] < 28 * A_DAY
