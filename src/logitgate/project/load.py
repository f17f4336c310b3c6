"""Reading a project file: TOML in, a frozen Project out, and errors that name the key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import ProjectError
from ..files.plain import no_file
from .project import Project

_GUIDE = "docs/project-file.md lists every key"


def load_project(path: Path) -> Project:
    """Read and check a project file; its relative paths are resolved against its own folder.

    Raises
    ------
    ProjectError
        When the file cannot be read, is no TOML, or breaks a rule; every broken key is named.
    """
    if rule := no_file(path):
        raise ProjectError(str(path).replace("\0", "?"), rule, "give the path of a project file")
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ProjectError(
            str(path), f"cannot be read ({error.strerror})", "give the path of a project file"
        ) from error
    except UnicodeDecodeError as error:
        raise ProjectError(str(path), "is not UTF-8", "save it as UTF-8") from error
    except RecursionError as error:
        raise ProjectError(str(path), "is nested too deeply", "correct the brackets") from error
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):  # a number of more digits than Python reads
            raise ProjectError(str(path), "has a number of too many digits", "correct it") from error
        raise ProjectError(str(path), f"is not TOML: {error}", "correct the line") from error
    return resolved(parse_project(plain, path.name), path.parent)


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


def parse_project(plain: Mapping[str, Any], source: str) -> Project:
    """Check plain values, as TOML gives them, and freeze them.

    Raises
    ------
    ProjectError
        Naming each broken key of `source`, its rule and the remedy.
    """
    try:
        return Project.model_validate(dict(plain))
    except ValidationError as error:
        problems = [_problem(dict(found)) for found in error.errors(include_url=False, include_context=False)]
        raise ProjectError(source, "; ".join(problems), _GUIDE) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file, for editors."""
    return Project.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _problem(found: Mapping[str, Any]) -> str:
    key = (
        ".".join(str(part) for part in found["loc"] if part not in ("float", "str", "int", "bool"))
        or "the file"
    )
    match found["type"]:
        case "missing":
            return f"{key} is missing: add it"
        case "extra_forbidden":
            near = get_close_matches(str(found["loc"][-1]), _keys(found["loc"][:-1]), n=1)
            return f"{key} is unknown: " + (f"did you mean {near[0]}?" if near else "remove it")
        case "value_error":
            return f"{key}: {found['msg'].removeprefix('Value error, ')}"
    return f"{key}: {found['msg'][0].lower()}{found['msg'][1:]}"


def _keys(location: tuple[str | int, ...]) -> list[str]:
    model: Any = Project
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[str(part)].annotation
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def resolved(project: Project, folder: Path) -> Project:
    """Return a project whose relative paths are resolved against a folder."""
    base = folder.resolve()
    rows = project.rows
    if rows.path is not None:
        rows = rows.model_copy(update={"path": base / rows.path})
    quarantine = project.contract.quarantine
    contract = project.contract.model_copy(
        update={"suite": base / project.contract.suite, "quarantine": quarantine and base / quarantine}
    )
    cases = project.behaviour.cases
    behaviour = project.behaviour.model_copy(update={"cases": cases and base / cases})
    schedule = project.schedule.resolved(base)
    return project.model_copy(
        update={"rows": rows, "behaviour": behaviour, "contract": contract, "schedule": schedule}
    )
