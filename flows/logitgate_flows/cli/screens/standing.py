"""What `logitgate` alone prints: the projects of this folder, where each stands, and the next step."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from logitgate.environment import home
from logitgate.errors import LogitgateError
from logitgate_flows.server.start import started

if TYPE_CHECKING:
    from logitgate.production.standing import Standing

_PLACES = ("*.toml", "*/*.toml")
_MOST = 20
_OURS = ("outcome", "costs")
"""Tables that a project file has and other TOML files have not."""


def project_files(folder: Path) -> tuple[Path, ...]:
    """Return the project files of a folder and of those below it, in the order of their names."""
    found = sorted(path for place in _PLACES for path in folder.glob(place) if ".venv" not in path.parts)
    return tuple(path for path in found if _is_project(path))[:_MOST]


def lines(found: Mapping[Path, Standing | None]) -> list[str]:
    """Return a line for each project, then the next step.

    Parameters
    ----------
    found : mapping of Path to Standing, or None where there is no store yet
    """
    if not found:
        return ["There is no project in this folder.", "Next  logitgate init TABLE --outcome COLUMN"]
    longest = max(len(str(path)) for path in found)
    lines = [f"{path!s:<{longest}}  {_stands(one)}" for path, one in found.items()]
    return [*lines, "", f"Next  {_next(found)}", "      logitgate --help lists the commands"]


def print_standing(folder: Path) -> None:
    """Print where one stands in a folder; no store is made."""
    files = project_files(folder)
    known: Mapping[Path, Standing | None] = dict.fromkeys(files)
    if files and _has_store():
        known = dict(_standings(files))
    typer.echo("\n".join(lines(known)))


def _is_project(path: Path) -> bool:
    from logitgate.project.reading.load import read_plain

    try:
        return all(name in read_plain(path) for name in _OURS)
    except LogitgateError:
        return False


def _has_store() -> bool:
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (home() / "mlflow.db").is_file()


def _standings(files: tuple[Path, ...]) -> Iterator[tuple[Path, Standing | None]]:
    with started():
        from logitgate.data.project_files import load_project
        from logitgate.production.standing import standing
        from logitgate.tracking.store import open_store

        store = open_store(home())
    for path in files:
        try:
            yield path, standing(store, load_project(path))
        except LogitgateError as error:
            typer.echo(f"{path}: {error}", err=True)
            yield path, None


def _stands(one: Standing | None) -> str:
    if one is None or one.last is None:
        return "not trained yet"
    production = "nothing in production" if one.champion is None else f"version {one.champion} in production"
    production += "" if one.candidate is None else f", version {one.candidate} awaits approval"
    return f"{production}; last verdict {one.last.status}, {one.last.began:%Y-%m-%d %H:%M} UTC"


def _next(found: Mapping[Path, Standing | None]) -> str:
    for path, one in found.items():
        if one is None or one.last is None:
            return f"logitgate train {path}"
        if one.candidate is not None:
            return f"logitgate approve {path} {one.candidate} --reason TEXT"
        if one.champion is None:
            return f"logitgate train {path} --all shows why the last one was refused"
    return f"logitgate monitor {next(iter(found))} --table NEW"
