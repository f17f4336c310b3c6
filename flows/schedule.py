"""A schedule on a single host: one process that starts each run when its slot has come."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from logitgate.edge.environment import home
from logitgate.edge.slot_book import SlotBook, slot_book
from logitgate.errors import ProjectError
from logitgate.project import Project
from logitgate.project_file import load_project
from logitgate.schedule import Job, words

_DECIDED = (0, 1, 2)
"""Exit codes after which doing it again would tell the same."""

_FIRST_PAUSE, _LONGEST_PAUSE, _LOOK_SECONDS, _PATIENCE = 60.0, 3_600.0, 20.0, 30.0

Tell = Callable[[str], None]


def scheduled(project_file: Path) -> Project:
    """Load a project that has a schedule.

    Raises
    ------
    ProjectError
        When it declares none.
    """
    project = load_project(project_file)
    if not project.schedule.jobs:
        rule = "has no schedule"
        raise ProjectError(project.name, rule, "add [schedule.train], [schedule.monitor] or [schedule.score]")
    return project


def coming(project_file: Path) -> list[dict[str, str]]:
    """Return the next slot of each job."""
    project, now = scheduled(project_file), datetime.now(UTC)
    clock = project.schedule
    return [{"job": job.name, "next": clock.coming(job, now).isoformat()} for job in clock.jobs]


def follow(project_file: Path, tell: Tell, *, once: bool) -> int:
    """Do what is due, in order; then end, or wait for the next slot until SIGTERM.

    A run that met an obstacle (exit code 3 or 4, or a signal) is tried again after a pause that doubles,
    until its slot is too old or, where only the latest counts, a newer one has come. Returns the worst code.
    """
    project = scheduled(project_file)
    signal.signal(signal.SIGTERM, _leave)
    with slot_book(home(), project.name) as book:
        rounds = _Rounds(project_file.absolute(), project, book, tell)
        while True:
            worst = rounds.go()
            if once:
                return worst
            time.sleep(rounds.pause())


@dataclass(slots=True)
class _Rounds:
    """What a schedule remembers from one look at the clock to the next."""

    project_file: Path
    project: Project
    book: SlotBook
    tell: Tell
    pauses: dict[str, tuple[float, float]] = field(default_factory=dict)
    """For each job that met an obstacle: when it is tried again, on the monotonic clock, and the pause."""

    def go(self) -> int:
        codes = [self._do(job) for job in self.project.schedule.jobs if not self._rests(job)]
        return max(codes, default=0)

    def pause(self) -> float:
        """Seconds to sleep; short, as the clock may be set, and a machine may have slept."""
        now = datetime.now(UTC)
        clock = self.project.schedule
        nearest = min((clock.coming(job, now) - now).total_seconds() for job in clock.jobs)
        return max(0.0, min(nearest, _LOOK_SECONDS))

    def _rests(self, job: Job) -> bool:
        return job.name in self.pauses and time.monotonic() < self.pauses[job.name][0]

    def _do(self, job: Job) -> int:
        clock, now = self.project.schedule, datetime.now(UTC)
        worst = 0
        for slot in clock.outstanding(job, self.book.done(job.name, now), now):
            began = time.monotonic()
            code = _run((job.name, str(self.project_file), *words(clock, job, slot)))
            seconds = round(time.monotonic() - began, 1)
            self.tell(
                json.dumps({"job": job.name, "slot": slot.isoformat(), "exit_code": code, "seconds": seconds})
            )
            if code not in _DECIDED:
                before = self.pauses.get(job.name, (0.0, _FIRST_PAUSE / 2))[1]
                wait = min(2 * before, _LONGEST_PAUSE)
                self.pauses[job.name] = (time.monotonic() + wait, wait)
                return 3
            self.book.note(job.name, slot)
            self.pauses.pop(job.name, None)
            worst = max(worst, code)
        return worst


def _run(command: tuple[str, ...]) -> int:
    """Run one command in a process of its own, whose end, even by a kill, is not ours; tell its exit code."""
    words = [sys.executable, "-m", "flows.cli", *command]
    child = subprocess.Popen(words, stdout=sys.stderr.fileno())  # noqa: S603 - our own command line
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
