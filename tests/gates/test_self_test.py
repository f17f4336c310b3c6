"""The gates' self-test: each saboteur is refused by its own gate, and an open gate is found out."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from logitgate.catalogue import Check
from logitgate.data.sampling.sample import Sample
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.probabilities.cox import fit_cox
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates import saboteurs, self_test
from logitgate.gates.contest import Opponents, head_to_head
from logitgate.gates.evidence import Challenger, Evidence
from logitgate.gates.judge import judge_model
from logitgate.gates.rules import champion as champion_gate
from logitgate.gates.rules import gates
from logitgate.gates.rules import head_to_head as comparison
from tests.gates.columns import NOTHING, PROJECT, challenging, judged_rows, model, probability, project

NAMES = {
    "labels shuffled": "baselines",
    "constant score": "baselines",
    "NaN score": "evaluation",
    "champion renamed": "champion",
    "leaky model": "leakage",
    "log-odds doubled": "calibration",
    "threshold of 0.5": "champion",
    "worst slice inverted": "slices",
}


@pytest.fixture(scope="module")
def rows():
    """The rows that saboteurs are judged on."""
    return judged_rows()


def tried(rows, challenger="sharp", declared=PROJECT, **opponents):
    """Run the self-test for a model; return its findings by saboteur."""
    known = Opponents(champion_rows=NOTHING, **opponents)
    held = head_to_head(challenging(model(challenger), rows), known, declared)
    found = self_test.self_test(held, rows, declared)
    assert all(one.check == "self-test" for one in found)
    return {one.subject: one for one in found}


@pytest.mark.parametrize("champion", [None, "blurred", "sharp"])
def test_each_saboteur_is_refused_by_its_own_gate(rows, champion):
    """All are refused, before the first release and against any champion."""
    opponents = {} if champion is None else {"champion": model(champion), "version": 4}
    found = tried(rows, **opponents)
    assert {name: one.figures["gate"] for name, one in found.items()} == NAMES
    assert {name for name, one in found.items() if one.status is not Status.PASS} == set()
    for name, gate in NAMES.items():
        assert gate in found[name].figures["refused_by"]


@pytest.mark.parametrize("challenger", ["flat", "halved", "doubled", "blurred"])
def test_a_bad_model_does_not_make_a_sound_gate_look_broken(rows, challenger):
    """The gates' test is about the gates: a model that fails them changes nothing, however it is off."""
    assert {one.status for one in tried(rows, challenger).values()} == {Status.PASS}


def test_costs_by_row_make_no_gate_look_broken(rows):
    """Where each row's own costs alone beat both rules, a constant score is one decision for all."""
    loss = np.random.default_rng(3).lognormal(1.0, 1.5, len(rows))
    varying = replace(rows, frame=rows.frame.assign(loss=loss))
    declared = project(costs={"true_positive": 1, "false_positive": 1, "false_negative": "1 + loss"})
    costs = declared.costs.matrix
    own = replace(model("sharp", DecisionRule("per-row")), costs=costs).score(varying, costs)
    held = head_to_head(Challenger(varying, own, "ours"), Opponents(), declared)
    found = {one.subject: one.status for one in self_test.self_test(held, varying, declared)}
    assert set(found.values()) == {Status.PASS}


def opened(check):
    """Return findings of a gate that stands open."""

    def standing(*_given, **_named):
        return [Finding(check, "anything", Status.PASS, "stands open")]

    return standing


