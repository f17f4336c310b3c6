"""What a person reads: the worst reason first, every figure, no broken table."""

import numpy as np
import pytest

from logitgate.catalogue import Check
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.markdown import description, folded, headline, markdown

FAIL = Finding(Check.SLICES, "carrier = UA", Status.FAIL, "costs more")
UNSURE = Finding(Check.CHAMPION, "version 3", Status.INDETERMINATE, "cannot tell")
WARN = Finding(Check.LEAKAGE, "bang", Status.WARN, "trusted, as known before")
GOOD = Finding(Check.ROWS, "sample", Status.PASS, "600 train, 100 test")


def slices(status, count):
    """Return findings about so many slices."""
    return tuple(Finding(Check.SLICES, f"s = {at}", status, "said") for at in range(count))


@pytest.fixture(scope="module")
def evaluation():
    """The figures of rows that a constant probability is given: there is no slope."""
    y = (np.arange(200) % 4 == 0).astype(np.int64)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, 200)
    return evaluate(Scored(y, Decision.by(DecisionRule("constant", 0.2), np.full(200, 0.3), costs), costs))


def test_a_headline_names_the_worst_reason_or_counts_by_status(wording):
    """A failure before what could not be judged, wherever it stands; nothing is no pass."""
    verdicts = ((GOOD, WARN, GOOD), (GOOD, UNSURE, FAIL, UNSURE), (FAIL, UNSURE, UNSURE), ())
    wording(*(headline(Verdict(one)) for one in verdicts))


def test_the_page_holds_all_findings_and_figures(evaluation, golden):
    """A line of four cells each, whatever the text holds; undefined figures are said to be so."""
    odd = Finding(Check.ROWS, "a|b", Status.PASS, "first\nsecond | third")
    golden("verdict.md", markdown(Verdict((GOOD, odd, UNSURE)), evaluation, "EUR"))


def test_without_an_evaluation_there_are_no_figures():
    """A run that stopped early has findings only."""
    assert "judged rows" not in markdown(Verdict((FAIL,)), None, "EUR")
    assert description(Verdict((GOOD,)), None, "EUR") == "**PASS: 1 PASS**\n"


def test_the_description_lists_the_reasons_only(evaluation, golden):
    """What passed is not repeated beside the run."""
    golden("description.md", description(Verdict((GOOD, WARN, UNSURE, FAIL)), evaluation, "EUR"))


def test_quiet_slices_are_folded_and_the_others_named():
    """Slices that pass or are too small are counted by status; one that stops, or is alone, is not."""
    verdict = Verdict((GOOD, *slices(Status.PASS, 5), FAIL, *slices(Status.INSUFFICIENT, 2)))
    assert [(one.subject, one.status) for one in folded(verdict)] == [
        ("sample", Status.PASS),
        ("carrier = UA", Status.FAIL),
        ("2 slices", Status.INSUFFICIENT),
        ("5 slices", Status.PASS),
    ]
    none = Finding(Check.SLICES, "none declared", Status.PASS, "the project declares no slices")
    assert folded(Verdict((GOOD, none))) == (GOOD, none)


def test_saboteurs_that_were_all_refused_are_folded() -> None:
    """One line says that the gates were tested; a saboteur that slipped through is named beside it."""
    caught = [Finding(Check.SELF_TEST, f"saboteur {number}", Status.PASS, "refused") for number in range(3)]
    slipped = Finding(Check.SELF_TEST, "log-odds doubled", Status.FAIL, "let through")
    shown = [(one.subject, one.status) for one in folded(Verdict((*caught, slipped)))]
    assert shown == [("log-odds doubled", Status.FAIL), ("3 saboteurs", Status.PASS)]
