"""Cutting rows into slices: each row in one level of each column, missing ones in their own."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.sampling.sample import Sample
from logitgate.data.sampling.slicing import rare_pooled, slice_levels
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL


def plain(**declared):
    """Return a small project with slices."""
    return SMALL | {"slices": declared}


def levels(frame, **declared):
    """Return the level of each row by name, in every slice column."""
    rows = len(frame)
    sample = Sample(frame, np.zeros(rows, dtype=np.int8), np.arange(rows).astype(object))
    found = slice_levels(sample, parse_project(plain(**declared), "small.toml"))
    return {name: [one.names[code] for code in one.codes] for name, one in found.items()}, found


def test_each_level_is_a_slice_and_missing_is_one():
    """Only levels that occur, in the order of their names, and the rows without one last."""
    frame = pd.DataFrame({"g": pd.Categorical(["v", None, "u", "v"], categories=["u", "v", "never"])})
    named, found = levels(frame, columns=["g"])
    assert named == {"g": ["v", "missing", "u", "v"]}
    assert found["g"].names == ("u", "v", "missing")
    assert levels(frame.dropna(), columns=["g"])[1]["g"].names == ("u", "v")


def test_truth_values_and_integers_are_levels():
    """Whatever the type, a level is called by its value."""
    frame = pd.DataFrame(
        {"b": pd.array([True, None, False], dtype="boolean"), "i": pd.array([2, 10, None], dtype="Int64")}
    )
    named, _ = levels(frame, columns=["b", "i"])
    assert named == {"b": ["True", "missing", "False"], "i": ["2", "10", "missing"]}


def test_bins_begin_with_their_edge():
    """A value at an edge belongs above it; a missing one to no bin."""
    frame = pd.DataFrame({"x": [29.9, 30, 44.9, 45, 100, np.nan, -1]})
    named, found = levels(frame, bins={"x": [30, 45]})
    assert named["x"] == [
        "below 30",
        "30 to 45",
        "30 to 45",
        "45 and above",
        "45 and above",
        "missing",
        "below 30",
    ]
    assert found["x"].names == ("below 30", "30 to 45", "45 and above", "missing")


def test_crossings_pair_the_levels_of_a_row():
    """Only pairs that occur are there."""
    frame = pd.DataFrame({"g": ["u", "v", "v", None], "x": [1.0, 2.0, 1.0, 2.0]})
    named, found = levels(frame, columns=["g"], bins={"x": [1.5]}, crossings=[["g", "x"]])
    assert named["g & x"] == [
        "u & below 1.5",
        "v & 1.5 and above",
        "v & below 1.5",
        "missing & 1.5 and above",
    ]
    assert len(found["g & x"].names) == 4


def test_without_slices_there_are_none():
    """A project need not declare any."""
    assert levels(pd.DataFrame({"x": [1.0]})) == ({}, {})


@given(
    values=st.lists(st.floats(allow_infinity=False), min_size=1),
    edges=st.sets(st.integers(-5, 5), min_size=1),
)
def test_every_row_is_in_one_bin(values, edges):
    """The bins are where `pandas.cut` would put the rows."""
    edges = sorted(map(float, edges))
    frame = pd.DataFrame({"x": np.array(values, dtype=float)})
    codes = levels(frame, bins={"x": edges})[1]["x"].codes
    expected = pd.cut(frame["x"], [-np.inf, *edges, np.inf], right=False, labels=False)
    np.testing.assert_array_equal(codes, expected.fillna(len(edges) + 1))


def test_levels_of_few_rows_are_one_and_have_no_name():
    """Also within crossings; bins, missing cells and critical slices keep the project's own words."""
    frame = pd.DataFrame(
        {
            "g": pd.Categorical(["u"] * 80 + ["v"] * 49 + ["Ms Miller"] + [None] * 3),
            "x": [1.0] * 70 + [2.0] * 63,
        }
    )
    declared = {"columns": ["g"], "bins": {"x": [1.5, 9]}, "crossings": [["g", "x"]], "minimum_rows": 10}
    names = {name: list(one.names) for name, one in pooled(frame, **declared).items()}
    assert names["g"] == ["u", "missing", "rare levels"]
    assert names["x"] == ["below 1.5", "1.5 to 9", "9 and above", "missing"][: len(names["x"])]
    assert names["g & x"] == ["u & below 1.5", "rare levels"]
    kept = pooled(frame, **declared, critical={"g = v": 0.1})["g"]
    assert list(kept.names) == ["u", "v", "missing", "rare levels"]
    assert [kept.names[code] for code in kept.codes[[0, 100, 129, 130]]] == [
        "u",
        "v",
        "rare levels",
        "missing",
    ]


def pooled(frame, **declared):
    """Return the slices with rare levels put together."""
    project = parse_project(plain(**declared), "small.toml")
    rows = len(frame)
    sample = Sample(frame, np.zeros(rows, dtype=np.int8), np.arange(rows).astype(object))
    return rare_pooled(slice_levels(sample, project), project)
