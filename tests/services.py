"""Real services of a test's own, and questions to a Prefect server."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4


@contextlib.contextmanager
def started(words, environment, log):
    """Run a service until the end of the block; its own children end with it."""
    with log.open("wb") as got:
        service = subprocess.Popen(words, env=environment, stdout=got, stderr=got, start_new_session=True)
    try:
        yield service
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(service.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                service.wait(15)


def asked(url, body=None):
    """Return what a server answers to a question in JSON."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, sent, {"Content-Type": "application/json"})  # noqa: S310 - our server
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our server
        return json.load(answer)


def eventually(look, seconds, log=None):
    """Wait until a look finds something, and return it; logs of this folder tell why there was nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            found = look()
            if found:
                return found
        time.sleep(0.5)
    logs = [] if log is None else log.glob("*.log")
    raise AssertionError("\n".join(path.read_text()[-3_000:] for path in logs))


def start(api, name, **parameters):
    """Start a deployment as a slot would, and return its run's id."""
    flow, deployment = name.split("/")
    # A server on SQLite answers 503 while something else writes; by its key the same run is made once.
    body = {"parameters": parameters, "idempotency_key": uuid4().hex}

    def made():
        found = asked(f"{api}/deployments/name/{flow}/{deployment}")
        return asked(f"{api}/deployments/{found['id']}/create_flow_run", body)["id"]

    return eventually(made, 30)


def end_of(api, run, log):
    """Wait for the end of a run, and return its state."""

    def look():
        state = asked(f"{api}/flow_runs/{run}")["state"]
        return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    return eventually(look, 150, log)


def listening():
    """A real server that takes messages; return its address and what it was sent."""
    bodies = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    class Served:
        def __enter__(self):
            self.server = HTTPServer(("127.0.0.1", 0), Taker)
            threading.Thread(target=self.server.serve_forever, daemon=True).start()
            return f"127.0.0.1:{self.server.server_port}", bodies

        def __exit__(self, *_):
            self.server.shutdown()
            self.server.server_close()

    return Served()
