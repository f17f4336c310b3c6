"""The gates: only a proof passes, only a proof of the opposite fails, NaN is neither."""

import json
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.evaluation.comparisons.comparison import Flips, Paired
from logitgate.evaluation.comparisons.recalibrated import Regret
from logitgate.evaluation.estimates import Estimate, proves_below, proves_inside
from logitgate.findings import Status
from logitgate.gates.rules import champion as gate
from logitgate.gates.rules import gates
from logitgate.gates.rules.slice_harm import SliceHarm
from logitgate.project.gates import CalibrationGate, Gates

NAN = float("nan")
NUMBERS = st.floats(-10, 10)
ANY = st.floats(allow_nan=True, allow_infinity=True)


def paired(upper, low=-1.0, events=1000.0):
    """Return a comparison with these bounds."""
    nothing = Flips(0, 0, 0.0)
    return Paired(100, Estimate((low + upper) / 2, low, upper), upper, 0.05, events, nothing, nothing)


def harm(name, status):
    """Return what was found about one slice."""
    return SliceHarm(name, status, 500, 50, Estimate(0.3, 0.2, 0.4), 0.001, 0.01, 0.38)


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        (-0.1, 0.1, Status.PASS),
        (-0.2, 0.2, Status.PASS),
        (-0.5, -0.2, Status.INDETERMINATE),
        (0.0, 0.2000001, Status.INDETERMINATE),
        (-0.2000001, 0.0, Status.INDETERMINATE),
        (-1.0, 1.0, Status.INDETERMINATE),
        (0.2, 0.5, Status.INDETERMINATE),
        (0.2000001, 0.5, Status.FAIL),
        (-0.5, -0.2000001, Status.FAIL),
        (0.1, -0.1, Status.INDETERMINATE),
        (1.0, -1.0, Status.INDETERMINATE),
        (0.9, 0.5, Status.INDETERMINATE),
    ],
)
def test_an_interval_must_lie_within_the_margins(low, high, status):
    """Within and exactly at the margins passes, wholly beyond fails, swapped limits prove nothing."""
    assert proves_inside(Estimate(0.0, low, high), -0.2, 0.2) is status


@pytest.mark.parametrize(
    ("upper", "low", "limit", "status"),
    [
        (-0.01, -1.0, 0.0, Status.PASS),
        (0.0, -1.0, 0.0, Status.INDETERMINATE),
        (0.5, 0.0, 0.0, Status.FAIL),
        (0.0, 0.0, 0.0, Status.FAIL),
        (0.5, -0.001, 0.0, Status.INDETERMINATE),
        (-0.5, -1.0, -0.5, Status.INDETERMINATE),
        (-1.0, 0.5, 0.0, Status.INDETERMINATE),
        (0.1, 0.1, 0.2, Status.PASS),
        (0.2, 0.2, 0.2, Status.FAIL),
        (0.3, 0.3, 0.2, Status.FAIL),
    ],
)
def test_an_upper_bound_must_be_below_the_limit(upper, low, limit, status):
    """Below passes, exactly at the limit does not, an interval that is all above fails."""
    assert proves_below(upper, low, limit) is status


@pytest.mark.parametrize(
    "values", [values for values in product((NAN, 0.0, -1.0, 1.0), repeat=3) if np.isnan(values).any()]
)
def test_nan_never_decides(values):
    """One undefined number among three is no proof of anything."""
    low, high, margin = values
    assert proves_below(*values) is Status.INDETERMINATE
    inside = proves_inside(Estimate(0.0, low, high), -2.0 if np.isfinite(margin) else NAN, 2.0)
    assert inside is Status.INDETERMINATE


@given(low=ANY, high=ANY, margin=st.floats(0.01, 5))
def test_passing_and_failing_are_what_they_claim(low, high, margin):
    """PASS means every value within, FAIL none, for any interval whatever."""
    status = proves_inside(Estimate(0.0, low, high), -margin, margin)
    assert (status is Status.PASS) == (-margin <= low <= high <= margin)
    assert (status is Status.FAIL) == (low <= high and (high < -margin or low > margin))


@given(low=NUMBERS, width=st.floats(0.001, 5), limit=NUMBERS)
def test_a_proof_and_its_opposite_exclude_each_other(low, width, limit):
    """Held the other way round, a gain is never a gain again."""
    both = [proves_below(low + width, low, limit), proves_below(-low, -low - width, -limit)]
    assert both.count(Status.PASS) < 2


GATE = CalibrationGate(in_the_large=0.3, slope=(0.8, 1.25))
GATES = Gates(calibration=GATE, discordant_events=20)
INSIDE, ONE = Estimate(0.0, -0.1, 0.1), Estimate(1.0, 0.9, 1.1)
FREE = Regret(Estimate(0.0, -0.1, 0.1), 0.0)


