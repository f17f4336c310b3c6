"""How the cells of a column are read."""

from __future__ import annotations

from enum import StrEnum


class ColumnType(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    UUID = "uuid"
