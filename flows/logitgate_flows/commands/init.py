"""Beginning a project: a draft from a table, its files in a folder, and what of them is still asked."""

from __future__ import annotations

from pathlib import Path

from logitgate.errors import ProjectError
from logitgate.scaffold.asked import Asked
from logitgate.scaffold.companions import Ci
from logitgate.scaffold.draft import Draft, Written, draft_of_file, draft_of_query, write


def run_init(
    table: Path | None, query: tuple[str, str] | None, asked: Asked, out: Path | None, ci: Ci
) -> tuple[Draft, Written]:
    """Draft a project about a table, or about the rows of a query, and put its files into a folder.

    Raises
    ------
    ProjectError
        When neither a table nor a query is given, or both.
    """
    if (table is None) == (query is None):
        rule = "is the table's place, unless --query and --url-env are given"
        raise ProjectError("TABLE", rule, "give one of both")
    if table is not None:
        folder = out or Path(table.name.split(".")[0] or "project")
        draft = draft_of_file(table, asked, folder, ci)
    else:
        folder = out or Path("project")
        assert query is not None  # noqa: S101 - one of both is given
        draft = draft_of_query(query[0], query[1], asked, folder.resolve().name, ci)
    return draft, write(draft, folder)
