"""The lab of a project as a file."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.interface.lab import lab
from logitgate_flows.messages.reports import refuse_unwritable


def run_lab(project_file: Path, out: Path | None) -> Path:
    """Train on the project's rows, write its lab, and return where; no store is asked."""
    project = load_project(project_file)
    path = out or Path(f"{project.name}-lab.html")
    refuse_unwritable(path)
    lab(project, out=path)
    return path.resolve()
