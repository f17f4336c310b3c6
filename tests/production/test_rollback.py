"""History, rollback and rehearsal, from the command line and on real training runs."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import mlflow
import pytest

from logitgate.errors import ConflictError, ProjectError, RefusedError
from logitgate.production.ledger.history import History, page
from logitgate.production.promotion.rollback import RollbackRequest, actor, history, rehearse, roll_back
from tests import projects
from tests.command import living_in, logitgate, mlflow_asks, opened
from tests.releases import BECAUSE, NAME, done, kinds, production, promoted, registered
from tests.wording import refusal


def audited(store):
    """What disagrees: the first finding about each subject that did not pass."""
    _, verdict = history(store, NAME)
    unusual = [one for one in reversed(verdict.findings) if one.status != "PASS"]
    return {one.subject: (one.status.value, one.because) for one in unusual}


def test_a_rollback_goes_back_once(store, versions):
    """The second one is the first one come twice; to go further back one says how far."""
    assert roll_back(store, NAME, RollbackRequest("it flags everybody")).version == 2
    assert roll_back(store, NAME, RollbackRequest("it flags everybody")).is_repeated
    assert production(store) == (2, 1)
    assert roll_back(store, NAME, RollbackRequest("this one too", to=1)).previous == 2
    assert production(store) == (1, None) and done(store) == [1, 2, 3, 2, 1]
    last = history(store, NAME)[0].entries[-1].reason
    assert (last.act, last.because, last.verdict) == ("rollback", "this one too", "PASS")
    assert last.figures["cost"] == BECAUSE.figures["cost"]
    assert not audited(store)


def test_what_was_rolled_back_from_is_not_gone_back_to(store, versions):
    """After 1, 2, 3, back to 2, then 4: the way back from 4 is 2, and from there 1, never 3."""
    roll_back(store, NAME, RollbackRequest("bad"))
    promoted(store, versions[3], versions[1])
    assert roll_back(store, NAME, RollbackRequest("worse")).version == 2
    assert history(store, NAME)[0].rollback_target().version == 1


def offered(store):
    """The way back as each place tells it; they must agree."""
    ledger, verdict = history(store, NAME)
    got = History(NAME, ledger, verdict).as_json()
    commands = [tenure["way_back"] for tenure in got["tenures"] if tenure["way_back"]]
    last = page(NAME, ledger).split("\n")[4].split(" | ")[-1]
    by_rehearsal = None
    try:
        by_rehearsal = rehearse(store, NAME, None).version
    except RefusedError as error:
        assert "no version to roll back to" in error.rule
    back = got["way_back"]
    command = f"logitgate rollback PROJECT --to {back} --reason TEXT" if back else ""
    assert commands == ([command] if command else []) and last.strip(" |") == command
    assert production(store)[1] == by_rehearsal == back
    return back


def test_what_was_forced_in_is_no_way_back(store, versions, wording):
    """A refused version that somebody forces in, and that is rolled back from, is not offered."""
    assert offered(store) == 2
    roll_back(store, NAME, RollbackRequest("try it", to=4, is_forced=True))
    assert offered(store) == 3
    assert roll_back(store, NAME, RollbackRequest("it costs more")).version == 3
    assert offered(store) == 2
    for refused in (4, 99):
        with pytest.raises(RefusedError):
            roll_back(store, NAME, RollbackRequest("again", to=refused))
    assert roll_back(store, NAME, RollbackRequest("that too")).is_repeated and production(store)[0] == 3
    assert roll_back(store, NAME, RollbackRequest("that too", to=2)).version == 2
    there_again = refusal(RefusedError, roll_back, store, NAME, RollbackRequest("there again", to=3))
    assert offered(store) == 1
    roll_back(store, NAME, RollbackRequest("to the first", to=1))
    assert offered(store) is None
    wording(there_again, refusal(RefusedError, rehearse, store, NAME, None))


def test_a_rollback_leaves_a_champion_alone_that_it_does_not_mean(store, versions):
    """What was judged has been replaced since, or has only its number in common with what is there."""
    judged = versions[2].release
    others = (versions[1].release, replace(judged, digest="0" * 64), replace(judged, run_id="another"))
    for other in others:
        with pytest.raises(ConflictError, match="nothing was changed"):
            roll_back(store, NAME, RollbackRequest("it costs more", away_from=other))
        assert production(store) == (3, 2) and kinds(store)[-1] == ("done", 3)
    assert roll_back(store, NAME, RollbackRequest("it costs more", away_from=judged)).version == 2


def test_what_its_gates_promote_once_more_is_a_way_back_again(store, versions):
    """It has been judged since."""
    roll_back(store, NAME, RollbackRequest("bad"))
    promoted(store, versions[2], versions[1])
    promoted(store, versions[3], versions[2])
    assert offered(store) == 3


def test_a_deleted_version_is_no_way_back(store, versions):
    """The one before it is."""
    store.client.delete_model_version(NAME, "2")
    assert roll_back(store, NAME, RollbackRequest("bad")).version == 1
    assert offered(store) is None


@pytest.mark.parametrize("renamed", [False, True])
def test_a_number_alone_proves_nothing(store, versions, renamed):
    """A registry that counts again has another version 2 that was not promoted."""
    if renamed:
        store.client.rename_registered_model(NAME, "other")
    else:
        store.client.delete_registered_model(NAME)
    fresh = registered(store, 3)
    assert [one.version for one in fresh] == [1, 2, 3]
    with pytest.raises(RefusedError, match="never promoted"):
        roll_back(store, NAME, RollbackRequest("back", to=2))
    with pytest.raises((ConflictError, RefusedError)):
        rehearse(store, NAME, None)
    store.client.set_registered_model_alias(NAME, "champion", "3")
    found = audited(store)
    assert found["champion"][0] == "FAIL" and found["version 3"][0] == "FAIL"
    assert roll_back(store, NAME, RollbackRequest("must be", to=2, is_forced=True)).version == 2
    last = history(store, NAME)[0].entries[-1]
    assert (last.reason.act, last.run_id, last.digest) == ("forced", fresh[1].run_id, fresh[1].digest)


def test_a_ledger_of_format_1_is_read(store, versions, mlflow_home):
    """Its entries name no run, and offer a way back that is not read; its digests still identify."""
    with closing(sqlite3.connect(mlflow_home / "mlflow.db")) as connection:
        rows = connection.execute("SELECT key, value FROM params WHERE length(key) = 4 ORDER BY key")
        before = "0" * 64
        for key, value in rows.fetchall():
            plain = json.loads(value)
            del plain["run_id"], plain["format"]
            plain |= {"way_back": "logitgate rollback PROJECT --to 4 --reason TEXT", "before": before}
            line = json.dumps(plain, sort_keys=True)
            before = hashlib.sha256(line.encode()).hexdigest()
            connection.execute("UPDATE params SET value = ? WHERE key = ?", (line, key))
        connection.commit()
    store.client.set_registered_model_alias(NAME, "previous", "2")
    assert offered(store) == 2 and roll_back(store, NAME, RollbackRequest("bad")).version == 2
    promoted(store, versions[3], versions[1])
    assert offered(store) == 2


def test_without_a_way_back_the_rollback_refuses(store, wording):
    """Before the first release, and after it."""
    before = refusal(RefusedError, roll_back, store, NAME, RollbackRequest("bad"))
    (only,) = registered(store, 1)
    promoted(store, only)
    after = refusal(RefusedError, roll_back, store, NAME, RollbackRequest("bad"))
    assert after.exit_code == 1
    wording(before, after)
    assert production(store) == (1, None)


def test_a_version_that_never_was_in_production_needs_force_and_a_reason(store, versions):
    """Its verdict is kept with the reason."""
    with pytest.raises(RefusedError, match="never promoted"):
        roll_back(store, NAME, RollbackRequest("bad", to=4))
    with pytest.raises(ProjectError, match="--reason"):
        roll_back(store, NAME, RollbackRequest("  ", to=4, is_forced=True))
    roll_back(store, NAME, RollbackRequest("nothing else works", to=4, is_forced=True))
    assert production(store) == (4, 3)
    assert history(store, NAME)[0].entries[-1].reason.verdict == "PASS"


def test_the_alias_previous_is_not_asked(store, versions):
    """What really was in production counts, not what somebody has set by hand."""
    store.client.set_registered_model_alias(NAME, "previous", "4")
    assert "moved by hand" in audited(store)["previous"][1]
    assert roll_back(store, NAME, RollbackRequest("bad")).version == 2


def test_a_rehearsal_does_all_but_move(store, versions):
    """Files, golden rows, lock and ledger are tried and timed; production stays."""
    rehearsed = rehearse(store, NAME, None)
    assert (rehearsed.version, rehearsed.previous) == (2, 3)
    assert production(store) == (3, 2) and kinds(store)[-1] == ("rehearsed", 2)
    assert {"prove_the_files", "write_the_rehearsal"} <= set(rehearsed.seconds)
    assert all(took >= 0 for took in rehearsed.seconds.values())
    assert not audited(store)


def test_a_hand_on_the_alias_is_reported(store, versions, wording):
    """Then the next transaction writes down what it found, and the way back passes it by."""
    store.client.set_registered_model_alias(NAME, "champion", "4")
    status, because = audited(store)["champion"]
    assert status == "FAIL"
    wording(because)
    assert roll_back(store, NAME, RollbackRequest("by hand")).version == 3
    found = audited(store)
    assert set(found) == {"version 4"} and found["version 4"][0] == "WARN"


def test_a_deleted_champion_is_reported(store, versions, wording):
    """Its alias went silently with it."""
    store.client.delete_model_version(NAME, "3")
    status, because = audited(store)["champion"]
    assert status == "FAIL"
    wording(because)
    assert roll_back(store, NAME, RollbackRequest("deleted")).version == 2


def test_a_changed_digest_is_reported(store, versions):
    """The version in production is not the one that was put there."""
    store.client.set_model_version_tag(NAME, "3", "digest", "0" * 64)
    assert audited(store)["version 3"][0] == "FAIL"


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (
            "UPDATE params SET value = replace(value, 'ann', 'eve') WHERE key = '0003'",
            "entry 4 does not follow",
        ),
        ("DELETE FROM params WHERE key = '0002'", "entry 2 is missing"),
        ("UPDATE params SET value = 'x' WHERE key = '0001'", "entry 1 cannot be read"),
        ("UPDATE params SET key = '0009' WHERE key = '0006'", "entry 6 is missing"),
    ],
)
def test_a_broken_chain_is_reported(store, versions, mlflow_home, change, because):
    """Whoever can write the database can change a line, but not without leaving a trace."""
    with closing(sqlite3.connect(mlflow_home / "mlflow.db")) as connection:
        connection.execute(change)
        connection.commit()
    status, got = audited(store)["chain"]
    assert status == "FAIL" and because in got


def test_the_actor_is_named_by_the_environment(monkeypatch):
    """A scheduled job says who it is; otherwise it is the user."""
    monkeypatch.setenv("LOGITGATE_ACTOR", "nightly job")
    assert actor() == "nightly job"
    monkeypatch.delenv("LOGITGATE_ACTOR")
    monkeypatch.setenv("LOGNAME", "ann")
    assert actor() == "ann"


@pytest.fixture(scope="module")
def road(prefect_server, mlflow_template, tmp_path_factory):
    """Two releases by real trainings, the commands after them, and the home they live in."""
    folder, visits = tmp_path_factory.mktemp("road"), projects.table()
    weak = projects.write(
        folder / "weak", visits, golden="synthetic", features={"numeric": ["speed", "load"]}
    )
    strong = projects.write(folder / "strong", visits)
    with living_in(folder / "home", mlflow_template) as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGITGATE_ACTOR", "nightly job")
        empty = logitgate("history", strong, "--json")
        trained = [
            logitgate("train", weak, "--as-of", "2021-04-10", "--json"),
            logitgate("train", strong, "--json"),
        ]
        assert [one.json["promoted"] for one in trained] == [True, True], [one.everything for one in trained]
        yield home, strong, trained, empty


def test_the_history_tells_what_every_training_did(road):
    """Version, spell, cost figures, actor, reason and way back, for programs."""
    _, project, trained, empty = road
    assert empty.code == 0 and empty.json["tenures"] == [] and empty.json["champion"] is None
    got = logitgate("history", project, "--verify", "--json")
    assert got.code == 0 and got.json["status"] == "PASS", got.out
    first, second = got.json["tenures"]
    assert (first["version"], first["until"], second["until"]) == (1, second["since"], None)
    assert second["actor"] == "nightly job" and "version 2" in second["reason"]
    assert second["figures"]["cost"] == trained[1].json["test"]["cost"] and second["figures"]["unit"] == "EUR"
    assert second["way_back"] == "logitgate rollback PROJECT --to 1 --reason TEXT"
    assert (second["act"], second["verdict"], got.json["champion"]) == ("promotion", "PASS", 2)


@pytest.mark.acceptance
def test_serving_by_plain_mlflow_changes_nothing(road, tmp_path):
    """Loaded, downloaded and asked in a process of its own: every command ends as it did before."""
    home, project, _, _ = road
    visits = projects.table()
    visits[:5].to_csv(tmp_path / "five.csv", index=False)
    table, champion = project.parent / "visits.parquet", "models:/visits@champion"
    store = opened(home)
    with mlflow_asks(store):
        answers = mlflow.pyfunc.load_model(champion).predict(visits[:5])
        mlflow.artifacts.download_artifacts(champion, dst_path=str(tmp_path / "fetched"))
        mlflow.artifacts.download_artifacts(champion)
        words = ("models", "predict", "--model-uri", champion, "--env-manager", "local")
        where = ("--content-type", "csv", "--input-path", tmp_path / "five.csv")
        got = (*where, "--output-path", tmp_path / "answers.json")
        subprocess.run((sys.executable, "-m", "mlflow", *words, *got), check=True, timeout=120)
    said = json.loads((tmp_path / "answers.json").read_text())["predictions"]
    assert [one["probability"] for one in said] == answers["probability"].tolist()
    assert logitgate("history", project, "--verify").code == 0
    scored = logitgate("score", project, "--table", table, "--out", tmp_path / "out.csv", "--json")
    assert (scored.code, scored.json["status"]) == (0, "PASS")
    window = ("--since", "2021-04-01", "--until", "2021-04-15", "--as-of", "2021-06-30")
    watched = logitgate("monitor", project, "--table", table, *window, "--json")
    assert watched.json["version"] == 2 and watched.code in (0, 1), watched.everything
    assert logitgate("rehearse", project).code == 0
    again = logitgate("train", project, "--json")
    assert (again.code, again.json["repeated"], again.json["champion"]) == (0, True, 2)


def test_the_commands_take_production_back(road):
    """Rehearse, roll back, roll back again, and the history of it; each with its exit code."""
    home, project, _, _ = road
    store = opened(home)
    with mlflow_asks(store):
        for uri in ("models:/visits@champion", "models:/visits/1"):
            mlflow.pyfunc.load_model(uri)  # leaves a note beside each, as every way of serving does
    assert logitgate("history", project, "--verify").code == logitgate("doctor", project).code == 0
    rehearsed = logitgate("rehearse", project, "--json")
    assert rehearsed.code == 0 and rehearsed.json["version"] == 1 and rehearsed.json["lock_is_shared"] is True
    back = logitgate("rollback", project, "--reason", "it flags everybody")
    assert back.code == 0 and "Version 1 is in production, in place of version 2" in back.out
    assert opened(home).client.get_model_version_by_alias("visits", "champion").version == 1
    again = logitgate("rollback", project, "--reason", "it flags everybody", "--json")
    assert again.code == 0 and again.json["repeated"] is True
    assert logitgate("rollback", project).code == 2
    never = logitgate("rollback", project, "--reason", "x", "--to", "2", "--json")
    assert never.code == 1 and "was rolled back from" in never.json["error"]
    got = logitgate("history", project, "--verify")
    assert got.code == 0 and {"rollback", "flags", "everybody"} <= set(got.out.split())
    opened(home).client.set_registered_model_alias("visits", "champion", "2")
    assert logitgate("history", project).code == 0
    got = logitgate("history", project, "--verify", "--json")
    assert got.code == 1 and got.json["status"] == "FAIL"
