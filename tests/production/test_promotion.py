"""Promotion as one transaction, on SQLite: whoever races or dies, there is one champion and one story."""

import multiprocessing
import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mlflow import MlflowClient

from logitgate.errors import ConflictError, DataError, UnavailableError
from logitgate.findings import Status
from logitgate.production.ledger.entries import FORMAT, Entry, Kind
from logitgate.production.ledger.ledger import rollback_command
from logitgate.production.packaging.golden import Golden
from logitgate.production.promotion import promotion
from logitgate.production.promotion.lock import locked
from logitgate.production.promotion.promotion import MOVE, PROMOTION
from logitgate.production.promotion.rollback import RollbackRequest, history, roll_back
from logitgate.production.promotion.transaction import PromotionRequest, carry_out
from logitgate.production.registry import ledger_store, model_files, registry
from tests.command import living_in, opened
from tests.releases import (
    BECAUSE,
    NAME,
    done,
    kinds,
    ledger,
    plain_shipment,
    production,
    promoted,
    registered,
    seconds,
)
from tests.wording import refusal

FORK = multiprocessing.get_context("fork")
ROUNDS = 6
MOVED = """CREATE TRIGGER moved_{event} AFTER {event} ON registered_model_aliases WHEN NEW.alias = 'champion'
BEGIN INSERT INTO moves (version) VALUES (NEW.version); END"""


@pytest.fixture(scope="module")
def template(mlflow_template, tmp_path_factory):
    """Three registered versions, and databases by how many of them have been in production."""
    folder = tmp_path_factory.mktemp("versions")
    with living_in(folder / "home", mlflow_template) as made:
        store = opened(made)
        versions = registered(store, 3)
        for number, against in enumerate((None, *versions[:2])):
            promoted(store, versions[number], against)
            copied(made / "mlflow.db", folder / f"{number + 1}.db")
    return folder, versions


def copied(database, other):
    """Let a database hold what another one holds, whoever has it open."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(other)) as copy:
        source.backup(copy)


@pytest.fixture
def mlflow_home(template, mlflow_home):
    """A folder with a store where the first version is in production."""
    copied(template[0] / "1.db", mlflow_home / "mlflow.db")
    return mlflow_home


@pytest.fixture
def versions(store, template):
    """Three registered versions; the first is in production."""
    return template[1]


@pytest.fixture
def three_releases(mlflow_home, template, store):
    """Let all three have been in production, one after the other."""
    copied(template[0] / "3.db", mlflow_home / "mlflow.db")


def apart(store, act):
    """Begin to run a function in a process of its own, which shares no connection with this one."""

    def run():
        store.client._tracking_client.store.engine.dispose(close=False)
        store.client._get_registry_client().store.engine.dispose(close=False)
        act()
        os._exit(0)  # what other libraries do at the end of a process is not for a copy of it

    process = FORK.Process(target=run)
    process.start()
    return process


def die(*_, **__):
    """Be killed as by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(store, act):
    """Run a function that kills its own process."""
    process = apart(store, act)
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def dying_at(steps, boundary):
    """The same steps, with a death at a boundary: before the step of this number, or after the last."""
    return (*steps[:boundary], die, *steps[boundary:])


def watched(home):
    """Let SQLite itself write down each move of the champion, and return how to read that."""
    database = home / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE moves (number INTEGER PRIMARY KEY, version INTEGER)")
        for event in ("INSERT", "UPDATE"):
            connection.execute(MOVED.format(event=event))
        connection.commit()

    def moves():
        with closing(sqlite3.connect(database)) as connection:
            return [version for (version,) in connection.execute("SELECT version FROM moves ORDER BY number")]

    return moves


def test_promotion_moves_both_aliases_and_tells_so(store, versions):
    """The old champion stays at hand as the previous one; intent and end of each move are in the ledger."""
    first, second, third = versions
    assert production(store) == (1, None)
    promoted(store, second, first)
    assert production(store) == (2, 1)
    promoted(store, third, second)
    assert production(store) == (3, 2)
    assert kinds(store) == [(kind, number) for number in (1, 2, 3) for kind in ("intent", "done")]
    last = ledger(store).entries[-1]
    assert (last.previous, last.digest, last.reason.actor) == (2, third.digest, "ann")
    assert last.reason.figures == {**BECAUSE.figures, "unit": "EUR"}
    assert last.release == third.release and last.format == FORMAT
    assert rollback_command(ledger(store)) == "logitgate rollback PROJECT --to 2 --reason TEXT"


