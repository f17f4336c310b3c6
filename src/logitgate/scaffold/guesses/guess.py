"""All that is guessed about a table, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...data.readers.source import Source
from ...errors import DataError
from ...project.data import RowsConfig
from ..writing import MISSING
from .asked import Asked, Question
from .calendar import Calendar, calendar_of
from .look import look_at, number_texts
from .outcome import OutcomeGuess, outcome_of, without_unknown
from .profiles import ColumnKind, Look, Profile
from .roles import Role, Roles, roles_of
from .suspects import Separation, missing_separates, sentinel_of, separations

OBVIOUS, SUSPICIOUS = 0.93, 0.75
"""AUC of one column alone: what may be a leak, a little below the gate's limit; and what is asked about."""


@dataclass(frozen=True)
class Guess:
    """What was found about a table, and asked of its owner.

    Parameters
    ----------
    name : str
        Of the project.
    rows : RowsConfig
        Where the rows are and how they are written.
    look : Look
    sentinels : mapping of str to str
        The number that means "missing", by column, as it is written.
    leaks : tuple of Separation
        Features that know the outcome.
    suspicious : tuple of Separation
        Features that separate it well.
    known_later : tuple of str
        Columns left out whose gaps know the outcome.
    of : int
        Rows of the table, of which those that were looked at may be a sample.
    """

    name: str
    asked: Asked
    rows: RowsConfig
    look: Look
    outcome: OutcomeGuess
    calendar: Calendar
    roles: Roles
    sentinels: Mapping[str, str]
    leaks: tuple[Separation, ...]
    suspicious: tuple[Separation, ...]
    known_later: tuple[str, ...]
    of: int

    @property
    def questions(self) -> tuple[Question, ...]:
        """What only the owner can answer, the most important first."""
        return tuple(_questions(self))

    @property
    def cost_miss(self) -> float:
        """Cost of a miss, as given or by default."""
        return 5.0 if self.asked.cost_miss is None else self.asked.cost_miss

    @property
    def cost_false_alarm(self) -> float:
        """Cost of a false alarm, as given or by default."""
        return 1.0 if self.asked.cost_false_alarm is None else self.asked.cost_false_alarm


def guess(source: Source, rows: RowsConfig, asked: Asked, name: str, of: int | None = None) -> Guess:
    """Look at a table, or a sample of `of` rows, and find what a project would say about it.

    Raises
    ------
    ProjectError
        When an option names what the table does not have.
    DataError
        When the outcome has not two values, or too few rows of one.
    """
    look = without_unknown(look_at(source, rows.separator), asked)
    outcome = outcome_of(look, asked)
    look, sentinels = _without_sentinels(look, asked, source)
    calendar = calendar_of(look, asked, outcome)
    roles = roles_of(look, asked, calendar)
    if not roles.features:
        rule, remedy = "no column is left to learn from", "add what is known when the decision is due"
        raise DataError(source.name, rule, remedy)
    ranked = separations([one.profile for one in roles.features], outcome.y, outcome.known)
    later = [one for one in roles.of(Role.LEFT_OUT) if _knows_later(one.profile, outcome)]
    return Guess(
        name,
        asked,
        _written(rows, look, calendar, roles),
        look,
        outcome,
        calendar,
        roles,
        sentinels,
        tuple(one for one in ranked if one.auc >= OBVIOUS),
        tuple(one for one in ranked if SUSPICIOUS <= one.auc < OBVIOUS),
        tuple(one.name for one in later),
        of or source.cells.num_rows,
    )


def _knows_later(profile: Profile, outcome: OutcomeGuess) -> bool:
    if profile.kind in (ColumnKind.OTHER, ColumnKind.EMPTY):
        return False
    return bool(missing_separates(profile, outcome.y, outcome.known) >= OBVIOUS)


def _without_sentinels(look: Look, asked: Asked, source: Source) -> tuple[Look, dict[str, str]]:
    """Return the table with sentinels as missing, and how each is written."""
    roles = {asked.outcome, asked.id, asked.time, asked.entity}
    columns, found = dict(look.columns), dict[str, str]()
    for name, one in look.columns.items():
        end = None if name in roles else sentinel_of(one)
        if end is not None:
            texts = number_texts(source.cells.column(name), end, look.writing)
            columns[name] = one.without((end,), texts)
            found[name] = texts[0]
    return replace(look, columns=columns), found


def _written(rows: RowsConfig, look: Look, calendar: Calendar, roles: Roles) -> RowsConfig:
    """Return the rows with how the cells of the columns that are used are written."""
    used = [one.profile for one in roles.columns.values() if one.role is not Role.LEFT_OUT]
    everywhere = sorted({token for one in used for token in one.tokens if token in MISSING})
    missing = {one.name: tuple(token for token in one.tokens if token not in MISSING) for one in used}
    forms = {one.name: one.form for one in used if one.kind is ColumnKind.MOMENT and one.form}
    update: dict[str, Any] = {
        "decimal": look.writing.decimal,
        "thousands": look.writing.thousands,
        "missing_everywhere": tuple(everywhere),
        "missing": {name: tokens for name, tokens in missing.items() if tokens},
        "formats": forms | ({calendar.time: calendar.form} if calendar.time and calendar.form else {}),
    }
    return rows.model_copy(update=update)


def _questions(guessed: Guess) -> Iterator[Question]:
    asked, outcome = guessed.asked, guessed.outcome
    if asked.cost_miss is None or asked.cost_false_alarm is None:
        text = "What does a miss cost, and a false alarm? 5 to 1 is taken."
        yield Question("costs", text)
    if outcome.question is not None:
        yield outcome.question
    for one in guessed.leaks:
        yield Question(
            "columns.known_after_outcome",
            f"Is '{one.name}' known only after the outcome? Alone it separates it with AUC {one.auc:.3f}.",
        )
    yield from guessed.calendar.questions
    if guessed.calendar.time:
        yield Question(
            "outcome.matures_after", "How long after the decision is the outcome known? Nothing is taken."
        )
    for one in guessed.suspicious[:3]:
        text = f"Is '{one.name}' known when the decision is due? Alone it has AUC {one.auc:.3f}."
        yield Question("features", text)
    for name, token in guessed.sentinels.items():
        share = float(np.mean(guessed.look.columns[name].values.isna()))
        yield Question(
            f"rows.missing.{name}",
            f"Does {token} in '{name}' mean missing? It is read so ({share:.1%} of rows).",
        )
    looked_at = len(guessed.outcome.known)
    if looked_at < guessed.of:
        text = f"Do its limits hold? Of {guessed.of:,} rows only {looked_at:,} fit in memory."
        yield Question("contract.suite", text)
    yield from guessed.roles.questions
