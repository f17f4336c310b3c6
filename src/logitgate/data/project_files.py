"""Project files in, also those that leave their features open until the table is looked at.

Nothing heavy is imported for a file that lists its features.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ProjectError
from ..project.project import Project
from ..project.reading.load import parse_project, read_plain, resolved
from ..project.reading.open_features import is_open


def load_project(path: Path) -> Project:
    """Read and check a project file; open features become those columns of its table that they mean.

    Raises
    ------
    ProjectError
        When the file cannot be read or breaks a rule, or open features stand beside a query.
    DataError, UnavailableError
        When its features are open and the table cannot be read.
    """
    return project_of(read_plain(path), path.parent, path.name)


def project_of(plain: Mapping[str, Any], folder: Path, source: str) -> Project:
    """Check a project as TOML gives it, with paths relative to a folder.

    Raises
    ------
    ProjectError, DataError, UnavailableError
        As `load_project`.
    """
    if is_open(plain):
        from .columns import with_features

        plain = with_features(plain, folder, source)
    return resolved(parse_project(plain, source), folder)


def load_scheduled_project(path: Path) -> Project:
    """Load a project that has a schedule.

    Raises
    ------
    ProjectError
        When it declares none, or as `load_project` does.
    """
    project = load_project(path)
    if not project.schedule.jobs:
        rule = "has no schedule"
        raise ProjectError(project.name, rule, "add [schedule.train], [schedule.monitor] or [schedule.score]")
    return project
