"""Beginning a project: a draft from a table, its files in a folder, and what of them is still asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logitgate.errors import ProjectError
from logitgate.scaffold.companions import Ci
from logitgate.scaffold.draft import Draft, WrittenFiles, draft_of_file, draft_of_query, write
from logitgate.scaffold.guesses.asked import Asked


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project is called, where it goes, and whose workflow it gets; None leaves the default."""

    name: str | None = None
    out: Path | None = None
    ci: Ci = "github"


def run_init(rows: Path | tuple[str, str] | None, asked: Asked, wanted: Wanted) -> tuple[Draft, WrittenFiles]:
    """Draft a project about a table, or about the rows of a query, and put its files into a folder.

    Parameters
    ----------
    rows : path, or pair of str
        A table; or a query and the environment variable with its database's URL.
    asked : Asked
    wanted : Wanted

    Raises
    ------
    ProjectError
        When there are no rows.
    """
    if rows is None:
        rule = "is the table's place, unless --query and --url-env are given"
        raise ProjectError("TABLE", rule, "give one of both")
    if isinstance(rows, Path):
        stem = rows.name.split(".", 1)[0].strip("*?") or "project"
        folder = wanted.out or Path(wanted.name or stem)
        draft = draft_of_file(rows, asked, folder, wanted.name, wanted.ci)
    else:
        folder = wanted.out or Path(wanted.name or "project")
        draft = draft_of_query(*rows, asked, wanted.name or folder.resolve().name, wanted.ci)
    return draft, write(draft, folder)