def test_promoting_the_champion_again_changes_nothing(store, versions):
    """A repeated promotion must not make the champion its own predecessor, nor write anything."""
    promoted(store, versions[1], versions[0])
    before = kinds(store)
    assert promoted(store, versions[1], versions[1]).is_repeated
    assert promoted(store, versions[1], versions[0]).is_repeated  # the first attempt's answer was lost
    assert (production(store), kinds(store)) == ((2, 1), before)


def test_a_champion_that_was_not_expected_is_a_conflict(store, versions):
    """A challenger that was judged against another champion, or against none, is not promoted."""
    for expected in (None, versions[1]):
        with pytest.raises(ConflictError, match="version 1") as conflict:
            promoted(store, versions[2], expected)
        assert conflict.value.exit_code == 4
    assert production(store) == (1, None)
    assert kinds(store) == [("intent", 1), ("done", 1)]


def test_the_mlflow_page_tells_who_is_in_production(store, versions):
    """One run for each model, in an experiment of its own: a table for people, each entry a parameter."""
    promoted(store, versions[1], versions[0])
    experiment = store.client.get_experiment_by_name(ledger_store.EXPERIMENT)
    (run,) = store.client.search_runs([experiment.experiment_id])
    assert run.info.run_name == NAME and sorted(run.data.params) == ["0001", "0002", "0003", "0004"]
    note = run.data.tags["mlflow.note.content"]
    assert "version 2 is in production" in note
    assert "2.5 [2, 3] EUR | ann | promotion: PASS: 9 PASS | logitgate rollback PROJECT --to 1" in note


def test_one_of_two_promoters_wins_each_time(store, versions, mlflow_home, tmp_path):
    """Two processes, judged against the same champion, start together: one wins, one must judge again."""
    moves = watched(mlflow_home)
    barrier = FORK.Barrier(2, timeout=60)

    def race(lane):
        with (tmp_path / f"lane{lane}").open("w") as got:
            for _ in range(ROUNDS):
                there = registry.champion(store, NAME)
                barrier.wait()
                wanted = versions[(there.version - 1 + lane) % 3]
                try:
                    promoted(store, wanted, there)
                    got.write("won\n")
                except ConflictError:
                    got.write("conflict\n")
                except Exception as error:
                    got.write(repr(error))
                    raise
                barrier.wait()

    racers = [apart(store, lambda lane=lane: race(lane)) for lane in (1, 2)]
    for racer in racers:
        racer.join(240)
    got = [(tmp_path / f"lane{lane}").read_text() for lane in (1, 2)]
    assert [racer.exitcode for racer in racers] == [0, 0], [text[-1_000:] for text in got]
    ends = zip(*(text.split() for text in got), strict=True)
    assert [sorted(end) for end in ends] == [["conflict", "won"]] * ROUNDS
    assert moves() == done(store)[1:]
    assert len(moves()) == ROUNDS
    assert history(store, NAME)[1].reasons == ()


@pytest.mark.parametrize("boundary", range(len(PROMOTION) + 1))
def test_a_promotion_that_is_killed_converges(store, versions, mlflow_home, boundary):
    """At whatever boundary kill -9 strikes: done again, there is one champion and no open intent."""
    moves = watched(mlflow_home)
    request = PromotionRequest(NAME, BECAUSE, versions[1], versions[0])
    killed(store, lambda: carry_out(store, request, dying_at(PROMOTION, boundary)))
    promoted(store, versions[1], versions[0])
    assert production(store) == (2, 1)
    assert ledger(store).open is None
    assert done(store) == [1, 2] and moves() == [2]
    assert history(store, NAME)[1].status is Status.PASS
    assert promoted(store, versions[1], versions[0]).is_repeated


@pytest.mark.parametrize("boundary", range(len(MOVE) + 1))
def test_a_move_that_is_killed_hinders_no_other(store, versions, boundary):
    """Who promotes another version next finds the champion that is there, and what became of it."""
    request = PromotionRequest(NAME, BECAUSE, versions[1], versions[0])
    steps = dying_at(PROMOTION, len(PROMOTION) - len(MOVE) + boundary)
    killed(store, lambda: carry_out(store, request, steps))
    has_moved = boundary > MOVE.index(promotion.move_the_champion)
    there = registry.champion(store, NAME)
    assert there == versions[1 if has_moved else 0]
    promoted(store, versions[2], there)
    assert production(store) == (3, there.version)
    assert ledger(store).open is None
    assert done(store) == ([1, 2, 3] if has_moved else [1, 3])
    assert history(store, NAME)[1].status is Status.PASS


