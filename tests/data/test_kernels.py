"""A kernel says of a rule what Great Expectations says, or leaves it to it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.contract.engines import kernels
from logitgate.data.contract.suite import ContractRule
from logitgate.data.contract.validation import check_table
from logitgate.data.table import read_rows
from logitgate.project.reading.load import load_project
from tests import projects

NUMBER = st.one_of(st.integers(-3, 3), st.floats(-3, 3, allow_nan=False), st.sampled_from([np.inf, -np.inf]))
TEXT = st.sampled_from(["a", "b", "ab", "", "1", "A1"])
MOMENT = st.sampled_from([f"2020-0{month}-01T00:00:00+00:00" for month in range(1, 6)])


def _column(values, kind):
    if kind == "moment":
        return pd.to_datetime(pd.Series(values, dtype=object), utc=True)
    return pd.Series(values, dtype={"number": "float64", "text": "str", "object": object}[kind])


@st.composite
def _asked(draw):
    """A column of some kind, and a rule about it whose arguments need not fit."""
    kind = draw(st.sampled_from(["number", "text", "object", "moment"]))
    cell = {"number": NUMBER, "moment": MOMENT}.get(kind, TEXT)
    column = _column(draw(st.lists(st.one_of(cell, cell, st.none()), min_size=1, max_size=8)), kind)
    limit = st.one_of(st.none(), NUMBER, MOMENT)
    values = st.lists(st.one_of(cell, NUMBER), max_size=4)
    type_, kwargs = draw(
        st.sampled_from(
            ["to_not_be_null", "to_be_unique", "to_be_between", "to_be_in_set", "to_match_regex"]
        ).flatmap(
            lambda name: st.tuples(
                st.just(f"expect_column_values_{name}"),
                {
                    "to_be_between": st.fixed_dictionaries(
                        {},
                        optional={
                            "min_value": limit,
                            "max_value": limit,
                            "strict_min": st.booleans(),
                            "strict_max": st.booleans(),
                        },
                    ),
                    "to_be_in_set": st.fixed_dictionaries({"value_set": values}),
                    "to_match_regex": st.fixed_dictionaries(
                        {"regex": st.sampled_from(["^a", "b", "^[A-Z]\\d$", ""])}
                    ),
                }.get(name, st.just({})),
            )
        )
    )
    mostly = draw(st.sampled_from([{}, {"mostly": 0.5}, {"mostly": 1}]))
    return column, ContractRule(type_, {"column": "x", **kwargs, **mostly}, "critical", "because it is so")


def agree(rule, frame):
    """Assert that what a kernel finds kept is kept for the library, with the same figures."""
    from logitgate.data.contract.engines import library

    found = kernels.kept({0: rule}, frame)
    if found:
        read, unread = library.read({0: rule}, {0: rule})
        assert not unread
        outcome = library.outcomes(library.batch_of(frame, [rule]), read, library.COUNTS)[0]
        assert outcome.holds and dict(found[0]) == dict(outcome.figures)


@given(_asked())
@settings(max_examples=100)
def test_what_a_kernel_finds_kept_is_kept_with_the_same_figures(asked):
    """Holding and every figure are those of Great Expectations; a breach is never a kernel's to report."""
    column, rule = asked
    agree(rule, pd.DataFrame({"x": column}))


_SHARE_LIMITS = {
    name: st.one_of(st.none(), st.integers(0, 1), st.floats(0, 1)) for name in ("min_value", "max_value")
}
_ROW_LIMITS = {name: st.one_of(st.none(), st.integers(0, 9)) for name in ("min_value", "max_value")}
_STRICT = {name: st.booleans() for name in ("strict_min", "strict_max")}
_PAIR = {
    "or_equal": st.booleans(),
    "ignore_row_if": st.sampled_from(
        ["either_value_is_missing"] * 3 + ["both_values_are_missing", "neither"]
    ),
}
_WIDER = st.one_of(
    *[
        st.tuples(st.just(type_), st.fixed_dictionaries(columns, optional=more))
        for type_, columns, more in (
            (
                "expect_column_pair_values_a_to_be_greater_than_b",
                {"column_A": st.just("x"), "column_B": st.just("y")},
                _PAIR,
            ),
            (
                "expect_column_proportion_of_non_null_values_to_be_between",
                {"column": st.just("x")},
                {**_SHARE_LIMITS, **_STRICT},
            ),
            ("expect_table_row_count_to_be_between", {}, _ROW_LIMITS),
        )
    ]
)


