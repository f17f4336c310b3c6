"""What the owner of a table has said about it before anything was guessed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What the owner of a table has said; None where it is to be guessed."""

    outcome: str
    event: str | None = None
    id: str | None = None
    time: str | None = None
    entity: str | None = None
    cost_miss: float | None = None
    cost_false_alarm: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What only the owner can answer, and under which key the answer stands."""

    key: str
    text: str
