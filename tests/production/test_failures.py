"""Each operation on production when its store fails: the same few answers, production stays whole."""

import os
import shutil
import signal
import socket
from contextlib import contextmanager
from multiprocessing import get_context

import pytest

from logitgate.errors import HeldError, UnavailableError
from logitgate.limits import Bound
from logitgate.production import monitoring
from logitgate.production.promotion.lock import locked
from logitgate.production.promotion.promotion import PROMOTION, promote
from logitgate.production.promotion.rollback import RollbackRequest, roll_back
from logitgate.production.promotion.transaction import PromotionRequest, carry_out
from logitgate.production.repair import doctor
from logitgate.production.scoring.champion import champion
from logitgate.project.reading.load import load_project
from logitgate.tracking.store import open_store
from tests import projects
from tests.command import close, living_in, opened
from tests.releases import BECAUSE, NAME, production, promoted, registered
from tests.unreliable import free_port

FORK = get_context("fork")
OPERATIONS = ("promote", "roll back", "score", "monitor", "doctor")


@pytest.fixture(scope="module")
def template(mlflow_template, tmp_path_factory):
    """A home in which version 2 has taken the place of version 1, with the copy kept by scoring."""
    home = tmp_path_factory.mktemp("template") / "home"
    with living_in(home, mlflow_template):
        store = opened(home)
        versions = registered(store, 3)
        promoted(store, versions[0])
        promoted(store, versions[1], versions[0])
        assert champion(home, NAME).version.version == 2
        close(store)
    return home, versions


@pytest.fixture
def scene(template, mlflow_home, tmp_path):
    """A copy of it, the project of the versions, and the versions."""
    home, versions = template
    shutil.copytree(home, mlflow_home, dirs_exist_ok=True)
    return mlflow_home, load_project(projects.write(tmp_path / "project", projects.table(50))), versions


@contextmanager
def unreachable(home, versions, monkeypatch):
    """A server at whose address nothing listens."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    yield


@contextmanager
def silent(home, versions, monkeypatch):
    """A server that accepts and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        yield


@contextmanager
def held_elsewhere(home, versions, monkeypatch):
    """A promotion of another process that does not end."""
    monkeypatch.setattr("logitgate.production.promotion.lock.LOCK", Bound(0.2))
    holds, over = FORK.Event(), FORK.Event()

    def hold():
        with locked(open_store(home), NAME):
            holds.set()
            over.wait(60)

    process = FORK.Process(target=hold, daemon=True)
    process.start()
    assert holds.wait(30)
    yield
    over.set()
    process.join(30)


@contextmanager
def killed(home, versions, monkeypatch):
    """A promotion that was killed after its intent was written."""

    def die(_now):
        os.kill(os.getpid(), signal.SIGKILL)

    def begin():
        request = PromotionRequest(NAME, BECAUSE, versions[2], versions[1])
        boundary = [step.__name__ for step in PROMOTION].index("move_the_champion")
        carry_out(open_store(home), request, (*PROMOTION[:boundary], die))

    process = FORK.Process(target=begin)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    yield


FAILURES = {one.__name__: one for one in (unreachable, silent, held_elsewhere, killed)}

ANSWERS = {
    "unreachable": (UnavailableError, UnavailableError, UnavailableError, UnavailableError, UnavailableError),
    "silent": (UnavailableError, UnavailableError, UnavailableError, UnavailableError, UnavailableError),
    "held_elsewhere": (HeldError, HeldError, "version 2", "version 2", "nothing is wrong"),
    "killed": ("version 3", "version 1", "version 2", "version 2", "ledger"),
}
"""For each failure what the operations answer, in their order: an error or a result."""


def answer(operation, home, project, versions):
    """Do an operation as its command does, and say what came of it."""
    if operation == "score":
        return f"version {champion(home, NAME).version.version}"
    store = open_store(home)
    match operation:
        case "promote":
            request = PromotionRequest(NAME, BECAUSE, versions[2], versions[1])
            return f"version {promote(store, request).version}"
        case "roll back":
            return f"version {roll_back(store, NAME, RollbackRequest('bad')).version}"
        case "monitor":
            return f"version {monitoring.load_versions(store, project).champion.version}"
        case _:
            problems = doctor.examine(store, project)
            return problems[0].check if problems else "nothing is wrong"


CELLS = [(failure, *cell) for failure, row in ANSWERS.items() for cell in zip(OPERATIONS, row, strict=True)]


@pytest.mark.parametrize(("failure", "operation", "expected"), CELLS)
def test_an_operation_on_a_failed_store(failure, operation, expected, scene, monkeypatch):
    """It gives the declared answer; a refused one leaves production as it was."""
    home, project, versions = scene
    with FAILURES[failure](home, versions, monkeypatch):
        if isinstance(expected, str):
            assert answer(operation, home, project, versions) == expected
        else:
            with pytest.raises(expected):
                answer(operation, home, project, versions)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    store = opened(home)
    changed = isinstance(expected, str) and operation in ("promote", "roll back")
    after = {"promote": (3, 2), "roll back": (1, None)}[operation] if changed else (2, 1)
    assert production(store) == after
    close(store)
