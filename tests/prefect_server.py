"""One Prefect server for all processes that test at the same time; starting one costs seconds."""

import os
import sys
import time
import urllib.request
from contextlib import ExitStack, closing, contextmanager, suppress
from socket import create_server
from urllib.error import URLError

from filelock import FileLock

from logitgate_flows.server import prefect_server as script

_IDLE_SERVICES = (
    "CANCELLATION_CLEANUP",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",
    "SCHEDULER",
    "TRIGGERS",
)
"""What a Prefect server does beside answering: nothing that a flow in a test waits for."""


@contextmanager
def shared(folder):
    """Use the server of this folder, begun by whoever comes first; it ends after its last user.

    Its standard input is a named pipe that each user holds open; the pipe closes for the killed as well.
    """
    held = folder / "held"
    with FileLock(folder / "starting"):
        if not held.exists():
            os.mkfifo(held)
        user = os.open(held, os.O_RDWR)
        known = folder / "address"
        address = known.read_text("utf-8") if known.exists() else ""
        if not _answers(address):  # nor does one whose last user has ended before
            address = _begun(folder, held)
            known.write_text(address, "utf-8")
    try:
        yield address
    finally:
        os.close(user)


def _begun(folder, held):
    services = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _IDLE_SERVICES}
    environment = {**os.environ, **services, "PREFECT_HOME": str(folder / "prefect")}
    with closing(create_server(("127.0.0.1", 0))) as listening, held.open("rb") as end:
        port, words = listening.getsockname()[1], (sys.executable, "-P", script.__file__, "3")
        numbers = [(os.POSIX_SPAWN_DUP2, end.fileno(), 0), (os.POSIX_SPAWN_DUP2, listening.fileno(), 3)]
        os.posix_spawn(words[0], words, environment, file_actions=numbers)
    address, until = f"http://127.0.0.1:{port}/api", time.monotonic() + 120
    while time.monotonic() < until:
        if _answers(address):
            return address
        time.sleep(0.05)
    raise AssertionError("the Prefect server did not start")


def _answers(address):
    with suppress(URLError, TimeoutError, ConnectionError, ValueError):
        urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310 - begun here
        return True
    return False


@contextmanager
def named_in_the_settings(address):
    """Let flows of this process use a server; at the end of the block all their events are sent."""
    from prefect.context import _temporary_global_settings_context, get_settings_context
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with ExitStack() as settings:
        settings.enter_context(temporary_settings({PREFECT_API_URL: address}))
        # For threads, whose context is not this one's.
        settings.enter_context(_temporary_global_settings_context(get_settings_context()))
        yield
        for worker in (APILogWorker, EventsWorker):
            worker.drain_all()
