"""The page: the figures of the verdict, every text inert, one file that asks no server."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import logitgate as lg
from logitgate.catalogue import Check
from logitgate.evaluation.comparisons.words import amount
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.outcome import Outcome
from logitgate.gates.verdict.sentences import verdict_sentence
from logitgate.pages.explorer import explored
from logitgate.report import summary
from logitgate.report.facts import Facts, FactTable, facts_of
from logitgate.report.page import Beside, Registered, Stay, WatchedWindow, page
from logitgate.report.worked_rows import JudgedBy, worked_rows
from tests import projects

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """All elements of a page, with their attributes and the text in them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.into = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.into = []
        self.found.append((tag, dict(attrs), self.into))

    def handle_endtag(self, tag):
        """Let no later text belong to it."""
        self.into = None

    def handle_data(self, data):
        """Note a text."""
        if self.into is not None:
            self.into.append(data)

    def of(self, tag):
        """Return the elements of a kind."""
        return [(attributes, "".join(text)) for name, attributes, text in self.found if name == tag]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """A training of the visits."""
    file = projects.write(tmp_path_factory.mktemp("trained"), projects.table())
    return lg.train(lg.load_project(file)).evidence


@pytest.fixture(scope="module")
def outcome(evidence):
    """What it ended with."""
    found = Outcome.of("visits", "ab12", evidence.verdict, evidence.as_of)
    found = found.judged(evidence.learned.model.rule, evidence.judged.evaluation)
    return replace(found, version=3, promoted=True, champion=3, run_id="r1")


@pytest.fixture(scope="module")
def facts(evidence):
    """What its run keeps, read again from JSON."""
    return Facts.model_validate_json(facts_of(evidence).model_dump_json())


def test_one_small_file(outcome, facts):
    """It names no address that a browser would fetch, and is far below three megabytes."""
    text = page(outcome, facts)
    assert len(text.encode()) < 300_000
    for tag, attributes, _ in Elements(text).found:
        assert not {"src", "srcset", "style", "onclick", "onerror", "action"} & attributes.keys(), tag
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text


def test_the_policy_allows_its_own_style_and_script_alone(outcome, facts):
    """Their digests stand in it; everything else is refused."""
    found = Elements(page(outcome, facts))
    (policy,) = (one["content"] for one, _ in found.of("meta") if "http-equiv" in one)
    (style,) = (text for _, text in found.of("style"))
    (script,) = (text for attributes, text in found.of("script") if not attributes)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_what_others_wrote_is_inert(outcome, facts):
    """Levels, columns, run names, purposes and reasons are text, wherever they hold markup."""
    plain = len(Elements(page(outcome, facts)).of("script"))
    table = FactTable(name="slices", title=EVIL, note=EVIL, rows=({EVIL: EVIL, "n": 4},))
    names = ("purpose", "unit", "source", "outcome", "event", "costs_because", "recipe_key", "row")
    evil = facts.model_copy(
        update=dict.fromkeys(names, EVIL)
        | {"tables": (table,), "features": (EVIL,), "costs": {EVIL: EVIL}}
        | {"choice": facts.choice.model_copy(update={"form": EVIL, "recipe": EVIL})}
    )
    bad = replace(
        outcome, run_id=EVIL, snapshot=EVIL, findings=(Finding(Check.SLICES, EVIL, Status.FAIL, EVIL),)
    )
    found = Elements(page(bad, evil, facts))
    assert len(found.of("script")) == plain
    assert found.of("img") == []
    assert all("<" not in text for attributes, text in found.of("script") if attributes)


def test_the_figures_are_those_of_the_verdict(outcome, facts):
    """The gain and its limits are what the finding in `verdict.json` says; the rows are those that judged."""
    plain = outcome.as_json()
    found = summary.saving(outcome.findings)
    (rule,) = (
        one["figures"]
        for one in plain["findings"]
        if one["check"] == "baselines" and one["subject"] == "flag-all"
    )
    assert (found.value, found.low, found.high) == (
        -rule["difference"],
        -rule["difference_high"],
        -rule["difference_low"],
    )
    assert (facts.judged.rows, facts.judged.events) == (plain["test"]["n"], plain["test"]["events"])
    text = page(outcome, facts)
    assert f"{amount(found.value)} EUR" in text
    assert f"{found.value * facts.judged.rows_a_year:,.0f} EUR" in text


def test_every_finding_is_accounted_for(outcome, facts):
    """Each check of the verdict has its code, its status and its place in the documentation on the page."""
    text = page(outcome, facts)
    for check, status in outcome.verdict.checks.items():
        assert f'id="{check.code.lower()}"' in text
        assert re.search(f'class="status {status.value}">{status.value}</span>; {check.documented}', text)


def test_the_explorer_begins_where_the_model_stands(outcome, facts, evidence):
    """With constant costs and one threshold in all blocks it repeats the verdict's own cost, nearly."""
    found = explored(facts.judged.groups, facts.judged.costs)
    assert found.cost == pytest.approx(outcome.test["cost"], rel=0.02)
    (values,) = (
        text
        for attributes, text in Elements(page(outcome, facts)).of("script")
        if attributes.get("id") == "values"
    )
    assert json.loads(values)["groups"] == json.loads(facts.judged.groups.model_dump_json())
    assert evidence.learned.judged.ids[0] not in page(outcome, facts)


