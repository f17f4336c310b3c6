"""Bounds on waiting for Prefect: a command ends soon after its work, even when the server does not answer."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from logitgate_flows.messages.error_text import in_our_words

GRACE_SECONDS = 9.0
"""How long Prefect may take to note that a flow has ended."""

FAREWELL_SECONDS = 3.0
"""How long it may take, at the very end, to send its last messages."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """What has become of a flow."""

    begun: threading.Event = field(default_factory=threading.Event)
    returned: threading.Event = field(default_factory=threading.Event)


_RETURNED: ContextVar[_Flow | None] = ContextVar("returned", default=None)


@contextmanager
def watchdog() -> Iterator[threading.Event]:
    """Run a flow, bound how long its end may take after `work`, and end in order on SIGTERM.

    Without a handler below its own, Prefect lets SIGTERM end the process on the spot, and the server that it
    started for it stays behind for ever. The event tells whether the work has begun.
    """
    flow = _Flow()
    token = _RETURNED.set(flow)
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _leave_in_order) if is_main else None
    try:
        yield flow.begun
    finally:
        flow.returned.set()
        _RETURNED.reset(token)
        if is_main:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def work() -> Iterator[None]:
    """Do the work of a flow; from its end on Prefect has `GRACE_SECONDS`, and our words for errors."""
    flow = _RETURNED.get()
    if flow is not None:
        flow.begun.set()
    try:
        with in_our_words():
            yield
    finally:
        if flow is not None:
            threading.Thread(target=_watch, args=[flow.returned], daemon=True).start()


def leave(code: str | int | None) -> None:
    """End the process with this code a few seconds from now, if it has not ended by then."""
    number = code if isinstance(code, int) else int(code is not None)
    goodbye = threading.Timer(FAREWELL_SECONDS, _end, [number])
    goodbye.daemon = True
    goodbye.start()


def _watch(returned: threading.Event) -> None:
    if not returned.wait(GRACE_SECONDS):
        message = (
            f"Prefect: did not answer for {GRACE_SECONDS:g} s after the work was done; "
            "see that its server runs, and run again to get the outcome"
        )
        if "--json" in sys.argv:
            print(json.dumps({"status": "ERROR", "error": message, "exit_code": 3}))  # noqa: T201
        print(f"logitgate: {message}", file=sys.stderr)  # noqa: T201 - the command's output
        _end(3)


def _end(code: int) -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _leave_in_order(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
