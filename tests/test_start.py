"""The temporary Prefect server of a command: there when it is needed, gone with the command."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from flows.start import server_meanwhile, started
with started(), server_meanwhile():
    from flows import steps
from prefect.server.api.server import SubprocessASGIServer
server = SubprocessASGIServer()
first = server.server_process
with server_meanwhile():
    pass
assert SubprocessASGIServer().server_process is first
print(server.server_process.pid if server.running else 0, server.api_url, flush=True)
if sys.argv[1] == "wait":
    time.sleep(120)
if sys.argv[1] == "flow":
    from prefect import flow
    flow(lambda: print("flown"), name="tried")()
"""


@pytest.fixture
def begun(tmp_path):
    """Start a command that starts a server; its process, its server's id and address."""

    @contextlib.contextmanager
    def begin(what, **more):
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MLFLOW_"))
        }
        kept |= {
            "LOGITGATE_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
        }
        command = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, what], env=kept | more, stdout=subprocess.PIPE, text=True
        )
        try:
            server, address = command.stdout.readline().split()
            yield command, int(server), address
        finally:
            command.kill()
            command.wait()
            command.stdout.close()

    return begin


def is_gone(process, seconds=15):
    """Return whether a process ends within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError), Path(f"/proc/{process}/stat").open() as told:
            if told.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.1)
    return False


def test_a_flow_uses_it_and_it_ends_with_the_command(begun):
    """Prefect starts no second one; afterwards nobody is left."""
    with begun("flow") as (command, server, _):
        said, _ = command.communicate(timeout=90)
        assert command.returncode == 0 and "flown" in said
        assert is_gone(server)


def test_a_killed_command_leaves_no_server(begun):
    """kill -9 runs no handler; the server sees its input close."""
    with begun("wait") as (command, server, _):
        assert server
        command.send_signal(signal.SIGKILL)
        command.wait()
        assert is_gone(server)


def test_with_a_server_in_the_settings_none_is_started(begun, tmp_path):
    """By the environment, or by a profile in Prefect's own folder."""
    with begun("no", PREFECT_API_URL="http://127.0.0.1:9/api") as (_, server, _):
        assert server == 0
    home = tmp_path / "own"
    home.mkdir()
    (home / "profiles.toml").write_text(
        'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'
    )
    with begun("no", PREFECT_HOME=str(home)) as (_, server, _):
        assert server == 0
