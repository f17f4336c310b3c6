"""`init`: a project about a table in memory or in files, with what was found and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.atomic import write_whole
from ..scaffold import draft as drafts
from ..scaffold.guesses.asked import Asked

if TYPE_CHECKING:
    from ..scaffold.draft import Draft


def init(table: object, outcome: str, out: str | Path | None = None, **said: Any) -> Draft:  # noqa: ANN401
    """Look at a table and draft its project: what a careful colleague would write, with the evidence.

    Parameters
    ----------
    table : path, or pandas or polars DataFrame, or Arrow table
    outcome : str
        Column of the outcome.
    out : path, optional
        Folder to write the files to, with a table in memory as Parquet; a file that is there is left, and
        what would change is written to `init.diff`. Without it nothing is written.
    **said
        What is known: `event`, `id`, `time`, `entity` (column names), `cost_miss`, `cost_false_alarm`, `name`
        of the project, `ci` ("github", "gitlab" or "none").

    Returns
    -------
    Draft
        ``draft.files`` are the texts, ``draft.questions`` what only the owner can answer, ``draft.guess`` all
        that was found.

    Raises
    ------
    ProjectError
        When the table does not have a column or a value that is named.
    DataError
        When the outcome has not two values, or the table cannot be read.
    """
    folder = None if out is None else Path(out)
    name, ci = said.pop("name", None), said.pop("ci", "github")
    asked = Asked(outcome, **said)
    if isinstance(table, (str, Path)):
        draft = drafts.draft_of_file(Path(table), asked, folder or Path(), name, ci)
    else:
        named = name or (folder.name if folder else "project")
        draft = drafts.draft_of_frame(table, asked, named, ci)
    if folder is not None:
        drafts.write(draft, folder)
        if draft.table is not None and not (folder / draft.table_file).exists():
            write_whole(folder / draft.table_file, draft.table)
    return draft
