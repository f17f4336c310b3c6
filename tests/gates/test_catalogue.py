"""What would be checked is listed from the code's own list and the project's own margins."""

from logitgate.catalogue import Road, required
from logitgate.findings import Status
from logitgate.gates.catalogue import consequences, gate_list
from logitgate.project.reading.load import parse_project
from tests.projects import plain


def test_every_required_gate_is_listed_with_what_it_asks():
    """No gate is missing, in the order in which they are required."""
    listed = gate_list(parse_project(plain(), "visits.toml"))
    assert tuple(one.check for one in listed) == required(Road.TRAINING)
    assert all(one.asks for one in listed)


def test_margins_are_the_projects_own():
    """A changed margin is shown."""
    changed = plain(gates={"alpha": 0.01}, **{"gates.calibration": {"slope": [0.7, 1.4]}})
    listed = {one.check: one.margins for one in gate_list(parse_project(changed, "visits.toml"))}
    assert listed["calibration"]["slope"] == "0.7 to 1.4"
    assert "0.01" in listed["baselines"]["alpha"]
    assert listed["slices"]["declared"] == "side"


def test_only_failures_and_what_cannot_be_judged_stop():
    """The consequences are those of the statuses themselves."""
    stopping = {name for name, fate in consequences().items() if fate == "stops"}
    assert stopping == {Status.FAIL, Status.INDETERMINATE}
