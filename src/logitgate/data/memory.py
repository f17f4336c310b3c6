"""Whether a table fits this machine, asked before it is read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..errors import ProjectError, UnavailableError
from ..project.data import FeaturesConfig

LIMIT = "LOGITGATE_MEMORY"
"""Environment variable: gigabytes that take the place of what is free."""
_CELL = 60
"""Bytes that a training takes for each cell of a table, 20 features and more (`benchmarks/memory.py`)."""
_NUMBER, _LEVEL = 10, 3
"""Bytes of a number and of a level among the codes that a fit reads from disk, with what marks gaps."""
FEWEST = 100_000
"""Rows of a table too large for memory that must fit, so that a sample of it is worth a judgement."""
_MOST = 1e12
_TEXT = 8
"""Bytes that it takes for each byte of CSV."""
_SQUEEZED = 6
"""How much longer CSV is than what gzip makes of it."""
_GIGABYTE = 1e9


def needed_bytes(parquet: Iterable[Path], csv: Iterable[Path]) -> float:
    """Return about how much memory a training on all cells of some files takes.

    Parameters
    ----------
    parquet, csv : iterables of Path
        The footers of the first and the sizes of the others are read.

    Raises
    ------
    OSError
        When a file cannot be read.
    """
    cells = sum(rows * columns for rows, columns in map(_shape, parquet))
    return float(cells * _CELL + sum(map(_of_csv, csv)))


def rows_of(parquet: Iterable[Path]) -> int:
    """Return how many rows Parquet files hold, by their footers.

    Raises
    ------
    OSError
        When a file cannot be read.
    """
    return sum(_shape(path)[0] for path in parquet)


def fitting_rows(columns: int) -> int:
    """Return how many rows of so many columns a training may hold.

    Raises
    ------
    ProjectError
        As `free_bytes`.
    """
    return int(min(free_bytes() / (_CELL * columns), _MOST))


def rows_that_fit(columns: int) -> int:
    """Return how many rows of so many columns a sample has: as many as fit, in round numbers.

    What is free differs from hour to hour, and a sample of another size is another sample.

    Raises
    ------
    ProjectError
        As `free_bytes`.
    """
    return in_round_numbers(fitting_rows(columns))


def in_round_numbers(rows: int) -> int:
    """Return the largest of 1, 2 or 5 times a power of ten that is no more; 0 for 0.

    Examples
    --------
    >>> [in_round_numbers(rows) for rows in (0, 4, 50, 1_666_666)]
    [0, 2, 50, 1000000]
    """
    steps = [mantissa * 10**power for power in range(13) for mantissa in (1, 2, 5)]
    return max((step for step in steps if step <= rows), default=0)


def refuse_too_large(name: str, parquet: Iterable[Path], csv: Iterable[Path]) -> None:
    """Refuse a table that is read whole if that would take more memory than this machine has free.

    Parameters
    ----------
    name : str
        What the refusal calls the table.
    parquet, csv : iterables of Path
        As `needed_bytes`.

    Raises
    ------
    UnavailableError
        With the estimate, what is free, and what would help.
    OSError
        When a file cannot be read.
    """
    remedy = (
        "give a file or a query with fewer rows (a shorter time) or only the columns that the project "
        "names, or take a larger machine"
    )
    _refuse(name, needed_bytes(parquet, csv), remedy)


def refuse_too_many(name: str, rows: int, columns: int, remedy: str) -> None:
    """Refuse so many rows and columns if a training on them would take more memory than is free.

    Raises
    ------
    UnavailableError
        With the estimate, what is free, and a remedy.
    """
    _refuse(name, float(rows * columns * _CELL), remedy)


def refuse_without_room(name: str, rows: int, features: FeaturesConfig) -> None:
    """Refuse rows whose codes do not fit on the disk of temporary files.

    Raises
    ------
    UnavailableError
        With the estimate, what is free, and what would help.
    """
    row = _NUMBER * len(features.numeric) + _LEVEL * len(features.categorical) + _NUMBER
    needed, free = float(rows * row), float(shutil.disk_usage(tempfile.gettempdir()).free)
    if needed > free:
        rule = (
            f"the codes of {rows:,} rows take about {needed / _GIGABYTE:.1f} GB on the disk of "
            f"{tempfile.gettempdir()}, where {free / _GIGABYTE:.1f} GB are free"
        )
        raise UnavailableError(name, rule, "make room there, or name another folder by TMPDIR")


def _refuse(name: str, needed: float, remedy: str) -> None:
    free = free_bytes()
    if needed > free:
        rule = (
            f"a training would take about {needed / _GIGABYTE:.1f} GB of memory, "
            f"and {free / _GIGABYTE:.1f} GB are free"
        )
        raise UnavailableError(name, rule, f"{remedy}; {LIMIT} sets another limit in GB")


def free_bytes() -> float:
    """Return the memory that this process may still take, or what `LOGITGATE_MEMORY` says.

    Raises
    ------
    ProjectError
        When the variable holds no number above 0.
    """
    if given := os.environ.get(LIMIT, "").strip():
        try:
            gigabytes = float(given)
        except ValueError:
            gigabytes = float("nan")
        if not gigabytes > 0:
            raise ProjectError(LIMIT, "is no number above 0", "give gigabytes, such as 8")
        return gigabytes * _GIGABYTE
    return min(_of_machine(), _of_container())


def _of_machine() -> float:
    lines = _lines(Path("/proc/meminfo"))
    known = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return float(known[0]) if known else float("inf")


def _of_container() -> float:
    """Return what the control group leaves; the pages of files that it counts can be given back."""
    most, used = (_lines(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.stat"))
    if not most or not most[0].isdecimal():
        return float("inf")
    taken = [int(line.split()[1]) for line in used if line.startswith("anon ")]
    return int(most[0]) - float(sum(taken))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _shape(path: Path) -> tuple[int, int]:
    """Return rows and columns of a Parquet file."""
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
    except (ValueError, OSError) as error:
        # A damaged file is refused where it is read, in words of its own.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        return 0, 0
    return footer.num_rows, footer.num_columns


def _of_csv(path: Path) -> float:
    return float(path.stat().st_size * _TEXT * (_SQUEEZED if path.suffix == ".gz" else 1))
