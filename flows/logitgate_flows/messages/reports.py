"""Files that a command writes for other programs: JUnit XML, the summary of a step, a verdict's receipt."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from logitgate.errors import ProjectError
from logitgate.findings import Status

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Environment variable in which GitHub Actions names the file of a step's summary."""


RECEIPT = "LOGITGATE_RECEIPT"
"""Environment variable in which a schedule names the file where a run leaves that it came to a verdict."""


def refuse_unwritable(path: Path) -> None:
    """Refuse a file that could not be written later, before anything else is done.

    Raises
    ------
    ProjectError
        When the path is a folder, or its folder is not there or not writable.
    """
    folder = path.parent
    if path.is_dir():
        raise ProjectError(str(path), "is a folder", "name a file for the report")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ProjectError(str(path), "its folder is not there or not writable", "make the folder first")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it.

    Raises
    ------
    ProjectError
        When the file cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as draft:
            draft.write(text)
        Path(draft.name).replace(path)
    except OSError as error:
        raise ProjectError(str(path), f"cannot be written ({error.strerror})", "name another file") from error


def add_to_summary(markdown: str) -> None:
    """Add Markdown to the step's summary, when GitHub Actions (or anybody) has named a file for it.

    Raises
    ------
    ProjectError
        When the file cannot be written.
    """
    named = os.environ.get(SUMMARY)
    if not named:
        return
    try:
        with Path(named).open("a", encoding="utf-8") as summary:
            summary.write(markdown + "\n")
    except OSError as error:
        raise ProjectError(f"${SUMMARY}", f"cannot be written ({error.strerror})", "unset it") from error


def leave_receipt(model: str, status: Status) -> None:
    """Leave for the schedule that started this run that it came to a verdict; without one do nothing.

    Raises
    ------
    ProjectError
        When the file cannot be written.
    """
    if named := os.environ.get(RECEIPT):
        write_whole(Path(named), json.dumps({"model": model, "status": status.value}))


def read_receipt(path: Path) -> str | None:
    """Return the status of the verdict that a run has left, or None where it came to none."""
    try:
        return Status(json.loads(path.read_text(encoding="utf-8"))["status"]).value
    except (OSError, ValueError, KeyError, TypeError):
        return None
