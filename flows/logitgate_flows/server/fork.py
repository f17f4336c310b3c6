"""A temporary server as a fork of the command, which spares it the imports that both need."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from logitgate_flows.server.prefect_server import SETTINGS, serve

_TASKS = Path("/proc/self/task")
_PAUSE_SECONDS = 0.02


class ForkedServer:
    """A forked process, asked as `subprocess.Popen` is: Prefect ends its server by that."""

    def __init__(self, pid: int, held: int) -> None:
        """Hold the end of the pipe whose closing ends the process."""
        self.pid, self._held = pid, held
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most so many seconds, and return the exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still runs.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("the temporary Prefect server", timeout or 0.0)
            time.sleep(_PAUSE_SECONDS)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def forked(listening: socket.socket) -> ForkedServer | None:
    """Fork a server on a socket, after the import of Prefect; None where this process cannot be forked.

    It can on Linux, as long as it has one thread: another one's locks would stay locked in the fork.
    """
    if sys.platform != "linux" or "prefect" in sys.modules:
        return None
    os.environ.update(SETTINGS)
    import prefect  # noqa: F401 - for both processes
    import sqlalchemy.orm  # noqa: F401

    if len(list(_TASKS.iterdir())) > 1:
        return None
    gc.freeze()
    held, end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(held)
        return ForkedServer(pid, end)
    code = 1
    try:
        os.close(end)
        serve(listening, held)
        code = 0
    except Exception:  # noqa: BLE001 - there is no caller to print it
        traceback.print_exc()
    finally:
        os._exit(code)
