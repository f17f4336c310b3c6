"""The environment of a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logitgate import environment
from logitgate.errors import UnavailableError


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No variable of ours is set, and the current folder is an empty one."""
    for name in [*environment.DEFAULTS, "LOGITGATE_HOME", "PREFECT_HOME", "PREFECT_API_URL"]:
        monkeypatch.setenv(name, "x")  # so that it is restored afterwards, whatever the test sets
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_defaults_are_set(bare, tmp_path):
    """What was not set gets our value, and Prefect lives in our folder."""
    environment.prepare(tmp_path / "home")
    assert {name: os.environ[name] for name in environment.DEFAULTS} == environment.DEFAULTS
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "home" / "prefect")


def test_what_the_user_set_wins(bare, tmp_path):
    """Neither a thread count nor Prefect's folder is taken from the user."""
    bare.setenv("OPENBLAS_NUM_THREADS", "7")
    bare.setenv("PREFECT_HOME", "/somewhere")
    environment.prepare(tmp_path)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    assert os.environ["PREFECT_HOME"] == "/somewhere"


def test_a_prefect_server_keeps_its_own_home(bare, tmp_path):
    """With a Prefect server, no folder of ours is imposed."""
    bare.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    environment.prepare(tmp_path)
    assert "PREFECT_HOME" not in os.environ


def test_home_is_in_the_current_folder(bare, tmp_path):
    """Without anything said, the store is .logitgate here."""
    assert environment.home() == tmp_path / ".logitgate"


def test_home_can_be_named(bare, tmp_path):
    """LOGITGATE_HOME wins, and a relative one is made absolute."""
    bare.setenv("LOGITGATE_HOME", "elsewhere")
    assert environment.home() == tmp_path / "elsewhere"


def test_mlflow_run_writes_into_the_same_store(bare, tmp_path):
    """`mlflow run mlproject` changes into the folder of the MLproject file; the store stays above it."""
    inner = tmp_path / "mlproject"
    inner.mkdir()
    bare.chdir(inner)
    assert environment.home() == inner / ".logitgate"
    (inner / "MLproject").touch()
    assert environment.home() == tmp_path / ".logitgate"


def test_a_folder_that_is_gone_is_named(bare, tmp_path):
    """A current folder that was removed gives a refusal instead of a stack trace."""
    gone = tmp_path / "gone"
    gone.mkdir()
    bare.chdir(gone)
    gone.rmdir()
    try:
        with pytest.raises(UnavailableError, match="no longer exists"):
            environment.home()
    finally:
        os.chdir(tmp_path)


def test_no_vendor_is_imported():
    """The variables count only when they are set before the imports, so this module imports nothing heavy."""
    code = (
        "import sys, logitgate.environment\n"
        "heavy = {'mlflow', 'prefect', 'great_expectations', 'numpy', 'pandas', 'sklearn', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(environment.__file__).parents[2])},
    )
    assert found.stdout.strip() == "[]"
