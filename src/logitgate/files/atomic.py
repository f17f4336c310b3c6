"""Files that appear whole or not at all: written under another name, made durable, renamed."""

from __future__ import annotations

import fcntl
import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import UnavailableError


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only after the block has ended without an error.

    The draft lies in the same folder as ``.NAME.XXXX.writing`` and is locked while it is written; drafts of
    the same name that no living process has locked are removed. The name is durable when the block is over.

    Raises
    ------
    UnavailableError
        When the file cannot be written.
    """
    try:
        _remove_dead_drafts(path)
        descriptor, draft = _locked_draft(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(0o666 & ~_mask())
            draft.replace(path)
        make_names_durable(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file whole; see `appearing`."""
    with appearing(path) as file:
        file.write(content)


def _locked_draft(path: Path) -> tuple[int, Path]:
    """Make a draft and lock it; one that was removed before it was locked is made again."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".writing")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)


def _remove_dead_drafts(path: Path) -> None:
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.writing"):
        with suppress(FileNotFoundError), draft.open("rb") as file:  # it may have got its name just now
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # another process writes it
                continue
            # Locked now, it may have got its name in between; then there is nothing left to remove.
            draft.unlink(missing_ok=True)


def make_names_durable(folder: Path) -> None:
    """Wait until the names of a folder's files survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    rule = f"cannot be written ({error.strerror or type(error).__name__})"
    return UnavailableError(str(path), rule, "check the folder, its permissions and its space")
