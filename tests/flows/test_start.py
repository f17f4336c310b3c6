"""The temporary Prefect server of a command: there when it is needed, gone with the command."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from logitgate.orchestrator import named_server, why_unavailable
from logitgate_flows.server.fork import ForkedServer

SCRIPT = """
import sys, time
from logitgate_flows.server.start import server_meanwhile, started
with started(), server_meanwhile():
    from logitgate_flows.messages import progress as steps
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
if sys.argv[1] == "run":
    from prefect import flow
    from logitgate_flows.run import _run
    tried = flow(lambda: print("flown"), name="tried")
    _run(tried, tried)
"""


@pytest.fixture
def begun(tmp_path):
    """Start a command that starts a server; its process, its server's id and address."""

    @contextlib.contextmanager
    def begin(what, _folder=None, **more):
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MLFLOW_"))
        }
        kept |= {
            "LOGITGATE_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
        }
        command = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, what],
            env=kept | more,
            cwd=_folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if _folder else None,
            text=True,
        )
        try:
            server, address = command.stdout.readline().split()
            yield command, int(server), address
        finally:
            command.kill()
            command.wait()
            command.stdout.close()
            if command.stderr:
                command.stderr.close()

    return begin


def is_gone(process, seconds=15):
    """Return whether a process ends within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError), Path(f"/proc/{process}/stat").open() as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.1)
    return False


@pytest.mark.acceptance
def test_a_flow_uses_it_and_it_ends_with_the_command(begun):
    """Prefect starts no second one; afterwards no process is left."""
    with begun("flow") as (command, server, _):
        said, _ = command.communicate(timeout=90)
        assert command.returncode == 0 and "flown" in said
        assert is_gone(server)


@pytest.mark.acceptance
def test_a_killed_command_leaves_no_server(begun):
    """kill -9 runs no handler; the server sees its input close."""
    with begun("wait") as (command, server, _):
        assert server
        command.send_signal(signal.SIGKILL)
        command.wait()
        assert is_gone(server)


def test_with_a_server_in_the_settings_none_is_started(begun, prefect_server):
    """It is there, so it is used."""
    from prefect.settings import PREFECT_API_URL

    with begun("no", PREFECT_API_URL=PREFECT_API_URL.value()) as (_, server, _):
        assert server == 0


class _Answering(http.server.BaseHTTPRequestHandler):
    """Answers each path of a table by its code, every other one by 500."""

    codes: ClassVar = {}

    def do_GET(self):
        self.send_response(self.codes.get(self.path, 500))
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the standard library's

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def answering(**codes):
    """Give the address of a server that says it is ready or not, and can do nothing else."""
    known = type("Known", (_Answering,), {"codes": {f"/api/{name}": code for name, code in codes.items()}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), known) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.mark.acceptance
@pytest.mark.parametrize("ready", [500, 200])
def test_a_server_that_cannot_work_is_done_without(begun, tmp_path, ready):
    """Whether it says so, or only fails when the flow is to begin: a warning, and the same steps."""
    with answering(ready=ready) as address:
        (tmp_path / ".env").write_text(f"PREFECT_API_URL='http://me:s3cret@{address}'\n")
        with begun("run", _folder=tmp_path) as (command, server, _):
            assert bool(server) == (ready == 500)
            said, warned = command.communicate(timeout=150)
    assert command.returncode == 0 and "flown" in said, warned
    assert f"Prefect server http://{address}: " in warned and "the work is done without it" in warned
    assert "s3cret" not in warned


def test_why_a_server_is_not_used(monkeypatch):
    """Gone, silent, broken, no address: each reason is named, and who answers anything else is there."""
    monkeypatch.setenv("LOGITGATE_PATIENCE", "0.3")
    with answering(ready=503) as broken, answering(ready=200) as well, answering(ready=401) as asks:
        assert why_unavailable(f"http://{broken}") == "it answers 503"
        assert why_unavailable(f"http://me:secret@{well}/") is None
        assert why_unavailable(f"http://{asks}") is None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        assert why_unavailable(address) == "no answer within 0.3 s (LOGITGATE_PATIENCE)"
    assert why_unavailable(address) == "Connection refused"
    for wrong in ("localhost:4200", "http://me:word/x@host", "http://"):
        assert why_unavailable(wrong) == "it is no address of a server"


WAYS = {
    "nothing": ({}, {}),
    "environment": ({}, {"PREFECT_API_URL": "http://env/api"}),
    "none in the environment": ({".env": "PREFECT_API_URL=http://dotenv/api"}, {"PREFECT_API_URL": ""}),
    ".env": (
        {".env": "export PREFECT_API_URL='http://dotenv/api'\n", "prefect.toml": "[api]\nurl='http://x'"},
        {},
    ),
    "prefect.toml": ({"prefect.toml": "[api]\nurl = 'http://toml/api'"}, {}),
    "pyproject.toml": ({"pyproject.toml": "[tool.prefect.api]\nurl = 'http://pyproject/api'"}, {}),
    "profile": ({"home/profiles.toml": "active='a'\n[profiles.a]\nPREFECT_API_URL='http://profile/api'"}, {}),
    "another profile": (
        {"home/profiles.toml": "active='a'\n[profiles.a]\n[profiles.b]\nPREFECT_API_URL='http://b/api'"},
        {"PREFECT_PROFILE": "b"},
    ),
    "a profile that no file has": ({}, {"PREFECT_PROFILE": "local"}),
    "broken files": ({".env": "\0", "prefect.toml": "[", "home/profiles.toml": "active = 3"}, {}),
}

ORACLE = """
import json, os, sys
from pathlib import Path
from prefect.settings import get_current_settings
os.chdir(sys.argv[1])
from prefect.settings.models.root import Settings
found = {}
for way in sorted(Path(sys.argv[1]).iterdir()):
    os.chdir(way)
    changes = json.loads((way / "changes.json").read_text()) | {"PREFECT_HOME": str(way / "home")}
    os.environ.update(changes)
    try:
        found[way.name] = Settings().api.url or ""
    except Exception:
        found[way.name] = ""
    for name in changes:
        del os.environ[name]
print(json.dumps(found))
"""


def test_every_way_of_naming_a_server_is_found(tmp_path, monkeypatch):
    """As Prefect itself sees it, by the environment, files of the folder and profiles."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    found = {}
    for way, (files, changes) in WAYS.items():
        folder = tmp_path / way
        (folder / "home").mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / "changes.json").write_text(json.dumps(changes))
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in (changes | {"PREFECT_HOME": str(folder / "home")}).items():
                patch.setenv(name, value)
            found[way] = named_server()
    asked = subprocess.run(
        (sys.executable, "-c", ORACLE, str(tmp_path)), capture_output=True, text=True, timeout=60, check=True
    )
    assert found == json.loads(asked.stdout.splitlines()[-1])
    assert sum(bool(address) for address in found.values()) == 6


def test_a_forked_server_is_asked_as_a_process_of_subprocess_is():
    """Prefect ends its server by these: it runs, is waited for, is ended; to end it again does nothing."""
    sleep = os.posix_spawn(sys.executable, (sys.executable, "-c", "import time; time.sleep(60)"), os.environ)
    server = ForkedServer(sleep, held=-1)
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.05)
    assert server.poll() is None
    server.terminate()
    assert server.wait(30) == -signal.SIGTERM
    server.kill()
    assert server.poll() == -signal.SIGTERM
