"""`load_project`: a project from its file or from plain values; and dates as Python callers give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from ..data import project_files
from ..errors import ProjectError
from ..project.project import Project, parse_as_of

ProjectSource: TypeAlias = Project | str | Path | Mapping[str, Any]
"""A project, or what `load_project` makes one from."""


def load_project(source: ProjectSource) -> Project:
    """Read and check a project.

    Parameters
    ----------
    source : path, mapping or Project
        A project file, whose relative paths start at its own folder, or the same keys as plain values, whose
        relative paths start at the current folder. ``docs/project-file.md`` lists every key. A project is
        returned as it is.

    Returns
    -------
    Project
        Frozen; ``project.model_dump()`` returns plain values.

    Raises
    ------
    ProjectError
        Naming each broken key, its rule and the remedy.

    Examples
    --------
    >>> try:
    ...     load_project({"name": "visits", "rows": {"paths": "visits.csv"}})
    ... except Exception as error:
    ...     "rows.paths is unknown: did you mean path?" in str(error)
    True
    """
    if isinstance(source, Project):
        return source
    if isinstance(source, Mapping):
        return project_files.project_of(source, Path.cwd(), "the project")
    try:
        path = Path(source)
    except TypeError:
        remedy = "give a project, the path of its file, or its keys as a dict"
        raise ProjectError("project", f"is a {type(source).__name__}", remedy) from None
    return project_files.load_project(path)


def moment_of(given: str | datetime | None, name: str) -> datetime | None:
    """Return a date, given as text or as a moment; None stays None.

    Raises
    ------
    ProjectError
        When a text is no date; it names the argument.
    """
    return parse_as_of(given, name) if isinstance(given, str) else given
