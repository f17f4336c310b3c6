"""Drift of features and scores: scipy is the oracle; the rule is quiet without a change and sees one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.histograms import Levels, Numbers
from logitgate.findings import Status
from logitgate.monitoring.compared import paired
from logitgate.monitoring.distributions.change import new_change
from logitgate.monitoring.distributions.divergence import chi_squared, jensen_shannon, kolmogorov_smirnov, psi
from logitgate.monitoring.distributions.independence import ALONE, INDEPENDENT
from logitgate.monitoring.distributions.season import proposed_season
from logitgate.monitoring.drift import drift, q_values
from logitgate.monitoring.profiling import reference_profile
from logitgate.monitoring.reference import Reference
from logitgate.project.reading.load import parse_project
from tests.projects import plain

N = 5_000


def rows(n=N, *, seed=0, start="2021-01-01", days=90):
    """Return visits over some days; nothing depends on the day."""
    rng = np.random.default_rng(seed)
    at = np.datetime64(start, "us") + np.sort(rng.integers(0, days * 86_400_000_000, n)).astype("m8[us]")
    side = rng.choice(["north", "south", "east"], n, p=(0.5, 0.3, 0.2))
    return pd.DataFrame(
        {
            "visit": np.arange(n).astype(str),
            "at": pd.Series(at).dt.tz_localize("UTC"),
            "speed": rng.normal(0, 1, n),
            "load": rng.integers(0, 12, n).astype(float),
            "grip": np.where(rng.uniform(size=n) < 0.1, np.nan, rng.gamma(2, 1, n)),
            "side": pd.Categorical(side),
        }
    )


def project(**monitoring):
    """Return the project of the visits with changes of its monitoring."""
    return parse_project(plain(monitoring=monitoring), "visits.toml")


def decided(frame):
    """Return decisions that follow the speed."""
    probability = 1 / (1 + np.exp(-frame["speed"].to_numpy() + 1))
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    return Decision.by(DecisionRule("constant", 0.4), probability, costs.rows({}, len(frame)))


def reference(frame=None, **monitoring):
    """Return the profile of some rows."""
    frame = rows() if frame is None else frame
    decision = decided(frame)
    y = (np.random.default_rng(3).uniform(size=len(frame)) < decision.probability).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    scored = Scored(y, decision, costs.rows({}, len(frame)))
    sample = Sample(frame, y.astype(np.int8), frame["visit"].to_numpy(object))
    return reference_profile(sample, scored, project(**monitoring)).reference


def found(frame, known=None, decision=None, **monitoring):
    """Return the findings about a window, by check and subject."""
    known = reference(**monitoring) if known is None else known
    decision = decided(frame) if decision is None else decision
    findings, _ = drift(frame, decision, known, project(**monitoring))
    return {(one.check, one.subject): one for one in findings}


def alarms(findings):
    """Return what is an alarm."""
    return {name for name, one in findings.items() if one.status is Status.FAIL}


def test_the_same_world_raises_no_alarm():
    """Other rows of the same kind: every check passes, each feature has a line in the table."""
    frame = rows(2_000, seed=1)
    findings, (exhibit,) = drift(frame, decided(frame), reference(), project())
    assert {one.status for one in findings} == {Status.PASS}
    assert {one.check for one in findings} == {"drift", "missingness", "levels", "score", "order"}
    assert {row["feature"] for row in exhibit.rows} >= {"speed", "load", "grip", "side", "log-odds"}


@pytest.mark.parametrize(
    ("change", "alarm"),
    [
        (lambda one: {"load": one["load"] + 2}, {("drift", "load")}),
        (lambda one: {"grip": one["grip"] * 1.8}, {("drift", "grip")}),
        (lambda one: {"grip": one["grip"].where(one.index % 4 > 0)}, {("missingness", "grip")}),
        (lambda one: {"side": every(one, 3, "south")}, {("drift", "side")}),
        (lambda one: {"side": every(one, 20, "west")}, {("levels", "side"), ("drift", "side")}),
        (lambda _: {"grip": np.nan}, {("missingness", "grip")}),
    ],
)
def test_a_change_is_named(change, alarm):
    """By check and feature, and nothing else is."""
    frame = rows(2_000, seed=1)
    assert alarms(found(frame.assign(**change(frame)))) == alarm


def every(frame, nth, level):
    """Return the sides with a level in each so-many-th row."""
    return pd.Categorical(np.where(frame.index % nth, frame["side"], level))


def test_other_scores_are_an_alarm_of_their_own():
    """The share of flagged rows and the log-odds, whatever the features say."""
    frame = rows(2_000, seed=1)
    shifted = found(frame, decision=decided(frame.assign(speed=frame["speed"] + 1)))
    assert alarms(shifted) == {("score", "log-odds"), ("score", "flag rate")}


def test_few_rows_say_nothing():
    """INSUFFICIENT, never "no drift"; also for a reference of few rows."""
    few = (found(rows(199, seed=1)), found(rows(2_000, seed=1), known=reference(rows(150))))
    assert {one.status for findings in few for one in findings.values()} == {Status.INSUFFICIENT}
    assert alarms(found(rows(200, seed=1).assign(load=9.0))) == {("drift", "load")}


def test_what_is_missing_is_not_judged():
    """A NaN, a model that could say nothing, and a feature that the table lacks are INDETERMINATE."""
    frame = rows(500, seed=1)
    decision = decided(frame)
    broken = decision.probability.copy()
    broken[7] = np.nan
    unsound = replace(decision, probability=broken)
    assert found(frame, decision=unsound)[("score", "window")].status is Status.INDETERMINATE
    findings, _ = drift(frame, None, reference(), project())
    assert {one.check for one in findings if one.status is Status.INDETERMINATE} == {"score"}
    assert found(frame.drop(columns="side"))[("drift", "side")].status is Status.INDETERMINATE


def test_sorted_rows_are_reported():
    """Their parts would differ without any drift."""
    frame = rows(2_000, seed=1)
    assert found(frame.sort_values("speed"))[("order", "speed")].status is Status.WARN
    assert found(frame.sort_values("grip", ascending=False))[("order", "grip")].status is Status.WARN
    assert found(frame)[("order", "rows")].status is Status.PASS


def test_a_season_is_held_against_itself():
    """Heat in July is no drift where July is known, one where no season is declared, else unknown."""
    year = rows(20_000, start="2020-01-01", days=365)
    year["load"] = year["load"] + year["at"].dt.month
    july = rows(2_000, seed=5, start="2021-07-01", days=31)
    july["load"] = july["load"] + 7
    known = reference(year, season="month")
    assert ("drift", "load") in alarms(found(july, known))
    assert alarms(found(july, known, season="month")) == set()
    hot = july.assign(load=july["load"] + 3)
    assert alarms(found(hot, known, season="month")) == {("drift", "load")}
    half = reference(year[year["at"].dt.month < 6], season="month")
    assert found(july, half, season="month")[("drift", "season")].status is Status.INSUFFICIENT
    both = pd.concat(
        [july, rows(1_000, seed=6, start="2021-08-01", days=31).assign(load=lambda one: one["load"] + 8)]
    )
    assert alarms(found(both, known, season="month")) == set()


def test_the_statistics_are_those_of_scipy():
    """KS up to its grid, chi-squared without pooling, W1, Jensen-Shannon."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(0.3, 1.1, 800), rng.normal(0, 1, 3_000)
    before = Numbers.of(other)
    now = Numbers.of(one, before)
    distance, p_value = kolmogorov_smirnov(now, before)
    oracle = scipy.stats.ks_2samp(one, other, method="asymp")
    assert 0.95 * oracle.statistic <= distance <= oracle.statistic
    scale = np.sqrt(800 * 3_000 / 3_800)
    assert p_value == pytest.approx(scipy.stats.kstwobign.sf(scale * distance), rel=1e-9)
    table = np.array([[50.0, 30.0, 20.0], [410.0, 380.0, 210.0]])
    assert chi_squared(*table) == pytest.approx(scipy.stats.chi2_contingency(table, correction=False).pvalue)
    p, q = table[0] / 100, table[1] / 1_000
    assert jensen_shannon(*table) == pytest.approx(scipy.spatial.distance.jensenshannon(p, q, base=2))
    frame = rows(4_000, seed=1)
    moved = found(frame.assign(speed=frame["speed"] + 0.5))[("drift", "speed")].figures["wasserstein_sd"]
    assert moved == pytest.approx(
        scipy.stats.wasserstein_distance(frame["speed"] + 0.5, rows()["speed"]), abs=0.03
    )


