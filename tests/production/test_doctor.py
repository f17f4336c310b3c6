"""What a kill leaves behind is found, reported, and put right, without touching what is alive."""

import os
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest

from logitgate.errors import UnavailableError
from logitgate.files import temporary
from logitgate.files.process_identity import born
from logitgate.production.promotion.lock import locked
from logitgate.production.registry import ledger_store
from logitgate.production.repair import doctor
from logitgate.project.reading.load import load_project
from logitgate.tracking import heartbeat
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note
from tests import victims
from tests.command import close, living_in, logitgate, opened
from tests.victims import AtWrite


@pytest.fixture
def home(tmp_path, mlflow_template):
    """A folder with an empty store, where commands live."""
    made, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    with living_in(made, mlflow_template), pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield made


@pytest.fixture
def store(home):
    """The store of that folder."""
    found = opened(home)
    yield found
    close(found)


def because_of(answer, check):
    """The findings of a check that are no PASS, by subject."""
    found = [one for one in answer.json["findings"] if one["check"] == check and one["status"] != "PASS"]
    return {one["subject"]: one["because"] for one in found}


def test_a_sound_store_is_reported_sound(home, quick):
    """Exit 0, each check passed, and nothing was made by looking."""
    answer = logitgate("doctor", quick, "--json")
    assert answer.code == 0, answer.everything
    assert {one["check"] for one in answer.json["findings"]} == set(doctor.CHECKS)
    assert {one["status"] for one in answer.json["findings"]} == {"PASS"}
    assert [one.name for one in opened(home).client.search_experiments()] == ["Default"]
    assert "nothing is wrong" in logitgate("doctor", quick).out


def test_what_a_kill_in_mid_upload_leaves(home, store, quick, tmp_path):
    """The run and its upload are reported with what would be done, and it is done only when asked for."""
    at = AtWrite("log_model_artifacts", victims.die)
    temporary = {"TMPDIR": str(tmp_path / "temporary")}
    assert victims.run(quick, home, tmp_path / "a.json", at, **temporary) == -9
    found = logitgate("doctor", quick, "--json")
    (run, because), (upload, _), (draft, _) = (
        next(iter(because_of(found, check).items())) for check in ("runs", "uploads", "drafts")
    )
    assert found.code == 1 and found.json["status"] == "FAIL"
    assert "--repair would end it as KILLED" in because and "process" in because
    assert store.client.get_run(run).info.status == "RUNNING" and Path(draft).is_dir()
    repaired = logitgate("doctor", quick, "--repair", "--json")
    assert repaired.code == 0, repaired.everything
    assert {one["status"] for one in repaired.json["findings"]} == {"PASS", "WARN"}
    assert "repaired: end it as KILLED" in because_of(repaired, "runs")[run]
    assert store.client.get_run(run).info.status == "KILLED"
    assert str(store.client.get_logged_model(upload).status) == "FAILED"
    assert not Path(draft).exists()
    for words in (["--repair"], []):
        again = logitgate("doctor", quick, "--json", *words)
        assert again.code == 0 and {one["status"] for one in again.json["findings"]} == {"PASS"}
    assert victims.run(quick, home, tmp_path / "b.json") == 0


def test_a_registered_model_without_a_version_is_removed(home, store, quick, tmp_path):
    """Killed between the two: the name goes away, and comes again with the next version."""
    at = AtWrite("create_registered_model", victims.die)
    assert victims.run(quick, home, tmp_path / "a.json", at) == -9
    assert because_of(logitgate("doctor", quick, "--json"), "registry").keys() == {"visits"}
    assert logitgate("doctor", quick, "--repair").code == 0
    assert not store.client.search_registered_models()
    assert victims.run(quick, home, tmp_path / "b.json") == 0
    assert logitgate("doctor", quick).code == 0
    assert store.client.get_model_version_by_alias("visits", "champion").version == 1


