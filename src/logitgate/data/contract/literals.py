"""The values that a suite's rules name, brought to the types that the columns are read as, or refused.

A value of another type never equals a cell, so a prohibition of it would pass whatever the rows hold. Over a
column of texts, a number or truth value means its canonical text and the levels that say the same; a time is
brought to a moment. What cannot be brought is refused when the suite is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from ...decision.levels import Spelling, number_text, text_of
from ...project.syntax.column_types import ColumnType
from .suite import ContractRule, Suite

_SETS = ("value_set", "value")
_LIMITS = ("min_value", "max_value")
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)
_MOMENTS = (ColumnType.DATE, ColumnType.DATETIME)
_NEVER_MATCHES = "_not_match_"
"""A forbidden pattern keeps silent over numbers; a demanded one breaks there, and so do limits over texts."""
_OVER_VALUES = "expect_column_values_to_be_between"


def problems(suite: Suite, types: Mapping[str, ColumnType]) -> Iterator[str]:
    """Yield what no cell of a column of these types can ever match, by the rule's place."""
    for place, rule in enumerate(suite.rules, start=1):
        for name, what in _mismatches(rule, types):
            yield f"expectation {place} ({rule.type}) {what}, and column '{name}' is read as {types[name]}"


def kinds_of(frame: pd.DataFrame) -> dict[str, ColumnType]:
    """Return as what the columns of a table were read; those of no kind of ours are left out."""
    return {str(name): kind for name in frame.columns if (kind := _kind(frame[name])) is not None}


def brought(rule: ContractRule, frame: pd.DataFrame, kinds: Mapping[str, ColumnType]) -> ContractRule:
    """Return a rule whose values are what the columns of a table hold."""
    kwargs = dict(rule.kwargs)
    name = kwargs.get("column")
    if isinstance(name, str) and kinds.get(name) in (ColumnType.TEXT, *_MOMENTS):
        for key in _SETS:
            if isinstance(kwargs.get(key), list):
                kwargs[key] = _values(kwargs[key], frame[name], kinds[name])
    if isinstance(kwargs.get("row_condition"), Mapping):
        kwargs["row_condition"] = _condition(kwargs["row_condition"], frame, kinds)
    return rule if kwargs == dict(rule.kwargs) else replace(rule, kwargs=kwargs)


def _kind(column: pd.Series) -> ColumnType | None:
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return ColumnType.DATETIME
    if pd.api.types.is_bool_dtype(dtype):
        return ColumnType.BOOLEAN
    if pd.api.types.is_numeric_dtype(dtype):
        return ColumnType.NUMBER
    is_text = isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(dtype)
    return ColumnType.TEXT if is_text else None


def _mismatches(rule: ContractRule, types: Mapping[str, ColumnType]) -> Iterator[tuple[str, str]]:
    name = rule.kwargs.get("column")
    if isinstance(name, str) and name in types:
        kind = types[name]
        if kind is not ColumnType.TEXT and _NEVER_MATCHES in rule.type:
            yield name, "forbids a pattern of texts"
        for key in _SETS:
            yield from _wrong(name, key, rule.kwargs.get(key), kind)
        if rule.type == _OVER_VALUES and kind is not ColumnType.TEXT:
            for key in _LIMITS:
                value = rule.kwargs.get(key)
                if value is not None and not _comparable(value, kind):
                    yield name, f"has a {key} of another type ({type(value).__name__})"
    for compared, operator, value in _comparisons(rule.kwargs.get("row_condition")):
        if compared in types:
            if operator in ("<", ">", "<=", ">="):
                if not _comparable(value, types[compared]):
                    yield compared, f"has a row_condition of another type ({type(value).__name__})"
            else:
                yield from _wrong(compared, "row_condition", value, types[compared])


def _wrong(name: str, key: str, values: object, kind: ColumnType) -> Iterator[tuple[str, str]]:
    for value in values if isinstance(values, list) else [values] if key == "row_condition" else []:
        if not _matches(value, kind):
            yield name, f"has a {key} with a value of another type ({type(value).__name__})"
            return


def _matches(value: object, kind: ColumnType) -> bool:
    if kind is ColumnType.TEXT:
        return isinstance(value, (str, bool, int, float))
    if kind is ColumnType.BOOLEAN:
        return isinstance(value, bool) or value in (0, 1)
    if kind in _MOMENTS:
        return _is_moment(value)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return not isinstance(value, bool) and (
        whole if kind is ColumnType.INTEGER else isinstance(value, (int, float))
    )


def _comparable(value: object, kind: ColumnType) -> bool:
    if kind in _NUMBERS or kind is ColumnType.BOOLEAN:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return _is_moment(value) if kind in _MOMENTS else isinstance(value, str)


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _comparisons(condition: object) -> Iterator[tuple[str, str, object]]:
    """Yield column, operator and value of each comparison of a condition."""
    if not isinstance(condition, Mapping):
        return
    for part in condition.get("conditions", []):
        yield from _comparisons(part)
    column = condition.get("column")
    if isinstance(column, Mapping) and "parameter" in condition:
        yield str(column.get("name")), str(condition.get("operator")), condition["parameter"]


def _condition(
    condition: Mapping[str, Any], frame: pd.DataFrame, kinds: Mapping[str, ColumnType]
) -> dict[str, Any]:
    changed = dict(condition)
    if "conditions" in changed:
        parts = changed["conditions"]
        changed["conditions"] = [_condition(part, frame, kinds) for part in parts]
        return changed
    column, value = changed.get("column"), changed.get("parameter")
    name = column.get("name") if isinstance(column, Mapping) else None
    if name not in frame.columns or kinds.get(str(name)) is not ColumnType.TEXT:
        return changed
    if isinstance(value, list):
        changed["parameter"] = _values(value, frame[name], ColumnType.TEXT)
    elif isinstance(value, (str, bool, int, float)):
        same = _values([value], frame[name], ColumnType.TEXT)
        many = changed.get("operator") in ("==", "!=") and len(same) > 1
        changed |= {"operator": {"==": "IN", "!=": "NOT_IN"}[str(changed["operator"])]} if many else {}
        changed["parameter"] = same if many else same[0]
    return changed


def _values(values: list[Any], column: pd.Series, kind: ColumnType) -> list[Any]:
    if kind in _MOMENTS:
        moments = [pd.Timestamp(value) for value in values]
        return [at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC") for at in moments]
    texts = [_text(value) for value in values]
    if isinstance(column.dtype, pd.CategoricalDtype):
        spelling = Spelling.of(texts)
        others = [str(level) for level in column.cat.categories if level not in spelling.learned]
        texts += [level for level in others if spelling.bring(level) in spelling.learned]
    return list(dict.fromkeys(texts))


def _text(value: object) -> str:
    if isinstance(value, float) and not value.is_integer():
        return number_text(format(Decimal(repr(value)), "f")) or str(value)
    return text_of(value) or str(value)
