"""A champion that is gone, moved or somebody else's, and a ledger that was cut: reported, and put right."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from logitgate.errors import ConflictError, LogitgateError, ProjectError, RefusedError, UnavailableError
from logitgate.production.ledger.state import state_of
from logitgate.production.promotion import intents, promotion, transaction
from logitgate.production.promotion.promotion import PROMOTION
from logitgate.production.promotion.rollback import RollbackRequest, look, look_at_files, roll_back
from logitgate.production.promotion.transaction import PromotionRequest, carry_out
from logitgate.production.registry import ledger_store, registry
from logitgate.production.registry.versions import judged_against
from logitgate.production.repair.repair_production import adopt, begin_a_new_chain
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note
from logitgate.tracking.store import open_store
from tests import projects
from tests.command import logitgate
from tests.releases import BECAUSE, NAME, kinds, ledger, production, promoted, registered
from tests.wording import refusal


@pytest.fixture
def project(tmp_path, mlflow_home, monkeypatch):
    """The project whose model it is, for commands that live in the same folder."""
    monkeypatch.setenv("LOGITGATE_HOME", str(mlflow_home))
    return projects.write(tmp_path / "project", projects.table(50))


@pytest.fixture
def scene(store, versions, project):
    """All of them."""
    return store, versions, project


def files(store, number):
    """The folder of a version's files."""
    return Path(unquote(urlparse(store.client.get_model_version_download_uri(NAME, str(number))).path))


def state(store):
    """What has become of the champion."""
    return state_of(*look_at_files(store, NAME)).value


def without_alias(store):
    """Take the champion's alias away."""
    store.client.delete_registered_model_alias(NAME, "champion")


def without_version(store):
    """Delete the champion."""
    store.client.delete_model_version(NAME, "3")


def without_files(store):
    """Delete the champion's files."""
    shutil.rmtree(files(store, 3))


def with_another_byte(store):
    """Change one of the champion's files."""
    with (files(store, 3) / "artifacts" / "decision.json").open("a") as file:
        file.write(" ")


def by_hand(store):
    """Let the alias name another version."""
    store.client.set_registered_model_alias(NAME, "champion", "1")


@pytest.mark.parametrize(
    ("harm", "named", "after"),
    [
        (without_alias, "alias gone", (3, 2)),
        (without_version, "version gone", (2, 1)),
        (without_files, "files damaged", (2, 1)),
        (with_another_byte, "files damaged", (2, 1)),
        (by_hand, "moved", (3, 2)),
    ],
)
def test_a_champion_that_is_not_there_has_a_state_and_a_remedy(scene, harm, named, after):
    """History, doctor and score name it; `doctor --repair` puts right what it says it would."""
    store, versions, project = scene
    harm(store)
    got = logitgate("history", project, "--verify", "--json")
    assert (got.code, got.json["state"]) == (1, named), got.everything
    found = logitgate("doctor", project, "--json")
    (trouble,) = found.findings("production").values()
    assert found.code == 1 and "--repair would put" in trouble["because"]
    with pytest.raises(LogitgateError) as refusal:
        promoted(store, versions[3], versions[2]) if named != "files damaged" else look_damaged(store)
    assert refusal.value.exit_code == 4
    repaired = logitgate("doctor", project, "--repair", "--json")
    assert repaired.code == 0, repaired.everything
    assert production(store) == after and state(store) == "sound"
    assert logitgate("history", project, "--verify").code == 0
    again = logitgate("doctor", project, "--repair", "--json")
    assert again.code == 0 and {one["status"] for one in again.json["findings"]} == {"PASS"}


def look_damaged(store):
    """What a training that is repeated meets."""
    from logitgate.production.promotion.rollback import refuse_a_missing_champion

    refuse_a_missing_champion(NAME, *look_at_files(store, NAME))


def test_a_repaired_alias_changes_no_story(store, versions, project):
    """Whoever was in production still is, and was gone back to if it was."""
    roll_back(store, NAME, RollbackRequest("bad"))
    without_alias(store)
    assert logitgate("doctor", project, "--repair").code == 0
    now = ledger(store)
    assert [one.version for one in now.tenures()] == [1, 2, 3, 2] and now.is_rolled_back
    assert kinds(store)[-2:] == [("intent", 2), ("done", 2)] and now.entries[-1].reason.act == "repair"


@pytest.mark.parametrize("harm", [without_version, without_files])
def test_without_a_way_back_nothing_is_in_production(store, project, harm):
    """The ledger says so, and the next version that passes is a first release."""
    made = registered(store, 4)
    promoted(store, made[2], None)
    harm(store)
    assert "nothing is in production" in logitgate("doctor", project).out.replace("\n", " ")
    assert logitgate("doctor", project, "--repair").code == 0
    assert production(store) == (None, None) and state(store) == "none"
    promoted(store, made[3], None)
    assert production(store) == (4, None) and state(store) == "sound"


