"""Which rows a project is about: `rows.where`, a condition over columns, parsed and never run as Python.

Comparisons, ``and``, ``or``, ``not``, ``in`` and ``missing(column)`` over the arithmetic of `expressions`. A
text in quotes is a value with ``==``, ``!=`` and ``in``, a date with ``<`` and ``>``, and a column
everywhere else. Over a missing cell a condition is unknown; a row matches only where it is true, as in SQL.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...decision.expressions import Expression
from ...decision.levels import text_of
from .column_types import ColumnType

if TYPE_CHECKING:
    import pandas as pd

Truth: TypeAlias = NDArray[np.float64]
"""1 for true, 0 for false, NaN where it is unknown."""

_ORDER: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_EQUAL = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
_LONGEST, _DEEPEST = 2_000, 50
_GRAMMAR = "use comparisons, and, or, not, in [...] and missing(column)"
_TRUTH = {"true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A condition over a row's columns.

    Parameters
    ----------
    types : mapping of str to ColumnType
        The columns it reads, with their types where no other section declares them.
    node : ast.expr

    Examples
    --------
    >>> grown = RowFilter.parse("age >= 18 and (region in ['north', 'south'] or missing(region))")
    >>> sorted((name, kind.value) for name, kind in grown.types.items())
    [('age', 'number'), ('region', 'text')]
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"age": [20.0, 17.0, np.nan, 40.0], "region": ["north", "north", "north", None]})
    >>> grown.matches(rows).tolist()
    [True, False, False, True]
    """

    types: Mapping[str, ColumnType]
    node: ast.expr

    @classmethod
    def parse(cls, source: str) -> RowFilter:
        """Read a condition.

        Raises
        ------
        ValueError
            When it has anything beyond the grammar; the message names it.
        """
        if len(source) > _LONGEST:
            raise ValueError(f"{len(source)} characters, at most {_LONGEST} are read")
        try:
            node = ast.parse(source.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise ValueError(f"not a condition over columns; {_GRAMMAR}") from error
        types: dict[str, ColumnType] = {}
        _see(node, types, 0)
        if not types:
            raise ValueError("the condition names no column")
        return cls(types, node)

    def matches(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows match.

        Parameters
        ----------
        frame : DataFrame of shape (n, columns)

        Returns
        -------
        array of shape (n,)
        """
        return np.asarray(_truth(self.node, frame) == 1, dtype=np.bool_)


def _see(node: ast.expr, types: dict[str, ColumnType], depth: int) -> None:
    """Note the columns of a condition and their types, and refuse what is none."""
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _see(value, types, depth + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _see(operand, types, depth + 1)
        case ast.Call(func=ast.Name(id="missing"), args=[column], keywords=[]):
            types.setdefault(name_of(column), ColumnType.TEXT)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            _see_comparison(left, op, right, types)
        case ast.Compare():
            raise ValueError("compare two things at a time: '0 < a and a < 9'")
        case _:
            raise ValueError(f"{type(node).__name__} is no condition; {_GRAMMAR}")


def _see_comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, types: dict[str, ColumnType]) -> None:
    values = values_of(right, op)
    if is_level(left, op, values):
        is_number = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values or ())
        _note(name_of(left), ColumnType.NUMBER if is_number else ColumnType.TEXT, types)
        return
    if isinstance(op, ast.In | ast.NotIn):
        raise ValueError("write the values after in as a list: region in ['north', 'south']")
    if type(op) in _ORDER and moment_of(right) is not None:
        _note(name_of(left), ColumnType.DATETIME, types)
        return
    sides = [_arithmetic(side).columns for side in (left, right)]
    for column in sorted(sides[0] | sides[1]):
        _note(column, ColumnType.NUMBER, types)


def is_level(left: ast.expr, op: ast.cmpop, values: list[Any] | None) -> bool:
    """Return whether a column is compared with values, not a number that is computed with another one."""
    return isinstance(op, _EQUAL) and values is not None and isinstance(left, ast.Name | ast.Constant)


def _note(column: str, kind: ColumnType, types: dict[str, ColumnType]) -> None:
    earlier = types.get(column)
    # A missing() does not determine the type; a number determines more than a text.
    types[column] = kind if earlier in (None, ColumnType.TEXT) else earlier


def _truth(node: ast.expr, frame: pd.DataFrame) -> Truth:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return _all([_truth(value, frame) for value in values])
        case ast.BoolOp(values=values):
            return 1 - _all([1 - _truth(value, frame) for value in values])
        case ast.UnaryOp(operand=operand):
            return 1 - _truth(operand, frame)
        case ast.Call(args=[column]):
            return _as_truth(frame[name_of(column)].isna())
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(left, op, right, frame)
    raise ValueError(f"{type(node).__name__} is no condition; {_GRAMMAR}")


def _all(truths: list[Truth]) -> Truth:
    """Return Kleene's and: false wherever one is false, else unknown wherever one is unknown."""
    stacked = np.stack(truths)
    return np.where((stacked == 0).any(axis=0), 0.0, stacked.prod(axis=0))


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr, frame: pd.DataFrame) -> Truth:
    values = values_of(right, op)
    if is_level(left, op, values):
        cells = frame[name_of(left)]
        among = _among(cells, values or [])
        truth = among if isinstance(op, ast.Eq | ast.In) else 1 - among
        return np.where(cells.isna().to_numpy(bool), np.nan, truth)
    moment = moment_of(right)
    if moment is not None and type(op) in _ORDER:
        cells = frame[name_of(left)]
        ticks, limit = _ticks(cells), int(moment.timestamp() * 1_000_000)
        return np.where(cells.isna().to_numpy(bool), np.nan, _ORDER[type(op)](ticks, limit))
    one, other = (_numbers(_arithmetic(side), frame) for side in (left, right))
    compare = _ORDER.get(type(op), np.not_equal if isinstance(op, ast.NotEq) else np.equal)
    return np.where(np.isnan(one) | np.isnan(other), np.nan, compare(one, other))


def _among(cells: pd.Series[Any], values: list[Any]) -> Truth:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(cells.dtype) and not is_bool_dtype(cells.dtype):
        numbers = cells.to_numpy(np.float64, na_value=np.nan)
        return np.isin(numbers, np.array(values, dtype=np.float64)).astype(np.float64)
    texts = [text_of(value) for value in values]
    if is_bool_dtype(cells.dtype):
        texts = [text for text in texts if text in ("true", "false")]
        return _as_truth(cells.map({True: "true", False: "false"}).isin(texts))
    return _as_truth(cells.isin(texts))


def _as_truth(found: pd.Series[Any]) -> Truth:
    return np.asarray(found, dtype=np.float64)


def _ticks(cells: pd.Series[Any]) -> NDArray[np.int64]:
    """Return moments as microseconds since 1970; a missing one is any number."""
    return np.asarray(cells.dt.tz_convert(None).dt.as_unit("us").astype("int64"), dtype=np.int64)


def _numbers(expression: Expression, frame: pd.DataFrame) -> NDArray[np.float64]:
    columns = {name: frame[name].to_numpy(np.float64, na_value=np.nan) for name in expression.columns}
    return expression.over(columns, len(frame))


def _arithmetic(node: ast.expr) -> Expression:
    return Expression.parse(ast.unparse(node))


def name_of(node: ast.expr) -> str:
    """Return the column that is named on the left of a comparison."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return node.value
    raise ValueError("write the column on the left of a value")


def values_of(node: ast.expr, op: ast.cmpop) -> list[Any] | None:
    """Return the values that stand on the right of a comparison, or None where no value stands there."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) if isinstance(op, ast.In | ast.NotIn):
            values = [_value(item) for item in items]
            if not values or any(value is None for value in values):
                raise ValueError("a list after in has texts, numbers or truth values, at least one")
            return values
    value = _value(node)
    return None if value is None or isinstance(op, ast.In | ast.NotIn) else [value]


def _value(node: ast.expr) -> Any:  # noqa: ANN401 - a text, a number or a truth value
    match node:
        case ast.Constant(value=str() | bool() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name) if name in _TRUTH:
            return _TRUTH[name]
    return None


def moment_of(node: ast.expr) -> datetime | None:
    """Return the moment in a quoted text, in UTC where it has no time zone."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return None
    try:
        moment = datetime.fromisoformat(node.value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
