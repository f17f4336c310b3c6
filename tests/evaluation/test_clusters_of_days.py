"""On the real flights: a day's flights fail together, and intervals that count them singly are too narrow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from logitgate.evaluation.intervals import Units, mean_interval
from logitgate.evaluation.ranking.auc import group_aucs

FLIGHTS = Path(__file__).parents[2] / "data" / "flights.parquet"
REPEATS, DAYS = 100, 60


@pytest.fixture(scope="module")
def flights():
    """Return every sixth flight: its day, whether it was late, and what flagging the evening costs."""
    table = pd.read_parquet(FLIGHTS, columns=["service_day", "late", "hour"]).iloc[::6]
    table = table[table["late"].notna()]
    late, flagged = (table["late"] == "yes").to_numpy(), (table["hour"] >= 16).to_numpy()
    return pd.DataFrame(
        {
            "day": pd.factorize(table["service_day"])[0],
            "late": late.astype(float),
            "cost": np.where(flagged, np.where(late, 40.0, 25.0), np.where(late, 150.0, 0.0)),
            "hour": table["hour"].to_numpy(float),
        }
    )


def holds(interval, value):
    """Return whether an interval holds a value."""
    return interval.low <= value <= interval.high


@pytest.mark.parametrize("figure", ["late", "cost"])
def test_plain_intervals_from_half_of_the_days_miss_the_others(figure, flights):
    """Days parted in two at random: the interval of the difference of both halves' means should hold 0."""
    values, day = flights[figure].to_numpy(), flights["day"].to_numpy()
    size = np.bincount(day)
    held = {"plain": 0, "clustered": 0}
    for seed in range(REPEATS):
        first = np.random.default_rng(seed).permutation(np.arange(len(size)) % 2 == 0)[day]
        for name, cluster in (("plain", None), ("clustered", day)):
            halves = [
                mean_interval(values[half], None if cluster is None else cluster[half])
                for half in (first, ~first)
            ]
            reach = np.hypot(*(half.high - half.value for half in halves))
            held[name] += abs(halves[0].value - halves[1].value) <= reach
    share = {name: count / REPEATS for name, count in held.items()}
    assert share["plain"] < 0.65, share
    assert 0.9 <= share["clustered"] <= 0.99, share


@pytest.mark.parametrize("figure", ["late", "cost", "auc"])
def test_plain_intervals_from_sixty_days_miss_the_year(figure, flights):
    """Sixty days drawn again and again: their interval should hold the figure of all days."""
    day = flights["day"].to_numpy()
    starts = np.searchsorted(day, np.arange(day.max() + 2))
    assert (np.diff(day) >= 0).all()
    true = interval_of(flights, figure, None).value
    held = {"plain": 0, "clustered": 0}
    for seed in range(REPEATS):
        drawn = np.random.default_rng(seed).integers(0, len(starts) - 1, DAYS)
        rows = np.concatenate([np.arange(starts[one], starts[one + 1]) for one in drawn])
        cluster = np.repeat(np.arange(DAYS), starts[drawn + 1] - starts[drawn])
        sample = flights.iloc[rows]
        held["plain"] += holds(interval_of(sample, figure, None), true)
        held["clustered"] += holds(interval_of(sample, figure, cluster), true)
    share = {name: count / REPEATS for name, count in held.items()}
    assert share["plain"] < {"late": 0.6, "cost": 0.6, "auc": 0.85}[figure], share
    assert (0.85 if figure == "auc" else 0.9) <= share["clustered"] <= 0.99, share


def interval_of(rows, figure, cluster):
    """Return the interval of a mean, or of how well the hour ranks late flights."""
    if figure != "auc":
        return mean_interval(rows[figure].to_numpy(), cluster)
    alone = np.zeros(len(rows), dtype=np.int64)
    units = Units.of(alone, 1, cluster)
    found, low, high = group_aucs(units, alone, rows["hour"].to_numpy(), rows["late"].to_numpy().astype(int))
    return pd.Series({"value": found.mean[0], "low": low[0], "high": high[0]})