def test_a_promotion_killed_in_between_is_ended(home, store, quick, tmp_path):
    """The intent stands open after the alias moved; the repair writes that it is done."""
    at = AtWrite("set_registered_model_alias", victims.die)
    assert victims.run(quick, home, tmp_path / "a.json", at) == -9
    (because,) = because_of(logitgate("doctor", quick, "--json"), "ledger").values()
    assert "began to put version 1 into production" in because and "done or abandoned" in because
    assert ledger_store.read(store, "visits").open is not None
    with locked(store, "visits"):  # somebody is at it right now
        assert not because_of(logitgate("doctor", quick, "--json"), "ledger")
    assert logitgate("doctor", quick, "--repair").code == 0
    ledger = ledger_store.read(store, "visits")
    assert (ledger.open, ledger.champion, ledger.breaks) == (None, 1, ())
    assert logitgate("history", quick, "--verify").code == 0


def test_who_is_alive_is_left_alone(store, quick):
    """Neither a run that goes on, nor its candidates, uploads or the name that it has just registered."""
    with training_run(store, "visits", Note("now")) as run:
        child = {"mlflow.parentRunId": run.run_id}
        store.client.create_run(run.experiment_id, tags=child)
        store.client.create_logged_model(run.experiment_id, source_run_id=run.run_id)
        store.client.create_registered_model("visits")
        assert logitgate("doctor", quick, "--repair").code == 0
        assert store.client.get_run(run.run_id).info.status == "RUNNING"
        assert store.client.get_registered_model("visits")
    found = doctor.examine(store, load_project(quick))
    assert sorted(one.check for one in found) == ["registry", "runs", "uploads"]


def test_a_run_of_another_host_is_dead_when_it_is_silent(store, quick):
    """There only the age of its last sign tells; two minutes are given to it."""
    client, sign = store.client, heartbeat.heartbeat()
    identity = client.create_experiment("visits")
    far = type(sign)("far", "elsewhere", sign.pid, sign.born, sign.at)
    made = [
        client.create_run(
            identity, tags={heartbeat.HEARTBEAT: far.again(far.at - timedelta(seconds=age)).text()}
        ).info.run_id
        for age in (5, 110, 130, 4_000)
    ]
    found = doctor.examine(store, load_project(quick))
    assert {one.subject for one in found} == set(made[2:])
    assert all("on far" in one.because for one in found)


def test_what_a_dead_process_left_is_distinguished_from_what_a_living_one_uses(home, tmp_path):
    """By the name of the folder: process and birth; of another host only what is a day old."""
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        marks = {sleeper.pid: born(sleeper.pid)}
        own, dead = (
            temporary.own_prefix(),
            temporary.own_prefix().replace(f"-{os.getpid()}-", f"-{sleeper.pid}-"),
        )
        dead = dead.replace(f"-{born(os.getpid())}-", f"-{marks[sleeper.pid]}-")
        place = own.split("-")[1]
        kept, left, rows = (tmp_path / "temporary" / f"{name}x" for name in (own, dead, "other-"))
        far, old = (home / f".{own}{age}".replace(place, "0" * 8) for age in ("new", "old"))
        for path in (kept, left, rows):
            path.mkdir()
            (path / "file").touch()
        for path in (far, old):
            path.touch()
        os.utime(old, (time.time() - 90_000,) * 2)
        assert temporary.stale(home) == (old,)
        sleeper.kill()
        sleeper.wait()
        assert set(temporary.stale(home)) == {left, old}
    for path in (left, left, old, old):
        temporary.remove(path)
    assert temporary.stale(home) == () and kept.exists() and rows.exists() and far.exists()


def test_a_folder_for_drafts_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    """No room for temporary files is a refusal with the way out, not a stack trace."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(UnavailableError, match="TMPDIR"), temporary.temporary_folder():
        pass


def test_a_repair_that_fails_is_reported(store, quick, monkeypatch):
    """The trouble stays a reason to stop, with what went wrong."""
    store.client.create_registered_model("visits")

    def down(*_):
        raise UnavailableError("store", "is read-only", "look at it")

    monkeypatch.setattr(doctor, "_delete", down)
    answer = logitgate("doctor", quick, "--repair", "--json")
    assert answer.code == 1 and "is read-only" in answer.out
