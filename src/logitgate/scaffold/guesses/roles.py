"""What each column is for: id, entity, feature, or left out, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .asked import Asked, Question
from .calendar import Calendar
from .names import names_code, names_entity, names_rows, words
from .outcome import found_column
from .profiles import ColumnKind, Look, Profile
from .suspects import personal_because, repeats, tail_share

_MOST_LEVELS = 2_000
_CODED = 12
_HEAVY = 0.15
_LONGEST_ID = 64


class Role(StrEnum):
    """What a column is for."""

    ID = "id"
    TIME = "time"
    ENTITY = "entity"
    CLUSTER = "cluster"
    OUTCOME = "outcome"
    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What a column is for, and the evidence in counts and shares, never cells."""

    profile: Profile
    role: Role
    because: str

    @property
    def name(self) -> str:
        """The column's name."""
        return self.profile.name


@dataclass(frozen=True)
class Roles:
    """What every column is for, in the order of the table."""

    columns: Mapping[str, ColumnGuess]
    questions: tuple[Question, ...] = field(default=())

    def of(self, *roles: Role) -> list[ColumnGuess]:
        """Return the columns that are for any of these."""
        return [one for one in self.columns.values() if one.role in roles]

    def name_of(self, role: Role) -> str | None:
        """Return the one column of a role, if there is one."""
        return next((one.name for one in self.of(role)), None)

    @property
    def features(self) -> list[ColumnGuess]:
        """The columns to learn from."""
        return self.of(Role.NUMERIC, Role.CATEGORICAL)


def roles_of(look: Look, asked: Asked, calendar: Calendar) -> Roles:
    """Find what each column is for.

    Raises
    ------
    ProjectError
        When an option names a column that the table does not have.
    """
    for name, option in ((asked.id, "--id"), (asked.time, "--time"), (asked.entity, "--entity")):
        if name is not None:
            found_column(look, name, option)
    taken = {asked.outcome: Role.OUTCOME}
    taken |= {calendar.time: Role.TIME} if calendar.time else {}
    taken |= (
        {calendar.cluster: Role.CLUSTER} if calendar.cluster and calendar.cluster != calendar.time else {}
    )
    row_id = asked.id or _row_id(look, taken)
    taken |= {row_id: Role.ID} if row_id else {}
    entity = asked.entity or _entity(look, taken)
    taken |= {entity: Role.ENTITY} if entity and entity != row_id else {}
    found = {
        name: ColumnGuess(look.columns[name], role, _role_because(role, look.columns[name]))
        for name, role in taken.items()
    }
    rest = [one for name, one in look.columns.items() if name not in taken]
    found |= {one.name: one for one in _others(rest)}
    return Roles({name: found[name] for name in look.columns}, tuple(_questions(look, asked, row_id)))


def _questions(look: Look, asked: Asked, row_id: str | None) -> Iterator[Question]:
    if row_id is None:
        yield Question(
            "columns.id", "No column names each row. Is there one? Without it labels cannot be joined."
        )
    elif asked.id is not None and not look.columns[row_id].is_unique:
        repeated = look.columns[row_id].rows - look.columns[row_id].distinct
        yield Question(
            "columns.id", f"'{row_id}' does not name each row: {repeated:,} rows repeat one or have none."
        )


def _row_id(look: Look, taken: Mapping[str, Role]) -> str | None:
    """Return the column that names each row: unique, and named or written like an id."""
    unique = [
        one for name, one in look.columns.items() if name not in taken and one.is_unique and _can_name(one)
    ]
    named = [one for one in unique if names_rows(one.name)]
    return next((one.name for one in (*named, *(one for one in unique if _is_written_like_id(one)))), None)


def _can_name(profile: Profile) -> bool:
    return profile.kind is ColumnKind.TEXT or profile.is_whole


def _is_written_like_id(profile: Profile) -> bool:
    if profile.kind is ColumnKind.NUMBER:
        low, high = float(profile.present.min()), float(profile.present.max())
        return high - low < 1.5 * profile.rows
    texts = [str(level) for level in profile.counts.index[:200]]
    return all(len(text) <= _LONGEST_ID and " " not in text and "@" not in text for text in texts)