def test_calibration_stops_on_proof_of_harm_alone():
    """Wholly inside passes, reaching outside warns with what is proven, wholly outside fails."""
    reaching = Estimate(0.2, -0.1, 0.5), Estimate(0.9, 0.7, 1.1)
    outside = Estimate(1.0, 0.9, 1.1), Estimate(0.0, -0.1, 0.1)
    subjects = ["calibration-in-the-large", "slope", "regret of decisions"]
    for estimates, status in (((INSIDE, ONE), "PASS"), (reaching, "WARN"), (outside, "FAIL")):
        found = gates.calibration(*estimates, FREE, GATES)
        assert [one.subject for one in found] == subjects
        assert [one.status.value for one in found] == [status, status, "PASS"]


@pytest.mark.parametrize(
    ("low", "events", "status"),
    [(0.01, 20.0, "FAIL"), (0.01, 19.9, "WARN"), (0.01, 0.0, "WARN"), (0.0, 100.0, "PASS")],
)
def test_decisions_that_are_proven_to_cost_more_for_miscalibration_stop(low, events, status):
    """However close the slope looks; few events, or an interval that begins at 0 exactly, prove nothing."""
    dear = gates.calibration(INSIDE, ONE, Regret(Estimate(0.2, low, 0.4), events), GATES)
    assert [one.status.value for one in dear] == ["PASS", "PASS", status]
    assert dear[-1].figures["effective_events"] == events


@pytest.mark.parametrize("events", [0.0, 100.0])
def test_calibration_without_an_interval_is_not_judged(events):
    """Whatever the values say, and whichever end is missing."""
    unknown = Regret(Estimate(0.0, NAN, NAN), events)
    for slope in (Estimate(1.0, NAN, 1.1), Estimate(1.0, 0.9, NAN)):
        found = gates.calibration(Estimate(0.0, NAN, NAN), slope, unknown, GATES)
        assert [one.status for one in found] == [Status.INDETERMINATE] * 3


@pytest.mark.parametrize(
    ("difference", "log_loss", "status"),
    [
        (Estimate(0.1, 0.01, 0.2), Estimate(0.1, 0.01, 0.2), Status.FAIL),
        (Estimate(0.1, 0.01, 0.2), Estimate(-0.1, -0.2, 0.0), Status.FAIL),
        (Estimate(0.1, 0.01, 0.2), Estimate(NAN, NAN, NAN), Status.FAIL),
        (Estimate(0.1, 0.01, 0.2), Estimate(-0.1, -0.2, -0.01), Status.WARN),
        (Estimate(0.1, 0.0, 0.2), Estimate(0.1, 0.01, 0.2), Status.WARN),
        (Estimate(-0.1, -0.2, -0.01), Estimate(0.1, 0.01, 0.2), Status.WARN),
        (Estimate(NAN, NAN, NAN), Estimate(NAN, NAN, NAN), Status.WARN),
    ],
)
def test_beside_a_champion_harm_stops_only_where_it_is_worse(difference, log_loss, status):
    """Worse calibration than the champion's must be proven too, and log loss not be proven lower."""
    outside = gates.calibration(Estimate(1.0, 0.9, 1.1), ONE, FREE, GATES)
    found = gates.beside_champion(outside, 3, difference, log_loss)
    assert found[0].status is status
    assert [one.status for one in found[1:3]] == [Status.PASS, Status.PASS]
    sound = gates.calibration(INSIDE, ONE, FREE, GATES)
    assert gates.beside_champion(sound, 3, difference, log_loss) == sound


@pytest.mark.parametrize(
    ("bounds", "status"),
    [((-0.1,), "PASS"), ((0.0,), "INDETERMINATE"), ((0.5, 0.2), "FAIL"), ((NAN,) * 3, "INDETERMINATE")],
)
def test_a_rule_without_a_model_must_be_beaten_by_proof(bounds, status):
    """Below 0 by the upper bound, not at it."""
    assert gates.baseline("flag-none", paired(*bounds)).status.value == status


@pytest.mark.parametrize(
    ("comparison", "declared", "gain", "events"),
    [
        (paired(-0.1), {}, "PASS", "PASS"),
        (paired(-0.1), {"minimum_gain": 0.2}, "INDETERMINATE", "PASS"),
        (paired(-0.1), {"minimum_gain": 0.1}, "INDETERMINATE", "PASS"),
        (paired(0.0, 0.0), {}, "FAIL", "PASS"),
        (paired(NAN, NAN, NAN), {}, "INDETERMINATE", "INDETERMINATE"),
        (paired(-0.1, events=19.9), {}, "PASS", "INDETERMINATE"),
        (paired(-0.1, events=20.0), {}, "PASS", "PASS"),
        (paired(-0.1, events=5.0), {"discordant_events": 5}, "PASS", "PASS"),
    ],
)
def test_a_champion_must_be_beaten_by_the_minimum_gain_on_enough_events(comparison, declared, gain, events):
    """A gain that is not proven to be as large as declared is not enough, nor one on few events."""
    found = gate.new_recipe(3, comparison, "new recipe", Gates(**declared))
    assert [one.status.value for one in found] == [gain, events]


