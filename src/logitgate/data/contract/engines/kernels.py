"""Rules that are decided by counts on the columns themselves, where they are kept.

A kernel never reports a breach: a rule that it does not find kept, or does not understand to the letter, is
left to Great Expectations, which says what is broken and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ....decision.costs import BoolArray
from ....findings import Figure
from ..results import RuleResult, share_of
from ..suite import ContractRule

_NUMBER = (int, float)
_DEFAULTS: Mapping[str, object] = {"mostly": 1, "strict_min": False, "strict_max": False, "or_equal": False}
"""Arguments that mean the same when they are left out; null does as well."""


def understands(rule: ContractRule) -> bool:
    """Whether there is a kernel for this rule with these arguments, of these types."""
    kernel = _KERNELS.get(rule.type)
    if kernel is None:
        return False
    names = _COLUMNS.get(rule.type, ("column",))
    if set(rule.kwargs) - {
        *names,
        *kernel[1],
        *(("mostly",) if rule.type.startswith("expect_column_values_") else ()),
    }:
        return False
    if not all(isinstance(rule.kwargs.get(name), str) for name in names):
        return False
    given = {name: value for name, value in rule.kwargs.items() if name in kernel[1] and value is not None}
    if kernel[1] and not any(bool not in kernel[1][name] for name in given):
        return False
    return all(_fits(kernel[1][name], value) for name, value in given.items())


def repeats(rules: Mapping[int, ContractRule]) -> bool:
    """Whether two rules that kernels understand may say the same, in other words."""
    said = [
        repr((rule.type, sorted((name, _plain(rule.kwargs[name])) for name in _arguments(rule))))
        for rule in rules.values()
        if understands(rule)
    ]
    return len(set(said)) < len(said)


def kept(rules: Mapping[int, ContractRule], frame: pd.DataFrame) -> dict[int, Mapping[str, Figure]]:
    """Return the rules that are certainly kept, with the figures that Great Expectations would give.

    Parameters
    ----------
    rules : mapping of int to ContractRule
        With their values in the columns' types.
    frame : DataFrame of shape (n, columns)
    """
    found: dict[int, Mapping[str, Figure]] = {}
    for place, rule in rules.items():
        if not len(frame) or not understands(rule) or not set(rule.columns) <= set(frame.columns):
            continue
        read = [frame[name] for name in rule.columns] or [pd.Series(frame.index)]
        try:
            figures = _KERNELS[rule.type][0](*read, rule.kwargs)
        except (TypeError, ValueError, re.error):
            continue
        if figures is not None:
            found[place] = {"severity": rule.severity, **figures}
    return found


def _arguments(rule: ContractRule) -> list[str]:
    return [
        name
        for name, value in rule.kwargs.items()
        if value is not None and not (name in _DEFAULTS and value == _DEFAULTS[name])
    ]


def _plain(value: object) -> object:
    """Return 1 and 1.0 as the same."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, _NUMBER) else value


