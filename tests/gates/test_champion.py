"""The gates around the comparison with the champion, at their very limits."""

from types import SimpleNamespace

import numpy as np
import pytest

from logitgate.findings import Status
from logitgate.gates.rules.alpha_spending import spent
from logitgate.gates.rules.champion import believable, lane_finding, left_out, rows_unknown
from logitgate.gates.rules.champion import test_set_reuse as reuse
from logitgate.project.gates import Gates, Slices

LEAST = Slices(minimum_rows=10, minimum_events=3)


def kept(rows, events, out=1):
    """Return the finding about so many rows that remain, with so many events, and so many left out."""
    y = np.r_[np.ones(events), np.zeros(rows - events), np.zeros(out)].astype(np.int64)
    untouched = np.r_[np.ones(rows, dtype=bool), np.zeros(out, dtype=bool)]
    return left_out(4, untouched, y, LEAST)


@pytest.mark.parametrize(
    ("rows", "events", "status"),
    [
        (10, 3, Status.PASS),
        (9, 3, Status.INDETERMINATE),
        (10, 2, Status.INDETERMINATE),
        (10, 7, Status.PASS),
        (10, 8, Status.INDETERMINATE),
        (10, 0, Status.INDETERMINATE),
    ],
)
def test_what_remains_is_at_least_a_slice(rows, events, status, wording):
    """Exactly as many rows, events and non-events as a slice must have are enough; one fewer is not."""
    got = kept(rows, events)
    assert got.status is status
    wording(got)


def test_nothing_is_asked_for_when_no_row_was_left_out(wording):
    """Then the comparison's own rules say whether the rows are enough."""
    got = kept(4, 1, out=0)
    assert got.status is Status.PASS
    wording(got)


@pytest.mark.parametrize(("gain", "status"), [(2.0, Status.PASS), (2.000001, Status.INDETERMINATE)])
def test_a_gain_is_suspicious_beyond_its_limit(gain, status):
    """Half of what the champion costs is the limit itself, and still believed."""
    compared = SimpleNamespace(difference=SimpleNamespace(value=-gain))
    champion = SimpleNamespace(cost=np.full(5, 4.0), y=np.zeros(5))
    assert believable(4, compared, champion, Gates(suspicious_gain=0.5)).status is status


@pytest.mark.parametrize(
    ("recipe", "champions", "reason"),
    [("a", "a", "same recipe"), ("a", "b", "another recipe"), ("a", "", "unknown recipe")],
)
def test_the_lane_has_its_reason(recipe, champions, reason):
    """Typed, next to the sentence."""
    (found,) = lane_finding(4, "a lane", recipe, champions)
    assert (found.status, found.figures["lane"], found.figures["reason"]) == (Status.PASS, "a lane", reason)
    assert found.figures["champion_recipe"] == (champions or None)


@pytest.mark.parametrize(("version", "recipe"), [(None, "a"), (4, ""), (None, "")])
def test_without_champion_or_recipe_there_is_no_lane(version, recipe):
    """A first release, and a comparison of registered versions."""
    assert lane_finding(version, "a lane", recipe, "a") == []


@pytest.mark.parametrize("decision", [1, 2, 5])
def test_the_alpha_that_is_left_is_reported(decision, wording):
    """The first decision counts no recipe before it; each later one all of them."""
    found = reuse(decision, 0.05, 0.01)
    left = {"alpha": spent(0.05, decision), "alpha_of_rules": 0.01}
    assert found.status is Status.PASS
    assert found.figures == pytest.approx({"decision": decision, "alpha_in_all": 0.05} | left)
    wording(found)


def test_unknown_rows_compare_nothing(wording):
    """A champion whose rows are not known stops the comparison, and the way out is named."""
    found = rows_unknown(4)
    assert found.status is Status.INDETERMINATE
    wording(found)
