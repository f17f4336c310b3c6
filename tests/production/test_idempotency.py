"""The same training is done once, however often it is asked for and wherever it was killed."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from logitgate.errors import ConflictError, HeldError, ProjectError
from logitgate.production.promotion.lock import Lock
from logitgate.production.release import idempotency
from logitgate.tracking import heartbeat
from logitgate.tracking.heartbeat import Heartbeat
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note
from logitgate.tracking.stores.embedded import alone
from tests import victims
from tests.command import logitgate, opened
from tests.victims import AtStep, AtWrite


def trainings(store):
    """The runs of trainings, oldest first, and the runs below them."""
    identity = store.client.get_experiment_by_name("visits").experiment_id
    runs = store.client.search_runs([identity], order_by=["attributes.start_time ASC"])
    below = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    return [run for run in runs if run not in below], below


def versions(store):
    """The versions of the model."""
    return store.client.search_model_versions("name = 'visits'")


def champion(store):
    """The number of the champion."""
    return int(store.client.get_model_version_by_alias("visits", "champion").version)


def test_five_triggers_make_one_version(quick, mlflow_home, store, tmp_path):
    """All five answer the same; one has trained, four tell what it found."""
    started = [victims.training(quick, mlflow_home, tmp_path / f"{number}.json") for number in range(5)]
    for one in started:
        one.start()
    for one in started:
        one.join(60)
    assert [one.exitcode for one in started] == [0] * 5
    got = [json.loads((tmp_path / f"{number}.json").read_text()) for number in range(5)]
    assert sorted(one["repeated"] for one in got) == [False, True, True, True, True]
    assert {(one["run_id"], one["version"], one["champion"]) for one in got} == {(got[0]["run_id"], 1, 1)}
    parents, below = trainings(store)
    assert len(parents) == len(below) == len(versions(store)) == 1


def test_what_was_killed_while_learning_is_superseded(quick, mlflow_home, store, tmp_path):
    """The run that stayed behind ends KILLED and names the one that did its training."""
    assert victims.run(quick, mlflow_home, tmp_path / "a.json", AtStep("learn", victims.die)) == -9
    (left,), _ = trainings(store)
    assert left.info.status == "RUNNING" and heartbeat.is_dead(left)
    assert victims.run(quick, mlflow_home, tmp_path / "b.json") == 0
    (killed, done), below = trainings(store)
    assert (killed.info.status, done.info.status) == ("KILLED", "FINISHED")
    assert killed.data.tags[idempotency.SUPERSEDED] == done.info.run_id
    assert {run.data.tags["mlflow.parentRunId"] for run in below} == {done.info.run_id}
    assert len(versions(store)) == champion(store) == 1


def test_a_version_that_a_killed_run_has_made_is_found_again(quick, mlflow_home, store, tmp_path):
    """Killed when the version was made and nothing said so: no second one; it names who judged it last."""
    at = AtWrite("create_model_version", victims.die)
    assert victims.run(quick, mlflow_home, tmp_path / "a.json", at) == -9
    assert len(versions(store)) == 1
    assert victims.run(quick, mlflow_home, tmp_path / "b.json") == 0
    (killed, done), _ = trainings(store)
    (version,) = versions(store)
    assert version.run_id == killed.info.run_id != done.info.run_id
    assert version.tags["logitgate.judged_by"] == done.info.run_id
    assert len(version.tags) <= 10
    assert champion(store) == 1 and done.data.tags["version"] == "1"


def test_a_run_killed_before_its_promotion_goes_on_there(quick, mlflow_home, store, tmp_path):
    """Nothing is learned again: the same run ends FINISHED, with its version in production."""
    assert victims.run(quick, mlflow_home, tmp_path / "a.json", AtStep("record", victims.die)) == -9
    assert victims.run(quick, mlflow_home, tmp_path / "b.json", AtStep("learn", victims.die)) == 0
    (run,), below = trainings(store)
    got = json.loads((tmp_path / "b.json").read_text())
    assert run.info.status == "FINISHED" and got["run_id"] == run.info.run_id
    assert got["promoted"] and got["champion"] == champion(store) == 1
    assert not got["repeated"] and len(below) == len(versions(store)) == 1


def test_a_run_whose_champion_has_changed_meanwhile_is_judged_again(quick, mlflow_home, store, tmp_path):
    """It was judged without a champion; now one is in production, and the version must stand up to it."""
    assert victims.run(quick, mlflow_home, tmp_path / "a.json", AtStep("record", victims.die)) == -9
    made = versions(store)[0]
    other = store.client.create_model_version(
        "visits", made.source, made.run_id, tags={"digest": made.tags["digest"]}
    )
    store.client.set_registered_model_alias("visits", "champion", other.version)
    code = victims.run(quick, mlflow_home, tmp_path / "b.json")
    got = json.loads((tmp_path / "b.json").read_text())
    assert (code, got["against"], got["version"], got["champion"]) == (1, 2, 1, 2)
    assert len(trainings(store)[0]) == len(versions(store)) == 2


def test_a_living_run_is_waited_for_where_no_lock_keeps_it_out(store, monkeypatch):
    """Where each host has a lock of its own, the heartbeat keeps them apart; what was taken over stops."""
    monkeypatch.setattr(idempotency, "_POLL_SECONDS", 0.05)
    monkeypatch.setenv(idempotency.WAIT, "0.2")
    local = Lock("a file lock", "here", is_shared=False, is_held=lambda: True)
    shared = Lock("a shared lock", "everywhere", is_shared=True, is_held=lambda: True)
    sign = heartbeat.heartbeat()
    far = Heartbeat("far", "far away", 7, "1", sign.at)
    with training_run(store, "visits", Note("weekly", tags={"logitgate.key": "k"})) as run:
        store.client.set_tag(run.run_id, heartbeat.HEARTBEAT, far.text())
        with pytest.raises(HeldError, match="process 7 on far"):
            idempotency._wait_for_others(store, "visits", "k", idempotency._Turn(local, 0.0))
        idempotency._wait_for_others(store, "visits", "k", idempotency._Turn(shared, 0.0))
        store.client.set_tag(run.run_id, heartbeat.HEARTBEAT, sign.text())
        with pytest.raises(HeldError, match="going on elsewhere"):
            idempotency._wait_for_others(store, "visits", "k", idempotency._Turn(shared, 0.0))
        idempotency.refuse_if_superseded(run)
        idempotency.mark_killed(store, store.client.get_run(run.run_id), "another")
        with pytest.raises(ConflictError, match="another took over"):
            idempotency.refuse_if_superseded(run)
        idempotency.supersede(run, "visits", "k")
        idempotency.refuse_if_superseded(run)


@pytest.mark.parametrize("stop", [(victims.be_terminated, 143), (victims.be_interrupted, 130)])
def test_who_is_asked_to_stop_closes_the_run(quick, mlflow_home, store, tmp_path, stop):
    """SIGTERM and Ctrl-C: the run ends KILLED, the exit code tells the signal, and the lock is free."""
    assert victims.run(quick, mlflow_home, tmp_path / "a.json", AtStep("learn", stop[0])) == stop[1]
    (run,), _ = trainings(store)
    assert run.info.status == "KILLED"
    with idempotency.exclusive(store, "visits", run.data.tags["logitgate.key"]):
        pass


def test_an_endless_wait_is_a_conflict(quick, mlflow_home, tmp_path):
    """While the same training goes on elsewhere, one waits as long as one was asked to, then exit 4."""
    assert victims.run(quick, mlflow_home, tmp_path / "a.json") == 0
    (lock,) = mlflow_home.glob("train-*.lock")
    with alone(lock):
        code = victims.run(quick, mlflow_home, tmp_path / "b.json", LOGITGATE_WAIT_SECONDS="0.3")
    assert code == 3 and "going on elsewhere" in (tmp_path / "b.json").read_text()


@pytest.mark.parametrize("got", ["soon", "-1", "nan", "inf"])
def test_a_wait_that_is_no_number_is_refused(got, monkeypatch):
    """A typing error must not make one wait for ever."""
    monkeypatch.setenv(idempotency.WAIT, got)
    with pytest.raises(ProjectError, match="LOGITGATE_WAIT_SECONDS"):
        idempotency.wait_seconds()


@pytest.mark.parametrize(
    "calls", [("create_run", "create_model_version"), ("create_logged_model", "log_outputs")]
)
def test_a_lost_answer_doubles_nothing(commands, quick, monkeypatch, calls):
    """The store does what it is asked, and the answer is lost on the way, twice: the step is done again."""
    for call in calls:
        lost = iter([False, True] if call == "create_run" else [True])
        monkeypatch.setattr(MlflowClient, call, _losing(getattr(MlflowClient, call), lost))
    got = logitgate("train", quick, "--json")
    assert got.code == 0, got.everything
    store = opened(commands)
    (run,), (candidate,) = trainings(store)
    assert [run.info.status, candidate.info.status] == ["FINISHED", "FINISHED"]
    assert len(versions(store)) == champion(store) == 1
    uploads = store.client.search_logged_models([run.info.experiment_id])
    assert [str(one.status) for one in uploads] == ["READY"]
    (points,) = (store.client.get_metric_history(one.info.run_id, "cv.log_loss") for one in [candidate])
    assert len(points) == len(store.client.get_metric_history(run.info.run_id, "test.cost")) == 1


def _losing(real, lost):
    def losing(client, *given, **named):
        answer = real(client, *given, **named)
        if next(lost, False):
            raise MlflowException("connection reset")
        return answer

    return losing


def _recorded(sign, status="RUNNING", age=timedelta(0)):
    begun = (datetime.now(UTC) - age).timestamp() * 1000
    tags = {} if sign is None else {heartbeat.HEARTBEAT: sign}
    return SimpleNamespace(
        info=SimpleNamespace(status=status, start_time=begun), data=SimpleNamespace(tags=tags)
    )


def test_a_dead_run_is_distinguished_from_a_living_one():
    """Here by the process itself, elsewhere by the age of its last sign, without any by the run's age."""
    own = heartbeat.heartbeat()
    old = own.again(datetime.now(UTC) - timedelta(seconds=130))
    assert not heartbeat.is_dead(_recorded(own.text()))
    assert not heartbeat.is_dead(_recorded(old.text())), "a process that is there is alive, however busy"
    reborn = Heartbeat(own.host, own.place, own.pid, own.born + "1", own.at)
    assert heartbeat.is_dead(_recorded(reborn.text())), "another process has the same id by now"
    elsewhere = Heartbeat("far", "far away", own.pid, own.born, own.at)
    assert not heartbeat.is_dead(_recorded(elsewhere.text()))
    assert heartbeat.is_dead(_recorded(elsewhere.again(old.at).text()))
    assert not heartbeat.is_dead(_recorded(None, age=timedelta(hours=20)))
    assert heartbeat.is_dead(_recorded(None, age=timedelta(hours=30)))
    assert not heartbeat.is_dead(_recorded("rubbish"))
    assert heartbeat.is_dead(_recorded(own.text(), status="FINISHED"))


def test_a_sign_is_given_again_and_again(store, monkeypatch):
    """Another host sees the time of the last sign move on, until the block is over."""
    monkeypatch.setattr(heartbeat, "_EVERY_SECONDS", 0.05)
    read = lambda run: Heartbeat.read(store.client.get_run(run.run_id).data.tags[heartbeat.HEARTBEAT])  # noqa: E731
    with training_run(store, "visits", Note("weekly")) as run:
        first = read(run)
        victims.wait_until(lambda: read(run).at > first.at)
    last = read(run)
    victims.time.sleep(0.2)
    assert read(run) == last and last.again(first.at) == first
