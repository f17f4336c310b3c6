"""Trainings of a history in parallel processes, in the order of their dates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from ..errors import UnavailableError
from .training import PlayedHistory, Trained, train_at

_SMALL = 300_000
"""Rows times dates below which the start of a process, some seconds, costs more than it saves."""

_history: list[PlayedHistory] = []
"""In a process that trains: what it trains on, once."""


def trainings(
    history: PlayedHistory, dates: Sequence[datetime], processes: int | None = None
) -> Iterator[Trained]:
    """Yield the training of each date, as soon as it and all before it are done.

    The number of processes changes no figure where the caller's linear algebra has one thread, as theirs has.

    Parameters
    ----------
    history : PlayedHistory
    dates : sequence of datetime
    processes : int, optional
        Default: as many as this process may use cores, and 1 for a small history; with 1 all is done here.

    Raises
    ------
    DataError
        When a version cannot decide the rows after it.
    UnavailableError
        When a process dies, as it does without memory.
    """
    small = len(history.frame) * len(dates) < _SMALL
    count = min(processes or (1 if small else cores()), len(dates))
    if count < 2:
        for date in dates:
            yield train_at(history, date)
        return
    # Forked, a process would inherit locks that other threads hold.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(count, spawn, initializer=_begin, initargs=(history,)) as pool:
        try:
            yield from pool.map(_train, dates)
        except BrokenProcessPool as error:
            rule = "a process that trains has died"
            remedy = (
                "give it more memory, or one process (--processes 1); a script that replays does it below "
                "`if __name__ == '__main__':`"
            )
            raise UnavailableError(history.project.name, rule, remedy) from error
        finally:
            pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin(history: PlayedHistory) -> None:
    threadpool_limits(1)
    _history.append(history)


def _train(date: datetime) -> Trained:
    return train_at(_history[0], date)
