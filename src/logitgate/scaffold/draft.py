"""A draft: every file of a new project as text, and how it is put into a folder without overwriting."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

from ..data.batches import ROWS, stored_blocks
from ..data.frames import source_of
from ..data.readers.files.kinds import kind_of
from ..data.readers.files.table_parts import is_iceberg, parts_of
from ..data.readers.source import Source
from ..data.readers.sql import query_blocks
from ..data.streaming.glance import glance
from ..errors import UnavailableError
from ..files.atomic import write_whole
from ..project.data import RowsConfig
from ..project.reading.load import json_schema
from .companions import CI_FILES, Ci, prefect_text, readme_text, workflow_text
from .contract import suite_text
from .guesses.asked import Asked, Question
from .guesses.guess import Guess, guess
from .guesses.names import project_name
from .project_text import case_header, project_text
from .shape import Shape, shape_of

SCHEMA = "logitgate.schema.json"
DIFF = "init.diff"


@dataclass(frozen=True)
class Draft:
    """What a table's project would be.

    Parameters
    ----------
    guess : Guess
    files : mapping of str to str
        Text of each file by its path within the folder.
    """

    guess: Guess
    files: Mapping[str, str]
    table: bytes | None = None
    """A table that was in memory, as Parquet."""

    @property
    def table_file(self) -> str:
        """The name of the file for a table that was in memory."""
        return f"{self.guess.name}.parquet"

    @property
    def questions(self) -> tuple[Question, ...]:
        """What only the owner can answer."""
        return self.guess.questions

    @property
    def project_file(self) -> str:
        """The name of the project file."""
        return f"{self.guess.name}.toml"


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What became of a draft: files that are new, that were the same, and that stayed different."""

    folder: Path
    new: tuple[str, ...]
    same: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def diff(self) -> Path | None:
        """The file of the difference, where files of the folder are not those of the draft."""
        return self.folder / DIFF if self.different else None


def draft_of_file(
    path: Path, asked: Asked, folder: Path, name: str | None = None, ci: Ci = "github"
) -> Draft:
    """Draft a project about a file, a folder that is a table, or a glob; by default it has the table's name.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        When the table cannot be read, or does not have what was asked for.
    """
    try:
        first = path if is_iceberg(path) else parts_of(path)[0].path
        shape = shape_of(first) if first.is_file() and kind_of(first) == "csv" else Shape()
        rows = shape.rows(path)
        source, total = glance(stored_blocks(path, rows, ()))
    except OSError as error:
        rule, remedy = f"cannot be read ({error.strerror})", "check the path and its permissions"
        raise UnavailableError(str(error.filename or path), rule, remedy) from error
    relative = os.path.relpath(path.absolute(), folder.absolute())
    named = project_name(name or path.name.split(".", 1)[0])
    return _drafted(guess(source, rows, asked, named, total), Path(relative).as_posix(), ci)


def draft_of_query(query: str, url_env: str, asked: Asked, name: str, ci: Ci = "github") -> Draft:
    """Draft a project about the rows of a query.

    Raises
    ------
    DataError, UnavailableError, ProjectError
        As `draft_of_file`.
    """
    rows = RowsConfig(query=query, url_env=url_env)
    source, total = glance(query_blocks(query, url_env, (), ROWS))
    return _drafted(guess(source, rows, asked, project_name(name), total), "", ci)


def draft_of_frame(frame: object, asked: Asked, name: str, ci: Ci = "github") -> Draft:
    """Draft a project about a table in memory, which will stand beside the project file as Parquet.

    Raises
    ------
    DataError, ProjectError
        As `draft_of_file`.
    """
    source = source_of(frame)
    name = project_name(name)
    path = f"{name}.parquet"
    draft = _drafted(guess(source, RowsConfig(path=Path(path)), asked, name), path, ci)
    return replace(draft, table=_parquet(source))


def _parquet(source: Source) -> bytes:
    whole = BytesIO()
    pq.write_table(source.cells, whole, write_page_checksum=True)
    return whole.getvalue()


def _drafted(guessed: Guess, path: str, ci: Ci) -> Draft:
    name = guessed.name
    files = {
        f"{name}.toml": project_text(guessed, path),
        f"{name}.contract.json": suite_text(guessed),
        "cases.csv": case_header(guessed),
        "README.md": readme_text(guessed),
        "prefect.yaml": prefect_text(guessed),
        SCHEMA: json.dumps(json_schema(), indent=2) + "\n",
    }
    if ci != "none":
        files[CI_FILES[ci].format(name=name)] = workflow_text(guessed, ci)
    return Draft(guessed, files)


def write(draft: Draft, folder: Path) -> WrittenFiles:
    """Put the files of a draft into a folder; one that is there stays, and its difference is written.

    Raises
    ------
    UnavailableError
        When the folder cannot be written.
    """
    new: list[str] = []
    same: list[str] = []
    different: list[str] = []
    try:
        for name, text in draft.files.items():
            path = folder / name
            old = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
            if old is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, text.encode())
            (new if old is None else same if old == text else different).append(name)
        if different:
            write_whole(folder / DIFF, _difference(draft, folder, different).encode())
    except OSError as error:
        rule, remedy = f"cannot be written ({error.strerror})", "give another folder by --out"
        raise UnavailableError(str(error.filename or folder), rule, remedy) from error
    return WrittenFiles(folder, tuple(new), tuple(same), tuple(different))


def _difference(draft: Draft, folder: Path, names: list[str]) -> str:
    lines: list[str] = []
    for name in names:
        old = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        lines += difflib.unified_diff(
            old, draft.files[name].splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
    return "".join(lines)
