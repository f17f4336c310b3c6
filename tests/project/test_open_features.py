"""Features that a project file leaves open become columns of its table."""

import pytest

from logitgate.data.project_files import load_project
from logitgate.errors import ProjectError
from tests.projects import plain, table, write_project

NUMBERS = ("load", "grip", "speed", "worth")


def written(folder, features, *, rows=None):
    """Write a table and a project with these features; return the project file."""
    path = (rows or {"path": "visits.parquet"})["path"]
    frame = table(400)
    frame.to_parquet(folder / path) if path.endswith("parquet") else frame.to_csv(folder / path, index=False)
    project = plain(contract=None, search=None, slices=None) | {"features": features}
    project["columns"]["known_after_outcome"] = ["worth"]
    return write_project(folder / "visits.toml", project | {"rows": rows or {"path": path}})


@pytest.mark.parametrize("path", ["visits.parquet", "visits.csv"])
@pytest.mark.parametrize(
    ("features", "numeric", "categorical"),
    [
        ("all", {"speed", "load", "grip"}, {"side"}),
        ("all except grip, side", {"speed", "load"}, set()),
        ({"all_except": ["grip"]}, {"speed", "load"}, {"side"}),
        ({"numeric": ["speed"], "categorical": "auto"}, {"speed"}, {"side"}),
        ({"numeric": "auto", "categorical": ["side"]}, {"speed", "load", "grip"}, {"side"}),
        (
            {"all_except": ["load"], "categorical": ["grip"]},
            {"speed", "load", "grip"} - {"load", "grip"},
            {"grip"},
        ),
    ],
)
def test_each_form_means_the_columns_without_another_role(tmp_path, path, features, numeric, categorical):
    """Neither id, time, cluster nor outcome, nor what is known after it; dates are none."""
    found = load_project(written(tmp_path, features, rows={"path": path})).features
    assert (set(found.numeric), set(found.categorical)) == (numeric, categorical)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("all but grip", "none of the forms"),
        ("all except grib", "names 'grib', which the table does not have"),
        ({"all_except": "grip"}, "is no list of columns"),
        ({"numeric": ["speed"], "categorical": "automatic"}, "features.categorical"),
    ],
)
def test_what_is_no_form_is_refused(tmp_path, features, message):
    """With the way to write it."""
    with pytest.raises(ProjectError, match=message):
        load_project(written(tmp_path, features))


def test_rows_of_a_query_want_lists(tmp_path):
    """No query is run to learn what a project file means."""
    rows = {"query": "select 1", "url_env": "VISITS"}
    project = plain(contract=None) | {"features": "all", "rows": rows}
    with pytest.raises(ProjectError, match="rows of a query"):
        load_project(write_project(tmp_path / "visits.toml", project))
