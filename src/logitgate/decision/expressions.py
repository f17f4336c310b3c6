"""Arithmetic over a row's columns, parsed without ever being evaluated as Python.

The grammar: numbers, column names (in quotes where they are no plain names), ``+ - * /``, parentheses,
``min max abs log exp``, comparisons and ``a if condition else b``. No other calls, no attributes, no
subscripts, no powers.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Tree: TypeAlias = "float | str | list[Tree]"

_LONGEST = 1_000
_DEEPEST = 100


def _if(condition: FloatArray, body: FloatArray, orelse: FloatArray) -> FloatArray:
    """Choose per row; a condition that cannot be decided leaves the row without a value."""
    return np.where(np.isnan(condition), np.nan, np.where(condition, body, orelse))


def _comparison(compare: Callable[..., NDArray[np.bool_]]) -> Callable[..., FloatArray]:
    """Make a comparison answer NaN, not false, where a side is missing."""

    def compared(left: FloatArray, right: FloatArray) -> FloatArray:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right))

    return compared


_ARITHMETIC: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISON: dict[type[ast.AST], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_OPERATORS: dict[str, Callable[..., FloatArray]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.true_divide,
    "<": _comparison(np.less),
    "<=": _comparison(np.less_equal),
    ">": _comparison(np.greater),
    ">=": _comparison(np.greater_equal),
    "if": _if,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "log": np.log,
    "exp": np.exp,
}
_CALLS = {"min": 2, "max": 2, "abs": 1, "log": 1, "exp": 1}
"""Functions, and how many arguments each takes; those of two take more, from left to right."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An arithmetic expression over columns.

    Examples
    --------
    >>> cost = Expression.parse("2 + balance / 100 if balance > 0 else 2")
    >>> sorted(cost.columns)
    ['balance']
    >>> cost.over({"balance": np.array([-5.0, 300.0])}, rows=2).tolist()
    [2.0, 5.0]
    >>> Expression.parse("max(5, 'loan amount' * 0.1)").over({"loan amount": np.array([80.0])}, 1).tolist()
    [8.0]
    """

    tree: Tree

    @classmethod
    def parse(cls, source: str | float) -> Expression:
        """Read an expression from a number or its source text.

        Raises
        ------
        ValueError
            When the text holds anything beyond the grammar; the message names it.
        """
        if isinstance(source, (int, float)) and not isinstance(source, bool):
            return cls(_number(source))
        if not isinstance(source, str):
            raise ValueError(f"{type(source).__name__} is neither a number nor an expression")
        if len(source) > _LONGEST:
            raise ValueError(f"{len(source)} characters, at most {_LONGEST} are read")
        try:
            return cls(_tree(ast.parse(source.strip(), mode="eval").body))
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError("not an arithmetic expression over columns") from error

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expression reads."""
        return frozenset(_columns(self.tree))

    def over(self, columns: Mapping[str, FloatArray], rows: int) -> FloatArray:
        """Evaluate for each row.

        Parameters
        ----------
        columns : mapping of str to array of shape (rows,)
        rows : int

        Returns
        -------
        array of shape (rows,)
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = np.asarray(_evaluate(self.tree, columns), dtype=np.float64)
        return np.broadcast_to(value, (rows,))


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("a number must be finite") from error
    if not np.isfinite(number):
        raise ValueError("a number must be finite")
    return number


def _tree(node: ast.AST, depth: int = 0) -> Tree:  # noqa: PLR0911 - one return a rule of the grammar
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    deeper = depth + 1
    match node:
        case ast.Constant(value=bool()):
            raise ValueError("true and false are not numbers")
        case ast.Constant(value=int() | float() as value):
            return _number(value)
        case ast.Constant(value=str(column)) if column:
            return column
        case ast.Name(id=column):
            return column
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _CALLS:
            return _call(name, [_tree(argument, deeper) for argument in arguments])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["-", 0.0, _tree(operand, deeper)]
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _tree(operand, deeper)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
            return [_ARITHMETIC[type(op)], _tree(left, deeper), _tree(right, deeper)]
        case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=body, orelse=orelse):
            if type(op) in _COMPARISON:
                condition: Tree = [_COMPARISON[type(op)], _tree(left, deeper), _tree(right, deeper)]
                return ["if", condition, _tree(body, deeper), _tree(orelse, deeper)]
    raise ValueError(
        f"{type(node).__name__} is not arithmetic: use numbers, column names, + - * /, min, max, abs, log, "
        "exp and 'a if b > c else d'"
    )


def _call(name: str, arguments: list[Tree]) -> Tree:
    wanted = _CALLS[name]
    if len(arguments) < wanted or (wanted == 1 and len(arguments) > 1):
        raise ValueError(f"{name} takes {'one argument' if wanted == 1 else 'two arguments or more'}")
    first, *others = arguments
    if wanted == 1:
        return [name, first]
    tree = first
    for other in others:
        tree = [name, tree, other]
    return tree


def _columns(tree: Tree) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for branch in tree[1:]:
            yield from _columns(branch)


def _evaluate(tree: Tree, columns: Mapping[str, FloatArray]) -> FloatArray | float:
    if isinstance(tree, list):
        return _OPERATORS[str(tree[0])](*(_evaluate(branch, columns) for branch in tree[1:]))
    return columns[tree] if isinstance(tree, str) else tree
