"""A Prefect server for the tests of one process."""

import os
import sys
import time
import urllib.request
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from socket import create_server
from urllib.error import URLError

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
def running(folder):
    """Use a server of one's own, with its database in a folder.

    Several processes must not share one: SQLite's locks make it answer 503, whereupon Prefect's client waits
    for seconds, and now and then it does not answer for a minute. Its standard input is a pipe that this
    process holds open; the pipe closes for the killed as well.
    """
    services = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _IDLE_SERVICES}
    environment = {**os.environ, **services, "PREFECT_HOME": str(folder / "prefect")}
    end, held = os.pipe()
    try:
        with closing(create_server(("127.0.0.1", 0))) as listening:
            port, words = listening.getsockname()[1], (sys.executable, "-P", script.__file__, "3")
            numbers = [(os.POSIX_SPAWN_DUP2, end, 0), (os.POSIX_SPAWN_DUP2, listening.fileno(), 3)]
            os.posix_spawn(words[0], words, environment, file_actions=numbers)
        os.close(end)
        yield _answering(f"http://127.0.0.1:{port}/api")
    finally:
        os.close(held)


def _answering(address):
    until = time.monotonic() + 120
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
    """Let flows of this process use a server; at the end of the block all their events are sent.

    Without heartbeats, as commands run them: to turn these off anew, each would make all settings again.
    """
    from prefect.context import _temporary_global_settings_context, get_settings_context
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with ExitStack() as settings:
        served = {PREFECT_API_URL: address, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        settings.enter_context(temporary_settings(served))
        # For threads, whose context is not this one's.
        settings.enter_context(_temporary_global_settings_context(get_settings_context()))
        yield
        for worker in (APILogWorker, EventsWorker):
            worker.drain_all()


@contextmanager
def unserved():
    """Let commands do without a server, as they do where a user names none; a training would start one."""
    from prefect.context import SettingsContext, get_settings_context

    with SettingsContext(profile=get_settings_context().profile, settings=_without_a_server()):
        yield


@cache
def _without_a_server():
    """Return settings that name no server: to make them takes as long as to score a table."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: None}) as settings:
        return settings
