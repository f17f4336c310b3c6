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


def test_a_champion_that_loses_twice_is_rolled_back():
    """Once is not enough; two of the latest three are, when the latest is among them."""
    assert lived([{LOSES}, {LOSES}]) == ["investigate", "roll back"]
    assert lived([{LOSES}, set(), {LOSES}]) == ["investigate", "none", "roll back"]
    assert lived([{LOSES}, {LOSES}, set()], rules=Reactions(persistent=3)) == [
        "investigate",
        "investigate",
        "none",
    ]
    assert lived([{LOSES}, set(), set(), {LOSES}]) == ["investigate", "none", "none", "investigate"]


def test_drift_alone_never_rolls_back_nor_retrains():
    """However long it lasts."""
    assert set(lived([{Symptom.CHANGED}] * 30)) == {"investigate"}


def test_what_cannot_be_judged_is_looked_into():
    """Silence would be the worst answer."""
    assert lived([{Symptom.UNKNOWN}] * 5) == ["investigate"] * 5
    assert symptoms_of([]) == {Symptom.UNKNOWN}


RETIRING = Reactions(retire=True)


def test_a_model_that_costs_more_than_none_is_trained_again_and_then_retired():
    """Retired where that is declared; else it is proposed, and a training is wanted after each cool-down."""
    days = [{WORTHLESS}] * 4
    assert lived(days, rules=RETIRING) == ["investigate", "retrain", "retire", "retire"]
    rules = Reactions(cool_down_days=2)
    assert lived(days, rules=rules) == ["investigate", "retrain", "investigate", "retrain"]
    tried = [window(0, WORTHLESS), window(1, WORTHLESS, action=Action.RETRAIN)]
    proposed = decide(window(3, WORTHLESS), tried, BACK, rules).reasons[0]
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


@pytest.mark.parametrize("back", [BACK, NOWHERE, AGAIN])
def test_bad_probabilities_ask_for_a_training_with_or_without_a_version_before(back):
    """A previous version makes a proven miscalibration no smaller."""
    past = [window(0, MISCALIBRATED)]
    assert decide(window(1, MISCALIBRATED), past, back, RULES).wanted is Action.RETRAIN


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


def test_broken_rows_say_nothing_about_the_model():
    """They are put aside, and do not count for persistence either."""
    broken = {Symptom.BROKEN, LOSES}
    assert lived([broken, broken, broken]) == ["quarantine"] * 3
    assert lived([broken, {LOSES}, {LOSES}]) == ["quarantine", "investigate", "roll back"]


def test_a_break_that_began_with_the_release_is_reported():
    """Only when the rows were sound before it."""
    before = [window(0, version=1), window(1, version=1)]
    (got,) = decide(window(3, Symptom.BROKEN), [*before, window(2, Symptom.BROKEN)], BACK, RULES).reasons
    assert got.since_release
    for past in ([window(0, Symptom.BROKEN, version=1)], [window(2)], []):
        assert not decide(window(3, Symptom.BROKEN), past, BACK, RULES).reasons[0].since_release


def test_windows_of_another_version_do_not_count():
    """What its predecessor did is no reason to take the new version down."""
    past = [window(day, LOSES, version=1) for day in range(2)]
    assert decide(window(2, LOSES), past, BACK, RULES).wanted is Action.INVESTIGATE


def test_a_clock_set_back_gives_no_second_retraining():
    """The window that was acted upon lies ahead by now; it cools down all the same and counts for nothing."""
    ahead = [window(5, DEGRADED, action=Action.RETRAIN), window(4, DEGRADED)]
    assert decide(window(3, DEGRADED), ahead, BACK, RULES).wanted is Action.INVESTIGATE
    far = [window(50, DEGRADED, action=Action.RETRAIN), window(49, DEGRADED)]
    assert decide(window(3, DEGRADED), far, BACK, RULES).wanted is Action.INVESTIGATE
    # A clock that was years ahead stops nothing for years.
    assert decide(window(3, DEGRADED), [*far, window(2, DEGRADED)], BACK, RULES).wanted is Action.RETRAIN


def test_the_same_window_again_counts_once():
    """A monitoring that is repeated proves nothing new."""
    past = [window(1, LOSES)] * 5
    assert decide(window(1, LOSES), past, BACK, RULES).wanted is Action.INVESTIGATE


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


def test_windows_of_another_version_with_the_same_number_do_not_count():
    """A registry that began to count again has another version 2."""
    past = [replace(window(day, LOSES), digest="a" * 64) for day in range(2)]
    assert decide(replace(window(2, LOSES), digest="b" * 64), past, BACK, RULES).wanted is Action.INVESTIGATE
    assert decide(replace(window(2, LOSES), digest="a" * 64), past, BACK, RULES).wanted is Action.ROLL_BACK
    assert decide(window(2, LOSES), past, BACK, RULES).wanted is Action.ROLL_BACK


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
    with pytest.raises(ValueError, match="3 of the latest 2 windows"):
        Reactions(windows=2, persistent=3)


def test_a_reason_says_how_many_windows_speak_for_it():
    """One where the evidence spans them all; what is asked for after the wanted action is left out."""
    (changed,) = decide(window(1, Symptom.CHANGED), [], BACK, RULES).reasons
    assert changed == ActionReason((Symptom.CHANGED,), Action.INVESTIGATE, None, windows=1, latest=1)
    (loses,) = decide(window(1, LOSES, STALE), [window(0, LOSES)], BACK, RULES).reasons
    assert loses == ActionReason((LOSES,), Action.ROLL_BACK, None, windows=2, latest=2)


def test_exactly_as_many_windows_as_are_demanded_are_enough():
    """Of the latest two, both; for a retirement as for a rollback."""
    two = Reactions(windows=2, persistent=2, retire=True)
    assert lived([[LOSES], [LOSES]], rules=two)[-1] == Action.ROLL_BACK.value
    assert lived([[LOSES], [], [LOSES]], rules=two)[-1] == Action.INVESTIGATE.value
    past = [window(-9, WORTHLESS, action=Action.RETRAIN)]
    assert decide(window(1, WORTHLESS), past, BACK, two).wanted is Action.RETIRE
    later = [window(0, WORTHLESS), window(9, WORTHLESS, action=Action.RETRAIN)]
    assert decide(window(1, WORTHLESS), later, BACK, two).wanted is not Action.RETIRE


def test_rows_that_break_late_did_not_break_with_the_release():
    """The version has met sound rows since."""
    past = [window(0, version=1), window(2)]
    (broken,) = decide(window(5, Symptom.BROKEN), past, BACK, RULES).reasons
    assert not broken.since_release
    (broken,) = decide(window(5, Symptom.BROKEN), past[:1], BACK, RULES).reasons
    assert broken.since_release


def test_a_window_that_ends_with_this_one_is_none_before_it():
    """Such as the month whose last week is looked at: it proves nothing twice."""
    month = [replace(window(1, LOSES), window="month")]
    (loses,) = decide(window(1, LOSES), month, BACK, RULES).reasons
    assert (loses.obstacle, loses.windows, loses.latest) == (Obstacle.FEW_WINDOWS, 1, 1)
    trained = [window(0, WORTHLESS), replace(window(1, WORTHLESS, action=Action.RETRAIN), window="month")]
    assert decide(window(1, WORTHLESS), trained, BACK, Reactions(retire=True)).wanted is not Action.RETIRE
    sound = [replace(window(1, version=1), window="month")]
    assert not decide(window(1, Symptom.BROKEN), sound, BACK, RULES).reasons[0].since_release
