"""Which process this is, and whether another one of the same place is still there."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def place() -> str:
    """Name this boot and this space of process ids; empty on a system without `/proc`."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def born(pid: int) -> str:
    """Return the tick at which a process began; empty when there is none, or it only waits to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
