"""Starting a command: the environment first, then the heavy imports, without the garbage collector."""

from __future__ import annotations

import gc
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
