"""Reading a project file: TOML in, a frozen Project out, and errors that name the key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ...errors import ProjectError
from ...files.plain import no_file
from ..data import RowsConfig
from ..project import Project
from .open_features import add_open_forms

_GUIDE = "docs/project-file.md lists every key"


def load_project(path: Path) -> Project:
    """Read and check a project file; its relative paths are resolved against its own folder.

    One whose features are left open needs its table: `data.project_files.load_project` reads it too.

    Raises
    ------
    ProjectError
        When the file cannot be read, is no TOML, or breaks a rule; every broken key is named.
    """
    return resolved(parse_project(read_plain(path), path.name), path.parent)


def read_plain(path: Path) -> dict[str, Any]:
    """Read a project file as plain values, as TOML gives them.

    Raises
    ------
    ProjectError
        When the file cannot be read or is no TOML.
    """
    return parse_toml(read_text(path), path)


def read_text(path: Path) -> str:
    """Read the text of a project file.

    Raises
    ------
    ProjectError
        When the file cannot be read.
    """
    if rule := no_file(path):
        raise ProjectError(str(path).replace("\0", "?"), rule, "give the path of a project file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ProjectError(
            str(path), f"cannot be read ({error.strerror})", "give the path of a project file"
        ) from error
    except UnicodeDecodeError as error:
        raise ProjectError(str(path), "is not UTF-8", "save it as UTF-8") from error


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Read TOML as plain values.

    Raises
    ------
    ProjectError
        When it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ProjectError(str(path), "is nested too deeply", "correct the brackets") from error
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):  # a number of more digits than Python reads
            raise ProjectError(str(path), "has a number of too many digits", "correct it") from error
        raise ProjectError(str(path), f"is not TOML: {error}", "correct the line") from error


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
        problems = [
            problem_of(dict(found)) for found in error.errors(include_url=False, include_context=False)
        ]
        raise ProjectError(source, "; ".join(problems), _GUIDE) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file, for editors."""
    schema = Project.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    add_open_forms(schema)
    return schema


def problem_of(found: Mapping[str, Any]) -> str:
    """Say what one error of validation means, with the key and what to do."""
    key = (
        ".".join(str(part) for part in found["loc"] if part not in ("float", "str", "int", "bool"))
        or "the file"
    )
    match found["type"]:
        case "missing":
            return f"{key} is missing: add it"
        case "extra_forbidden":
            near = near_key(found["loc"])
            return f"{key} is unknown: " + (f"did you mean {near}?" if near else "remove it")
        case "value_error":
            return f"{key}: {found['msg'].removeprefix('Value error, ')}"
    return f"{key}: {found['msg'][0].lower()}{found['msg'][1:]}"


def near_key(location: tuple[str | int, ...]) -> str | None:
    """Return the key that an unknown one was probably meant to be, if any is near."""
    near = get_close_matches(str(location[-1]), _keys(location[:-1]), n=1)
    return near[0] if near else None


def _keys(location: tuple[str | int, ...]) -> list[str]:
    model: Any = Project
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[str(part)].annotation
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def resolved_rows(rows: RowsConfig, folder: Path) -> RowsConfig:
    """Return where the rows are, relative to a folder."""
    return rows if rows.path is None else rows.model_copy(update={"path": folder.resolve() / rows.path})


def resolved(project: Project, folder: Path) -> Project:
    """Return a project whose relative paths are resolved against a folder."""
    base = folder.resolve()
    rows = resolved_rows(project.rows, folder)
    suite, quarantine = project.contract.suite, project.contract.quarantine
    contract = project.contract.model_copy(
        update={"suite": suite and base / suite, "quarantine": quarantine and base / quarantine}
    )
    cases = project.behaviour.cases
    behaviour = project.behaviour.model_copy(update={"cases": cases and base / cases})
    schedule = project.schedule.resolved(base)
    return project.model_copy(
        update={"rows": rows, "behaviour": behaviour, "contract": contract, "schedule": schedule}
    )