def _fits(types: tuple[type, ...], value: object) -> bool:
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _counted(column: pd.Series, breaks: BoolArray, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    """Return the counts of a rule about cells that nothing breaks; None where something does."""
    if breaks.any():
        return None
    figures: dict[str, Figure] = {"rows": len(column), "unexpected": 0}
    if kwargs.get("mostly", 1) != 1:
        figures["cells"] = int(column.notna().sum())
    return figures | {"unexpected_share": share_of(figures)}


def _not_null(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    if kwargs.get("mostly", 1) != 1:
        return None
    return _counted(column, column.isna().to_numpy(dtype=bool), kwargs)


def _between(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    low, high = (_bound(column, kwargs.get(name)) for name in ("min_value", "max_value"))
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:  # refused by the library, even without a cell
        return None
    cells = column.dropna()
    if not _is_ordered(cells):
        return None
    breaks = np.zeros(len(cells), dtype=bool)
    if low is not None:
        above = cells > low if kwargs.get("strict_min") else cells >= low
        breaks |= ~above.to_numpy(dtype=bool)
    if high is not None:
        below = cells < high if kwargs.get("strict_max") else cells <= high
        breaks |= ~below.to_numpy(dtype=bool)
    return _counted(column, breaks, kwargs)


def _bound(column: pd.Series, value: object) -> Any:  # noqa: ANN401 - a number or a moment
    """Return a limit in the column's type."""
    if isinstance(value, str):
        if not isinstance(column.dtype, pd.DatetimeTZDtype):
            raise TypeError
        moment = pd.Timestamp(value)
        if moment.tz is None:
            raise TypeError
        return moment
    if value is not None and not pd.api.types.is_numeric_dtype(column.dtype):
        raise TypeError
    return value


def _is_ordered(cells: pd.Series) -> bool:
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return True
    return pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)


def _in_set(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    values = kwargs.get("value_set")
    if not values or not all(isinstance(value, (str, *_NUMBER)) for value in values):
        return None
    cells = column.dropna()
    distinct = cells.drop_duplicates()
    return _counted(column, ~distinct.isin(values).to_numpy(dtype=bool), kwargs)


def _unique(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    cells = column.dropna()
    # A set of texts takes a third of what pandas takes to find which ones repeat.
    if cells.dtype == "str" and len(set(cells.tolist())) == len(cells):
        return _counted(column, np.zeros(len(cells), dtype=bool), kwargs)
    return _counted(column, cells.duplicated().to_numpy(dtype=bool), kwargs)


def _regex(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    pattern, distinct = kwargs.get("regex"), column.dropna().drop_duplicates()
    if pattern is None or not all(isinstance(value, str) for value in distinct):
        return None
    found = re.compile(pattern)
    return _counted(column, np.array([found.search(value) is None for value in distinct], dtype=bool), kwargs)


def _filled(column: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    share = float(column.notna().sum() / len(column))
    return {"observed": share} if _lies_between(share, kwargs) else None


def _row_count(rows: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    return {"observed": len(rows)} if _lies_between(len(rows), kwargs) else None


def row_count(rule: ContractRule, rows: int) -> RuleResult:
    """Return what becomes of a rule about the number of rows of a table, of which a sample is at hand."""
    limits = dict(rule.kwargs)
    if "value" in limits:
        limits |= dict.fromkeys(("min_value", "max_value"), limits["value"])
    at_limit = [
        limits.get(strict) and limits.get(limit) == rows
        for strict, limit in (("strict_min", "min_value"), ("strict_max", "max_value"))
    ]
    return RuleResult(rule, _lies_between(rows, limits) and not any(at_limit), figures={"observed": rows})


def _lies_between(value: float, kwargs: Mapping[str, Any]) -> bool:
    low, high = (kwargs.get(name) for name in ("min_value", "max_value"))
    above = low is None or (value > low if kwargs.get("strict_min") else value >= low)
    below = high is None or (value < high if kwargs.get("strict_max") else value <= high)
    return bool(above and below)


def _greater(a: pd.Series, b: pd.Series, kwargs: Mapping[str, Any]) -> dict[str, Figure] | None:
    if kwargs.get("ignore_row_if") != "either_value_is_missing" or not (_is_ordered(a) and _is_ordered(b)):
        return None
    both = (a.notna() & b.notna()).to_numpy(dtype=bool)
    greater = (a >= b if kwargs.get("or_equal") else a > b).to_numpy(dtype=bool)
    return _counted(a, both & ~greater, kwargs)


_Kernel = tuple[Callable[..., "dict[str, Figure] | None"], Mapping[str, tuple[type, ...]]]
_LIMITS: Mapping[str, tuple[type, ...]] = {
    "min_value": (*_NUMBER, str),
    "max_value": (*_NUMBER, str),
    "strict_min": (bool,),
    "strict_max": (bool,),
}
_SHARES: Mapping[str, tuple[type, ...]] = {**_LIMITS, "min_value": _NUMBER, "max_value": _NUMBER}
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
_ROWS = "expect_table_row_count_to_be_between"
_COLUMNS: Mapping[str, tuple[str, ...]] = {_PAIR: ("column_A", "column_B"), _ROWS: ()}
"""The arguments that name columns, where it is not column alone."""
_KERNELS: Mapping[str, _Kernel] = {
    "expect_column_values_to_not_be_null": (_not_null, {}),
    "expect_column_values_to_be_between": (_between, _LIMITS),
    "expect_column_values_to_be_in_set": (_in_set, {"value_set": (list,)}),
    "expect_column_values_to_be_unique": (_unique, {}),
    "expect_column_values_to_match_regex": (_regex, {"regex": (str,)}),
    "expect_column_proportion_of_non_null_values_to_be_between": (_filled, _SHARES),
    _ROWS: (_row_count, {"min_value": (int,), "max_value": (int,)}),
    _PAIR: (_greater, {"or_equal": (bool,), "ignore_row_if": (str,)}),
}
"""A kernel for each type of rule, and the arguments beside column and mostly, with their types."""
