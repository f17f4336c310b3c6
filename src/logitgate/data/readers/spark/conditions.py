"""`rows.where` and limits of time as conditions of Spark SQL, as far as Spark reads the cells as we do.

A condition may keep too many rows, because those that come home go through the filter itself; it never leaves
out a row that matches. Where a cell is missing for us and a value for Spark (NaN, an empty text), we do not
know the truth of a comparison and Spark does: what is true whatever that truth is, is true for Spark as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ....decision.levels import text_of
from ....project.project import Project
from ....project.syntax.column_types import ColumnType
from ....project.syntax.row_filter import RowFilter, is_level, moment_of, name_of, values_of
from ....spark.frame import quoted

_ORDER: dict[type[ast.AST], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_EQUAL: dict[type[ast.AST], str] = {ast.Eq: "IN", ast.In: "IN", ast.NotEq: "NOT IN", ast.NotIn: "NOT IN"}
_WHOLE = ("tinyint", "smallint", "int", "bigint")
_BROKEN = ("float", "double")
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)


def pushed(project: Project, kinds: Mapping[str, str]) -> list[str]:
    """Return conditions of Spark SQL that each row fulfils which `rows.where` matches.

    Parameters
    ----------
    project : Project
    kinds : mapping of str to str
        Type of each column, as Spark writes it.
    """
    if project.rows.where is None or set(project.rows.filter_types) - set(kinds):
        return []
    writer = _Writer(project, kinds)
    parts = _conjuncts(RowFilter.parse(project.rows.where).node)
    return [written for part in parts if (written := writer.condition(part)) is not None]


def from_on(column: str, kind: str, limit: datetime) -> str | None:
    """Return the condition that a time is missing or not before a limit; None where Spark cannot say."""
    compared = _time(column, kind, ">=", limit)
    return None if compared is None else f"({quoted(column)} IS NULL OR {compared})"


def before(column: str, kind: str, limit: datetime) -> str | None:
    """Return the condition that a time is missing or before a limit; None where Spark cannot say."""
    compared = _time(column, kind, "<", limit)
    return None if compared is None else f"({quoted(column)} IS NULL OR {compared})"


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of a condition that must all be true."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _conjuncts(part)
    else:
        yield node


class _Writer:
    """Writes conditions over columns of known types; None for what Spark would read otherwise."""

    def __init__(self, project: Project, kinds: Mapping[str, str]) -> None:
        self._kinds, self._types = kinds, project.declared_types
        # Columns whose cells are not what is stored: missing by their text, or levels of another type.
        self._changed = {name for name in kinds if project.rows.missing_in(name)}
        self._changed |= {*project.rows.formats, project.columns.row_id}
        self._changed |= {
            name for name in project.features.categorical if self._types[name] is not ColumnType.TEXT
        }

    def condition(self, node: ast.expr) -> str | None:
        """Return a condition; None where a part of it cannot be written."""
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.condition(value) for value in values]
                word = " AND " if isinstance(op, ast.And) else " OR "
                known = [part for part in parts if part is not None]
                return f"({word.join(known)})" if len(known) == len(parts) else None
            case ast.UnaryOp(operand=operand):
                inner = self.condition(operand)
                return None if inner is None else f"(NOT {inner})"
            case ast.Call(args=[column]):
                return self._missing(name_of(column))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, op, right)
        return None

    def _missing(self, column: str) -> str | None:
        kind, name = self._kinds[column], quoted(column)
        if column in self._changed:
            return None
        if kind in _BROKEN:
            return f"({name} IS NULL OR isnan({name}))"
        if kind == "string":
            is_text = self._types[column] is ColumnType.TEXT
            return f"({name} IS NULL OR trim({name}) = '')" if is_text else None
        return f"({name} IS NULL)" if kind in (*_WHOLE, "boolean", "timestamp", "date") else None

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str | None:
        values = values_of(right, op)
        if not isinstance(left, ast.Name | ast.Constant):
            return None
        if is_level(left, op, values):
            return self._among(name_of(left), _EQUAL[type(op)], values or [])
        sign, moment = _ORDER.get(type(op)), moment_of(right)
        if sign is None or not isinstance(left, ast.Name):
            return None
        if moment is not None:
            return _time(left.id, self._kinds[left.id], sign, moment)
        number = _number(right)
        if number is None or not self._is_number(left.id):
            return None
        return f"({quoted(left.id)} {sign} {number})"

    def _among(self, column: str, word: str, values: list[Any]) -> str | None:
        if self._is_number(column):
            numbers = [_literal(value) for value in values]
            known = [one for one in numbers if one is not None]
            return f"({quoted(column)} {word} ({', '.join(known)}))" if len(known) == len(numbers) else None
        is_text = self._kinds[column] == "string" and self._types[column] is ColumnType.TEXT
        if not is_text or column in self._changed:
            return None
        texts = ", ".join(_text(text_of(value) or "") for value in values)
        return f"(trim({quoted(column)}) {word} ({texts}))"

    def _is_number(self, column: str) -> bool:
        stored = self._kinds[column] in (*_WHOLE, *_BROKEN)
        return stored and self._types[column] in _NUMBERS and column not in self._changed


def _time(column: str, kind: str, sign: str, limit: datetime) -> str | None:
    """Compare a column of times; dates only with a midnight, because they are midnights in UTC for us."""
    naive = limit.astimezone(UTC).replace(tzinfo=None)
    if kind == "timestamp":
        micros = round((naive - datetime(1970, 1, 1)).total_seconds() * 1_000_000)
        return f"({quoted(column)} {sign} timestamp_micros({micros}))"
    if kind == "timestamp_ntz":
        return f"({quoted(column)} {sign} TIMESTAMP_NTZ '{naive.isoformat(sep=' ')}')"
    if kind == "date" and naive.time() == datetime.min.time():
        return f"({quoted(column)} {sign} DATE '{naive.date().isoformat()}')"
    return None


def _number(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=value):
            return _literal(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return _literal(-value)
    return None


def _literal(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"CAST('{float(value)!r}' AS DOUBLE)" if is_number else None  # type: ignore[arg-type]


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
