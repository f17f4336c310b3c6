import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.expressions import Expression

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


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("pow(a, 2)", "Call"),
        ("max(a, b, key=c)", "Call"),
        ("__import__('os').system('true')", "Call"),
        ("a.real", "Attribute"),
        ("a[0]", "Subscript"),
        ("a ** 2", "BinOp"),
        ("a // 2", "BinOp"),
        ("a % 2", "BinOp"),
        ("not a", "UnaryOp"),
        ("~a", "UnaryOp"),
        ("a > 1 and b > 1", "BoolOp"),
        ("a > 1", "Compare"),
        ("1 if a else 2", "IfExp"),
        ("1 if a == 2 else 3", "IfExp"),
        ("1 if 0 < a < 2 else 3", "IfExp"),
        ("''", "Constant"),
        ("None", "Constant"),
        ("1j", "Constant"),
        ("[a]", "List"),
        ("lambda: 1", "Lambda"),
        ("(a := 2)", "NamedExpr"),
    ],
)
def test_refuses_what_is_not_arithmetic(source, named):
    """Calls, attributes, subscripts, powers and the rest of Python are refused by name."""
    with pytest.raises(ValueError, match=f"^{named} is not arithmetic"):
        Expression.parse(source)


@pytest.mark.parametrize("source", ["", "a +", "a; b", "import os", "a = 2", "(" * 300 + "a" + ")" * 300])
def test_refuses_what_is_not_an_expression(source):
    """Statements and broken text are refused as one."""
    with pytest.raises(ValueError, match="not an arithmetic expression"):
        Expression.parse(source)


@pytest.mark.parametrize("source", [float("nan"), float("inf"), "1e999", "9" * 400, int("9" * 400)])
def test_refuses_numbers_that_are_not_finite(source):
    """A number beyond the floats is not a cost."""
    with pytest.raises(ValueError, match="finite"):
        Expression.parse(source)


@pytest.mark.parametrize("source", [True, "True", None, ["+", 1, 2]])
def test_refuses_what_is_no_number(source):
    """Truth values, nothing and lists are neither numbers nor text."""
    with pytest.raises(ValueError, match="number"):
        Expression.parse(source)


def test_refuses_long_and_deep_expressions():
    """What could exhaust the stack when it is evaluated is refused when it is read."""
    with pytest.raises(ValueError, match="1001 characters"):
        Expression.parse("a" * 1001)
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        Expression.parse("-" * 500 + "a")
    deep = Expression.parse("+".join(["a"] * 100))
    assert deep.over({"a": np.array([1.0])}, 1).tolist() == [100.0]


def test_a_condition_on_a_missing_value_has_no_value():
    """A missing value does not quietly choose the `else`; one in the branch not taken does not matter."""
    missing = {"a": np.array([np.nan, 1.0]), "b": np.array([5.0, np.nan])}
    assert np.isnan(Expression.parse("1 if a > 0 else 2").over(missing, 2)).tolist() == [True, False]
    assert Expression.parse("7 if 1 > 0 else b").over(missing, 2).tolist() == [7.0, 7.0]


def test_division_by_zero_is_infinite_without_a_warning():
    """What is wrong with a value is for whoever asked for it to say."""
    assert np.isinf(Expression.parse("1 / a").over({"a": np.array([0.0])}, 1)).all()


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


@pytest.mark.parametrize(
    ("source", "said"), [("abs(a, b)", "one argument"), ("min(a)", "two arguments or more")]
)
def test_a_function_with_other_arguments_is_refused(source, said):
    """By its name."""
    with pytest.raises(ValueError, match=said):
        Expression.parse(source)


def test_what_has_no_logarithm_is_no_cost():
    """The row is without a value, as after a division by zero: whoever counts refuses it."""
    assert np.isnan(Expression.parse("log(a)").over({"a": np.array([-1.0])}, rows=1)).all()
