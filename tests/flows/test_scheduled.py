"""A run of a schedule on a server: obstacles pass, answers stay."""

import pytest
from prefect.states import Completed

from logitgate.errors import ConflictError, DataError, ProjectError, UnavailableError
from logitgate_flows import scheduled
from tests.services import listening


@pytest.fixture
def paused(monkeypatch):
    """Return the pauses that were made, none of which takes time."""
    made = []
    monkeypatch.setattr(scheduled.time, "sleep", made.append)
    return made


def ending(*errors):
    """Do work that meets these errors, one each time, and then is done; return its end and the tries."""
    left, tries = list(errors), []

    def work():
        tries.append(1)
        if left:
            raise left.pop(0)
        return Completed(name="Scored")

    return scheduled._ended(work), len(tries)


@pytest.mark.parametrize("kind", [UnavailableError, ConflictError])
def test_an_obstacle_is_waited_for(paused, kind):
    """Each further pause is twice as long; the work is done as if nothing had been."""
    state, tries = ending(*[kind("store", "does not answer", "see that it runs")] * 3)
    assert (state.name, tries, paused) == ("Scored", 4, [60, 120, 240])


def test_a_conflict_that_stays_is_sent_to_people(paused, monkeypatch):
    """Once, after the last try; a store that stays away is no conflict."""
    with listening() as (address, bodies):
        monkeypatch.setenv("LOGITGATE_NOTIFY", f"json://{address}")
        ending(*[UnavailableError("store", "does not answer", "see that it runs")] * 9)
        ending(*[ConflictError("visits", "has no champion", "train a version")] * 9)
    (alarm,) = bodies
    assert "visits" in alarm["title"] and "train a version" in alarm["message"]


def test_an_obstacle_that_stays_is_reported(paused):
    """After about an hour, in the words of the error."""
    state, tries = ending(*[UnavailableError("store", "does not answer", "see that it runs")] * 9)
    assert (state.type, tries, sum(paused)) == ("FAILED", 7, 3780)
    assert "does not answer" in state.message and "see that it runs" in state.message


@pytest.mark.parametrize(
    "error",
    [DataError("rows", "are empty", "look"), ProjectError("key", "is wrong", "mend it"), KeyError("a cell")],
)
def test_what_is_wrong_in_itself_is_reported_at_once(paused, error):
    """No further try; of an unknown error no more than its kind and place."""
    state, tries = ending(error)
    assert (state.type, tries, paused) == ("FAILED", 1, [])
    assert "a cell" not in state.message
