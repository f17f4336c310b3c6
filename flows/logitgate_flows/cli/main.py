"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

from typer import BadParameter

from logitgate.errors import LogitgateError
from logitgate_flows.cli import beginning, learning, operating, pages, production, replaying  # noqa: F401 - they add themselves
from logitgate_flows.cli.app import app
from logitgate_flows.messages.error_text import in_words, whole_trace

_USAGE_ERROR: Any = BadParameter.__base__
"""What typer raises for an unknown command or option; it has no public name there."""


def main() -> NoReturn:
    """Run a command; every refusal becomes a message and its exit code."""
    try:
        _run()
    except SystemExit as end:
        # A Prefect server that is gone would be waited for until each event was tried in vain.
        if os.environ.get("PREFECT_API_URL") and "prefect" in sys.modules:
            from logitgate_flows.server.watchdog import leave

            leave(end.code)
        raise
    raise SystemExit(0)


def _run() -> None:
    try:
        ended = app(standalone_mode=not _wants_json())
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a message
        if os.environ.get("LOGITGATE_DEBUG"):
            print(whole_trace(error), file=sys.stderr)  # noqa: T201
        if isinstance(error, _USAGE_ERROR):
            _refuse(error.format_message(), error.exit_code, "")
        known = error if isinstance(error, LogitgateError) else None
        exit_code, state = (known.exit_code, known.state) if known else (3, "")
        _refuse(in_words(error), exit_code, state)
    if ended:
        raise SystemExit(ended)


def _wants_json() -> bool:
    return "--json" in sys.argv


def _refuse(message: str, exit_code: int, state: str) -> NoReturn:
    if _wants_json():
        answer = {"status": "ERROR", "error": message, "exit_code": exit_code}
        print(json.dumps(answer | ({"state": state} if state else {})))  # noqa: T201
    print(f"logitgate: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(exit_code)


if __name__ == "__main__":
    main()