OPEN = {
    "calibration": (gates, "calibration", {"log-odds doubled"}),
    "champion": (champion_gate, "new_recipe", {"champion renamed", "threshold of 0.5"}),
    "slices": (gates, "slices", {"worst slice inverted"}),
    "leakage": (self_test, "separating", {"leaky model"}),
    "baselines": (comparison, "rule_findings", {"labels shuffled", "constant score"}),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_gate_that_stands_open_is_found_out(rows, monkeypatch, name):
    """Its saboteurs pass it, the finding names it, and the verdict cannot be PASS; the others are unmoved."""
    module, attribute, passing = OPEN[name]
    monkeypatch.setattr(module, attribute, opened(name))
    found = tried(rows, champion=model("blurred"), version=4)
    assert {one for one, finding in found.items() if finding.status is Status.FAIL} == passing
    for saboteur in passing:
        assert found[saboteur].figures["gate"] == name
        assert found[saboteur].figures["refused_by"]
    assert Verdict(tuple(found.values())).status is Status.FAIL


def test_a_nan_that_gets_as_far_as_the_gates_is_found_out(rows, monkeypatch):
    """A decision without its guard lets NaN through to other gates; that is the wrong refusal."""
    before = Decision.at

    def unguarded(threshold, probability, costs):
        return before(threshold, np.nan_to_num(probability, nan=0.5), costs)

    monkeypatch.setattr(Decision, "at", unguarded)
    found = tried(rows)
    assert found["NaN score"].status is Status.FAIL
    assert found["NaN score"].figures["gate"] == "evaluation"


def test_margins_that_are_too_wide_are_an_open_gate(rows):
    """Where every leak or any harm is tolerated, the saboteurs get through."""
    blind = project(gates={"leakage": {"single_feature_auc": 1.0, "near_perfect_auc": 1.0, "gap": 0.5}})
    assert tried(rows, declared=blind)["leaky model"].status is Status.FAIL
    harmless = project(gates={"slice_margin": 50})
    assert tried(rows, declared=harmless)["worst slice inverted"].status is Status.FAIL


def test_the_inverted_slice_is_the_one_that_harm_is_proven_in(rows):
    """Harm elsewhere does not count: the gate must name the slice that was turned."""
    held = head_to_head(challenging(model("sharp"), rows), Opponents(), PROJECT)
    turned = saboteurs.turned(held.scored, held.levels["g"].codes == 1, ~held.scored.decision.flagged)
    before, after = held.scored.decision, turned.decision
    inside = (rows.frame["g"] == "b").to_numpy()
    assert (after.flagged[inside] != before.flagged[inside]).all()
    assert (after.flagged[~inside] == before.flagged[~inside]).all()
    np.testing.assert_array_equal(after.probability[inside], 1 - before.probability[inside])


def test_without_slices_all_rows_are_inverted(rows):
    """No declared slice, or none with rows enough: the gate is tested on all rows as one slice."""
    for declared in ({"columns": []}, {"columns": ["g"], "minimum_rows": 10_000}):
        found = tried(rows, declared=project(slices=declared))["worst slice inverted"]
        assert (found.status, found.figures["gate"]) == (Status.PASS, "slices")


@pytest.mark.parametrize(("n", "rate", "seed", "tried"), [(300, 0.07, 3, 2), (900, 0.03, 0, 1)])
def test_a_leak_is_no_plainer_than_rows_can_prove(monkeypatch, n, rate, seed, tried):
    """The noisiest leak is tried first, and none after the one that is found."""
    noises, leaky = [], self_test.leaky
    monkeypatch.setattr(self_test, "leaky", lambda *given: noises.append(given[-1]) or leaky(*given))
    got = {one.subject: one for one in tried_on_few(n, rate, seed)}
    assert got["leaky model"].status is Status.PASS
    assert noises == list(saboteurs.NOISES[:tried])


@pytest.mark.parametrize("refused", range(3))
def test_the_mildest_strength_that_is_refused_decides(refused):
    """Graver ones are not looked at; what another gate refuses is not caught."""
    looked = []

    def strength(place):
        looked.append(place)
        check = Check.CALIBRATION if place >= refused else Check.BASELINES
        return [Finding(check, f"strength {place}", Status.FAIL, "because")]

    found = self_test.tried(
        self_test.Saboteur("wrong", Check.CALIBRATION, [partial(strength, place) for place in range(3)])
    )
    assert looked == list(range(refused + 1))
    assert (found.status, found.figures["refused_by"]) == (Status.PASS, "calibration")


def test_a_saboteur_that_no_strength_gives_away_is_an_open_gate():
    """The gate is named, and the one that refused it instead."""
    elsewhere = [Finding(Check.BASELINES, "flag-none", Status.FAIL, "because")]
    found = self_test.tried(self_test.Saboteur("wrong", Check.CALIBRATION, [lambda: [], lambda: elsewhere]))
    assert (found.status, found.figures["refused_by"]) == (Status.FAIL, "baselines")


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("n", "rate"), [(400, 0.15), (900, 0.03)])
def test_few_rows_make_no_gate_look_broken(n, rate, seed):
    """What so few rows cannot prove of a mild saboteur, they prove of a worse one."""
    assert {one.subject for one in tried_on_few(n, rate, seed) if one.status is not Status.PASS} == set()


