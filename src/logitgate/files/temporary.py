"""Temporary folders and files, named after the process that makes them: so what a dead one left is known."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import UnavailableError
from .process_identity import born, place

_MARKED = re.compile(r"\.?logitgate-(?P<place>[0-9a-f]{8})-(?P<pid>\d+)-(?P<born>\d*)-.*")
_FORGOTTEN_SECONDS = 86_400.0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder for files that are on their way into the store; it is gone after the block.

    Raises
    ------
    UnavailableError
        When a file cannot be written there.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=own_prefix(), ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        rule, remedy = (
            f"cannot be written ({error.strerror})",
            "make room there, or name another one by TMPDIR",
        )
        raise UnavailableError(f"folder {tempfile.gettempdir()}", rule, remedy) from error


def own_prefix() -> str:
    """Return how the name of a temporary folder or file begins that this process makes."""
    pid = os.getpid()
    return f"logitgate-{_digest(place())}-{pid}-{born(pid)}-"


def stale(*folders: Path) -> tuple[Path, ...]:
    """Return temporary folders and files whose process is dead; of another host, those that are a day old."""
    found = (
        path
        for folder in {Path(tempfile.gettempdir()), *folders}
        if folder.is_dir()
        for path in folder.iterdir()
    )
    return tuple(sorted(path for path in found if _is_left(path)))


def remove(path: Path) -> None:
    """Remove what was left behind, once or twice."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    named = _MARKED.fullmatch(path.name)
    if named is None:
        return False
    if named["born"] and named["place"] == _digest(place()):
        return born(int(named["pid"])) != named["born"]
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS
    return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
