"""A schedule on a single host: one process that starts each run when its slot has come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from logitgate.data.project_files import load_scheduled_project
from logitgate.environment import home
from logitgate.project.operations.schedule import Job, words
from logitgate.project.project import Project
from logitgate_flows.messages.reports import RECEIPT, read_receipt
from logitgate_flows.scheduling.completed_slots import CompletedSlots, completed_slots

_DECIDED = (0, 1)
"""Exit codes of a run that came to a verdict."""

_FIRST_PAUSE, _LONGEST_PAUSE, _LOOK_SECONDS, _PATIENCE = 60.0, 3_600.0, 20.0, 30.0

Report = Callable[[str], None]


def coming(project_file: Path) -> list[dict[str, str]]:
    """Return the next slot of each job."""
    project, now = load_scheduled_project(project_file), datetime.now(UTC)
    clock = project.schedule
    return [{"job": job.name, "next": clock.coming(job, now).isoformat()} for job in clock.jobs]


def follow(project_file: Path, report: Report, *, once: bool) -> int:
    """Do what is due, in order; then end, or wait for the next slot until SIGTERM.

    Slots of all jobs are done in the order of their moments. A run that came to no verdict, whatever its exit
    code, is tried again after a pause that doubles, until its slot is too old or, where only the latest one
    counts, a newer one has come. Returns the worst code.
    """
    project = load_scheduled_project(project_file)
    signal.signal(signal.SIGTERM, _leave)
    with completed_slots(home(), project.name) as book:
        rounds = _Rounds(project_file.absolute(), project, book, report)
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
    book: CompletedSlots
    report: Report
    pauses: dict[str, tuple[float, float]] = field(default_factory=dict)
    """For each job that met an obstacle: when it is tried again, on the monotonic clock, and the pause."""

    def go(self) -> int:
        now = datetime.now(UTC)
        due = sorted(
            (pair for job in self.project.schedule.jobs for pair in self._due(job, now)), key=_moment
        )
        return max([self._do(job, slot) for job, slot in due], default=0)

    def pause(self) -> float:
        """Seconds to sleep; short, as the clock may be set, and a machine may have slept."""
        now = datetime.now(UTC)
        clock = self.project.schedule
        nearest = min((clock.coming(job, now) - now).total_seconds() for job in clock.jobs)
        return max(0.0, min(nearest, _LOOK_SECONDS))

    def _due(self, job: Job, now: datetime) -> list[tuple[Job, datetime]]:
        slots = self.project.schedule.outstanding(job, self.book.done(job.name, now), now)
        return [(job, slot) for slot in slots]

    def _rests(self, job: Job) -> bool:
        return job.name in self.pauses and time.monotonic() < self.pauses[job.name][0]

    def _do(self, job: Job, slot: datetime) -> int:
        if self._rests(job):
            return 0
        began = time.monotonic()
        clock = self.project.schedule
        run = _run(
            (job.name, str(self.project_file), *words(clock, job, slot)), clock.longest.total_seconds()
        )
        seconds = round(time.monotonic() - began, 1)
        line = {"job": job.name, "slot": slot.isoformat(), "exit_code": run.exit_code, "verdict": run.verdict}
        self.report(json.dumps(line | {"seconds": seconds}))
        if run.verdict is None or run.exit_code not in _DECIDED:
            before = self.pauses.get(job.name, (0.0, _FIRST_PAUSE / 2))[1]
            wait = min(2 * before, _LONGEST_PAUSE)
            self.pauses[job.name] = (time.monotonic() + wait, wait)
            return run.exit_code if run.exit_code > 1 else 3
        self.book.note(job.name, slot)
        self.pauses.pop(job.name, None)
        return run.exit_code


@dataclass(frozen=True, slots=True)
class _Run:
    """How a command ended: its exit code, and the status of its verdict if it came to one."""

    exit_code: int
    verdict: str | None


def _moment(due: tuple[Job, datetime]) -> datetime:
    return due[1]


def _run(command: tuple[str, ...], limit: float) -> _Run:
    """Run one command in a process of its own, whose end, even by a kill, does not end this one."""
    with tempfile.TemporaryDirectory(prefix="logitgate-schedule-") as folder:
        receipt = Path(folder) / "verdict.json"
        # -P: the current folder may hold packages of the same names.
        words = [sys.executable, "-P", "-m", "logitgate_flows", *command]
        environment = os.environ | {RECEIPT: str(receipt)}
        child = subprocess.Popen(words, stdout=sys.stderr.fileno(), env=environment)  # noqa: S603 - our own
        return _Run(_ended(child, limit), read_receipt(receipt))


def _ended(child: subprocess.Popen[bytes], limit: float) -> int:
    """Wait for the end of a run; one that outlives its limit, or this process, is ended."""
    try:
        with suppress(subprocess.TimeoutExpired):
            child.wait(limit)
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
