"""The ML Test Score: 28 tests, the least of four sums, nothing for what is not proven."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.outcome import Outcome
from logitgate.report.ml_test_score import Area, StoreEvidence, ml_test_score


def evidence(*findings, version=None, **known):
    """What a store holds about a training with these findings."""
    outcome = replace(Outcome.of("visits", "ab", Verdict(findings), None), version=version, run_id="r1")
    return StoreEvidence(outcome, **known)


def found(check, status=Status.PASS, subject="one", **figures):
    """A finding."""
    return Finding(check, subject, status, "", figures)


EVERYTHING = evidence(
    *(found(check, suite_digest="ab", condition=3.0) for check in Check),
    found(Check.LEAKAGE, subject="declarations"),
    version=2,
    code_version="0.1.0",
    candidates=9,
    windows=dict.fromkeys(Check, 5),
    labelled=5,
    replays=1,
    shadows=1,
    rehearsals=1,
    by_gates=True,
)


def test_there_are_seven_tests_in_each_section():
    """28 in all, each with its own words."""
    answers = ml_test_score(EVERYTHING).answers
    assert Counter(one.area for one in answers) == dict.fromkeys(Area, 7)
    assert len({one.test for one in answers}) == 28


def test_nothing_is_proven_by_an_empty_store():
    """No point anywhere."""
    assert set(ml_test_score(evidence()).sums.values()) == {0}


def test_the_score_is_the_least_sum():
    """Strength in one section makes up for nothing in another."""
    assert ml_test_score(EVERYTHING).sums == {
        Area.DATA: 3,
        Area.MODEL: 6,
        Area.INFRASTRUCTURE: 5.5,
        Area.MONITORING: 5,
    }
    assert ml_test_score(EVERYTHING).score == 3
    assert ml_test_score(replace(EVERYTHING, windows={}, labelled=0)).score == 1


@pytest.mark.parametrize(("windows", "points"), [(0, 0), (1, 0.5), (2, 1), (9, 1)])
def test_one_window_is_by_hand_and_two_are_a_habit(windows, points):
    """As the paper counts what is repeated."""
    answers = ml_test_score(evidence(windows={Check.SKEW: windows})).answers
    (skew,) = (one for one in answers if one.test == "training and serving features are the same")
    assert skew.points == points


@pytest.mark.parametrize("check", [Check.STABILITY, Check.FEATURES, Check.BASELINES, Check.WEAK_SLICES])
def test_a_check_without_a_result_proves_nothing(check):
    """INDETERMINATE says that it was not made."""
    totals = [
        sum(ml_test_score(evidence(found(check, status))).sums.values())
        for status in (Status.INDETERMINATE, Status.PASS)
    ]
    assert totals == [0, 1]


def test_declaring_no_behaviour_is_no_test_of_it():
    """Nor are slices with too few rows a test of slices."""
    nothing = found(Check.BEHAVIOUR, subject="none declared"), found(Check.SLICES, Status.INSUFFICIENT)
    assert sum(ml_test_score(evidence(*nothing)).sums.values()) == 0


counts = st.integers(0, 3)


@given(counts, counts, counts, counts, st.sampled_from(["replays", "shadows", "rehearsals", "labelled"]))
def test_more_evidence_never_lowers_it(replays, shadows, rehearsals, labelled, more):
    """In no section."""
    known = evidence(replays=replays, shadows=shadows, rehearsals=rehearsals, labelled=labelled)
    richer = replace(known, **{more: getattr(known, more) + 1})
    before, after = ml_test_score(known).sums, ml_test_score(richer).sums
    assert all(after[area] >= before[area] for area in Area)
