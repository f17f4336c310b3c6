"""Every mistake of a project file in one answer, each with its line, its key and a remedy; no rows are read.

A faulty key hides what else contradicts it, so a file is mended for the reading alone: a misspelled key takes
the name that was probably meant, another faulty one its default, and the rest is checked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...errors import ProjectError
from ..contradictions import ContradictionError
from ..project import Project
from ..syntax.key_lines import KeyLines, key_lines
from .load import near_key, parse_toml, problem_of

NOT_TOLD = "\0"
"""Beginning of the names that stand where a file does not say a column; no table has such a column."""
_ROUNDS = 6
_OPTIONAL = (
    "gates.",
    "search.",
    "split.",
    "monitoring",
    "behaviour",
    "slices",
    "rows.where",
    "outcome.matures_after",
)
_TOML_LINE = re.compile(r"at line (\d+)")
_LEAST: Mapping[str, Any] = {
    "name": "project",
    "rows": {"path": "rows.csv"},
    "outcome": {"column": f"{NOT_TOLD}outcome", "event": 1},
    "features": {"numeric": [f"{NOT_TOLD}feature"]},
    "costs": {"true_positive": 0, "false_positive": 1, "false_negative": 5},
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Parameters
    ----------
    key : str
        Such as `features.numeric`; empty where it is about the whole file.
    line : int or None
        Where the key stands, or the section that lacks it.
    text : str
        The rule and the remedy.
    """

    key: str
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says, as far as it can be read.

    Parameters
    ----------
    mistakes : tuple of Mistake
        In the order of their lines.
    project : Project or None
        The mended project; None where nothing can be read. Its relative paths are not resolved.
    lines : KeyLines
    """

    mistakes: tuple[Mistake, ...]
    project: Project | None
    lines: KeyLines


def read_with_mistakes(text: str, path: Path) -> Reading:
    """Read a project file whose features are lists, and name every mistake."""
    lines = key_lines(text)
    try:
        plain = parse_toml(text, path)
    except ProjectError as error:
        found = _TOML_LINE.search(error.rule)
        mistake = Mistake("", int(found[1]) if found else None, f"{error.rule}; {error.remedy}")
        return Reading((mistake,), None, lines)
    return read_plain_with_mistakes(plain, lines)


def read_plain_with_mistakes(plain: Mapping[str, Any], lines: KeyLines) -> Reading:
    """Read a project, as TOML gives it, and name every mistake."""
    mended, mistakes = deepcopy(dict(plain)), dict[tuple[str, str], Mistake]()
    project: Project | None = None
    taken_out = set[object]()
    for _ in range(_ROUNDS):
        try:
            project = Project.model_validate(mended)
            break
        except ValidationError as error:
            found = [dict(one) for one in error.errors(include_url=False)]
        # What was faulty and has been taken out is not missing in the file.
        for one in (one for one in found if not (one["type"] == "missing" and one["loc"] in taken_out)):
            for mistake in _mistakes(one, lines):
                mistakes.setdefault((mistake.key, mistake.text), mistake)
        taken_out |= {one["loc"] for one in found}
        changed = [_mend(mended, one) for one in found]
        if not any(changed):
            break
    ordered = sorted(mistakes.values(), key=lambda one: (one.line or 0, one.key))
    return Reading(tuple(ordered), project, lines)


def _mistakes(found: Mapping[str, Any], lines: KeyLines) -> list[Mistake]:
    error = found.get("ctx", {}).get("error")
    if isinstance(error, ContradictionError):
        return [
            Mistake(one.key, lines.of_value(one.key, one.name) if one.name else lines.of(one.key), one.text)
            for one in error.found
        ]
    key = ".".join(str(part) for part in found["loc"] if isinstance(part, str))
    return [Mistake(key, lines.of(key), problem_of(found))]


def _mend(plain: dict[str, Any], found: Mapping[str, Any]) -> bool:
    """Take a mistake out of plain values, or put what is missing in; return whether anything changed."""
    error = found.get("ctx", {}).get("error")
    if isinstance(error, ContradictionError):
        keys = [one.key for one in error.found if one.key.startswith(_OPTIONAL)]
        dropped = [_drop(plain, _parts(plain, key)) for key in keys]
        return any(dropped)
    path = [part for part in found["loc"] if part not in ("float", "str", "int", "bool")]
    if not path:
        return False
    place = _place(plain, path[:-1])
    last = path[-1]
    if found["type"] == "missing" and isinstance(place, dict):
        place[last] = deepcopy(_least(path))
        return place[last] is not None
    if not isinstance(place, dict) or last not in place:
        return len(path) > 1 and _drop(plain, path[:-1])
    value = place.pop(last)
    near = near_key(tuple(found["loc"])) if found["type"] == "extra_forbidden" else None
    if near is not None and near not in place:
        place[near] = value
    return True


def _parts(plain: dict[str, Any], key: str) -> list[str]:
    """Return the parts of a dotted key, whose last part may hold dots itself."""
    parts = key.split(".")
    place: Any = plain
    for at, part in enumerate(parts):
        if not isinstance(place, dict) or part not in place:
            return [*parts[:at], ".".join(parts[at:])]
        place = place[part]
    return parts


def _drop(plain: dict[str, Any], path: list[Any]) -> bool:
    """Drop the key that holds a faulty item."""
    for length in range(len(path), 0, -1):
        place = _place(plain, path[: length - 1])
        if isinstance(place, dict) and path[length - 1] in place:
            del place[path[length - 1]]
            return True
    return False


def _place(plain: Any, path: list[Any]) -> Any:  # noqa: ANN401 - whatever TOML holds
    for part in path:
        if isinstance(plain, dict) and part in plain:
            plain = plain[part]
        else:
            return None
    return plain


def _least(path: list[Any]) -> Any:  # noqa: ANN401 - as above
    found: Any = _LEAST
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
