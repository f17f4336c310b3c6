"""The report page of a version as a file."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.production.release.audited import audited
from logitgate.production.release.reported import report
from logitgate.production.release.reported_version import version_to_report
from logitgate.report.ml_test_score import MLTestScore
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


def run_audit(project_file: Path, version: int | None) -> MLTestScore:
    """Return the ML Test Score of the champion, or of another version."""
    project, store = load_project(project_file), open_store(home())
    return audited(store, version_to_report(store, project.name, version))