@pytest.mark.parametrize("boundary", range(len(MOVE) + 1))
def test_a_rollback_that_is_killed_converges(store, three_releases, boundary):
    """Done again it does not go back twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logitgate.production.promotion.rollback.MOVE", dying_at(MOVE, boundary))
        killed(store, lambda: roll_back(store, NAME, RollbackRequest("it is bad")))
    roll_back(store, NAME, RollbackRequest("it is bad"))
    assert production(store) == (2, 1)
    assert ledger(store).open is None and done(store) == [1, 2, 3, 2]
    assert history(store, NAME)[1].status is Status.PASS


@pytest.mark.parametrize("moved", [False, True])
def test_a_settlement_that_is_killed_converges(store, versions, monkeypatch, moved):
    """Also whoever ends what another has begun may be killed, before each of its writes."""
    request = PromotionRequest(NAME, BECAUSE, versions[1], versions[0])
    boundary = PROMOTION.index(promotion.move_the_champion) + moved
    killed(store, lambda: carry_out(store, request, dying_at(PROMOTION, boundary)))
    writes = ("set_registered_model_alias", "log_param") if moved else ("log_param",)
    for write in writes:
        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, write, die)
            killed(store, lambda: promoted(store, versions[1], versions[0]))
    promoted(store, versions[1], versions[0])
    assert production(store) == (2, 1) and done(store) == [1, 2]
    assert history(store, NAME)[1].status is Status.PASS


def test_the_lock_of_the_dead_is_free(store, versions, tmp_path):
    """Kill -9 while the lock is held: the next one proceeds at once."""

    def hold():
        with locked(store, NAME):
            (tmp_path / "held").touch()
            time.sleep(60)

    holder = apart(store, hold)
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    assert seconds(lambda: promoted(store, versions[1], versions[0])) < 5
    assert production(store) == (2, 1)


def test_a_lost_lock_stops_before_the_alias_moves(store, versions, wording):
    """When the lock file is taken away another promoter could come in: nothing is moved."""

    def lose(now):
        (store.folder / f"promote-{NAME}.lock").unlink()
        return now

    boundary = PROMOTION.index(promotion.move_the_champion)
    steps = (*PROMOTION[:boundary], lose, *PROMOTION[boundary:])
    asked = PromotionRequest(NAME, BECAUSE, versions[1], versions[0])
    lost = refusal(UnavailableError, carry_out, store, asked, steps)
    wording(str(lost).replace(str(store.folder), "STORE"))
    assert production(store) == (1, None)
    promoted(store, versions[1], versions[0])
    assert kinds(store)[2:] == [("intent", 2), ("abandoned", 2), ("intent", 2), ("done", 2)]


def test_a_writer_in_between_stops_the_move(store, versions, wording):
    """Whoever writes after the intent, by whatever lock, has the say; the alias stays."""

    def write(now):
        intruder = replace(now.intent, kind=Kind.ABANDONED)
        ledger_store.append(store, NAME, now.ledger, intruder)
        return now

    boundary = PROMOTION.index(promotion.move_the_champion)
    steps = (*PROMOTION[:boundary], write, *PROMOTION[boundary:])
    asked = PromotionRequest(NAME, BECAUSE, versions[1], versions[0])
    wording(refusal(ConflictError, carry_out, store, asked, steps))
    assert production(store) == (1, None)


def test_of_two_writers_one_gets_the_number(store, versions, wording):
    """The ledger itself is a compare-and-set, whatever lock is held; the same line twice is one entry."""
    read = ledger(store)
    draft = Entry(0, Kind.INTENT, "a", 2, 1, "", BECAUSE, "here", datetime.now(UTC))
    ledger_store.append(store, NAME, read, draft)
    wording(refusal(ConflictError, ledger_store.append, store, NAME, read, replace(draft, move="b")))
    assert [entry.move for entry in ledger(store).entries][2:] == ["a"]


@pytest.mark.parametrize(("age", "is_left_alone"), [(0, True), (100, True), (121, False)])
def test_an_intent_under_another_lock_is_left_alone_for_a_while(store, versions, age, is_left_alone):
    """Its writer may live where our lock does not reach; after two minutes it counts as dead."""
    draft = Entry(0, Kind.INTENT, "a", 3, 1, versions[2].digest, BECAUSE, "elsewhere", datetime.now(UTC))

    class Earlier(type(ledger(store))):
        def next(self, entry):
            return replace(super().next(entry), time=datetime.now(UTC) - timedelta(seconds=age))

    read = ledger(store)
    ledger_store.append(store, NAME, Earlier(read.entries, (), read.last, read.head), draft)
    if is_left_alone:
        with pytest.raises(ConflictError, match="by another lock"):
            promoted(store, versions[1], versions[0])
        assert production(store) == (1, None)
    else:
        promoted(store, versions[1], versions[0])
        assert production(store) == (2, 1)
        assert kinds(store)[2:] == [("intent", 3), ("abandoned", 3), ("intent", 2), ("done", 2)]


def test_an_overwritten_alias_is_noticed(store, versions):
    """The alias is read back: who promotes past lock and ledger is found out."""

    def overwrite(now):
        store.client.set_registered_model_alias(NAME, "champion", "3")
        return now

    boundary = PROMOTION.index(promotion.move_the_champion) + 1
    with pytest.raises(ConflictError, match="reads version 3"):
        carry_out(
            store,
            PromotionRequest(NAME, BECAUSE, versions[1], versions[0]),
            (*PROMOTION[:boundary], overwrite, *PROMOTION[boundary:]),
        )
    promoted(store, versions[1], versions[2])
    assert kinds(store)[2:] == [("intent", 2), ("abandoned", 2), ("found", 3), ("intent", 2), ("done", 2)]


def test_a_version_that_is_gone_is_a_conflict(store, versions, wording):
    """Neither promoted, nor taken for a first release when it was the champion and its alias went with it."""
    store.client.delete_model_version(NAME, "1")
    assert production(store) == (None, None)
    gone = refusal(ConflictError, model_files.load, store, versions[0])
    wording(gone, refusal(ConflictError, promoted, store, versions[1], None))
    roll_back(store, NAME, RollbackRequest("the champion was deleted", to=2, is_forced=True))
    promoted(store, versions[2], versions[1])
    assert production(store) == (
        3,
        None,
    )  # its gates promoted neither 2, which was forced in, nor what is left


def test_another_digest_in_the_registry_is_refused(store, versions):
    """A version whose digest was changed after it was judged is not promoted."""
    store.client.set_model_version_tag(NAME, "2", "digest", "0" * 64)
    with pytest.raises(ConflictError, match="another digest"):
        promoted(store, versions[1], versions[0])
    assert production(store) == (1, None)


def with_golden(golden):
    """A model with other golden rows."""
    return replace(plain_shipment(), golden=golden)


def test_other_answers_are_refused(store, versions, wording):
    """One bit of one probability, or one decision, and the version stays where it is."""
    golden = plain_shipment().golden
    odd = [
        replace(golden, probability=(golden.probability[0] + 2**-53, *golden.probability[1:])),
        replace(golden, threshold=(0.3, *golden.threshold[1:])),
        replace(golden, decision=(not golden.decision[0], *golden.decision[1:])),
        replace(golden, numbers={"pace": golden.numbers["speed"]}),
        Golden({}, {}, (), (), ()),
    ]
    for wrong in odd:
        (version,) = registered(store, 1, with_golden(wrong))
        assert refusal(DataError, promoted, store, version, versions[0]).exit_code == 1
    (version,) = registered(store, 1, with_golden(None))
    wording(refusal(DataError, promoted, store, version, versions[0]))
    assert production(store) == (1, None) and kinds(store) == [("intent", 1), ("done", 1)]


def test_a_broken_chain_stops_promotions_but_not_a_forced_way_back(store, versions, mlflow_home, wording):
    """Who has changed one line is found out; production can still be saved."""
    promoted(store, versions[1], versions[0])
    with closing(sqlite3.connect(mlflow_home / "mlflow.db")) as connection:
        connection.execute("UPDATE params SET value = replace(value, 'ann', 'eve') WHERE key = '0002'")
        connection.commit()
    forward = refusal(ConflictError, promoted, store, versions[2], versions[1])
    wording(forward, refusal(ConflictError, roll_back, store, NAME, RollbackRequest("bad")))
    roll_back(store, NAME, RollbackRequest("bad", to=1, is_forced=True))
    assert production(store) == (1, None)


def test_a_deleted_ledger_comes_back(store, versions):
    """Deleting its run in the UI makes no first release of the next one."""
    experiment = store.client.get_experiment_by_name(ledger_store.EXPERIMENT)
    (run,) = store.client.search_runs([experiment.experiment_id])
    store.client.delete_run(run.info.run_id)
    store.client.delete_experiment(experiment.experiment_id)
    promoted(store, versions[1], versions[0])
    assert done(store) == [1, 2]


def test_two_ledgers_are_refused(store, versions, wording):
    """Which one counts cannot be decided, so neither is written."""
    experiment = store.client.get_experiment_by_name(ledger_store.EXPERIMENT).experiment_id
    other = store.client.create_run(experiment, tags={"logitgate.ledger": NAME})
    promoted(store, versions[1], versions[0])  # an empty one says nothing
    store.client.log_param(other.info.run_id, "0001", "{}")
    wording(refusal(ConflictError, promoted, store, versions[2], versions[1]))