def test_costs_that_vary_are_said_to(outcome, facts):
    """The sliders use one cost for all rows, which is not what the project declares."""
    said = "The costs of this project vary by row"
    assert said not in page(outcome, facts)
    assert said in page(outcome, facts.model_copy(update={"costs_vary": True}))


@pytest.mark.parametrize("change", [{}, {"promoted": False}, {"kind": "comparison", "against": 2}])
def test_it_begins_with_the_sentence_of_the_verdict(outcome, facts, change):
    """The same that the terminal prints."""
    changed = replace(outcome, **change)
    (shown,) = (
        text
        for attributes, text in Elements(page(changed, facts)).of("p")
        if "verdict" in attributes.get("class", "")
    )
    assert shown == verdict_sentence(changed)


def test_what_changed_is_named(facts):
    """Only what differs."""
    assert summary.changes(facts, facts) == ()
    after = facts.model_copy(update={"choice": facts.choice.model_copy(update={"C": 0.5})})
    assert summary.changes(facts, after) == (summary.Change("C", f"{facts.choice.C:g}", "0.5"),)


def test_a_training_that_ended_early_has_a_page(evidence):
    """Refused rows leave a verdict and no model; the page says so."""
    refused = Verdict((Finding(Check.CONTRACT, "visits", Status.FAIL, "3 rows break it"),))
    early = replace(evidence, learned=None, judged=None, exhibits=(), findings=refused.findings)
    text = page(Outcome.of("visits", "ab12", refused, None), facts_of(early))
    assert "Stopped before a version was made: contract did not pass" in text
    assert 'id="explorer"' not in text


def test_curated_cases_are_counted_and_not_named(outcome, facts):
    """A case may be called after the person it is about."""
    cases = [Finding(Check.BEHAVIOUR, "Ann Miller", Status.FAIL, "Ann Miller is not flagged")] * 2
    text = page(replace(outcome, findings=(*outcome.findings, *cases)), facts)
    assert "Miller" not in text
    assert "2 of 3" in text


def test_rows_are_worked_through_to_the_decision_they_got(facts, evidence):
    """What is added gives the log-odds, these the probability, and that lies on the decision's side."""
    assert {(one.event, one.flagged) for one in facts.worked} == {
        (y, flag) for y in (0, 1) for flag in (0, 1)
    }
    rows = evidence.learned.scored
    for one in facts.worked:
        total = one.base + sum(step.log_odds for step in one.steps)
        assert total == pytest.approx(one.log_odds, abs=0.03)
        assert one.probability == pytest.approx(1 / (1 + math.exp(-one.log_odds)), abs=0.005)
        assert one.flagged == (one.probability >= one.threshold)
        assert one.cost == {(1, 1): 1, (0, 1): 2, (0, 0): 0, (1, 0): 8}[one.event, one.flagged]
        near = np.abs(rows.decision.probability - one.probability) < 0.001
        assert near.any()


def test_worked_rows_are_rounded_and_nameless(facts, evidence):
    """Two digits of a number; and not one id on the page of all of them."""
    numbers = [step.value for one in facts.worked for step in one.steps if step.feature != "side"]
    assert all(len(value.strip("-0").replace(".", "").lstrip("0")) <= 2 for value in numbers)
    text = facts.model_dump_json()
    assert not any(name in text for name in evidence.learned.judged.ids)


def test_a_level_of_few_rows_is_not_named(evidence):
    """Its row may be one person's; and with `rows.explained = 0` there is no row at all."""
    project, learned = evidence.project, evidence.learned
    last = learned.block == evidence.blocks.last
    frame = learned.judged.frame[last].assign(side="only one")
    judged = JudgedBy(learned.last, frame, learned.scored.take(last))
    found = worked_rows(judged, project)
    assert {step.value for one in found for step in one.steps if step.feature == "side"} == {"a rare level"}
    none = project.model_copy(update={"rows": project.rows.model_copy(update={"explained": 0})})
    assert worked_rows(judged, none) == ()


def test_what_is_known_beside_the_run_is_shown(outcome, facts):
    """Refused versions with their cost, windows with what was done, and who decided."""
    stay = Stay(3, "2021-05-01 10:00", "", "2021-04-20", "forced", "ann", "2 [1, 3] EUR", EVIL)
    refused = Registered(2, "2021-04-01 10:00", "2021-03-20", "FAIL", "slices", "4 [3, 5] EUR", "")
    window = WatchedWindow("June", 3, "retrain", "", "miscalibrated", "calibration, cost")
    text = page(outcome, facts, beside=Beside(stays=(stay,), versions=(refused,), windows=(window,)))
    for shown in ("by forced of ann", "4 [3, 5] EUR", "2021-03-20", "miscalibrated", "calibration, cost"):
        assert shown in text
    assert len(Elements(text).of("script")) == len(Elements(page(outcome, facts)).of("script"))


def test_a_row_has_its_own_word(outcome, facts):
    """The project's, wherever money is shown."""
    text = page(replace(outcome, row="order"), facts.model_copy(update={"row": "order"}))
    assert " an order [" in text
    assert "Cost an order" in text
