"""How long a process spends in each stage, and how much memory it and its children hold meanwhile."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

REST = "Prefect and the rest"
STAGES = ("imports", "read", "contract", "fit and search", "evaluation", "MLflow", REST)
_EVERY = 0.05
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Measured:
    """What a process took: seconds and peak megabytes by stage and in total, and its figures."""

    seconds: Mapping[str, float]
    megabytes: Mapping[str, float]
    measured: Mapping[str, float]


class Clock:
    """Notes in a file when a stage begins and ends; the monotonic clock is the same in all processes."""

    def __init__(self, path: Path):
        self._path = path

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note when the block begins and ends."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self._write({"stage": name, "begin": begin, "end": time.monotonic()})

    def timed(self, name: str, function: Callable) -> Callable:
        """Return the function with each of its calls as a stage."""

        @wraps(function)
        def within(*arguments, **named):
            with self.stage(name):
                return function(*arguments, **named)

        return within

    def imported(self) -> None:
        """Note that the imports are over; they began when the process was started."""
        self._write({"stage": "imports", "begin": float(os.environ["STARTED"]), "end": time.monotonic()})

    def tell(self, **figures: float) -> None:
        """Note what shows that the work was done."""
        self._write({"measured": figures})

    def _write(self, line: dict) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def measure(command: list[str], folder: Path, environment: Mapping[str, str]) -> Measured:
    """Run a program in an empty folder and hold its notes against what was sampled meanwhile."""
    notes, log = folder / "notes.jsonl", folder / "log.txt"
    begin = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=output,
            env={**environment, "STARTED": str(begin), "NOTES": str(notes)},
        )
        samples = _sample_until_it_ends(process)
    end = time.monotonic()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-4000:]}")
    lines = [json.loads(line) for line in notes.read_text().splitlines()]
    return _measured(lines, samples, (begin, end))


def _measured(lines: list[dict], samples: list[tuple[float, float]], whole: tuple[float, float]) -> Measured:
    spans = [(line["stage"], line["begin"], line["end"]) for line in lines if "stage" in line]
    seconds = dict.fromkeys(STAGES, 0.0) | {"total": whole[1] - whole[0]}
    for name, begin, end in spans:
        seconds[name] = seconds.get(name, 0.0) + end - begin
    seconds[REST] = seconds["total"] - sum(seconds[name] for name in STAGES)
    megabytes = {"total": max(held for _, held in samples)}
    for moment, held in samples:
        inside = [name for name, begin, end in spans if begin <= moment <= end] or [REST]
        for name in inside:
            megabytes[name] = max(megabytes.get(name, 0.0), held)
    measured = {name: figure for line in lines for name, figure in line.get("measured", {}).items()}
    return Measured(seconds, megabytes, measured)


def _sample_until_it_ends(process: subprocess.Popen) -> list[tuple[float, float]]:
    """Sample from a thread of its own, so that the end of the process is seen at once."""
    samples, ended = [], threading.Event()

    def sample() -> None:
        while not ended.wait(_EVERY):
            samples.append((time.monotonic(), _resident(process.pid)))

    thread = threading.Thread(target=sample)
    thread.start()
    process.wait()
    ended.set()
    thread.join()
    return samples


def _resident(root: int) -> float:
    """Sum the resident memory of a process and of all its descendants, in megabytes (Linux only)."""
    waiting, pages = [root], 0
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            pages += int((folder / "statm").read_text().split()[1])
            for children in folder.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
        except OSError:  # it ended meanwhile
            continue
    return pages * resource.getpagesize() / _MEGABYTE
