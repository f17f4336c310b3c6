"""The MLflow UI on a store, for this machine only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

from logitgate.tracking.links import Link, links
from logitgate.tracking.store import Store

_HOST = "127.0.0.1"
_TRIED = 20


def serve(store: Store, port: int) -> None:
    """Serve the UI on the loopback address until it is stopped; one worker, no job runner.

    A port that is busy is named, and the next free one taken.
    """
    free = free_port(port)
    if free != port:
        print(f"port {port} is busy; the next free one is {free}", flush=True)  # noqa: T201
    address = f"http://{_HOST}:{free}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.tracking_uri]
    command += ["--registry-store-uri", store.registry_uri, "--host", _HOST, "--port", str(free)]
    command += ["--workers", "1"]
    if store.artifact_root is not None:
        command += ["--default-artifact-root", store.artifact_root]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    print(page(address, links(store, address)), flush=True)  # noqa: T201
    _serve(command, environment)


def _serve(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the server until it ends, is interrupted or this process is asked to end: then it ends as well."""
    with subprocess.Popen(command, env=environment) as server:  # noqa: S603 - our own interpreter and store
        before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            server.wait()
        except KeyboardInterrupt:
            server.terminate()
        finally:
            signal.signal(signal.SIGTERM, before)


def free_port(port: int) -> int:
    """Return the port, or the first of the next 20 that nothing listens on; the port itself without one."""
    return next((one for one in range(port, min(port + _TRIED, 65_536)) if _is_free(one)), port)


def page(address: str, found: Iterable[Link]) -> str:
    """Return the address and the links that land right, one a line."""
    lines = [f"MLflow UI: {address} (Ctrl-C ends it)", *(f"  {one.what:<28} {one.url}" for one in found)]
    return "\n".join(lines)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((_HOST, port))
        except OSError:
            return False
    return True
