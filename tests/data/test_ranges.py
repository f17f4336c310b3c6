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
from tests.wording import refusal

PROJECT = parse_project(projects.plain(), "visits.toml")


def loaded(folder, name, **rows):
    """Return a project whose rows are a file of the folder."""
    return load_project(projects.write(folder, rows={"path": name, **rows}))


@pytest.mark.parametrize("value", [1e101, -1e200, 1.7e308])
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_number_beyond_1e100_is_refused_by_row(tmp_path, name, value, wording):
    """In any format, with the column and without the cell."""
    frame = projects.table(50)
    frame.loc[30, "load"] = value
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
    refused = refusal(DataError, read_rows, loaded(tmp_path, name))
    assert repr(value) not in str(refused)
    wording(refused)


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


def test_a_feature_that_vanishes_is_refused_by_name(wording):
    """Its squares are zero, so it would be left out without a word."""
    frame = projects.table(400).assign(load=lambda rows: rows["load"] * 1e-200)
    y = (frame["bad"] == "yes").astype(int).to_numpy()
    linear = Choice(Form(basis="linear"), 1.0)
    wording(refusal(DataError, fit, linear, frame, y, PROJECT.features, PROJECT.search))


def test_cells_far_beyond_all_others_are_counted_by_column():
    """One cell of 1e15 is a warning with its count; heavy tails are none."""
    frame = projects.table(800).assign(grip=np.exp(2.5 * np.random.default_rng(1).normal(size=800)))
    y = (frame["bad"] == "yes").astype(np.int8).to_numpy()
    part = Sample(frame, y, frame["visit"].to_numpy(object))
    assert list(range_findings(part, PROJECT)) == []
    frame.loc[[5, 9], "load"] = 1e15
    (found,) = range_findings(part, PROJECT)
    assert (found.subject, found.status, found.figures["beyond"]) == ("load", Status.WARN, 2)


def test_what_no_date_or_cost_can_be_is_refused_when_the_file_is_read(wording):
    """With the key or the column."""
    durations = [{"outcome": {"matures_after": one}} for one in ("400000 days", f"{'9' * 5000} weeks")]
    costs = [{"costs": {"false_negative": one}} for one in ("at / 2", "8 + side", "day", "8 + visit")]
    changes = [*durations, {"split": {"window": "99999999 weeks"}}, *costs]
    wording(*(refusal(ProjectError, parse_project, projects.plain(**one), "visits.toml") for one in changes))


@pytest.mark.parametrize(
    "cells", [["12", "Miller"], pd.to_datetime(["2021-01-01", "2021-01-02"], utc=True)], ids=["text", "time"]
)
def test_costs_over_no_numbers_name_the_column_and_no_cell(cells, wording):
    """Whatever the frame came to hold."""
    costs = parse_project(projects.plain(costs={"false_negative": "8 + worth"}), "visits.toml").costs
    ids = np.array(["a", "b"], dtype=object)
    wording(refusal(DataError, row_costs, pd.DataFrame({"worth": cells}), costs.matrix, ids))