@pytest.mark.parametrize(
    ("rule", "value", "low", "status"),
    [
        ("not worse", -1.0, -2.0, Status.PASS),
        ("not worse", 0.0, 0.0, Status.PASS),
        ("not worse", 1.9, -0.1, Status.PASS),
        ("not worse", 2.0, -0.1, Status.INDETERMINATE),
        ("not worse", 1.0, 0.01, Status.FAIL),
        ("better", -0.01, -2.0, Status.PASS),
        ("better", 0.0, -2.0, Status.INDETERMINATE),
        ("better", 1.0, 0.01, Status.FAIL),
        ("not worse", NAN, NAN, Status.INDETERMINATE),
        ("better", -1.0, NAN, Status.INDETERMINATE),
    ],
)
def test_a_refresh_must_not_be_worse(rule, value, low, status):
    """Proven worse fails; else the point difference decides: below 2 % of a champion that costs 100, or 0."""
    compared = replace(paired(value + 1, low), difference=Estimate(value, low, value + 1))
    dear = SimpleNamespace(cost=np.full(5, 100.0))
    assert gate.refresh(3, compared, dear, Gates(refresh=rule)).status is status


def test_without_a_champion_only_the_first_release_passes():
    """No champion passes; one that cannot be judged does not."""
    assert gate.first_release().status is Status.PASS
    unjudged = gate.unjudged(3, "its file is damaged")
    assert (unjudged.status, unjudged.subject) == (Status.INDETERMINATE, "version 3")


def test_every_slice_is_a_finding_with_its_own_status():
    """Harmed, unharmed, unjudged or too small, also alone; without declared slices all is well."""
    statuses = [Status.PASS, Status.FAIL, Status.INSUFFICIENT, Status.PASS, Status.INDETERMINATE]
    for some in (statuses, [Status.INSUFFICIENT]):
        named = [(f"s = {at}", status) for at, status in enumerate(some)]
        found = gates.slices([harm(*one) for one in named], "champion", 0.1)
        assert [(one.subject, one.status) for one in found] == named
    assert [one.status for one in gates.slices([], "champion", 0.1)] == [Status.PASS]


def critical(margin=0.5, **changes):
    """Return the one finding about a slice that costs .3 more, at most .38, with a change."""
    harms = [harm("s = other", Status.FAIL), replace(harm("s = 1", Status.PASS), **changes)]
    (found,) = gates.critical_slices(harms, {"s = 1": margin}, "champion")
    assert (found.check, found.subject) == ("critical slices", "s = 1")
    return found


@pytest.mark.parametrize(
    ("margin", "status"),
    [
        (0.5, "PASS"),
        (0.39, "PASS"),
        (0.38, "INDETERMINATE"),
        (0.21, "INDETERMINATE"),
        (0.2, "FAIL"),
        (0.0, "FAIL"),
    ],
)
def test_a_critical_slice_must_prove_that_it_is_not_harmed(margin, status):
    """Its upper bound is below its own margin, or its interval above it, or neither."""
    assert critical(margin).status.value == status
    assert critical(margin).figures["margin"] == margin
    assert critical(status=Status.FAIL).status is Status.PASS, "the margin of all slices is another one"


def test_a_critical_slice_without_a_proof_stops():
    """Too small, without a row, unknown to these rows or without a bound: the proof is missing."""
    others = [harm("s = other", Status.PASS)]
    changes = ({"status": Status.INSUFFICIENT}, {"n": 0}, {"upper": NAN}, {"difference": Estimate(NAN)})
    found = [critical(**one) for one in changes] + gates.critical_slices(others, {"s = 1": 0.5}, "champion")
    assert [one.status for one in found] == [Status.INDETERMINATE] * 5
    assert gates.critical_slices(others, {}, "champion") == []


def within(low, high, n=500):
    """Return what is known of rows whose calibration-in-the-large lies between two limits."""
    return SimpleNamespace(in_the_large=Estimate((low + high) / 2, low, high), said=0.2, observed=0.3, n=n)


MARGIN = CalibrationGate(in_the_large=0.2)


@pytest.mark.parametrize(
    ("low", "high", "warns"),
    [
        (0.1, 0.5, False),
        (0.2, 0.5, False),
        (0.2001, 0.5, True),
        (-0.5, -0.2, False),
        (-0.5, -0.2001, True),
        (np.nan, np.nan, False),
    ],
)
def test_miscalibration_near_the_threshold_warns_where_it_is_proven(low, high, warns):
    """The whole interval must lie outside the margin; what is not known warns of nothing."""
    found = gates.near_threshold(within(low, high), MARGIN)
    assert [one.status for one in found] == [Status.WARN] * warns
    if warns:
        assert found[0].figures["in_the_large_low"] == low
    assert gates.near_threshold(None, MARGIN) == []


