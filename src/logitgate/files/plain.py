"""What must not be read as a file: a pipe or a device would be waited for, or never end."""

from __future__ import annotations

import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "is a pipe",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFDIR: "is a folder",
}

NAMED = "name a file"
"""What to do about it."""


def no_file(path: Path) -> str | None:
    """Return what stands in the place of a file, if anything does; what is absent is left to the reading."""
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    except ValueError:
        return "holds a NUL, which no path does"
    except OSError:
        return None