@settings(max_examples=50)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=12))
def test_a_distribution_has_no_distance_to_itself(counts):
    """PSI, Jensen-Shannon and KS are 0, the p-values 1."""
    cells = np.array(counts, dtype=float)
    if cells.sum():
        assert psi(cells, cells) == 0 and jensen_shannon(cells, cells) == pytest.approx(0, abs=1e-7)
        assert chi_squared(cells, cells) == pytest.approx(1)
    else:
        assert np.isnan(psi(cells, cells))


@settings(max_examples=8)
@given(st.permutations(list(range(300))))
def test_the_order_changes_nothing_but_its_own_audit(order):
    """The same rows in another order have the same figures."""
    frame, known = rows(300, seed=1), reference()
    one = found(frame, known)
    other = found(frame.iloc[list(order)], known)
    for name in one:
        if name[0] != "order":
            assert one[name].figures == pytest.approx(other[name].figures, nan_ok=True)


def test_a_constant_and_an_empty_feature_are_held_too():
    """Neither divides by zero; a constant that moves is an alarm."""
    frame = rows().assign(load=3.0, grip=np.nan)
    known = reference(frame)
    same = rows(1_000, seed=2).assign(load=3.0, grip=np.nan)
    assert alarms(found(same, known)) == set()
    assert ("drift", "load") in alarms(found(same.assign(load=4.0), known))
    assert ("missingness", "grip") in alarms(found(same.assign(grip=1.0), known))