@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.integers(-2, 2).map(float))] * 2), min_size=1, max_size=8),
    _WIDER,
)
@settings(max_examples=150)
def test_rules_about_pairs_shares_and_rows_agree_too(cells, rule):
    """The same for rules that read two columns, a share of a column, or the number of rows."""
    agree(
        ContractRule(*rule, "warning", "because it is so"),
        pd.DataFrame(cells, columns=["x", "y"], dtype=float),
    )


@pytest.mark.parametrize("or_equal", [False, True])
def test_rows_without_a_pair_are_counted_as_the_library_counts_them(or_equal):
    """A pair that is ignored is a row all the same, also where every pair is ignored."""
    kwargs = {"column_A": "x", "column_B": "y", "ignore_row_if": "either_value_is_missing"}
    rule = ContractRule(
        "expect_column_pair_values_a_to_be_greater_than_b", kwargs | {"or_equal": or_equal}, "info", "because"
    )
    for cells in ([(None, None)], [(None, 1.0), (2.0, 1.0)], [(1.0, None), (None, None), (2.0, 0.0)]):
        frame = pd.DataFrame(cells, columns=["x", "y"], dtype=float)
        assert kernels.kept({0: rule}, frame)[0]["rows"] == len(cells)


def test_arguments_beyond_a_kernel_are_the_librarys():
    """What is not understood to the letter is not decided here; limits that cross are the library's."""
    for kwargs in (
        *({"row_condition": {"type": "comparison"}, "min_value": 0}, {}, {"min_value": True}),
        *({"column": 3, "min_value": 0}, {"min_vlue": 0}, {"strict_min": True}),
    ):
        assert not kernels.understands(between(**kwargs))
    # No cell breaks them where all are missing, and still such a rule is not kept.
    assert not kernels.kept({0: between(min_value=1, max_value=0)}, pd.DataFrame({"x": [np.nan]}))


def between(**kwargs):
    """Return a rule about the values of a column."""
    return ContractRule(
        "expect_column_values_to_be_between", {"column": "x"} | kwargs, "critical", "it is so"
    )


def test_the_same_in_other_words_is_found():
    """Defaults may be written out, and 1 is 1.0."""
    written = between(min_value=1.0, max_value=None, strict_min=False, mostly=1.0)
    assert kernels.repeats({0: between(min_value=1), 1: written})
    assert not kernels.repeats({0: between(min_value=1), 1: between(min_value=2)})


def test_a_table_that_keeps_its_contract_needs_no_library(tmp_path):
    """The verdict is the same, and Great Expectations is not imported."""
    entry = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "load", "min_value": -1e6, "max_value": 1e6},
        "severity": "critical",
        "meta": {"because": "a load beyond that is a broken scale"},
    }
    path = projects.write(tmp_path, projects.table(), rules=(entry,))
    project = load_project(path)
    code = (
        "import sys, json\nfrom pathlib import Path\n"
        "from logitgate.project.reading.load import load_project\n"
        "from logitgate.data.table import read_rows\n"
        "from logitgate.data.contract.validation import check_table\n"
        f"project = load_project(Path({str(path)!r}))\ntable = read_rows(project)\n"
        "found = check_table(table, project).findings\n"
        "print(json.dumps(['great_expectations' in sys.modules, [one.as_json() for one in found]]))"
    )
    got = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    loaded, findings = json.loads(got.stdout)
    assert not loaded
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "_KERNELS", {})
        by_library = check_table(read_rows(project), project).findings
    assert [one["status"] for one in findings] == [one.status for one in by_library] == ["PASS"]
    assert findings[0]["figures"] == by_library[0].as_json()["figures"]
