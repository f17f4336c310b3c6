"""What a person sees of a running flow: each step, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from logitgate_flows.messages.error_text import in_our_words

SCREEN = Console(stderr=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step while it runs, and its seconds afterwards, on the error stream."""
    started = time.perf_counter()
    with SCREEN.status(f"{title} ..."), in_our_words():
        yield
    SCREEN.print(f"{title:<44} {time.perf_counter() - started:6.1f} s", style="dim", highlight=False)
