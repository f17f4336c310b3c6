"""The report page of a version as a file."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.production.release.reported import report, version_to_report
from logitgate.tracking.store import open_store
from logitgate_flows.messages.reports import refuse_unwritable, write_whole


def run_report(project_file: Path, version: int | None, out: Path | None) -> Path:
    """Write the report of the champion, or of another version; return where."""
    project, store = load_project(project_file), open_store(home())
    chosen = version_to_report(store, project.name, version)
    path = out or Path(f"{project.name}-{chosen.version}-report.html")
    refuse_unwritable(path)
    write_whole(path, report(store, chosen))
    return path.resolve()
