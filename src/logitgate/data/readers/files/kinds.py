"""Which kinds of files are tables, and what is said where one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ....errors import ProjectError, UnavailableError

_KINDS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet", ".pq": "parquet"}


def kind_of(path: Path) -> str:
    """Return whether a file is "csv" or "parquet", by its name.

    Raises
    ------
    ProjectError
        When it is neither.
    """
    for end, kind in _KINDS.items():
        if path.name.lower().endswith(end):
            return kind
    raise ProjectError(str(path), "is no kind of table that is read", f"name it {', '.join(_KINDS)}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise what a file system says while a table is read as an `UnavailableError` that names the path."""
    try:
        yield
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "check the path and its permissions"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error