def test_levels_that_were_rare_are_not_new():
    """They were pooled; as many rows as before with such levels are to be expected."""
    before = Levels.of(pd.Series(["a"] * 900 + [f"r{row}" for row in range(100)]), rare=50)
    assert (before.levels, before.pooled, before.singles) == ({"a": 900.0}, 100.0, 100.0)
    now = Levels.of(pd.Series(["a"] * 450 + [f"n{row}" for row in range(50)]), 50, before)
    sizes = (INDEPENDENT, INDEPENDENT)
    assert new_change("side", paired(now, before, sizes, ALONE), project().monitoring).beyond is False


def test_one_row_of_an_unknown_season_switches_nothing_off():
    """Known seasons are judged, the share left out is given, missing cells and levels are judged always."""
    half = rows(10_000, start="2020-01-01", days=181)
    known = reference(half, season="month")
    june = rows(2_000, seed=5, start="2021-06-01", days=29)
    late = rows(1, seed=6, start="2021-07-01", days=1)
    window = pd.concat([june, late])
    shifted = found(window, known, season="month")
    assert alarms(shifted) == set() and shifted[("drift", "season")].status is Status.WARN
    assert shifted[("drift", "season")].figures["left_out"] == pytest.approx(1 / 2_001)
    moved = found(window.assign(load=window["load"] + 3), known, season="month")
    assert alarms(moved) == {("drift", "load")}
    july = rows(2_000, seed=6, start="2021-07-01", days=29)
    gone = found(july.assign(grip=np.nan, side="west"), known, season="month")
    assert alarms(gone) >= {("missingness", "grip"), ("levels", "side")}
    assert gone[("drift", "season")].status is Status.INSUFFICIENT


def test_hours_are_those_of_the_projects_clocks():
    """When clocks change, the same local hour is another one in UTC: no drift on the project's clocks."""
    lisbon = {"schedule": {"time_zone": "Europe/Lisbon"}}
    local = parse_project(plain(monitoring={"season": "hour"}, **lisbon), "visits.toml")

    def on(start, days, seed):
        frame = rows(8_000, seed=seed, start=start, days=days)
        hour = frame["at"].dt.tz_convert("Europe/Lisbon").dt.hour
        frame = frame[hour.between(6, 21).to_numpy()]
        return frame.assign(load=(frame["load"] + 3 * hour[hour.between(6, 21)]))

    winter, summer = on("2021-01-01", 60, 0), on("2021-06-01", 30, 1)
    sample = Sample(winter, np.zeros(len(winter), np.int8), winter["visit"].to_numpy(object))
    decision = decided(winter)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    scored = Scored(np.zeros(len(winter), np.int64), decision, costs.rows({}, len(winter)))
    stored = reference_profile(sample, scored, local).plain
    findings, _ = drift(summer, decided(summer), Reference.from_json(stored), local)
    assert not [one for one in findings if one.status in (Status.FAIL, Status.WARN)]
    in_utc = project(season="hour")
    stored = reference_profile(sample, scored, in_utc).plain
    findings, _ = drift(summer, decided(summer), Reference.from_json(stored), in_utc)
    assert "load" in {one.subject for one in findings if one.status is Status.FAIL}
    # A profile that was made before zones were kept is read on the clocks that it was made on.
    stored.pop("season_zone")
    assert Reference.from_json(stored).season_zone == "UTC"


@pytest.mark.parametrize(
    ("before", "now", "alarm"), [(0.01, 0.08, True), (0.5, 0.57, True), (0.5, 0.53, False)]
)
def test_a_binary_number_has_the_floor_of_a_share(before, now, alarm):
    """Both values have a cell, however rare one is; an index of .05 asks for a change of .11 at one half."""
    rng = np.random.default_rng(9)
    known = reference(rows().assign(load=(rng.random(N) < before).astype(float)))
    shifted = alarms(found(rows(4_000, seed=1).assign(load=(rng.random(4_000) < now).astype(float)), known))
    assert (("drift", "load") in shifted) == alarm


def test_a_season_is_proposed_where_a_year_is_learned_from_and_followed():
    """Not for half a year, nor where the recipe learns from less, nor once it is declared."""
    year = rows(5_000, start="2020-01-01", days=366)
    warm = year.assign(load=year["load"] + 3 * (year["at"].dt.month % 12))
    found = proposed_season(warm, project())
    assert found.status is Status.WARN and found.figures["season"] == "month" and "load" in found.because
    assert proposed_season(year, project()) is None
    assert proposed_season(warm[warm["at"].dt.month < 7], project()) is None
    assert proposed_season(warm, project(season="month")) is None
    short = parse_project(plain(split={"window": "120 days"}), "visits.toml")
    assert proposed_season(warm, short) is None


def test_a_feature_that_could_not_be_tested_counts_in_the_family():
    """It makes the others less certain, as it could have been any of them."""
    np.testing.assert_allclose(q_values(np.array([0.01, np.nan, 0.02])), [0.03, np.nan, 0.03])
    assert not len(q_values(np.array([])))
