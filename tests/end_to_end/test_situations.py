"""Rows mean the same, wherever they come from: by type, format and place, from the check to the monitor."""

import datetime as dt
import json
import shutil
from decimal import Decimal

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine

from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.model.fitting.fit import Choice, fit
from logitgate.project.reading.load import load_project
from logitgate.project.search import Form
from tests import projects
from tests.command import living_in, logitgate, mlflow_asks, opened
from tests.homes import put_back
from tests.prefect_server import unserved

CATEGORIES = ("paid", "grade", "rate", "opened", "noticed", "side")
MOMENTS = [dt.datetime(2021, 1, 1, 6) + dt.timedelta(hours=31 * number) for number in range(3)]


def typed(rows, seed):
    """Return visits with a category of each type and an outcome of truth values."""
    frame = projects.table(rows, seed=seed)
    rng = np.random.default_rng(seed)
    frame["paid"] = rng.uniform(size=rows) < 0.5
    frame["grade"] = rng.integers(1, 4, rows)
    frame["rate"] = [Decimal(f"{number}.00") / 2 for number in rng.integers(2, 5, rows)]
    frame["opened"] = [MOMENTS[number].date() for number in rng.integers(0, 2, rows)]
    frame["noticed"] = [MOMENTS[number] for number in rng.integers(0, 3, rows)]
    frame["bad"] = frame["bad"] == "yes"
    return frame