def test_the_worst_of_the_miscalibrated_slices_is_named():
    """Once for all of them; the farthest outside is the worst, whichever way."""
    slices = {"a": within(0.3, 0.5), "b": within(-1.0, -0.6), "c": within(-0.1, 0.1)}
    (found,) = gates.calibrated_slices(slices, MARGIN)
    assert (found.status, found.subject) == (Status.WARN, "slices")
    assert found.figures["beyond"] == 2 and found.figures["in_the_large_high"] == -0.6
    assert gates.calibrated_slices({"c": slices["c"]}, MARGIN) == []


@pytest.mark.parametrize(
    ("more", "margin", "status"),
    [
        *((-1.0, 0.02, "PASS"), (0.0, 0.02, "PASS"), (0.07, 0.02, "PASS"), (0.08, 0.02, "FAIL")),
        *((1.0, 0.02, "FAIL"), (0.0, 0.0, "FAIL"), (-0.001, 0.0, "PASS")),
    ],
)
def test_the_last_block_may_be_dearer_by_less_than_its_margin(more, margin, status):
    """Two per cent of what the better rule costs there, 4 a row, is the limit itself: that is too much."""
    rule = SimpleNamespace(cost=np.tile([3.0, 5.0], 50), y=np.tile([0, 1], 50), cluster=None)
    newest = SimpleNamespace(cost=rule.cost + more, y=rule.y, cluster=None)
    found = gates.last_block(newest, "flag-none", rule, margin)
    assert found.status.value == status
    assert found.figures["difference"] == pytest.approx(more)
    assert found.figures["limit"] == pytest.approx(4 * margin)
    assert (found.figures["n"], found.figures["events"]) == (100, 50)


@pytest.mark.parametrize(
    ("events", "n", "judged"), [(20, 40, True), (19, 40, False), (21, 40, False), (20, 39, False)]
)
def test_twenty_events_and_as_many_others_are_enough(events, n, judged):
    """One fewer of either leaves calibration unjudged."""
    found = gates.too_few(np.r_[np.ones(events), np.zeros(n - events)].astype(int))
    assert (found is None) == judged
    if found is not None:
        assert found.status is Status.INDETERMINATE and found.figures["events"] == events


def test_what_the_gates_say(golden):
    """Each kind of finding whole: check, subject, status, sentence and figures."""
    rule = SimpleNamespace(cost=np.tile([3.0, 5.0], 50), y=np.tile([0, 1], 50), cluster=None)
    dearer = SimpleNamespace(cost=rule.cost + np.tile([0.0, 0.5], 50), y=rule.y, cluster=None)
    off = gates.calibration(
        Estimate(1.0, 0.9, 1.1), Estimate(0.9, 0.7, 1.3), Regret(Estimate(0.2, 0.01, 0.4), 12.3), GATES
    )
    statuses = (Status.PASS, Status.FAIL, Status.INSUFFICIENT, Status.INDETERMINATE)
    harms = [harm(f"s = {status}", status) for status in statuses]
    margins = {"s = PASS": 0.5, "s = INSUFFICIENT": 0.4, "s = absent": 0.3}
    found = [
        gates.too_few(np.r_[np.ones(7), np.zeros(60)].astype(int)),
        *gates.beside_champion(off, 3, Estimate(-0.1, -0.2, 0.01), Estimate(NAN)),
        *off,
        *gates.calibration(Estimate(NAN), Estimate(1.0, 0.9, 1.1), Regret(Estimate(NAN), 0.0), GATES),
        *gates.near_threshold(within(0.3, 0.5), MARGIN),
        *gates.calibrated_slices({"a": within(0.3, 0.5), "b": within(-1.0, -0.6, 70)}, MARGIN),
        gates.baseline("flag-all", paired(-0.1)),
        gates.last_block(dearer, "flag-none", rule, 0.02),
        *gates.slices(harms, "champion", 0.1),
        *gates.slices([], "champion", 0.1),
        *gates.critical_slices(harms, margins, "better rule"),
        *gate.new_recipe(3, paired(-0.1, events=12.0), "new recipe", Gates(minimum_gain=0.05)),
        gate.refresh(3, paired(-0.1), SimpleNamespace(cost=np.full(5, 100.0)), Gates()),
        gate.first_release(),
        gate.unjudged(3, "its file is damaged"),
    ]
    golden("gates.json", json.dumps([one.as_json() for one in found], indent=1, ensure_ascii=False) + "\n")
