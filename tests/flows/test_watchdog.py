"""No command waits for minutes for a Prefect that is gone, and SIGTERM leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logitgate import environment
from logitgate_flows.server.prefect_server import NAME
from tests import victims
from tests.command import close, empty_home, opened

_SLOW = """
import sys, threading, time
from logitgate_flows.server import watchdog
watchdog.GRACE_SECONDS = watchdog.FAREWELL_SECONDS = 0.3
"""


def _python(code):
    started = time.monotonic()
    got = subprocess.run(
        (sys.executable, "-c", _SLOW + code), capture_output=True, text=True, timeout=30, check=False
    )
    return got, time.monotonic() - started


def test_a_prefect_that_does_not_note_the_end_is_left():
    """The work is over and the flow does not come back: exit 3 with the way to the outcome."""
    got, took = _python(
        "with watchdog.watchdog():\n    with watchdog.work():\n        time.sleep(1)\n    time.sleep(20)"
    )
    assert got.returncode == 3 and "run again to get the outcome" in got.stderr
    assert 1 < took < 10


def test_work_itself_is_never_cut_short():
    """As long as it lasts the clock is not read, and a flow that comes back is left alone."""
    got, _ = _python(
        "with watchdog.watchdog():\n    with watchdog.work():\n        time.sleep(1)\n"
        "time.sleep(1)\nprint('all of it')"
    )
    assert (got.returncode, got.stdout) == (0, "all of it\n")


@pytest.mark.parametrize(("code", "expected"), [("1", 1), ("None", 0), ("'no'", 1)])
def test_what_prefect_still_has_to_send_delays_no_exit(code, expected):
    """At the very end its threads are left behind after a moment, with the exit code that was meant."""
    got, took = _python(
        f"threading.Thread(target=time.sleep, args=[20]).start()\nwatchdog.leave({code})\nsys.exit({code})"
    )
    assert got.returncode == expected
    assert took < 10


def test_limits_are_only_set_where_a_server_is_named(monkeypatch, tmp_path):
    """An ephemeral server on a busy machine needs Prefect's own limits."""
    for name in (*environment.WITH_A_SERVER, "PREFECT_API_URL", "PREFECT_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    environment.prepare(tmp_path)
    assert not environment.WITH_A_SERVER.keys() & os.environ.keys()
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    environment.prepare(tmp_path)
    assert os.environ["PREFECT_API_REQUEST_TIMEOUT"] == "5"
    for name in environment.WITH_A_SERVER:
        monkeypatch.delenv(name)


@pytest.mark.acceptance
def test_sigterm_ends_a_real_training_in_order(mlflow_template, quick, tmp_path):
    """Exit 143, the run is KILLED, its lock free, and the Prefect server that it had started is gone too."""
    home = empty_home(tmp_path / "home", mlflow_template)
    kept = {name: one for name, one in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))}
    written = tmp_path / "log"
    with written.open("w") as log:
        started = subprocess.Popen(
            (sys.executable, "-m", "logitgate_flows", "train", str(quick)),
            env={**kept, "LOGITGATE_HOME": str(home)},
            cwd=Path(__file__).parents[2],
            stderr=log,
        )
        victims.wait_until(lambda: "read the rows" in written.read_text() or started.poll() is not None, 60)
        servers = _servers(home)
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 143, written.read_text()
    assert len(servers) == 1
    victims.wait_until(lambda: not _servers(home))
    store = opened(home)
    experiment = store.client.get_experiment_by_name("visits")
    runs = store.client.search_runs([experiment.experiment_id]) if experiment else []
    assert {run.info.status for run in runs} <= {"KILLED"}
    close(store)
    assert victims.run(quick, home, tmp_path / "again.json") == 0


def _servers(home):
    """The temporary Prefect servers of commands with this home."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name, got = (place / "comm").read_text().strip(), (place / "environ").read_bytes()
        except OSError:
            continue
        if name == NAME and f"LOGITGATE_HOME={home}\0".encode() in got:
            found.append(place.name)
    return found
