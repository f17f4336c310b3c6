"""Starting a command: the environment first, then the heavy imports, without the garbage collector."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from logitgate.edge.environment import home, prepare


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
    """Let an ephemeral Prefect server start while the imports in the block go on.

    With a server in the settings nothing is started. A server that does not start is left to the
    flow, which asks again and says why.
    """
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        yield
        return
    from prefect.server.api.server import SubprocessASGIServer

    starting = threading.Thread(target=_start, args=[SubprocessASGIServer()], daemon=True)
    starting.start()
    yield
    starting.join()


def _start(server: object) -> None:
    try:
        server.start()  # type: ignore[attr-defined]  # Prefect's own class, imported late
    except RuntimeError:
        return
