import math
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from logitgate.checks.conditions import ONLY_MISSING, Among, Between, round_between

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
VALUES = np.array([20.0, 27.0, 30.0, 40.0, np.nan])


def digits(value):
    """Return how many significant digits a number has."""
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


@given(NUMBERS, NUMBERS)
def test_an_edge_parts_its_neighbours(one, other):
    """It is above the lower one and at most the upper one, and never longer than the upper one."""
    low, high = sorted((one, other))
    if low < high:
        edge = round_between(low, high)
        assert low < edge <= high
        assert digits(edge) <= max(digits(high), digits(low), 1)


def test_edges_are_round():
    """As few digits as the gap allows, zero before all, also next to endless numbers."""
    assert round_between(26.4, 27.2) == 27.0
    assert round_between(26, 27) == 27.0
    assert round_between(118, 291) == 200.0
    assert round_between(-0.3, 0.2) == 0.0
    assert round_between(-291, -118) == -200.0
    assert math.isfinite(round_between(12.5, math.inf))
    assert math.isfinite(round_between(-math.inf, -12.5))
    neighbour = float(np.nextafter(0.1, 1))
    assert round_between(0.1, neighbour) == neighbour


def test_the_words_mean_the_rows():
    """From the lower edge on and below the upper one; what is missing only where it is said."""
    for condition, words, rows in (
        (Between("age", 27, 40), "27 <= age < 40", [0, 1, 1, 0, 0]),
        (Between("age", high=27), "age < 27", [1, 0, 0, 0, 0]),
        (Between("age", low=30.5), "age >= 30.5", [0, 0, 0, 1, 0]),
        (Between("age", high=27, missing=True), "(age < 27 or missing)", [1, 0, 0, 0, 1]),
        (Between("age", low=40, missing=True), "(age >= 40 or missing)", [0, 0, 0, 1, 1]),
        (Between("age"), "age is not missing", [1, 1, 1, 1, 0]),
        (Between("age", *ONLY_MISSING, missing=True), "age = missing", [0, 0, 0, 0, 1]),
    ):
        assert str(condition) == words
        assert condition.holds(VALUES).tolist() == [bool(row) for row in rows], words
    jobs = pd.Categorical(["student", "retired", "other"])
    assert Among("job", ("student",)).holds(jobs).tolist() == [True, False, False]
    assert Among("job", ("retired", "student"), others=True).holds(jobs).tolist() == [False, False, True]


def test_conditions_on_one_column_become_one():
    """Both hold; a level that is said makes the others idle."""
    assert Between("a", 1, 5).narrowed(Between("a", 3, 9)) == Between("a", 3, 5)
    assert Between("a", 1, missing=True).narrowed(Between("a", high=9, missing=True)).missing
    assert not Between("a", 1, missing=True).narrowed(Between("a", high=9)).missing
    student, others = Among("job", ("student",)), Among("job", ("retired",), others=True)
    assert student.narrowed(others) == others.narrowed(student) == student
    assert str(others.narrowed(Among("job", ("other",), others=True))) == "job is not other, retired"
