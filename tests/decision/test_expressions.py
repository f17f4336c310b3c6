import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.expressions import Expression
from tests.wording import refusal

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
LEAVES = st.one_of(NUMBERS.filter(lambda value: value >= 0).map(str), st.sampled_from(["a", "b"]))
SOURCES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda operand: f"(-{operand})"),
        st.tuples(inner, inner, st.sampled_from(["<", "<=", ">", ">="]), inner, inner).map(
            lambda parts: f"({parts[0]} if {parts[1]} {parts[2]} {parts[3]} else {parts[4]})"
        ),
    ),
    max_leaves=8,
)


@given(SOURCES, NUMBERS, NUMBERS)
def test_agrees_with_python_row_by_row(source, a, b):
    """Whatever the grammar allows means what Python means by it."""
    found = Expression.parse(source).over({"a": np.array([a, b]), "b": np.array([b, a])}, 2)
    expected = [eval(source, {}, {"a": a, "b": b}), eval(source, {}, {"a": b, "b": a})]  # noqa: S307 - the oracle
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_refuses_what_is_not_arithmetic(wording):
    """Calls, attributes, subscripts, powers and the rest of Python are refused by name."""
    sources = (
        *("pow(a, 2)", "max(a, b, key=c)", "__import__('os').system('true')", "a.real", "a[0]", "a ** 2"),
        *("a // 2", "a % 2", "not a", "~a", "a > 1 and b > 1", "a > 1", "1 if a else 2"),
        *("1 if a == 2 else 3", "1 if 0 < a < 2 else 3", "''", "None", "1j", "[a]", "lambda: 1", "(a := 2)"),
        *("abs(a, b)", "min(a)"),
    )
    wording(*(f"{one}: {refusal(ValueError, Expression.parse, one)}" for one in sources))


@pytest.mark.parametrize("source", ["", "a +", "a; b", "import os", "a = 2", "(" * 300 + "a" + ")" * 300])
def test_refuses_what_is_not_an_expression(source, wording):
    """Statements and broken text are refused as one."""
    wording(refusal(ValueError, Expression.parse, source))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        *((one, "finite") for one in (float("nan"), float("inf"), "1e999", "9" * 400, int("9" * 400))),
        *((one, "number") for one in (True, "True", None, ["+", 1, 2])),
    ],
)
def test_refuses_what_is_no_finite_number(source, said):
    """A number beyond the floats is not a cost; truth values, nothing and lists are no numbers."""
    with pytest.raises(ValueError, match=said):
        Expression.parse(source)


def test_refuses_long_and_deep_expressions(wording):
    """What could exhaust the stack when it is evaluated is refused when it is read."""
    wording(*(refusal(ValueError, Expression.parse, one) for one in ("a" * 1001, "-" * 500 + "a")))
    deep = Expression.parse("+".join(["a"] * 100))
    assert deep.over({"a": np.array([1.0])}, 1).tolist() == [100.0]


def test_what_has_no_value_is_for_whoever_asked_for_it_to_say():
    """A missing value does not quietly choose the `else`; one in the branch not taken does not matter.

    Division by zero is infinite, and what has no logarithm is missing, without a warning.
    """
    missing = {"a": np.array([np.nan, 1.0]), "b": np.array([5.0, np.nan])}
    assert np.isnan(Expression.parse("1 if a > 0 else 2").over(missing, 2)).tolist() == [True, False]
    assert Expression.parse("7 if 1 > 0 else b").over(missing, 2).tolist() == [7.0, 7.0]
    assert np.isinf(Expression.parse("1 / a").over({"a": np.array([0.0])}, 1)).all()
    assert np.isnan(Expression.parse("log(a)").over({"a": np.array([-1.0])}, rows=1)).all()


def test_knows_its_columns_and_spreads_a_constant():
    """Columns are found in every branch; a constant is the same for all rows."""
    assert Expression.parse("a * 2 if b > c else -d").columns == {"a", "b", "c", "d"}
    assert Expression.parse(3).columns == frozenset()
    assert Expression.parse("3 + 1").over({}, 3).tolist() == [4.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("min(a, 2, b)", [1.0, 2.0]),
        ("max(a, b)", [5.0, 9.0]),
        ("abs(a - b)", [4.0, 5.0]),
        ("log(exp(a))", [1.0, 4.0]),
        ("'loan amount' + \"capital-gain\"", [30.0, 50.0]),
        ("max('loan amount' * 0.1, 2) if a > 3 else exp(0)", [1.0, 4.0]),
    ],
)
def test_functions_and_columns_in_quotes(source, expected):
    """Costs as a lender writes them, and columns with names that are no words of arithmetic."""
    columns = {"a": [1.0, 4.0], "b": [5.0, 9.0], "loan amount": [20.0, 40.0], "capital-gain": [10.0, 10.0]}
    cost = Expression.parse(source)
    assert cost.columns <= set(columns)
    found = cost.over({name: np.array(cells) for name, cells in columns.items()}, rows=2)
    assert np.allclose(found, expected, rtol=1e-15, atol=0)