def test_files_of_the_way_back_are_looked_at_too(store, versions, project):
    """A way back that would fail is reported before it is needed; it is for people to decide."""
    shutil.rmtree(files(store, 2) / "code")
    got = logitgate("history", project, "--verify", "--json")
    assert got.code == 1 and "previous" in got.findings("ledger")
    found = logitgate("doctor", project, "--repair", "--json")
    assert found.code == 1 and "its files are not" in found.findings("production")["previous"]["because"]


def test_a_foreign_champion_can_be_adopted(store, project):
    """Nothing proves its files, so it is not loaded; the first version of ours takes its place."""
    with training_run(store, NAME, Note("elsewhere")) as run:
        pass
    store.client.create_registered_model(NAME)
    store.client.create_model_version(NAME, source=str(Path.cwd()), run_id=run.run_id)
    store.client.set_registered_model_alias(NAME, "champion", "1")
    got = logitgate("history", project, "--verify", "--json")
    assert got.json["state"] == "unknown to the ledger"
    assert "logitgate adopt PROJECT --reason TEXT" in got.findings("ledger")["champion"]["because"]
    (ours,) = registered(store, 1)
    with pytest.raises(ConflictError):
        promoted(store, ours, None)
    assert logitgate("adopt", project, "--reason", " ").code == 2
    adopted = logitgate("adopt", project, "--reason", "the team's model until now", "--json")
    assert adopted.code == 0 and adopted.json["version"] == 1
    assert logitgate("adopt", project, "--reason", "again", "--json").json["repeated"] is True
    assert logitgate("history", project, "--verify", "--json").json["state"] == "sound"
    assert logitgate("doctor", project).code == 0
    promoted(store, ours, None)
    assert production(store) == (2, None) and kinds(store)[0] == ("found", 1)


def test_without_a_champion_there_is_nothing_to_adopt(store, wording):
    """And nothing is written."""
    registered(store, 1)
    wording(refusal(ConflictError, adopt, store, NAME, "because"))
    assert not kinds(store)


CUT = [
    "DELETE FROM params WHERE key IN ('0005', '0006')",
    "DELETE FROM params WHERE key = '0006'",
    'UPDATE params SET value = replace(value, \'"actor": "ann"\', \'"actor": "eve"\') WHERE key = \'0006\'',
]


@pytest.mark.parametrize("change", CUT)
def test_the_end_of_the_ledger_is_anchored(store, versions, project, mlflow_home, change):
    """A cut tail and a changed last line show; a new chain is begun by a command that says what was lost."""
    with pytest.raises(ProjectError, match="is whole"):
        begin_a_new_chain(store, NAME, "no reason")
    changed(mlflow_home, change)
    got = logitgate("history", project, "--verify", "--json")
    assert got.code == 1 and "chain" in got.findings("ledger")
    with pytest.raises(ConflictError, match="new-chain"):
        promoted(store, versions[3], versions[2])
    assert logitgate("doctor", project, "--repair").code == 1
    assert logitgate("doctor", project, "--new-chain").code == 2
    begun = logitgate("doctor", project, "--new-chain", "--reason", "a restored backup", "--json")
    assert begun.code == 0, begun.everything
    last = ledger(store).entries[-1]
    assert (
        last.kind.value == "chain"
        and last.number in (7, 8)
        and "a restored backup (lost: entry" in last.reason.because
    )
    assert logitgate("history", project, "--verify", "--json").json["champion"] == 3
    with pytest.raises(RefusedError):
        roll_back(store, NAME, RollbackRequest("what was before proves nothing"))
    promoted(store, versions[3], versions[2])
    assert state(store) == "sound"
    changed(mlflow_home, "DELETE FROM params WHERE length(key) = 4 AND key > '0008'")
    assert look(store, NAME)[0].breaks


def changed(home, change):
    """Change the database behind MLflow's back."""
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        assert connection.execute(change).rowcount > 0
        connection.commit()


def test_an_anchor_that_is_gone_shows(store, versions, mlflow_home):
    """The versions' anchors say that there was one."""
    store.client.delete_registered_model_tag(NAME, ledger_store.ANCHOR)
    assert "anchor" in look(store, NAME)[0].breaks[0]


def test_an_anchor_that_is_behind_is_no_damage(store, versions, project, monkeypatch):
    """As after a kill between entry and anchor: reported, and anchored by the doctor or the next entry."""
    with monkeypatch.context() as patch:
        patch.setattr(ledger_store, "anchor", lambda *_: None)
        promoted(store, versions[3], versions[2])
    assert not ledger(store).breaks and logitgate("history", project, "--verify").code == 0
    assert logitgate("doctor", project).code == 1
    assert logitgate("doctor", project, "--repair").code == 0
    assert logitgate("doctor", project).code == 0


