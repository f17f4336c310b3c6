"""The outcome's two levels, and which of them is the event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...data.readers.headers import likely
from ...decision.levels import Spelling, text_of
from ...errors import DataError, ProjectError
from ..writing import ALSO_MISSING
from .asked import Asked, Question
from .profiles import ColumnKind, Look, Profile

_EVENTS = {
    *(
        "1",
        "true",
        "yes",
        "y",
        "ja",
        "j",
        "oui",
        "si",
        "sí",
        "t",
        "late",
        "spam",
        "fraud",
        "default",
        "defaulted",
    ),
    *(
        "churn",
        "churned",
        "malignant",
        "bad",
        "positive",
        "pos",
        "failure",
        "failed",
        "fail",
        "died",
        "dead",
        "event",
    ),
    *(
        "sick",
        "disease",
        "left",
        "lost",
        "cancelled",
        "canceled",
        "overdue",
        "converted",
        "bought",
        "clicked",
        "won",
    ),
}
_FEWEST = 20


@dataclass(frozen=True)
class OutcomeGuess:
    """The outcome.

    Parameters
    ----------
    column : str
    event, other : str
        The two levels, as their canonical texts.
    y : int8 array of shape (rows with an outcome,)
    known : bool array of shape (rows,)
    because : str
        How the event was found.
    question : Question or None
        Where it could not be.
    """

    column: str
    event: str
    other: str
    y: NDArray[np.int8]
    known: NDArray[np.bool_]
    because: str
    question: Question | None = None

    @property
    def rarer(self) -> int:
        """Rows of the rarer level."""
        return int(min(self.y.sum(), len(self.y) - self.y.sum()))


def outcome_of(look: Look, asked: Asked) -> OutcomeGuess:
    """Find the event.

    Raises
    ------
    ProjectError
        When there is no such column or level.
    DataError
        When the outcome has not two levels.
    """
    profile = found_column(look, asked.outcome, "--outcome")
    levels = _levels(profile)
    if len(levels) != 2:
        present = profile.rows - profile.missing
        rule = f"has {profile.distinct:,} distinct values in {present:,} rows, two are needed"
        raise DataError(asked.outcome, rule, "make a column of two values, such as yes and no, and name that")
    event, because, question = _event(levels, asked, profile)
    known = profile.values.notna().to_numpy()
    cells = profile.values[known]
    y = np.array([_text(cell) == event for cell in cells], dtype=np.int8)
    other = next(level for level in levels if level != event)
    found = OutcomeGuess(asked.outcome, event, other, y, known, because, question)
    if found.rarer < _FEWEST:
        rule = f"has {found.rarer} rows of the rarer value, {_FEWEST} are needed to begin"
        raise DataError(asked.outcome, rule, "collect more rows, or name another outcome")
    return found


def without_unknown(look: Look, asked: Asked) -> Look:
    """Return the same table, where an outcome of two levels and a word for "unknown" has that as missing.

    Raises
    ------
    ProjectError
        When there is no such column.
    """
    profile = found_column(look, asked.outcome, "--outcome")
    levels = [str(level) for level, rows in profile.counts.items() if rows]
    unknown = tuple(sorted(level for level in levels if level in ALSO_MISSING))
    if profile.kind is not ColumnKind.TEXT or not unknown or len(levels) - len(unknown) != 2:
        return look
    known = profile.values.cat.remove_categories(list(unknown))
    changed = replace(profile, values=known, tokens=(*profile.tokens, *unknown))
    return replace(look, columns={**look.columns, profile.name: changed})


def found_column(look: Look, name: str, option: str) -> Profile:
    """Return a column that an option names.

    Raises
    ------
    ProjectError
        When the table has none of that name.
    """
    if name not in look.columns:
        remedy = likely(name, look.columns) or "correct the name"
        raise ProjectError(option, f"column '{name}' is not in the table", remedy)
    return look.columns[name]


def _levels(profile: Profile) -> dict[str, int]:
    if profile.kind not in (ColumnKind.NUMBER, ColumnKind.TEXT) or profile.distinct > 50:
        return {}
    return {_text(level): int(rows) for level, rows in profile.counts.items() if rows}


def _text(level: object) -> str:
    return text_of(level) or str(level)


def _event(levels: dict[str, int], asked: Asked, profile: Profile) -> tuple[str, str, Question | None]:
    total = sum(levels.values())
    if asked.event is not None:
        event = Spelling.of(list(levels)).bring(asked.event)
        if event not in levels:
            rule, remedy = f"'{asked.event}' is no value of '{profile.name}'", "give one of its two values"
            raise ProjectError("--event", rule, remedy)
        return event, f"as given; {levels[event] / total:.1%} of {total:,} rows", None
    likely_ones = [level for level in levels if level.lower() in _EVENTS]
    if len(likely_ones) == 1:
        (event,) = likely_ones
        return event, f"by its name; {levels[event] / total:.1%} of {total:,} rows", None
    event = _rarer(levels)
    question = Question(
        "outcome.event", f"Which value of '{profile.name}' is the event? The rarer one is taken."
    )
    return event, f"the rarer value, {levels[event] / total:.1%} of {total:,} rows", question


def _rarer(levels: dict[str, int]) -> str:
    return min(_sorted(levels), key=lambda level: levels[level])


def _sorted(levels: Iterable[str]) -> list[str]:
    return sorted(levels)
