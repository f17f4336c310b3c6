"""What a person sees of a running flow: each step that lasts, how long it takes, and how long it took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from logitgate.environment import home
from logitgate_flows.messages.error_text import in_our_words

SCREEN = Console(stderr=True)
LASTS = 2.0
"""Seconds from which on a step is worth a word."""
_FILE = "steps.json"


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step that lasts while it runs, with the time left as the last such step took, on stderr."""
    started = time.perf_counter()
    shown = Progress(title, started, _remembered().get(title))
    live = Live(shown, console=SCREEN, refresh_per_second=4, transient=True)
    with live if SCREEN.is_interactive else nullcontext(), in_our_words():
        yield
    seconds = time.perf_counter() - started
    if seconds >= LASTS or not SCREEN.is_terminal:  # a log keeps every step
        SCREEN.print(f"{title:<44} {seconds:6.1f} s", style="dim", highlight=False)
    _remember(title, seconds)


@dataclass(frozen=True, slots=True)
class Progress:
    """A running step as it is drawn: nothing before it lasts, then its seconds and those that are left.

    Parameters
    ----------
    title : str
    started : float
        By `time.perf_counter`.
    last : float, optional
        Seconds that the same step took the last time.
    """

    title: str
    started: float
    last: float | None = None

    def text(self, now: float) -> str:
        """Return what is shown at a moment."""
        elapsed = now - self.started
        if elapsed < LASTS:
            return ""
        left = "" if self.last is None else f", about {max(self.last - elapsed, 0):.0f} s left"
        return f"{self.title}: {elapsed:.0f} s{left}"

    def __rich__(self) -> RenderableType:
        """Return the text of this moment."""
        return Text(self.text(time.perf_counter()), style="dim")


def _remembered() -> dict[str, float]:
    try:
        known = json.loads((home() / _FILE).read_text("utf-8"))
        return {str(name): float(seconds) for name, seconds in known.items()}
    except Exception:  # noqa: BLE001 - no more than a guess of the time left is lost
        return {}


def _remember(title: str, seconds: float) -> None:
    """Keep the seconds for the next time, where the folder of the stores is there already."""
    folder: Path = home()
    if seconds < LASTS or not folder.is_dir():
        return
    with suppress(OSError):
        kept = json.dumps(_remembered() | {title: round(seconds, 1)})
        (folder / _FILE).write_text(kept, "utf-8")