def _entity(look: Look, taken: Mapping[str, Role]) -> str | None:
    """Return the column of who or what a row is about: named so, with several rows each, and many of them."""
    found = [
        one
        for name, one in look.columns.items()
        if name not in taken and _can_name_entity(one) and names_entity(name)
    ]
    return max(found, key=lambda one: one.distinct).name if found else None


def _can_name_entity(profile: Profile) -> bool:
    if not (profile.kind is ColumnKind.TEXT or profile.is_whole) or profile.missing:
        return False
    return 50 <= profile.distinct < 0.98 * profile.rows and profile.rows / profile.distinct <= 500


def _role_because(role: Role, profile: Profile) -> str:
    match role:
        case Role.ID if profile.is_unique:
            return f"a value of its own in each of {profile.rows:,} rows"
        case Role.ENTITY:
            return f"{profile.distinct:,} values, {profile.rows / max(profile.distinct, 1):.1f} rows each"
    return f"{profile.distinct:,} values"


def _others(rest: Sequence[Profile]) -> Iterator[ColumnGuess]:
    """Yield the columns without a role of their own, as features or left out."""
    left = {one.name: because for one in rest if (because := _left_out(one))}
    copies = repeats([one for one in rest if one.name not in left])
    left |= {name: f"repeats '{first}': one of them is enough" for name, first in copies.items()}
    for one in rest:
        if one.name in left:
            yield ColumnGuess(one, Role.LEFT_OUT, left[one.name])
        else:
            yield _feature(one)


def _left_out(profile: Profile) -> str | None:
    """Return why a column is no feature, or None."""
    if profile.kind is ColumnKind.EMPTY:
        return "every cell is empty"
    if profile.kind is ColumnKind.OTHER:
        return "its cells are lists, structures or bytes"
    if profile.distinct <= 1:
        return f"constant: one value in {profile.rows - profile.missing:,} rows"
    if because := personal_because(profile):
        return f"{because}, personal"
    return _no_feature(profile)


def _no_feature(profile: Profile) -> str | None:
    if profile.kind is ColumnKind.MOMENT:
        return "a moment is no feature; make a number of it, such as days before the decision"
    if (
        profile.is_unique
        and _can_name(profile)
        and (names_rows(profile.name) or profile.kind is ColumnKind.TEXT)
    ):
        return "a value of its own in each row: it names rows"
    most = min(_MOST_LEVELS, max(20, profile.rows // 20))
    if profile.kind is ColumnKind.TEXT and profile.distinct > most:
        return f"{profile.distinct:,} texts in {profile.rows:,} rows: free text or an id"
    if profile.is_whole and "id" in words(profile.name) and profile.distinct > most:
        return f"{profile.distinct:,} numbers, named like an id"
    return None


def _feature(profile: Profile) -> ColumnGuess:
    if profile.kind is ColumnKind.TEXT:
        return ColumnGuess(profile, Role.CATEGORICAL, f"{profile.distinct:,} levels{_gaps(profile)}")
    if (because := _coded(profile)) is not None:
        return ColumnGuess(profile, Role.CATEGORICAL, because + _gaps(profile))
    share = tail_share(profile)
    because = "whole numbers" if profile.is_whole else "numbers"
    if share is not None and share > _HEAVY:
        because = f"heavy tail: the largest 1 % of rows hold {share:.0%} of the sum"
    return ColumnGuess(profile, Role.NUMERIC, because + _gaps(profile))


def _coded(profile: Profile) -> str | None:
    """Return why a column of whole numbers is a category, or None."""
    if not profile.is_whole:
        return None
    levels = sorted(profile.counts.index)
    if levels == [0, 1]:
        share = profile.counts[1.0] / (profile.rows - profile.missing)
        return f"integer category: {share:.1%} of 0/1 are 1"
    if profile.distinct == 2:
        return "integer category: two values"
    if profile.distinct <= _CODED and names_code(profile.name):
        return f"integer category: {profile.distinct} codes, as its name says"
    if (
        profile.distinct <= _MOST_LEVELS
        and names_code(profile.name)
        and profile.present.min() >= 100
        and profile.rows >= 20 * profile.distinct
    ):
        return f"integer category: {profile.distinct:,} codes of three digits or more, as its name says"
    return None


def _gaps(profile: Profile) -> str:
    return f", {profile.missing / profile.rows:.1%} missing" if profile.missing else ""
