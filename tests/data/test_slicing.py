"""Cutting rows into slices: each row in one level of each column, missing ones in their own."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.sampling.sample import Sample
from logitgate.data.sampling.slicing import rare_pooled, slice_levels
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL


def cut(frame, **declared):
    """Return the slices of rows, and the project that declares them."""
    project = parse_project(SMALL | {"slices": declared}, "small.toml")
    rows = len(frame)
    return slice_levels(
        Sample(frame, np.zeros(rows, dtype=np.int8), np.arange(rows).astype(object)), project
    ), project


def levels(frame, **declared):
    """Return the level of each row by name, in every slice column."""
    found, _ = cut(frame, **declared)
    return {name: [one.names[code] for code in one.codes] for name, one in found.items()}, found


def test_each_level_is_a_slice_and_missing_is_one():
    """Only levels that occur, in the order of their names, and the rows without one last."""
    frame = pd.DataFrame({"g": pd.Categorical(["v", None, "u", "v"], categories=["u", "v", "never"])})
    named, found = levels(frame, columns=["g"])
    assert named == {"g": ["v", "missing", "u", "v"]}
    assert found["g"].names == ("u", "v", "missing")
    assert levels(frame.dropna(), columns=["g"])[1]["g"].names == ("u", "v")


def test_truth_values_and_integers_are_levels():
    """Whatever the type, a level is called by its value; a project need not declare any."""
    frame = pd.DataFrame(
        {"b": pd.array([True, None, False], dtype="boolean"), "i": pd.array([2, 10, None], dtype="Int64")}
    )
    named, _ = levels(frame, columns=["b", "i"])
    assert named == {"b": ["True", "missing", "False"], "i": ["2", "10", "missing"]}
    assert levels(frame) == ({}, {})


def test_bins_begin_with_their_edge():
    """A value at an edge belongs above it; a missing one to no bin."""
    frame = pd.DataFrame({"x": [29.9, 30, 44.9, 45, 100, np.nan, -1]})
    found = levels(frame, bins={"x": [30, 45]})[1]["x"]
    assert found.names == ("below 30", "30 to 45", "45 and above", "missing")
    assert found.codes.tolist() == [0, 1, 1, 2, 2, 3, 0]


def test_crossings_pair_the_levels_of_a_row():
    """Only pairs that occur are there."""
    frame = pd.DataFrame({"g": ["u", "v", "v", None], "x": [1.0, 2.0, 1.0, 2.0]})
    named, found = levels(frame, columns=["g"], bins={"x": [1.5]}, crossings=[["g", "x"]])
    pairs = (("u", "below 1.5"), ("v", "1.5 and above"), ("v", "below 1.5"), ("missing", "1.5 and above"))
    assert named["g & x"] == [" & ".join(one) for one in pairs]
    assert len(found["g & x"].names) == 4


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
    cells = ["u"] * 80 + ["v"] * 49 + ["Ms Miller"] + [None] * 3
    frame = pd.DataFrame({"g": pd.Categorical(cells), "x": [1.0] * 70 + [2.0] * 63})
    declared = {"columns": ["g"], "bins": {"x": [1.5, 9]}, "crossings": [["g", "x"]], "minimum_rows": 10}
    names = {name: list(one.names) for name, one in rare_pooled(*cut(frame, **declared)).items()}
    assert names["g"] == ["u", "missing", "rare levels"]
    assert names["x"] == ["below 1.5", "1.5 to 9", "9 and above", "missing"][: len(names["x"])]
    assert names["g & x"] == ["u & below 1.5", "rare levels"]
    kept = rare_pooled(*cut(frame, **declared, critical={"g = v": 0.1}))["g"]
    assert list(kept.names) == ["u", "v", "missing", "rare levels"]
    assert kept.codes[[0, 100, 129, 130]].tolist() == [0, 1, 3, 2]
