"""The lock of a shared store: an advisory lock of a real PostgreSQL, and what happens when it is lost."""

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from logitgate.errors import ConflictError, NoAnswerError, UnavailableError
from logitgate.production.promotion.lock import LOCK_URL, locked
from logitgate.production.promotion.promotion import PROMOTION, move_the_champion
from logitgate.production.promotion.transaction import PromotionRequest, carry_out
from logitgate.tracking.store import open_store, reached
from tests.databases import postgresql
from tests.releases import BECAUSE, NAME, done, ledger, production, promoted, registered
from tests.unreliable import Line

ROUNDS = 8


@pytest.fixture(scope="module")
def database():
    """A real PostgreSQL."""
    with postgresql() as server:
        yield server


@pytest.fixture
def shared(database, monkeypatch):
    """Everybody who promotes is asked to lock there."""
    monkeypatch.setenv(LOCK_URL, database.url.replace("+psycopg", ""))
    return database


def query(database, question):
    """Ask the database itself."""
    engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(question))
        answer = result.fetchall() if result.returns_rows else []
    engine.dispose()
    return answer


def sessions(database):
    """Processes of sessions that hold an advisory lock."""
    return [
        row[0] for row in query(database, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
    ]


def test_only_one_at_a_time_and_each_model_for_itself(store, shared):
    """Who comes second waits for the first, but not for the promotion of another model."""
    order = []

    def second():
        with locked(store, "visits"):
            order.append("second")

    with locked(store, "visits") as lock:
        assert lock.is_shared and lock.is_held() and len(sessions(shared)) == 1
        other = threading.Thread(target=second)
        other.start()
        with locked(store, "flights"):
            assert len(sessions(shared)) == 2
        time.sleep(0.4)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
    assert sessions(shared) == []


def test_a_lost_session_stops_before_production_changes(store, shared):
    """Its lock is gone: exit 3, the alias stays, and the next promotion puts it right."""
    versions = registered(store, 2)
    promoted(store, versions[0])

    def lose_it(now):
        query(shared, f"SELECT pg_terminate_backend({sessions(shared)[0]})")
        return now

    place = PROMOTION.index(move_the_champion)
    steps = (*PROMOTION[:place], lose_it, *PROMOTION[place:])
    with pytest.raises(UnavailableError, match="was lost on the way"):
        carry_out(store, PromotionRequest(NAME, BECAUSE, versions[1], versions[0]), steps)
    assert production(store) == (1, None)
    assert ledger(store).open is not None
    promoted(store, versions[1], versions[0])
    assert production(store) == (2, 1) and ledger(store).open is None


def test_two_promoters_on_one_database(database, tmp_path, monkeypatch, request):
    """The tracking store itself is PostgreSQL: one wins each round, the other must judge again."""
    name = "mlflow_shared"
    query(database, f"CREATE DATABASE {name}")
    uri = database.url.replace("/postgres", f"/{name}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ARTIFACT_URI", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    one, other = (open_store(tmp_path / "home") for _ in range(2))
    versions = registered(one, 3)
    promoted(one, versions[0])
    ends = []

    def race(store, lane, there, barrier):
        barrier.wait()
        wanted = versions[(there.version - 1 + lane) % 3]
        try:
            promoted(store, wanted, there)
            ends.append("won")
        except ConflictError:
            ends.append("conflict")

    for _ in range(ROUNDS):
        there = replace(versions[production(one)[0] - 1])
        barrier = threading.Barrier(2, timeout=30)
        lanes = [
            threading.Thread(target=race, args=(store, lane, there, barrier))
            for lane, store in ((1, one), (2, other))
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join(60)
    assert sorted(ends) == ["conflict"] * ROUNDS + ["won"] * ROUNDS
    moves = done(one)
    assert len(moves) == ROUNDS + 1 and moves[-1] == production(one)[0]
    assert sessions(database) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root@localhost/x", "is not of PostgreSQL"),
        ("no url", "is no SQLAlchemy URL"),
        ("postgresql://nobody:secret@127.0.0.1:9/x", "cannot be reached"),
    ],
)
def test_a_lock_that_cannot_be_had_is_said(store, monkeypatch, url, said):
    """Exit 3, without the password."""
    monkeypatch.setenv(LOCK_URL, url)
    with pytest.raises(UnavailableError, match=said) as refused, locked(store, "visits"):
        pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("until", [b"pg_try_advisory_lock", b"pg_locks", b"pg_control_system"])
def test_a_database_that_falls_silent_is_given_up(database, store, monkeypatch, until):
    """It, or a proxy before it, takes the question and says nothing: no lock, or one that is held no more."""
    line = Line(database.port)
    monkeypatch.setenv("LOGITGATE_PATIENCE", "1")
    monkeypatch.setenv(LOCK_URL, database.url.replace(str(database.port), str(line.port)))
    line.fail("silent", until)
    began = time.monotonic()
    if until == b"pg_locks":
        with locked(store, "visits") as lock:
            assert not lock.is_held()
    else:
        with pytest.raises(UnavailableError, match="cannot be reached"), locked(store, "visits"):
            pass
    assert line.has_fallen and time.monotonic() - began < 5
    line.close()


def test_a_tracking_store_that_falls_silent_is_given_up(database, tmp_path, monkeypatch):
    """MLflow's own connections are bounded alike, whichever question it is; in between they work."""
    query(database, "CREATE DATABASE mlflow_silent")
    line = Line(database.port)
    uri = f"postgresql://logitgate@127.0.0.1:{line.port}/mlflow_silent"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    opened = open_store(tmp_path / "home")
    monkeypatch.setenv("LOGITGATE_PATIENCE", "1")
    line.fail("silent", b"INSERT INTO experiments")
    opened.client._tracking_client.store.engine.dispose()
    began = time.monotonic()
    with pytest.raises(NoAnswerError), reached(opened):
        opened.client.create_experiment("never", artifact_location="x:/")
    assert line.has_fallen and time.monotonic() - began < 6
    line.heal()
    assert opened.client.create_experiment("now", artifact_location="x:/")
    opened.client._tracking_client.store.engine.dispose()
    line.close()
