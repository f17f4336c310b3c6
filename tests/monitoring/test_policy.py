"""The reaction policy: persistence, cool-down, one rollback in a row, and what may never roll back."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status
from logitgate.monitoring.reactions.policy import ActionReason, decide
from logitgate.monitoring.reactions.reasons import sentences
from logitgate.monitoring.reactions.records import RollbackTarget, WindowRecord
from logitgate.monitoring.reactions.remedies import REMEDIES, Action, Obstacle, Symptom
from logitgate.monitoring.reactions.symptoms import symptoms_of
from logitgate.project.operations.reactions import Reactions

RULES = Reactions()
BACK, NOWHERE, AGAIN = RollbackTarget(1), RollbackTarget(None), RollbackTarget(1, is_rolled_back=True)
LOSES, DEGRADED, STALE = Symptom.LOSES, Symptom.DEGRADED, Symptom.STALE
MISCALIBRATED, DECAYED = Symptom.MISCALIBRATED, Symptom.DECAYED
WORTHLESS = Symptom.WORTHLESS
RETIRING, TWO = Reactions(retire=True), Reactions(windows=2, persistent=2, retire=True)


def window(day, *signs, action=Action.NONE, version=2):
    """A window that ends so many days after a Monday."""
    end = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day)
    return WindowRecord(
        f"day {day}", end, version, frozenset(signs), action, action if action is not Action.NONE else None
    )


def lived(days, back=BACK, rules=RULES):
    """Decide about one window after the other, each with what was decided before."""
    past = []
    for day, signs in enumerate(days):
        judged = window(day, *signs)
        action = decide(judged, past, back, rules).wanted
        past.append(window(day, *signs, action=action))
    return [one.wanted.value for one in past]


def found(check, status, subject="window"):
    """A finding."""
    return Finding(Check(check), subject, status, "because")


SITUATIONS = {
    "nothing": (set(), [], BACK),
    "drift": ({Symptom.CHANGED}, [], BACK),
    "something could not be judged": ({Symptom.UNKNOWN}, [], BACK),
    "broken rows": ({Symptom.BROKEN}, [window(0, Symptom.BROKEN)], BACK),
    "rows broken since the release": ({Symptom.BROKEN}, [window(0, version=1)], BACK),
    "the champion loses once": ({LOSES}, [], BACK),
    "the champion loses twice": ({LOSES}, [window(0, LOSES)], BACK),
    "it loses after a rollback": ({LOSES}, [window(0, LOSES, action=Action.ROLL_BACK)], BACK),
    "it loses and was restored by a rollback": ({LOSES}, [window(0, LOSES)], AGAIN),
    "it loses and nothing was in production before": ({LOSES}, [window(0, LOSES)], NOWHERE),
    "the model is degraded": ({DEGRADED}, [], BACK),
    "the probabilities are off": ({MISCALIBRATED}, [window(0, MISCALIBRATED)], BACK),
    "the model has decayed": ({DECAYED, MISCALIBRATED}, [], BACK),
    "labels are overdue": ({Symptom.OVERDUE}, [], BACK),
    "the model costs more than none": ({WORTHLESS}, [window(0, WORTHLESS)], BACK),
    "a retraining did not help": (
        {WORTHLESS},
        [window(-9, WORTHLESS, action=Action.RETRAIN), window(2, WORTHLESS)],
        BACK,
    ),
    "the model is too old": ({STALE}, [], BACK),
    "it is too old after a training": ({STALE}, [window(0, STALE, action=Action.RETRAIN)], BACK),
    "several at once": ({LOSES, STALE, Symptom.CHANGED, Symptom.UNKNOWN}, [], NOWHERE),
}


def test_each_reaction_gives_its_reasons(golden):
    """The sentences that people read, for each situation."""
    reactions = {}
    for name, (symptoms, past, back) in SITUATIONS.items():
        reaction = decide(window(3, *symptoms), past, back, RULES)
        because = list(sentences(reaction, 2, RULES))
        reactions[name] = {"wanted": reaction.wanted.value, "because": because}
    golden("reactions.json", json.dumps(reactions, indent=2) + "\n")


@pytest.mark.parametrize(
    ("days", "rules", "actions"),
    [
        ([{LOSES}, {LOSES}], RULES, ["investigate", "roll back"]),
        ([{LOSES}, set(), {LOSES}], RULES, ["investigate", "none", "roll back"]),
        ([{LOSES}, {LOSES}, set()], Reactions(persistent=3), ["investigate", "investigate", "none"]),
        ([{LOSES}, set(), set(), {LOSES}], RULES, ["investigate", "none", "none", "investigate"]),
        ([{LOSES}, {LOSES}], TWO, ["investigate", "roll back"]),
        ([{LOSES}, set(), {LOSES}], TWO, ["investigate", "none", "investigate"]),
        ([{Symptom.CHANGED}] * 30, RULES, ["investigate"] * 30),
        ([{Symptom.UNKNOWN}] * 5, RULES, ["investigate"] * 5),
        ([{Symptom.BROKEN, LOSES}] * 3, RULES, ["quarantine"] * 3),
        ([{Symptom.BROKEN, LOSES}, {LOSES}, {LOSES}], RULES, ["quarantine", "investigate", "roll back"]),
        ([{WORTHLESS}] * 4, RETIRING, ["investigate", "retrain", "retire", "retire"]),
        ([{WORTHLESS}] * 4, Reactions(cool_down_days=2), ["investigate", "retrain"] * 2),
    ],
)
def test_what_windows_after_one_another_lead_to(days, rules, actions):
    """A loss counts twice of the latest three; drift alone never rolls back; broken rows say nothing more.

    What cannot be judged is looked into, and a model that costs more than none is trained, then retired.
    """
    assert lived(days, rules=rules) == actions


def test_a_retirement_that_is_not_declared_is_proposed():
    """And a training is wanted after each cool-down."""
    tried = [window(0, WORTHLESS), window(1, WORTHLESS, action=Action.RETRAIN)]
    proposed = decide(window(3, WORTHLESS), tried, BACK, Reactions(cool_down_days=2)).reasons[0]
    assert (proposed.action, proposed.obstacle) == (Action.RETIRE, Obstacle.NOT_DECLARED)


@pytest.mark.parametrize(
    "past",
    [
        [window(0, WORTHLESS), window(1, WORTHLESS)],
        [window(0, WORTHLESS), replace(window(1, WORTHLESS, action=Action.RETRAIN), done=None)],
        [window(0, WORTHLESS), window(1, WORTHLESS, action=Action.RETRAIN, version=1)],
        [window(0, WORTHLESS), window(1, STALE, action=Action.RETRAIN)],
    ],
)
def test_only_a_training_that_did_not_help_retires(past):
    """None, one that was not done, one of another version, and one for another reason do not."""
    assert decide(window(12, WORTHLESS), past, BACK, RETIRING).wanted is not Action.RETIRE


def test_a_loss_that_can_be_rolled_back_from_goes_first():
    """The version before may be worth more than no model."""
    bad = (LOSES, WORTHLESS)
    past = [window(0, *bad), window(1, *bad, action=Action.RETRAIN)]
    assert decide(window(12, *bad), past, BACK, Reactions(retire=True, windows=9)).wanted is Action.ROLL_BACK


@pytest.mark.parametrize("symptom", Symptom)
def test_every_row_of_the_policy(symptom):
    """The table that docs/monitoring.md shows: what a symptom asks for, and in how many windows."""
    remedy = REMEDIES[symptom]
    assert remedy.action is not Action.NONE
    once, twice = decide(window(1, symptom), [], BACK, RULES), lived([{symptom}, {symptom}])
    if remedy.persists:
        assert (once.wanted, once.reasons[0].obstacle) == (Action.INVESTIGATE, Obstacle.FEW_WINDOWS)
        assert twice[1] == remedy.action.value
    else:
        assert (once.wanted, once.reasons[0].obstacle) == (remedy.action, None)


def test_the_page_lists_every_row_of_the_policy():
    """docs/monitoring.md has a line for each symptom, with its action and the windows it needs."""
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    table = page.split("## What is done about it")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    got = {name.strip("`"): (action, windows) for name, _, action, windows in rows}
    assert set(got) == {symptom.value for symptom in Symptom}
    for symptom, remedy in REMEDIES.items():
        action, windows = got[symptom.value]
        assert action.startswith(remedy.action.value), symptom
        assert windows.startswith("`reactions.persistent`" if remedy.persists else "1"), symptom


def test_windows_whose_labels_are_not_due_do_not_count():
    """Two blind windows between two bad ones do not hide the first."""
    blind = [replace(window(day), has_labels=False) for day in (1, 2)]
    assert decide(window(3, DEGRADED), [window(0, DEGRADED), *blind], BACK, RULES).wanted is Action.RETRAIN
    clear = [window(day) for day in (1, 2)]
    held = decide(window(3, DEGRADED), [window(0, DEGRADED), *clear], BACK, RULES)
    assert held.wanted is Action.INVESTIGATE
    (stale,) = decide(window(3, STALE), blind, BACK, RULES).reasons
    assert stale.latest == 3, "what needs no labels is counted without them"


def test_flapping_gives_one_rollback_per_cool_down():
    """A figure at the threshold, every second day, over two months."""
    days = [{LOSES} if day % 2 else set() for day in range(60)]
    rules = Reactions(cool_down_days=14)
    actions = lived(days, rules=rules)
    rolled = [day for day, action in enumerate(actions) if action == "roll back"]
    assert rolled == [3, 17, 31, 45, 59]
    assert lived(days, rules=Reactions(cool_down_days=0)).count("roll back") > 20


@pytest.mark.parametrize(
    ("past", "since_release"),
    [
        ([window(0, version=1), window(1, version=1), window(2, Symptom.BROKEN)], True),
        ([window(0, version=1)], True),
        ([window(0, version=1), window(2)], False),
        ([window(0, Symptom.BROKEN, version=1)], False),
        ([window(2)], False),
        ([replace(window(3, version=1), window="month")], False),
        ([], False),
    ],
)
def test_a_break_that_began_with_the_release_is_reported(past, since_release):
    """Only when the rows were sound before it, and not since; one that ends with this one is none before."""
    (broken,) = decide(window(3, Symptom.BROKEN), past, BACK, RULES).reasons
    assert broken.since_release is since_release


def test_a_clock_set_back_gives_no_second_retraining():
    """The window that was acted upon lies ahead by now; it cools down all the same and counts for nothing."""
    ahead = [window(5, DEGRADED, action=Action.RETRAIN), window(4, DEGRADED)]
    assert decide(window(3, DEGRADED), ahead, BACK, RULES).wanted is Action.INVESTIGATE
    far = [window(50, DEGRADED, action=Action.RETRAIN), window(49, DEGRADED)]
    assert decide(window(3, DEGRADED), far, BACK, RULES).wanted is Action.INVESTIGATE
    # A clock that was years ahead stops nothing for years.
    assert decide(window(3, DEGRADED), [*far, window(2, DEGRADED)], BACK, RULES).wanted is Action.RETRAIN


PAIR = "version 2 against 1"


@pytest.mark.parametrize(
    ("findings", "signs"),
    [
        ([found("contract", Status.FAIL)], {Symptom.BROKEN}),
        ([found("contract", Status.INDETERMINATE)], {Symptom.BROKEN}),
        ([found("skew", Status.FAIL)], {Symptom.BROKEN}),
        ([found("skew", Status.INDETERMINATE)], {Symptom.UNKNOWN}),
        ([found("previous", Status.INDETERMINATE, PAIR)], {Symptom.UNKNOWN}),
        ([found("staleness", Status.FAIL)], {STALE}),
        ([found("cost", Status.FAIL)], {DEGRADED}),
        ([found("decay", Status.FAIL)], {Symptom.DECAYED}),
        ([found("no model", Status.FAIL)], {WORTHLESS}),
        ([found("labels", Status.FAIL)], {Symptom.OVERDUE}),
        *(
            ([found("calibration", Status.FAIL), found("previous", status, PAIR)], {MISCALIBRATED})
            for status in (Status.INSUFFICIENT, Status.PASS)
        ),
        ([found("cost", Status.INDETERMINATE)], {Symptom.UNKNOWN}),
        ([found("rows", Status.FAIL)], {Symptom.UNKNOWN}),
        ([found("drift", Status.INSUFFICIENT), found("cost", Status.INSUFFICIENT)], {Symptom.UNKNOWN}),
        ([], {Symptom.UNKNOWN}),
        ([found("estimate", Status.PASS), found("contract", Status.PASS)], {Symptom.UNKNOWN}),
        *(
            ([found(check, Status.FAIL)], {Symptom.CHANGED})
            for check in ("drift", "missingness", "levels", "score", "estimate", "order")
        ),
        *(
            ([found(check, status), found("estimate", Status.INSUFFICIENT)], set())
            for check in ("drift", "cost", "calibration")
            for status in (Status.PASS, Status.WARN)
        ),
    ],
)
def test_findings_become_signs(findings, signs):
    """A label-free estimate is a change of the rows at most, and its absence clears no version."""
    assert symptoms_of(findings) == signs


@pytest.mark.parametrize("versus", [{LOSES}, {DEGRADED}, {LOSES, DEGRADED}])
def test_the_comparison_speaks_for_itself(versus):
    """Its signs are its typed answer, however its findings are worded."""
    for words in (PAIR, "both against their references", "something else"):
        findings = [found("previous", Status.FAIL, words)]
        assert symptoms_of(findings, frozenset(versus)) == versus


def test_what_was_wanted_and_not_done_is_wanted_again():
    """A rollback that failed cools nothing down, and neither does one that was not asked for."""
    past = [window(0, LOSES), replace(window(1, LOSES, action=Action.ROLL_BACK), done=None)]
    assert decide(window(2, LOSES), past, BACK, RULES).wanted is Action.ROLL_BACK
    done = [past[0], replace(past[1], done=Action.ROLL_BACK)]
    assert decide(window(2, LOSES), done, BACK, RULES).wanted is Action.INVESTIGATE


@pytest.mark.parametrize(
    ("of_past", "of_now", "wanted"),
    [
        ({"version": 1}, {}, Action.INVESTIGATE),
        ({"digest": "a" * 64}, {"digest": "b" * 64}, Action.INVESTIGATE),
        ({"digest": "a" * 64}, {"digest": "a" * 64}, Action.ROLL_BACK),
        ({"digest": "a" * 64}, {}, Action.ROLL_BACK),
    ],
)
def test_windows_of_another_version_do_not_count(of_past, of_now, wanted):
    """What its predecessor did takes no version down, though it may have had the same number."""
    past = [replace(window(day, LOSES), **of_past) for day in range(2)]
    assert decide(replace(window(2, LOSES), **of_now), past, BACK, RULES).wanted is wanted


SIGNS = st.frozensets(st.sampled_from(list(Symptom)))


@given(
    st.lists(SIGNS, max_size=25),
    st.integers(1, 4),
    st.integers(0, 9),
    st.sampled_from([BACK, NOWHERE, AGAIN]),
)
def test_a_rollback_has_its_reasons(days, persistent, cool_down, back):
    """Whatever happens: only a loss on the same rows, persistent, with a way back, once per cool-down."""
    rules = Reactions(windows=4, persistent=persistent, cool_down_days=cool_down)
    actions = lived(days, back, rules)
    rolled = [day for day, action in enumerate(actions) if action == "roll back"]
    for day in rolled:
        counted = [
            one for one in days[max(0, day - 3) : day + 1] if LOSES in one and Symptom.BROKEN not in one
        ]
        assert LOSES in days[day] and len(counted) >= persistent and back is BACK
    assert all(later - earlier >= cool_down for earlier, later in itertools.pairwise(rolled))
    retrained = [day for day, action in enumerate(actions) if action == "retrain"]
    asks = {one for one, remedy in REMEDIES.items() if remedy.action is Action.RETRAIN}
    assert all(days[day] & {LOSES, *asks} for day in retrained)
    assert all(later - earlier >= cool_down for earlier, later in itertools.pairwise(retrained))
    for day, action in enumerate(actions):
        assert (action == "none") == (not days[day])
        assert (action == "quarantine") == (Symptom.BROKEN in days[day])


@given(st.permutations(list(range(8))), st.lists(SIGNS, min_size=9, max_size=9))
def test_the_order_of_the_history_does_not_matter(order, days):
    """Windows are ordered by their end, not by when somebody looked at them."""
    past = [window(day, *days[day]) for day in range(8)]
    now = window(8, *days[8])
    assert decide(now, past, BACK, RULES) == decide(now, [past[day] for day in order], BACK, RULES)


def test_rules_that_can_never_agree_are_refused():
    """Three of the latest two."""
    with pytest.raises(ValueError, match="windows"):
        Reactions(windows=2, persistent=3)


def test_a_reason_says_how_many_windows_speak_for_it():
    """One where the evidence spans them all; what is asked for after the wanted action is left out."""
    (changed,) = decide(window(1, Symptom.CHANGED), [], BACK, RULES).reasons
    assert changed == ActionReason((Symptom.CHANGED,), Action.INVESTIGATE, None, windows=1, latest=1)
    (loses,) = decide(window(1, LOSES, STALE), [window(0, LOSES)], BACK, RULES).reasons
    assert loses == ActionReason((LOSES,), Action.ROLL_BACK, None, windows=2, latest=2)


def test_exactly_as_many_windows_as_are_demanded_are_enough():
    """Of the latest two, both; for a retirement as for a rollback."""
    past = [window(-9, WORTHLESS, action=Action.RETRAIN)]
    assert decide(window(1, WORTHLESS), past, BACK, TWO).wanted is Action.RETIRE
    later = [window(0, WORTHLESS), window(9, WORTHLESS, action=Action.RETRAIN)]
    assert decide(window(1, WORTHLESS), later, BACK, TWO).wanted is not Action.RETIRE


def test_a_window_that_ends_with_this_one_is_none_before_it():
    """Such as the month whose last week is looked at, or the same window again: it proves nothing twice."""
    for same in ([replace(window(1, LOSES), window="month")], [window(1, LOSES)] * 5):
        (loses,) = decide(window(1, LOSES), same, BACK, RULES).reasons
        assert (loses.obstacle, loses.windows, loses.latest) == (Obstacle.FEW_WINDOWS, 1, 1)
    trained = [window(0, WORTHLESS), replace(window(1, WORTHLESS, action=Action.RETRAIN), window="month")]
    assert decide(window(1, WORTHLESS), trained, BACK, RETIRING).wanted is not Action.RETIRE
