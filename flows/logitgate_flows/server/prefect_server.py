"""The temporary Prefect server of one command: a process on a socket that was given to it.

It ends with the command, even when that is killed: its standard input is a pipe that is never written to, and
that closes with the command.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading

_OF_A_TEMPORARY_SERVER = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


def main() -> None:
    """Serve on the socket whose number is the only argument."""
    gc.disable()  # the imports make what stays; to look for garbage in it takes a second
    os.environ.update(_OF_A_TEMPORARY_SERVER)
    listening = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error", lifespan="on"))
    gc.freeze()
    gc.enable()
    server.run(sockets=[listening])


def _end_with_the_command() -> None:
    os.read(sys.stdin.fileno(), 1)  # without the stream's lock, which a regular end would wait for
    os._exit(0)


if __name__ == "__main__":
    main()
