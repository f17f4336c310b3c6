"""A real MLflow server, and a line to it that falls silent or breaks at a moment that a test chooses."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

CHUNK = 65_536


def free_port():
    """A port of this machine without a listener."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def mlflow_server(folder, database):
    """Serve a database with `mlflow server`, files through the server; give its port."""
    port = free_port()
    words = (
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *(
            "--workers",
            "1",
            "--backend-store-uri",
            database,
            "--artifacts-destination",
            str(folder / "files"),
        ),
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment = {**kept, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            words, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(port, server)
            yield port
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            server.wait(30)


def _wait_for(port, server):
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
            return
        time.sleep(0.2)
    raise AssertionError("the MLflow server did not start")


class Line:
    """Forwards to a server until the words `until` come along; then it is silent, or dead, until healed."""

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.until, self.fate = None, None
        self._fallen = threading.Event()
        self._open = []
        self._listen()

    @property
    def url(self):
        """Where clients call."""
        return f"http://127.0.0.1:{self.port}"

    def fail(self, fate, until):
        """Let the line be `silent` or `dead` as soon as these words are sent over it."""
        self.fate, self.until = fate, until

    def heal(self):
        """Work again; what was open stays lost."""
        was_dead = self._fallen.is_set() and self.fate == "dead"
        self._drop()
        self.until = self.fate = None
        self._fallen.clear()
        if was_dead:
            self._listen()

    def close(self):
        """End it."""
        self._hang_up()
        self._drop()

    @property
    def has_fallen(self):
        """Whether the words came along."""
        return self._fallen.is_set()

    def _listen(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._open.append(client)
            if self._fallen.is_set():
                continue  # taken, and never answered
            server = socket.create_connection(("127.0.0.1", self.target))
            self._open.append(server)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self.until and self.until in data:
                    self._fall()
                if self._fallen.is_set():
                    return
                sink.sendall(data)
            if not self._fallen.is_set():  # who is silent does not say goodbye either
                sink.shutdown(socket.SHUT_WR)

    def _fall(self):
        self._fallen.set()
        if self.fate == "dead":
            self._hang_up()
            self._drop()

    def _hang_up(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, so the port is free
        self._listener.close()

    def _drop(self):
        while self._open:
            one = self._open.pop()
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