def tried_on_few(n, rate, seed):
    """Run the self-test on so many rows, of which a share are events."""
    rng = np.random.default_rng(seed)
    odds = np.log(rate / (1 - rate)) + rng.normal(0, 0.8, n)
    sharp = probability(odds)
    y = np.zeros(n, dtype=np.int8)
    y[rng.choice(n, round(rate * n), replace=False, p=sharp / sharp.sum())] = 1
    frame = pd.DataFrame({"sharp": sharp, "g": rng.choice(["a", "b"], n)})
    few = Sample(frame, y, np.arange(n).astype(str).astype(object))
    costs = {"true_positive": 1, "false_positive": 1, "false_negative": 1 / rate}
    declared = project(costs=costs)
    own = replace(model("sharp", DecisionRule("constant", rate)), costs=declared.costs.matrix)
    held = head_to_head(Challenger(few, own.score(few, declared.costs.matrix), "ours"), Opponents(), declared)
    return self_test.self_test(held, few, declared)


def test_a_judgement_carries_the_self_test(rows, monkeypatch):
    """It is part of every judgement, and an open gate stops a model that is good."""
    begun = Evidence(PROJECT, rows.frame, challenger=challenging(model("sharp"), rows))
    sound = judge_model(begun, Opponents())
    assert {one.subject for one in sound.findings if one.check == "self-test"} == set(NAMES)
    assert Verdict(sound.findings).status is Status.PASS
    monkeypatch.setattr(gates, "calibration", opened("calibration"))
    unsound = judge_model(begun, Opponents())
    assert [one.subject for one in Verdict(unsound.findings).reasons] == ["log-odds doubled"]


def test_the_self_test_leaves_the_rows_alone(rows):
    """Saboteurs work on copies; their shuffle and noise come from the project's seed."""
    held = head_to_head(challenging(model("sharp"), rows), Opponents(), PROJECT)
    y, probability = held.scored.y.copy(), held.scored.decision.probability.copy()
    found = self_test.self_test(held, rows, PROJECT)
    np.testing.assert_array_equal(held.scored.y, y)
    np.testing.assert_array_equal(held.scored.decision.probability, probability)
    assert "outcome in disguise" not in rows.frame
    assert self_test.self_test(held, rows, PROJECT) == found


def test_a_gate_that_names_another_subject_has_not_found_the_leak(rows, monkeypatch, wording):
    """The leak is in one column, and that one is to be named."""
    elsewhere = [Finding(Check.LEAKAGE, "sharp", Status.FAIL, "separates the outcome")]
    monkeypatch.setattr(self_test, "separating", lambda *_: elsewhere)
    got = tried(rows)["leaky model"]
    assert got.status is Status.FAIL
    wording(got)


@pytest.fixture
def sent(monkeypatch):
    """Return every contest that saboteurs are sent into."""
    held, judged = [], self_test.comparison_findings
    monkeypatch.setattr(
        self_test, "comparison_findings", lambda one, project: held.append(one) or judged(one, project)
    )
    return held


def test_the_champion_renamed_is_the_champion(rows, sent):
    """Where there is one; it meets itself, by its own number."""
    tried(rows, champion=model("blurred"), version=4)
    (twins,) = [one for one in sent if one.scored is one.champion]
    assert twins.version == 4
    np.testing.assert_array_equal(twins.scored.decision.probability, rows.frame["blurred"])
    sent.clear()
    tried(rows)
    (twins,) = [one for one in sent if one.scored is one.champion]
    assert twins.version == 0
    np.testing.assert_array_equal(twins.scored.decision.probability, rows.frame["sharp"])


def test_what_the_saboteurs_do(rows, sent):
    """One decides at one half; one is twice as sure as is right, whatever it was before."""
    tried(rows, "halved")
    halves = [one.scored.decision for one in sent if (one.scored.decision.threshold == 0.5).all()]
    (half,) = halves
    np.testing.assert_array_equal(half.probability, rows.frame["halved"])
    np.testing.assert_array_equal(half.flagged, rows.frame["halved"] >= 0.5)
    odds = np.log(rows.frame["halved"] / (1 - rows.frame["halved"]))
    cox = fit_cox(rows.y, odds.to_numpy())
    right = 1 / (1 + np.exp(-2 * (cox.intercept + cox.slope * odds)))
    assert any(np.allclose(one.scored.decision.probability, right, atol=1e-12) for one in sent)
