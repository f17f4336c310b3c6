"""Starting a command: the environment first, then the heavy imports, without the garbage collector."""

from __future__ import annotations

import atexit
import gc
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TypeAlias

from logitgate.environment import do_without_a_server, home, prepare
from logitgate.errors import LogitgateError
from logitgate.orchestrator import ADDRESS, named_server, why_unavailable
from logitgate.redaction import redacted, without_secrets
from logitgate_flows.server.fork import ForkedServer, forked

_Server: TypeAlias = "subprocess.Popen[bytes] | ForkedServer"
_PATIENCE_SECONDS, _LONGEST_ANSWER = 120.0, 5.0


@contextmanager
def started() -> Iterator[None]:
    """Prepare the environment, and spare the imports in the block the collector's scans."""
    prepare(home())
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def server_meanwhile() -> Iterator[None]:
    """Let a temporary Prefect server start during the imports in the block, and while a new store is made.

    With a server in the settings nothing is started, unless that is away: then people are warned, and the
    same work is done as if none were named. A temporary one that does not start is left to the flow, which
    starts its own and says why.
    """
    if has_server():
        yield
        return
    server, port = _serve()
    try:
        yield
        _make_store()
    except BaseException:
        _end(server)
        raise
    if _answers(server, port):
        _adopt(server, port)


def unhurried() -> AbstractContextManager[object]:
    """Turn heartbeats off without a server: none receives them, and each rounds a flow up to a second."""
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    address = os.environ.get(ADDRESS)
    if address:
        return nullcontext()
    away = {PREFECT_API_URL: None} if address == "" else {}
    if not away and PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() is None:
        return nullcontext()
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, **away})


def has_server() -> bool:
    """Whether one runs already, or Prefect finds one in its settings, found out without its slow import."""
    if "prefect.server.api.server" in sys.modules:
        from prefect.server.api.server import SubprocessASGIServer

        if SubprocessASGIServer().running:
            return True
    if "prefect" in sys.modules:
        from prefect.settings import PREFECT_API_URL

        return bool(PREFECT_API_URL.value())
    address = named_server()
    reason = why_unavailable(address) if address else None
    if reason is not None:
        failure = f"Prefect server {redacted(address)}: {without_secrets(reason)}"
        print(f"logitgate: {failure}; the work is done without it", file=sys.stderr)  # noqa: T201 - for people
        do_without_a_server(home())
        return False
    return bool(address)


def _make_store() -> None:
    """Make the embedded store, where there is none: it takes two seconds that the server needs as well."""
    from logitgate.tracking.store import open_store

    if not os.environ.get("MLFLOW_TRACKING_URI"):
        with suppress(LogitgateError):  # the flow asks again, and says why
            open_store(home())


def _serve() -> tuple[_Server, int]:
    """Start the server on a free port that is taken from now on; who asks early waits in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = forked(listening) or _spawned(listening)
        # Before Prefect registers anything: at the end it still has events to send, and then the server goes.
        atexit.register(_end, server)
        return server, listening.getsockname()[1]


def _spawned(listening: socket.socket) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("prefect_server.py")
    # -P: the folder of the script is none to import from.
    words = [sys.executable, "-P", str(script), str(listening.fileno())]
    return subprocess.Popen(  # noqa: S603 - our own script
        words, pass_fds=[listening.fileno()], stdin=subprocess.PIPE
    )


def _answers(server: _Server, port: int) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=_LONGEST_ANSWER).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
        else:
            return True
    return False


def _adopt(server: _Server, port: int) -> None:
    """Make it the temporary server that Prefect would start itself."""
    from prefect.server.api.server import SubprocessASGIServer

    own = SubprocessASGIServer()
    own.port, own.running = port, True
    own.server_process = server  # type: ignore[assignment]


def _end(server: _Server) -> None:
    server.terminate()
    try:
        server.wait(_LONGEST_ANSWER)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