def arrow(frame):
    """Return the table as a warehouse types it."""
    table = pa.table({name: pa.array(frame[name].tolist()) for name in frame.columns})
    for name, kind in (
        ("rate", pa.decimal128(8, 2)),
        ("noticed", pa.timestamp("ms")),
        ("opened", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
    ):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    return table


def plain_csv(frame, path):
    """As pandas writes it: True, 1, 1.50, 2021-01-01."""
    frame.to_csv(path, index=False)


def floats_csv(frame, path):
    """As a table whose integers once had gaps: 1.0; a warehouse's `true`; padded texts; a zone."""
    other = frame.assign(
        grade=frame["grade"].astype(float),
        paid=frame["paid"].map({True: "true", False: "false"}),
        side=frame["side"].str.pad(8, side="right"),
        rate=[f"{number:.4f}" for number in frame["rate"]],
        noticed=[moment.isoformat() + "+00:00" for moment in frame["noticed"]],
        opened=[f"{day} 00:00:00" for day in frame["opened"]],
    )
    other.to_csv(path, index=False)


def texts_parquet(frame, path):
    """All categories as text, and dictionaries."""
    texts = {name: frame[name].astype(str).astype("category") for name in CATEGORIES}
    frame.assign(**texts).to_parquet(path, index=False)


def other_units(frame, path):
    """Nanoseconds in another zone, a wider decimal, small integers, a category."""
    table = arrow(frame)
    noticed = table["noticed"].cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns", "America/New_York"))
    for name, cells in (
        ("noticed", noticed),
        ("opened", table["opened"].cast(pa.timestamp("s"))),
        ("rate", table["rate"].cast(pa.decimal128(20, 6))),
        ("grade", table["grade"].cast(pa.int8())),
        ("paid", table["paid"].cast(pa.int8())),
        ("side", table["side"].dictionary_encode()),
    ):
        table = table.set_column(table.column_names.index(name), name, cells)
    pq.write_table(table, path)


def same_parquet(frame, path):
    """As it was trained on."""
    pq.write_table(arrow(frame), path)


FORMATS = {
    "same.parquet": same_parquet,
    "plain.csv": plain_csv,
    "floats.csv.gz": floats_csv,
    "texts.parquet": texts_parquet,
    "units.parquet": other_units,
}


def in_sqlite(frame, path):
    """Write the rows where truth values are integers, decimals are floats and moments are texts."""
    engine = create_engine(f"sqlite:///{path}")
    texts = {name: frame[name].astype(str) for name in ("opened", "noticed", "at", "rate")}
    frame.assign(**texts, paid=frame["paid"].astype(int)).to_sql("visits", engine, index=False)
    engine.dispose()


@pytest.fixture(scope="module")
def template(prefect_server, mlflow_template, tmp_path_factory):
    """A home with a champion that learned from typed Parquet, and its project."""
    folder = tmp_path_factory.mktemp("typed")
    project = projects.write(
        folder,
        rows={"path": "visits.parquet"},
        outcome={"event": 1},
        features={"categorical": list(CATEGORIES)},
        scoring={"query": "select * from visits", "url_env": "VISITS_URL"},
    )
    pq.write_table(arrow(typed(3_000, 1)), folder / "visits.parquet")
    with living_in(folder / "home", mlflow_template):
        got = logitgate("train", project, "--json")
        assert got.json["promoted"], got.everything
    shutil.copytree(folder / "home", folder / "copy")
    return folder


@pytest.fixture
def project(template, mlflow_template):
    """The project file; commands live in the home as it was after the training."""
    put_back(template / "copy", template / "home")
    with living_in(template / "home", mlflow_template), unserved():
        yield template / "visits.toml"


@pytest.fixture(scope="module")
def new_rows():
    """Rows of other days."""
    return typed(700, 9)


def scored(project, new_rows, folder, name):
    """Score the rows in one format; return their probabilities and the manifest."""
    table, out = folder / name, folder / f"{name}.out.parquet"
    if name == "sqlite":
        in_sqlite(new_rows, table)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VISITS_URL", f"sqlite:///{table}")
            got = logitgate("score", project, "--out", out, "--json")
    else:
        FORMATS[name](new_rows, table)
        got = logitgate("score", project, "--table", table, "--out", out, "--json")
    assert got.code == 0, got.everything
    return pd.read_parquet(out)["probability"].to_numpy(), got.json


def test_every_format_scores_to_the_same_bits(project, new_rows, tmp_path):
    """And no level is counted as one that the model has never met."""
    answers = {name: scored(project, new_rows, tmp_path, name) for name in (*FORMATS, "sqlite")}
    first, _ = answers["same.parquet"]
    for name, (probability, got) in answers.items():
        assert got["unseen_levels"] == {}, name
        assert np.array_equal(probability, first), name


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_trains_and_checks_alike(project, template, tmp_path, name):
    """The model has the same probabilities, whatever the table was that it learned from."""
    assert logitgate("check", project, "--table", template / "visits.parquet").code == 0
    folder = tmp_path / "other"
    written = projects.write(
        folder,
        rows={"path": name},
        outcome={"event": 1},
        features={"categorical": list(CATEGORIES)},
    )
    FORMATS[name](typed(3_000, 1), folder / name)
    loaded = load_project(written)
    sample = observe(read_rows(loaded).frame, loaded, None).sample
    pipeline = fit(Choice(Form(basis="linear"), 1.0), sample.frame, sample.y, loaded.features, loaded.search)
    original = load_project(project)
    first = observe(read_rows(original).frame, original, None).sample
    same = fit(Choice(Form(basis="linear"), 1.0), first.frame, first.y, original.features, original.search)
    assert np.array_equal(sample.y, first.y)
    found, expected = (
        one.predict_proba(rows.frame[list(loaded.features.all)])
        for one, rows in ((pipeline, sample), (same, first))
    )
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_monitored_alike(project, new_rows, tmp_path, name):
    """With the outcome in the table or as labels of another format."""
    FORMATS[name](new_rows, tmp_path / name)
    window = ("--table", tmp_path / name, "--as-of", "2021-07-01", "--json")
    got = logitgate("monitor", project, *window)
    assert got.findings("contract") == {}
    figures = got.findings("calibration", stopping=False)
    labels = pd.DataFrame({"visit": new_rows["visit"], "bad": new_rows["bad"].astype(float)})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    joined = logitgate("monitor", project, *window, "--labels", tmp_path / "labels.csv")
    assert joined.findings("calibration", stopping=False) == figures
    levels = got.findings("levels", stopping=False)
    assert all(one["status"] == "PASS" for one in levels.values()), levels


@pytest.mark.parametrize(
    ("coded", "subject"),
    [
        (lambda bad: bad.map({True: "Y", False: "N"}), "2 distinct outcomes in 700 rows"),
        (lambda bad: bad.map({True: "yes", False: "false"}), "found: 'false', 'yes'"),
        (lambda bad: bad.where(bad), "only_events"),
    ],
)
def test_labels_of_another_code_are_refused(project, new_rows, tmp_path, coded, subject):
    """Counted as no event, they would turn a verdict around."""
    same_parquet(new_rows, tmp_path / "rows.parquet")
    labels = pd.DataFrame({"visit": new_rows["visit"], "bad": coded(new_rows["bad"])})
    labels[labels["bad"].notna()].to_csv(tmp_path / "labels.csv", index=False)
    files = ("--table", tmp_path / "rows.parquet", "--labels", tmp_path / "labels.csv")
    got = logitgate("monitor", project, *files, "--as-of", "2021-07-01", "--json")
    assert got.code == 1 and subject in json.dumps(got.json), got.everything


@pytest.mark.parametrize("name", ["same.parquet", "plain.csv", "texts.parquet", "units.parquet"])
def test_the_served_model_takes_what_the_table_held(project, new_rows, tmp_path, name):
    """Integers, truth values, moments and texts, from pandas and Arrow, also where some are missing."""
    grades = [None if place < 10 else grade for place, grade in enumerate(new_rows["grade"].tolist())]
    gaps = new_rows.assign(grade=pd.Series(grades, dtype=object))
    FORMATS[name](gaps if name in ("same.parquet", "plain.csv") else new_rows, tmp_path / name)
    out = tmp_path / "out.parquet"
    assert logitgate("score", project, "--table", tmp_path / name, "--out", out).code == 0
    with mlflow_asks(opened(project.parent / "home")):
        served = mlflow.pyfunc.load_model("models:/visits@champion")
    path = tmp_path / name
    rows = pd.read_csv(path) if path.suffix == ".csv" else pq.read_table(path).to_pandas()
    answer = served.predict(rows.astype({"side": object}))
    assert np.array_equal(answer["probability"], pd.read_parquet(out)["probability"])


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("load", lambda cells: cells * 100),
        ("side", lambda cells: "the " + cells),
        ("paid", lambda cells: cells.map({True: "Y", False: "N"})),
        ("grade", lambda cells: cells + 10),
        ("speed", lambda cells: 0.0),
        ("noticed", lambda cells: cells + pd.Timedelta(days=400)),
    ],
)
def test_another_unit_or_code_stops_the_scoring(project, new_rows, tmp_path, column, change):
    """Exit 1 with the feature's name, and no file; a few such cells are scored, counted and shown."""
    wrong, out = new_rows.assign(**{column: change(new_rows[column])}), tmp_path / "out.csv"
    plain_csv(wrong, tmp_path / "wrong.csv")
    got = logitgate("score", project, "--table", tmp_path / "wrong.csv", "--out", out, "--json")
    assert got.code == 1 and column in got.findings("contract") and not out.exists(), got.everything
    some = new_rows.astype({column: object})
    some.loc[:60, column] = wrong.loc[:60, column].astype(object)
    plain_csv(some, tmp_path / "some.csv")
    got = logitgate("score", project, "--table", tmp_path / "some.csv", "--out", out, "--json")
    assert got.code == 0, got.everything
    counted = {**got.json["unseen_levels"], **got.json["outside_range"]}
    warned = {one["subject"] for one in got.json["findings"] if one["status"] == "WARN"}
    assert (counted, warned) == (({column: 61}, {column}) if column != "speed" else ({}, set()))
