"""Chunks and their limits: the textbook's formula, and how often it alarms."""

import numpy as np
import pytest
from scipy.stats import t as student

from logitgate.errors import DataError
from logitgate.monitoring.performance.control_limits import Chunks, ControlLimits, chunk_rows, cut
from tests.wording import refusal


def test_whole_chunks_are_cut_and_the_partial_one_is_dropped():
    """Seven rows make two chunks of three; fewer rows than a chunk make none."""
    values = np.arange(7.0)
    found = cut(7, 3, lambda place: {"sum": values[place].sum(), "unwanted": 0.0}, ("sum",))
    assert found == Chunks(3, {"sum": (3.0, 12.0)})
    assert cut(2, 3, lambda place: {"sum": 0.0}, ("sum",)).count == 0
    with pytest.raises(ValueError, match="a chunk without rows"):
        cut(2, 0, lambda place: {}, ())


def test_figures_of_other_chunks_are_not_joined():
    """Of the same size and number, or not at all."""
    one = Chunks(3, {"a": (1.0, 2.0)})
    assert one.plus(Chunks(3, {"b": (3.0, 4.0)})).figures == {"a": (1.0, 2.0), "b": (3.0, 4.0)}
    for other in (Chunks(4, {"b": (3.0, 4.0)}), Chunks(3, {"b": (3.0,)})):
        with pytest.raises(ValueError, match="other rows"):
            one.plus(other)


def test_the_limits_are_the_prediction_interval_of_one_more_chunk():
    """Student's quantile with K - 1 degrees, sd with K - 1 below, and the root of 1 + 1/K."""
    values = np.array([5.0, 1.0, 4.0, 2.0, 3.0] * 3)  # neighbours that do not resemble each other
    found = ControlLimits.of(tuple(values), 0.1)
    reach = student.ppf(0.95, 14) * np.std(values, ddof=1) * np.sqrt(1 + 1 / 15)
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=1e-7)
    assert [found.side(value) for value in (values.mean(), -9.0, 99.0, np.nan)] == [
        *("inside", "below", "above", "unknown")
    ]


def test_more_chunks_narrow_the_limits_by_what_they_are_worth():
    """Independent ones by their number; those that come in spells, by as many as the spells are worth."""
    apart, spells = (
        (5.0, 1.0, 4.0, 2.0, 3.0) * 3,
        (5.0, 5.0, 1.0, 1.0, 4.0, 4.0, 2.0, 2.0, 3.0, 3.0, 5.0, 5.0),
    )
    reach = student.ppf(0.95, 14) * np.std(apart, ddof=1) * np.sqrt(1 / 30 + 1 / 15)
    assert ControlLimits.of(apart, 0.1, 30).high == pytest.approx(3.0 + reach, abs=1e-7)
    centred = np.array(spells) - np.mean(spells)
    r = centred[1:] @ centred[:-1] / (centred @ centred)
    r += (1 + 3 * r) / 12
    f = (1 + r) / (1 - r)
    assert 1.5 < f < 5
    reach = student.ppf(0.95, 11) * np.std(spells, ddof=1) * np.sqrt(f / 30 + f / 12)
    assert ControlLimits.of(spells, 0.1, 30).high == pytest.approx(np.mean(spells) + reach, abs=1e-7)
    assert np.isnan(ControlLimits.of(apart, 0.1, 0).high)


def in_spells(samples, length, likeness, *, seed):
    """Return samples of standard normal chunks, each like the one before it by so much."""
    fresh = np.random.default_rng(seed).normal(size=(samples, length))
    for place in range(1, length):
        fresh[:, place] = likeness * fresh[:, place - 1] + np.sqrt(1 - likeness**2) * fresh[:, place]
    return fresh


@pytest.mark.parametrize(("later", "likeness", "most"), [(1, 0.0, 0.12), (30, 0.0, 0.12), (30, 0.3, 0.16)])
def test_later_chunks_leave_the_limits_about_as_often_as_alpha_says(later, likeness, most):
    """At alpha = .1, references of 20 chunks, 2,000 times; also where chunks resemble the one before."""
    draws = in_spells(2_000, 20 + later, likeness, seed=8)
    alarms = [ControlLimits.of(draw[:20], 0.1, later).side(draw[20:].mean()) != "inside" for draw in draws]
    assert 0.04 < np.mean(alarms) < most


def test_eleven_chunks_have_no_limits():
    """Nor do chunks in which the figure is undefined count among the twelve."""
    assert ControlLimits.of((1.0,) * 11, 0.05).side(1.0) == "unknown"
    assert ControlLimits.of((1.0,) * 11 + (np.nan,) * 9, 0.05).side(1.0) == "unknown"
    for count in range(12, 25):
        assert ControlLimits.of((0.7,) * count, 0.05).side(0.7 + 1e-12) == "inside", "rounding is no alarm"
    assert ControlLimits.of((0.1,) * 12, 0.05).side(0.1001) == "above"


def test_chunks_survive_json_and_refuse_what_is_none(wording):
    """Undefined figures come back as NaN; anything else than chunks is refused with a remedy."""
    chunks = Chunks(200, {"cost": (1.0, np.nan), "slope": (0.9, 1.1)})
    plain = chunks.as_json()
    assert plain == {"rows": 200, "figures": {"cost": [1.0, None], "slope": [0.9, 1.1]}}
    back = Chunks.from_json(plain)
    assert (back.rows, back.count, back.mean("cost"), back.mean("slope")) == (200, 2, 1.0, 1.0)
    broken = (
        {},
        {"rows": 0, "figures": {}},
        {"rows": 5, "figures": {"a": [1], "b": []}},
        {"rows": 5, "figures": 3},
    )
    wording(*(refusal(DataError, Chunks.from_json, one) for one in broken))
    assert [chunk_rows(rows) for rows in (0, 600, 1_020, 20_000)] == [50, 50, 51, 1_000]
