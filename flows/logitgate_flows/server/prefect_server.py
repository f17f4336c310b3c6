"""The temporary Prefect server of one command: a process on a socket that was given to it.

It ends with the command, even when that is killed: it reads from a pipe that is never written to, and that
closes with the command.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

SETTINGS = {
    "PREFECT_UI_ENABLED": "0",
    # The command's flows use no blocks and no automations, and it does not live until something is late.
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "0",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "0",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
}
"""Settings of a temporary server, to be set before Prefect is imported."""
NAME = "prefect-server"
"""What the process is called on Linux: at most 15 letters."""
_ASKED = ("/admin", "/csrf-token", "/flow_runs", "/flows", "/events", "/artifacts")


def main() -> None:
    """Serve on the socket whose number is the only argument, until the standard input closes."""
    gc.disable()  # the imports make what stays; to look for garbage in it takes a second
    os.environ.update(SETTINGS)
    serve(socket.socket(fileno=int(sys.argv[1])), sys.stdin.fileno())


def serve(listening: socket.socket, held: int) -> None:
    """Serve on a socket until a pipe closes, whose end to be read from has this number."""
    with suppress(OSError):  # where there is no such file
        Path("/proc/self/comm").write_text(NAME)
    threading.Thread(target=partial(_end_with_the_command, held), daemon=True).start()
    import uvicorn
    from prefect.server.api import server as prefect

    prefect.API_ROUTERS = _asked_first(prefect.API_ROUTERS)
    app = prefect.create_app(ephemeral=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    gc.freeze()
    gc.enable()
    server.run(sockets=[listening])


def _asked_first(routers: tuple[APIRouter, ...]) -> Any:  # noqa: ANN401 - as many as there were
    """Put what a flow asks for before the rest: FastAPI makes each router ready that it passes by."""
    rank = {prefix: place for place, prefix in enumerate(_ASKED)}
    return tuple(sorted(routers, key=lambda router: rank.get(router.prefix, len(rank))))


def _end_with_the_command(held: int) -> None:
    os.read(held, 1)  # without a stream's lock, which a regular end would wait for
    os._exit(0)


if __name__ == "__main__":
    main()
