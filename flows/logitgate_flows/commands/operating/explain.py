"""Explaining one row: its path from the features to the decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logitgate.data.one_row import rows_of_id
from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.model.explanation.row import explain_row
from logitgate.production.release import release
from logitgate.tracking.store import open_store


def run_explain(project_file: Path, row: str, version: int | None) -> dict[str, Any]:
    """Explain the decision of the champion, or of another version, about the row with this id."""
    project = load_project(project_file)
    known, package = release.load_version(open_store(home()), project, version)
    means = package.profile.design_means
    return {
        "version": known.version,
        **explain_row(package.model, means, rows_of_id(project, row), project, row),
    }
