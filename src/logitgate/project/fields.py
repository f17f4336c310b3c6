"""What every section of a project file is: frozen, without unknown keys, described by its docstrings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DURATION = re.compile(r"\s*(\d+)\s*(minute|hour|day|week)s?\s*")

_LONGEST, _MOST_DIGITS = timedelta(days=365_250), 9

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Name: TypeAlias = Annotated[str, Field(min_length=1)]
Names: TypeAlias = tuple[Name, ...]


class Section(BaseModel):
    """Frozen, without unknown keys; a line of text below a field is its description in the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Plain(Section):
    """A section of no project file: its schema is never read, and to find its lines of text takes time."""

    model_config = ConfigDict(use_attribute_docstrings=False)


def quoted(names: set[str] | list[str]) -> str:
    """Return names in order, for a sentence."""
    return ", ".join(f"'{name}'" for name in sorted(names))


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        if abs(value) > _LONGEST:
            raise ValueError("longer than 1,000 years, which no date holds")
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a duration; write it like '90 days', '36 hours' or '2 weeks'")
    number, unit = found[1], f"{found[2]}s"
    if len(number) > _MOST_DIGITS or timedelta(**{unit: int(number)}) > _LONGEST:
        raise ValueError("longer than 1,000 years, which no date holds")
    return timedelta(**{unit: int(number)})


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*(minute|hour|day|week)s?\s*$"}),
]
