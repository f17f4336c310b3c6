"""The page of a monitored window: action first, signals with interval and limits, every text inert."""

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status
from logitgate.monitoring.reactions.signals import readings
from logitgate.report.window_page import signal_chart, window_page
from tests.report.windows import MONTHS, history, window

EVIL = "<script>alert(1)</script>"


def test_the_action_comes_first_then_its_reasons_signals_and_checks():
    """With the remedy of each check that did not pass, and what a row is."""
    text = window_page(window())
    parts = (
        "Roll back: flights version 2",
        "What to do next",
        "Costs are in USD a flight",
        "Drift of features",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert 'href="#lg-drift"' in text and 'id="lg-drift"' in text


def test_signals_have_interval_and_limits():
    """As the findings have them."""
    found = readings(window().verdict, MONTHS[1], 2)
    assert (found["cost"].value, found["cost"].low, found["cost"].high) == (21.5, 19.0, 24.0)
    assert (found["cost beyond expected"].limit_high, found["age"].value) == (1.0, 40.0)


def test_a_signal_is_drawn_from_the_second_window_on():
    """One line a stay, a mark for what was done, dates below; a single point is no curve."""
    known = history()
    cost, age, _ = known.curves
    text = window_page(window(), known)
    assert text.count("<figure>") == 2
    drawn = signal_chart(cost, known)
    assert [one.label for one in drawn.lines if one.kind == "model"] == [
        "version 1",
        "version 2",
        "version 1",
    ]
    assert [name for _, name in drawn.named] == ["2013-07-01", "2013-08-01", "2013-09-01"]
    assert sum(one.kind == "chosen" for one in drawn.marks) == 1
    assert any(one.points for one in signal_chart(age, known).lines if one.label == "limit")


def test_markup_is_inert():
    """In a finding's subject and reason."""
    text = window_page(window(Finding(Check.SLICES, EVIL, Status.FAIL, EVIL)))
    assert EVIL not in text
