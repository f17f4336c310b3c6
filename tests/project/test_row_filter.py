"""`rows.where`: which rows a project is about."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data import batches as table_batches
from logitgate.data.contract.validation import check_table
from logitgate.data.table import read_rows
from logitgate.errors import ProjectError
from logitgate.project.reading.load import load_project, parse_project
from logitgate.project.syntax.row_filter import RowFilter
from tests import projects

ROWS = pd.DataFrame(
    {
        "age": [20.0, 17.0, np.nan, 40.0],
        "loan amount": [100.0, 2_000.0, 50.0, np.nan],
        "region": pd.Categorical(["north", "south", None, "east"]),
        "member": pd.array([True, False, None, True], dtype="boolean"),
        "visits": pd.array([1, 2, 3, None], dtype="Int64"),
        "at": pd.to_datetime(["2013-05-01", "2013-06-01", None, "2013-07-01"], utc=True),
    }
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("age >= 18", [1, 0, 0, 1]),
        ("not age >= 18", [0, 1, 0, 0]),
        ("age >= 18 or region == 'south'", [1, 1, 0, 1]),
        ("age >= 18 and region != 'north'", [0, 0, 0, 1]),
        ("region in ['north', 'east']", [1, 0, 0, 1]),
        ("region not in ('north', 'east')", [0, 1, 0, 0]),
        ("missing(age) or missing('loan amount')", [0, 0, 1, 1]),
        ("not missing(region) and 'loan amount' / 10 > age", [0, 1, 0, 0]),
        ('"loan amount" > 60', [1, 1, 0, 0]),
        ("member == true", [1, 0, 0, 1]),
        ("member != True", [0, 1, 0, 0]),
        ("visits in [1, 3]", [1, 0, 1, 0]),
        ("visits == -1", [0, 0, 0, 0]),
        ("at >= '2013-06-01' and at < '2013-07-01T00:00:00+00:00'", [0, 1, 0, 0]),
        ("max(age, visits) == 20", [1, 0, 0, 0]),
        ("missing(age) or age > 30", [0, 0, 1, 1]),
    ],
)
def test_a_row_matches_where_the_condition_is_true(condition, expected):
    """What a missing cell leaves open is no match, as in SQL."""
    assert RowFilter.parse(condition).matches(ROWS).astype(int).tolist() == expected


@given(
    a=st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1, max_size=8),
    data=st.data(),
)
def test_and_or_and_not_are_those_of_sql(a, data):
    """De Morgan's rule holds for unknown as well."""
    b = data.draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=len(a), max_size=len(a)))
    frame = pd.DataFrame({"a": a, "b": b})
    for one, other in (
        ("not (a == 1 and b == 1)", "not a == 1 or not b == 1"),
        ("not (a == 1 or b == 1)", "not a == 1 and not b == 1"),
    ):
        assert RowFilter.parse(one).matches(frame).tolist() == RowFilter.parse(other).matches(frame).tolist()


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "age",
        "1 < 2",
        "0 < age < 9",
        "age >= 18; region",
        "__import__('os').system('true')",
        "region.str.len() > 3",
        "age in 5",
        "region in []",
        "[x for x in region]",
        "18 == age if member else 5",
        "lambda: 1",
        "not " * 60 + "age > 1",
        "age > 1 " + "or age > 1 " * 400,
    ],
)
def test_what_is_no_condition_is_refused_with_the_file(condition):
    """By the key, before any row is read."""
    with pytest.raises(ProjectError, match=r"rows\.where"):
        parse_project(projects.plain(rows={"where": condition}), "visits.toml")


@pytest.mark.parametrize("column", ["bad", "later"])
def test_what_is_not_known_at_the_decision_chooses_no_rows(column):
    """The outcome, or what is known after it, would leak into the choice of the rows."""
    plain = projects.plain(rows={"where": f"{column} == 'yes'"}, columns={"known_after_outcome": ["later"]})
    with pytest.raises(ProjectError, match=r"rows\.where reads"):
        parse_project(plain, "visits.toml")


@pytest.mark.parametrize("name", ["visits.parquet", "visits.csv"])
def test_only_matching_rows_are_read(tmp_path, name):
    """From any file, whole or in batches, also by a column that nothing else declares."""
    visits = projects.table(200).assign(kind=["new", "old"] * 100)
    where = "kind == 'new' and worth > 6"
    project = load_project(projects.write(tmp_path, visits, rows={"path": name, "where": where}))
    expected = visits[(visits["kind"] == "new") & (visits["worth"] > 6)]["visit"].tolist()
    table = read_rows(project)
    assert table.frame["visit"].tolist() == expected
    assert (table.rows, table.left_out) == (len(expected), 200 - len(expected))
    found = check_table(table, project).findings
    assert (found[0].subject, found[0].figures["left_out"]) == ("rows.where", 200 - len(expected))
    batches = list(table_batches.read_batches(project.rows.path, project, rows=64))
    assert [visit for batch in batches for visit in batch.frame["visit"]] == expected
