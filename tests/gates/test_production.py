"""A missing proof against the rules that need no model, where the champion would go on deciding."""

import numpy as np
import pytest

from logitgate.catalogue import Check
from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Finding, Status
from logitgate.gates.rules.head_to_head import HeadToHead, Lane
from logitgate.gates.rules.production import beside_production
from logitgate.project.reading.load import parse_project
from tests import projects

PROJECT = parse_project(projects.plain(), "visits.toml")
N = 400
LAST = np.arange(N) >= 300
EVERY = np.ones(N, dtype=bool)
Y = np.tile([1, 0, 0, 0], N // 4)
RIGHT = np.where(Y == 1, 0.9, 0.1)


def decided(probability):
    """Return decisions at one half, where a miss costs 5 and a false alarm 1."""
    costs = RowCosts(np.zeros(N), np.ones(N), np.zeros(N), np.full(N, 5.0))
    return Scored(Y, Decision.by(DecisionRule("constant", 0.5), probability, costs), costs)


def wrong(share, rows=EVERY):
    """Return probabilities that turn the first part of the chosen rows over."""
    turned = np.flatnonzero(rows)[: int(share * rows.sum())]
    return np.where(np.isin(np.arange(N), turned), 1 - RIGHT, RIGHT)


def findings(baseline, block=Status.PASS, champion=Status.PASS):
    """Return what the comparison found."""
    return [
        Finding(Check.BASELINES, "flag-none", baseline, "because"),
        Finding(Check.BASELINES, "flag-all", Status.PASS, "because"),
        Finding(Check.BASELINES, "last block", block, "because"),
        Finding(Check.CHAMPION, "version 4", champion, "because"),
        Finding(Check.SLICES, "g = a", Status.INDETERMINATE, "because"),
    ]


def statuses(found, challenger, champion, *, untouched=EVERY, last=LAST, lane=Lane.NEW_RECIPE):
    """Return the statuses beside production: of flag-none, flag-all, the last block, champion and slice."""
    version = None if champion is None else 4
    contest = HeadToHead(decided(challenger), {}, {}, champion, version, "", untouched, last, lane)
    return [one.status for one in beside_production(found, contest, PROJECT)]


ROWS = np.arange(N) < 3
UNPROVEN = findings(Status.INDETERMINATE, Status.FAIL)
AS_IT_WAS = [one.status for one in UNPROVEN]


def test_a_dearer_champion_is_not_kept_for_want_of_a_proof():
    """Neither against a rule nor in the last block; other checks stay as they are."""
    found = statuses(UNPROVEN, wrong(0.1), decided(wrong(0.5)), last=~LAST)
    assert found == [Status.WARN, Status.PASS, Status.WARN, Status.PASS, Status.INDETERMINATE]


def test_a_champion_that_passes_and_costs_more_is_not_kept():
    """The challenger is cheaper than it in the last block too, so the veto there warns."""
    found = statuses(UNPROVEN, RIGHT, decided(wrong(0.05)), last=EVERY)
    assert found[:3] == [Status.WARN, Status.PASS, Status.WARN]


@pytest.mark.parametrize("champion", [decided(wrong(0.1)), decided(wrong(0.05)), None])
def test_a_champion_that_costs_no_more_stays(champion):
    """An equal one, a cheaper one, and a first release: what is asked stays asked."""
    assert statuses(UNPROVEN, wrong(0.1), champion) == AS_IT_WAS


@pytest.mark.parametrize(
    ("challenger", "champion"), [(wrong(0.7, ROWS), wrong(1.0, ROWS)), (wrong(0.7, ROWS), RIGHT)]
)
@pytest.mark.parametrize("lane", list(Lane))
def test_a_proof_that_a_rule_is_cheaper_stops_all_the_same(challenger, champion, lane):
    """Then the rule itself should decide, though so few rows prove nothing against the champion."""
    found = statuses(findings(Status.FAIL), challenger, decided(champion), untouched=ROWS, lane=lane)
    assert found[0] is Status.FAIL


def test_a_proof_by_rows_that_the_champion_knew_does_not_speak_for_it():
    """Where both are new the challenger is cheaper than the rule, and the champion costs more."""
    challenger, champion = wrong(0.9, ~LAST), decided(wrong(0.4, LAST))
    assert statuses(findings(Status.FAIL), challenger, champion, untouched=LAST)[0] is Status.WARN
    assert statuses(findings(Status.FAIL), challenger, decided(RIGHT), untouched=LAST)[0] is Status.FAIL


@pytest.mark.parametrize(
    ("challenger", "champion", "status"),
    [
        (wrong(0.7), wrong(0.9), Status.WARN),  # both dearer than flag-none, the challenger less so
        (wrong(0.9), wrong(0.9), Status.FAIL),
        (wrong(0.9), wrong(0.7), Status.FAIL),
        (wrong(0.7), wrong(0.63), Status.FAIL),
    ],
)
@pytest.mark.parametrize("lane", list(Lane))
def test_a_champion_that_a_rule_is_proven_to_beat_is_no_better(challenger, champion, status, lane):
    """Where both cost more than a rule, that stops the challenger only for a champion that costs no more."""
    found = statuses(findings(Status.FAIL, Status.FAIL), challenger, decided(champion), last=EVERY, lane=lane)
    assert found[0] is status


@pytest.mark.parametrize("status", [Status.FAIL, Status.INDETERMINATE])
def test_a_challenger_that_the_champion_stops_gains_nothing(status):
    """The comparison with the champion comes first."""
    found = findings(Status.INDETERMINATE, Status.FAIL, status)
    assert statuses(found, wrong(0.1), decided(wrong(0.5))) == [one.status for one in found]


def test_the_last_block_asks_about_its_own_rows():
    """Dearer over all rows, and cheaper in the last block: the champion leaves only the proof behind."""
    champion = decided(wrong(0.5))  # its wrong rows lie before the last block
    challenger = wrong(0.1, LAST)
    assert statuses(UNPROVEN, challenger, champion)[:3] == [Status.WARN, Status.PASS, Status.FAIL]


def test_rows_that_the_champion_was_fitted_on_say_nothing():
    """None that compare both in the last block: its veto stands; none at all: everything stands."""
    found = statuses(UNPROVEN, wrong(0.1), decided(wrong(0.5)), untouched=~LAST)
    assert found[:3] == [Status.WARN, Status.PASS, Status.FAIL]
    assert statuses(UNPROVEN, wrong(0.1), decided(wrong(0.5)), untouched=~EVERY) == AS_IT_WAS


@pytest.mark.parametrize(
    ("lane", "rule", "block"),
    [(Lane.REFRESH, Status.WARN, Status.WARN), (Lane.NEW_RECIPE, Status.INDETERMINATE, Status.FAIL)],
)
def test_a_refresh_is_not_stopped_where_production_would_be(lane, rule, block):
    """Neither is cheap enough in the last block; another recipe still owes the proofs."""
    champion = decided(wrong(0.6, LAST))
    found = statuses(UNPROVEN, wrong(0.7, LAST), champion, lane=lane)
    assert (found[0], found[2]) == (rule, block)


def test_a_proof_that_a_refresh_just_lacks_is_no_reason_to_keep_the_older_fit():
    """The paired difference has been asked; the last block's veto and a proof against it stay."""
    champion = decided(wrong(0.05))
    found = statuses(UNPROVEN, wrong(0.1), champion, lane=Lane.REFRESH)
    assert (found[0], found[2]) == (Status.WARN, Status.FAIL)
    worse = statuses(findings(Status.FAIL), wrong(0.1), champion, lane=Lane.REFRESH)
    assert worse[0] is Status.FAIL
