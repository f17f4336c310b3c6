"""The slots that a schedule has done, in a file of the embedded folder; one schedule a model writes it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from logitgate.errors import HeldError, UnavailableError
from logitgate.files.atomic import write_whole


@dataclass(frozen=True, slots=True)
class CompletedSlots:
    """Which slot of each job was done last."""

    path: Path

    def done(self, job: str, now: datetime) -> datetime:
        """Return the last slot that was done; a job that is new begins now.

        Raises
        ------
        UnavailableError
            When the file cannot be read, or has other content.
        """
        kept = self._read()
        if job not in kept:
            self.note(job, now)
            return now
        return datetime.fromisoformat(kept[job])

    def note(self, job: str, slot: datetime) -> None:
        """Keep that a slot was done; it survives a crash of the machine.

        Raises
        ------
        UnavailableError
            When the file cannot be read or written.
        """
        kept = self._read() | {job: slot.isoformat()}
        write_whole(self.path, json.dumps(kept, indent=2).encode())

    def _read(self) -> dict[str, str]:
        try:
            kept = json.loads(self.path.read_bytes()) if self.path.exists() else {}
            if any(datetime.fromisoformat(slot).tzinfo is None for slot in kept.values()):
                raise ValueError("a slot without a time zone")
        except (OSError, ValueError, TypeError, AttributeError) as error:
            rule = f"does not list completed slots ({type(error).__name__})"
            raise UnavailableError(
                str(self.path), rule, "correct it, or remove it to start from now"
            ) from error
        return dict(kept)


@contextmanager
def completed_slots(home: Path, model: str) -> Iterator[CompletedSlots]:
    """Open the book of a model's schedule, and keep others out until the end of the block.

    Raises
    ------
    HeldError
        When another schedule of this model runs with the same folder.
    UnavailableError
        When the folder cannot be written.
    """
    folder = home / "schedule"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{model}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UnavailableError(str(folder), f"cannot be written ({error.strerror})", "see to it") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            rule = "another schedule of this model runs with this folder"
            raise HeldError(model, rule, "let that one run, or end it first") from error
        yield CompletedSlots(folder / f"{model}.json")
    finally:
        os.close(descriptor)
