"""Killed at any boundary of the flow and of the transaction, a training converges when it is done again.

The boundaries are derived from the code: the flow's steps are the Prefect tasks of its module, those of the
transaction are its tuple of steps, and between them lie all calls by which MLflow's client changes a store. A
training tells them as it passes them; another one is killed at each, and done again.
"""

import functools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from logitgate.production.promotion.promotion import PROMOTION
from logitgate.production.registry import ledger_store
from logitgate.production.repair import doctor
from logitgate.project.reading.load import load_project
from tests import victims
from tests.command import close, empty_home, opened
from tests.victims import AtEvent


@pytest.fixture(scope="module")
def trained(quick, mlflow_template, tmp_path_factory):
    """The home of a training that was left in peace, and all events of it by their numbers."""
    home = empty_home(tmp_path_factory.mktemp("peace"), mlflow_template)
    passed = home / "events"
    assert victims.run(quick, home, home / "answer.json", AtEvent(0, str(passed))) == 0
    lines = [line.split() for line in passed.read_text().splitlines()]
    return home, [(int(number), kind, name) for number, kind, name in lines]


def boundaries(events):
    """The last event before each change of the store, and the very last: in between it stays the same."""
    followers = [*(kind for _, kind, _ in events[1:]), "write"]
    return [event for event, follower in zip(events, followers, strict=True) if follower == "write"]


def test_every_step_is_a_boundary(trained):
    """Each task of the flow and each step of the transaction is passed, with changes of the store between."""
    _, events = trained
    passed = {kind: [name for _, other, name in events if other == kind] for kind in ("step", "transaction")}
    assert passed["step"] == list(victims.STEPS)
    assert passed["transaction"] == [step.__name__ for step in PROMOTION]
    assert len(boundaries(events)) > 25


@pytest.mark.acceptance
def test_a_kill_at_any_boundary_is_healed_by_the_next_run(quick, trained, mlflow_template, tmp_path):
    """One version, one champion, no open intent; after a repair nothing is left running or in the way."""
    _, events = trained
    look = functools.partial(_killed_and_done_again, quick, mlflow_template, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(boundaries(events), pool.map(look, boundaries(events)), strict=True))
    assert {boundary: problem for boundary, problem in found.items() if problem} == {}


def test_a_lock_dies_with_its_holder(quick, trained, mlflow_template, tmp_path):
    """Killed while it holds the locks of its training and of its model: the next proceeds at once."""
    (number,) = (number for number, _, name in trained[1] if name == "move_the_champion")
    home = empty_home(tmp_path / "locks", mlflow_template)
    assert victims.run(quick, home, tmp_path / "a.json", AtEvent(number)) == -9
    started = time.monotonic()
    assert victims.run(quick, home, tmp_path / "b.json") == 0
    assert time.monotonic() - started < 5


def _killed_and_done_again(project, template, folder, boundary):
    """Return what is not as it should be, or an empty text."""
    number, _, name = boundary
    home = empty_home(folder / f"{number}-{name}", template)
    temporary = {"TMPDIR": str(home)}
    killed = victims.run(project, home, home / "killed.json", AtEvent(number), **temporary)
    again = victims.run(project, home, home / "again.json", **temporary)
    if (killed, again) != (-9, 0):
        return f"exit codes {killed}, then {again}: {(home / 'again.log').read_text()}"
    store = opened(home)
    try:
        return _wrong(store, load_project(project))
    finally:
        close(store)


def _wrong(store, project):
    client = store.client
    doctor.repair(doctor.examine(store, project))
    left = doctor.examine(store, project)
    runs = client.search_runs([client.get_experiment_by_name(project.name).experiment_id])
    finished = [run for run in runs if "logitgate.key" in run.data.tags and run.info.status == "FINISHED"]
    ledger = ledger_store.read(store, project.name)
    figures = {
        "troubles after the repair": len(left),
        "runs left running": sum(run.info.status == "RUNNING" for run in runs),
        "finished runs but one": len(finished) - 1,
        "versions but one": len(client.search_model_versions(f"name = '{project.name}'")) - 1,
        "champion is not version 1": client.get_registered_model(project.name).aliases != {"champion": 1},
        "ledger says another champion": ledger.champion != 1,
        "open intents": ledger.open is not None,
        "breaks of the chain": len(ledger.breaks),
        "tenures but one": len(ledger.tenures()) - 1,
    }
    return ", ".join(f"{name}: {figure}" for name, figure in figures.items() if figure)
