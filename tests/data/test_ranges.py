"""Numbers at the edges: exact where they can be, refused by row or counted by column where they cannot."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine

from logitgate.data.sampling.ranges import range_findings
from logitgate.data.sampling.sample import Sample, row_costs
from logitgate.data.table import read_rows, read_table
from logitgate.errors import DataError, ProjectError
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.project.reading.load import load_project, parse_project
from logitgate.project.search import Form
from tests import projects

PROJECT = parse_project(projects.plain(), "visits.toml")


def loaded(folder, name, **rows):
    """Return a project whose rows are a file of the folder."""
    return load_project(projects.write(folder, rows={"path": name, **rows}))


@pytest.mark.parametrize("value", [1e101, -1e200, 1.7e308])
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_number_beyond_1e100_is_refused_by_row(tmp_path, name, value):
    """In any format, with the column and without the cell."""
    frame = projects.table(50)
    frame.loc[30, "load"] = value
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
    with pytest.raises(DataError, match=r"(line 32|row 31), column 'load'.*beyond 1e\+100") as refusal:
        read_rows(loaded(tmp_path, name))
    assert repr(value) not in str(refusal.value)


def test_decimals_are_the_same_bits_in_every_format(tmp_path):
    """Arrow's own cast is off by one bit in a third of the cells."""
    rng = np.random.default_rng(3)
    cells = [Decimal(int(number)).scaleb(-7) for number in rng.integers(-(10**15), 10**15, 3_000)]
    frame = projects.table(3_000).assign(load=cells)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    table = pa.table({name: pa.array(frame[name].tolist()) for name in frame.columns})
    assert pa.types.is_decimal(table["load"].type)
    pq.write_table(table, tmp_path / "rows.parquet")
    expected = np.array([float(cell) for cell in cells])
    for name in ("rows.csv", "rows.parquet"):
        assert np.array_equal(read_rows(loaded(tmp_path, name)).frame["load"], expected)
    texts = frame.assign(load=frame["load"].astype(str), at=frame["at"].astype(str))
    engine = create_engine(f"sqlite:///{tmp_path / 'rows.db'}")
    texts.to_sql("visits", engine, index=False)
    engine.dispose()
    query = {"path": None, "query": "select * from visits", "url_env": "RANGES_URL"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RANGES_URL", f"sqlite:///{tmp_path / 'rows.db'}")
        project = load_project(projects.write(tmp_path, rows=query))
        assert np.array_equal(read_rows(project).frame["load"], expected)


def test_an_id_in_a_dictionary_is_the_same_id(tmp_path):
    """Also in a type of 64-bit offsets: the digest is that of what the cells say."""
    frame = projects.table(80)
    frame.to_parquet(tmp_path / "plain.parquet", index=False)
    project = loaded(tmp_path, "plain.parquet")
    first = read_rows(project)
    coded = {"visit": frame["visit"].astype("category"), "side": frame["side"].astype("category")}
    frame.assign(**coded).to_parquet(tmp_path / "coded.parquet", index=False)
    second = read_table(tmp_path / "coded.parquet", project)
    assert second.digest == first.digest and second.frame.dtypes.equals(first.frame.dtypes)


def test_a_feature_that_vanishes_is_refused_by_name():
    """Its squares are zero, so it would be left out without a word."""
    frame = projects.table(400).assign(load=lambda rows: rows["load"] * 1e-200)
    y = (frame["bad"] == "yes").astype(int).to_numpy()
    with pytest.raises(DataError, match=r"feature 'load'.*below 1e-100.*another unit"):
        fit(Choice(Form(basis="linear"), 1.0), frame, y, PROJECT.features, PROJECT.search)


def test_cells_far_beyond_all_others_are_counted_by_column():
    """One cell of 1e15 is a warning with its count; heavy tails are none."""
    frame = projects.table(800).assign(grip=np.exp(2.5 * np.random.default_rng(1).normal(size=800)))
    y = (frame["bad"] == "yes").astype(np.int8).to_numpy()
    part = Sample(frame, y, frame["visit"].to_numpy(object))
    assert list(range_findings(part, PROJECT)) == []
    frame.loc[[5, 9], "load"] = 1e15
    (found,) = range_findings(part, PROJECT)
    assert (found.subject, found.status, found.figures["beyond"]) == ("load", Status.WARN, 2)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"outcome": {"matures_after": "400000 days"}}, "longer than 1,000 years"),
        ({"outcome": {"matures_after": f"{'9' * 5000} weeks"}}, "longer than 1,000 years"),
        ({"split": {"window": "99999999 weeks"}}, "longer than 1,000 years"),
        ({"costs": {"false_negative": "at / 2"}}, "costs read 'at', a datetime column"),
        ({"costs": {"false_negative": "8 + side"}}, "costs read 'side', a category"),
        ({"costs": {"false_negative": "day"}}, "costs read 'day', a text column"),
        ({"costs": {"false_negative": "8 + visit"}}, "costs read 'visit', a text column"),
    ],
)
def test_what_no_date_or_cost_can_be_is_refused_when_the_file_is_read(changes, because):
    """With the key or the column."""
    with pytest.raises(ProjectError, match=because):
        parse_project(projects.plain(**changes), "visits.toml")


@pytest.mark.parametrize("cells", [["12", "Miller"], pd.to_datetime(["2021-01-01", "2021-01-02"], utc=True)])
def test_costs_over_no_numbers_name_the_column_and_no_cell(cells):
    """Whatever the frame came to hold."""
    costs = parse_project(projects.plain(costs={"false_negative": "8 + worth"}), "visits.toml").costs
    with pytest.raises(DataError, match=r"^worth: the costs read it and it holds no numbers") as refusal:
        row_costs(pd.DataFrame({"worth": cells}), costs.matrix, np.array(["a", "b"], dtype=object))
    assert "Miller" not in str(refusal.value)