def test_another_registry_is_named(scene, tmp_path, monkeypatch, mlflow_template, mlflow_home):
    """Set once and forgotten: nothing was deleted, this is merely not the registry of the ledger."""
    store, _, project = scene
    (tmp_path / "other").mkdir()
    shutil.copy(mlflow_template, tmp_path / "other" / "mlflow.db")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path / 'other' / 'mlflow.db'}")
    got = logitgate("history", project, "--verify", "--json")
    because = got.findings("ledger")["champion"]["because"]
    assert got.code == 1 and got.json["state"] == "other registry"
    assert str(tmp_path / "other") in because and str(mlflow_home) in because
    found = logitgate("doctor", project, "--repair", "--json")
    assert found.code == 1 and "MLFLOW_REGISTRY_URI" in found.out
    elsewhere = open_store(mlflow_home)
    with pytest.raises(UnavailableError, match="this is the registry at"):
        look_damaged(elsewhere)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI")
    assert state(store) == "sound" and production(store) == (3, 2)
    mlflow_home.rename(tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", mlflow_home)


def hanging(store, version, against):
    """Give up on a promotion whose request is still under way, and return how it arrives."""
    boundary = PROMOTION.index(promotion.move_the_champion)

    def lose_the_answer(now):
        raise UnavailableError("store", "no answer", "try again")

    with pytest.raises(UnavailableError):
        carry_out(
            store, PromotionRequest(NAME, BECAUSE, version, against), (*PROMOTION[:boundary], lose_the_answer)
        )
    return lambda: store.client.set_registered_model_alias(NAME, "champion", str(version.version))


class Served(str):
    """The address of an embedded registry that requests may be under way to, as to a server."""

    __slots__ = ()

    def startswith(self, prefix, *places):
        """No file."""
        return False if prefix == "sqlite" else super().startswith(prefix, *places)


@pytest.fixture
def served(store):
    """The store, as one whose requests may arrive late."""
    from dataclasses import replace

    return replace(store, registry_uri=Served(store.registry_uri))


def test_a_late_request_tears_nothing(served, versions, project, monkeypatch):
    """While it may arrive no other version is promoted; what it did past that is named and put back."""
    first, second, third, fourth = versions
    arrive = hanging(served, fourth, third)
    with pytest.raises(ConflictError, match="may still arrive"):
        promoted(served, second, third)
    with pytest.raises(ConflictError, match="may still arrive"):
        roll_back(served, NAME, RollbackRequest("bad"))
    assert production(served) == (3, 2) and ledger(served).open is not None
    promoted(served, fourth, third)  # the same version: a late request would only do that again
    with pytest.raises(ConflictError, match="may still arrive"):
        promoted(served, first, fourth)
    for clock in (intents, transaction):
        monkeypatch.setattr(clock, "datetime", Later)
    promoted(served, first, fourth)
    arrive()
    assert state(served) == "moved"
    got = logitgate("doctor", project, "--json")
    assert got.code == 1 and "late request" in got.findings("production")["champion"]["because"]
    assert logitgate("doctor", project, "--repair").code == 0
    assert production(served)[0] == 1 and state(served) == "sound"


class Later(datetime):
    """A clock that is three minutes ahead."""

    @classmethod
    def now(cls, tz=None):
        """Return it."""
        return datetime.now(tz or UTC) + timedelta(minutes=3)


def test_what_a_dead_writer_began_on_a_file_is_ended_at_once(store, versions):
    """Nothing is under way to a SQLite file."""
    hanging(store, versions[3], versions[2])
    promoted(store, versions[1], versions[2])
    assert production(store) == (2, 1) or production(store)[0] == 2


def test_a_request_is_not_sent_late(served, versions, monkeypatch):
    """Whoever was held up for a minute lets it be."""
    boundary = PROMOTION.index(promotion.move_the_champion)

    def be_held_up(now):
        monkeypatch.setattr(intents, "datetime", Later)
        return now

    steps = (*PROMOTION[:boundary], be_held_up, *PROMOTION[boundary:])
    with pytest.raises(UnavailableError, match="since its intent"):
        carry_out(served, PromotionRequest(NAME, BECAUSE, versions[3], versions[2]), steps)
    assert production(served) == (3, 2)


def test_what_moves_the_alias_right_after_is_noticed(store, versions, monkeypatch):
    """Alias and ledger are compared once more at the end."""
    shown = PROMOTION.index(promotion.show_the_history)

    def arrive(now):
        store.client.set_registered_model_alias(NAME, "champion", "1")
        return now

    steps = (*PROMOTION[:shown], arrive, *PROMOTION[shown:])
    with pytest.raises(ConflictError, match="doctor PROJECT --repair"):
        carry_out(store, PromotionRequest(NAME, BECAUSE, versions[3], versions[2]), steps)


def test_entries_say_where_and_by_whom(store, versions):
    """The registry's address and the process, for those who look later."""
    last = ledger(store).entries[-1]
    assert last.registry == store.registry_uri and json.loads(last.writer)["pid"]


def test_a_version_is_promoted_against_the_very_champion_it_met(store, versions):
    """The number of the champion that it was judged against may be another version's by now."""
    store.client.set_model_version_tag(NAME, "4", registry.JUDGED_AGAINST, "3")
    assert judged_against(store, versions[3]) == versions[2]
    for digest, is_it in ((versions[2].digest, True), (versions[1].digest, False)):
        store.client.set_model_version_tag(NAME, "4", registry.JUDGED_DIGEST, digest)
        if is_it:
            assert judged_against(store, versions[3]) == versions[2]
            continue
        with pytest.raises(ConflictError, match="another version 3"):
            judged_against(store, versions[3])
