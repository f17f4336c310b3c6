"""A project file and the files that it names, checked without reading a row: every mistake in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..checks.case_files import key_of, read_cases
from ..data.columns import columns_of, with_features
from ..data.contract.literals import problems
from ..data.contract.suite import read_suite
from ..data.readers.headers import likely
from ..errors import LogitgateError, ProjectError
from ..project.project import Project
from ..project.reading.load import parse_toml, read_text, resolved
from ..project.reading.mistakes import (
    NOT_TOLD,
    Mistake,
    Reading,
    read_plain_with_mistakes,
    read_with_mistakes,
)
from ..project.reading.open_features import is_open
from ..project.syntax.key_lines import KeyLines, key_lines


def mistakes_of(path: Path) -> tuple[Mistake, ...]:
    """Return every mistake of a project file, of its contract, its case file and its columns' names.

    Raises
    ------
    ProjectError
        When the file itself cannot be read.
    """
    text = read_text(path)
    found, early = _reading(text, path)
    if found.project is None:
        return (*found.mistakes, *early)
    project = resolved(found.project, path.parent)
    faulty = {one.key for one in found.mistakes}
    later = [] if "rows" in {key.partition(".")[0] for key in faulty} else [*_columns(project, found.lines)]
    later += [] if any(key.startswith("contract") for key in faulty) else [*_suite(project, found.lines)]
    if not found.mistakes and not later:
        later += _cases(project, found.lines)
    return tuple(sorted((*found.mistakes, *early, *later), key=lambda one: one.line or 0))


def _reading(text: str, path: Path) -> tuple[Reading, list[Mistake]]:
    """Read the file; open features become lists, or a mistake and no features."""
    try:
        plain = parse_toml(text, path)
    except ProjectError:
        return read_with_mistakes(text, path), []
    if not is_open(plain):
        return read_with_mistakes(text, path), []
    lines = key_lines(text)
    try:
        return read_plain_with_mistakes(with_features(plain, path.parent, path.name), lines), []
    except LogitgateError as error:
        mistake = Mistake("features", lines.of("features"), _said(error))
        return read_plain_with_mistakes({**plain, "features": {"numeric": [NOT_TOLD]}}, lines), [mistake]


def _said(error: LogitgateError) -> str:
    return f"{error.subject}: {error.rule}; {error.remedy}"


def _columns(project: Project, lines: KeyLines) -> Iterator[Mistake]:
    """Yield the columns that the project names and the table does not have, and a table that is not there."""
    try:
        found = columns_of(project.rows)
    except LogitgateError as error:
        yield Mistake("rows.path", lines.of("rows.path"), _said(error))
        return
    named = set(project.declared_types) - ({project.columns.row_id} if project.columns.id is None else set())
    for name in sorted(named) if found is not None else ():
        if found is not None and name not in found and not name.startswith(NOT_TOLD):
            key = key_of(project, name)
            remedy = likely(name, set(found) - named) or "correct the name, or take it out"
            text = f"column '{name}' is not in the table; {remedy}"
            yield Mistake(key, lines.of_value(key, name), text)


def _suite(project: Project, lines: KeyLines) -> Iterator[Mistake]:
    suite = project.contract.suite
    if suite is None:
        return
    line = lines.of("contract.suite")
    try:
        for text in problems(read_suite(suite), project.read_as):
            yield Mistake("contract.suite", line, f"{suite.name}: {text}")
    except ProjectError as error:
        yield Mistake("contract.suite", line, _said(error))


def _cases(project: Project, lines: KeyLines) -> Iterator[Mistake]:
    try:
        read_cases(project)
    except ProjectError as error:
        yield Mistake("behaviour.cases", lines.of("behaviour.cases"), _said(error))
