"""Rows that Apache Spark holds: one session for all of it, because its start takes seconds."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import logitgate as lg
from logitgate.data.contract.validation import check_table
from logitgate.data.frames import source_of
from logitgate.data.project_files import load_project
from logitgate.data.readers.spark.conditions import pushed
from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.errors import DataError, ProjectError, UnavailableError
from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import fitted_design
from logitgate.model.distributed.in_spark import TableInSpark
from logitgate.model.fitting.fit import Choice, fit, fitted_weights
from logitgate.monitoring.profiling import reference_profile
from logitgate.production.packaging.model_package import ModelPackage
from logitgate.production.registry.registry import ModelVersion
from logitgate.production.scoring.champion import Serving
from logitgate.production.scoring.output import manifest_of
from logitgate.production.scoring.score import ScoringRequest, score_table
from logitgate.project.project import Project
from logitgate.project.search import Form
from tests import projects, sparks

FLIGHTS = Path(__file__).parents[2] / "mlproject" / "flights.toml"

pytestmark = [sparks.NEEDED, pytest.mark.acceptance]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """The session of this file."""
    with sparks.started(tmp_path_factory.mktemp("spark")) as running:
        yield running


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """A folder of three Parquet files: the visits in no order."""
    folder = tmp_path_factory.mktemp("visits")
    frame = projects.table(3_000).sample(frac=1.0, random_state=0)
    for place, rows in enumerate(np.array_split(np.arange(len(frame)), 3)):
        frame.iloc[rows].to_parquet(folder / f"{place}.parquet", index=False)
    return folder


def project(rows, **changes):
    """Return the visits' project with other rows, which Spark reads unless they say otherwise."""
    plain = projects.plain(rows={"engine": "spark", "path": None} | rows, contract={"suite": None}, **changes)
    return Project.model_validate(plain)


def arrow(frame):
    """Return a frame's cells as a file holds them."""
    return source_of(frame).cells


def by_id(frame):
    """Return rows in the order of their ids; levels as texts, because unused ones are no part of a row."""
    texts = {name: frame[name].astype("str") for name in frame.columns if frame[name].dtype == "category"}
    return frame.assign(**texts).sort_values("visit").reset_index(drop=True)


def test_the_rows_are_those_that_memory_reads(spark, visits, tmp_path):
    """Cell by cell, from a folder, a query and a view; their digest does not depend on their order."""
    expected = read_rows(project({"path": visits, "engine": "memory"}))
    found = read_rows(project({"path": visits}))
    pd.testing.assert_frame_equal(by_id(found.frame), by_id(expected.frame)[list(found.frame)])
    assert set(expected.frame) - set(found.frame) == {"worth"}
    projects.table(3_000).to_parquet(tmp_path / "one.parquet")
    spark.read.parquet(str(tmp_path / "one.parquet")).createOrReplaceTempView("visits")
    for rows in ({"table": "visits"}, {"query": "SELECT * FROM visits -- all of them\n;"}):
        again = read_rows(project(rows))
        assert (again.rows, again.digest, again.whole) == (3_000, found.digest, None)
    fewer = read_rows(project({"query": "SELECT * FROM visits WHERE visit <> 'v000000'"}))
    assert fewer.digest != found.digest


CONDITIONS = (
    "speed > 0.5",
    "speed != 0.25 and load >= 10",
    "not (speed < 0)",
    "not missing(speed) or side == 'west'",
    "missing(side)",
    "side in ['north', 'west']",
    "side != 'north' and speed <= 1",
    "at >= '2021-03-20'",
    "at < '2021-03-20T12:30:00+02:00' or missing(speed)",
    "day == '2021-03-05'",
    "floor == 3",
    "not (floor in [1, 2] or speed > 0)",
    "worth * 2 > load",
)


def test_a_condition_in_spark_leaves_out_no_row_that_matches(spark, tmp_path):
    """Also over missing cells, NaN, padded texts and empty ones; only arithmetic is left to the filter."""
    frame = projects.table(400).assign(floor=np.resize([1, 2, 3, 4], 400))
    frame["side"] = np.resize(["north", " west ", "", None, "south"], 400)
    cells = arrow(frame)
    speed = pa.array(np.resize([0.25, np.nan, 0.75, -1.0, 2.0, 0.0], 400), from_pandas=False)
    cells = cells.set_column(cells.column_names.index("speed"), "speed", speed)
    pq.write_table(cells, tmp_path / "visits.parquet")
    stored = spark.read.parquet(str(tmp_path / "visits.parquet"))
    kinds = {field.name: field.dataType.simpleString() for field in stored.schema.fields}
    asked = {one: project({"path": tmp_path / "visits.parquet", "where": one}) for one in CONDITIONS}
    written = {one: pushed(asked[one], kinds) for one in CONDITIONS}
    assert [one for one in CONDITIONS if not written[one]] == ["worth * 2 > load"]
    found = stored.selectExpr("visit", *(" AND ".join(written[one] or ["true"]) for one in CONDITIONS))
    columns = found.toArrow().to_pydict()
    visits = columns.pop("visit")
    for condition, truths in zip(CONDITIONS, columns.values(), strict=True):
        kept = {visit for visit, truth in zip(visits, truths, strict=True) if truth}
        matching = read_rows(asked[condition].in_memory)
        assert set(matching.frame["visit"]) <= kept, condition
        assert len(kept) < 400 or not written[condition], condition


def test_a_condition_and_a_window_are_counted_as_memory_counts_them(spark, visits):
    """Rows before the window stay in Spark; those that the condition leaves out are counted."""
    asked = project({"path": visits, "where": "side != 'north' and worth * 2 > load"})
    found, expected = read_rows(asked), read_rows(asked.in_memory)
    assert (found.rows, found.left_out) == (expected.rows, expected.left_out)
    whole = projects.table(3_000)
    newest = whole["at"].max()
    windowed = project({"path": visits}, split={"window": "10 days"})
    kept = read_rows(windowed).frame["at"]
    assert len(kept) == (whole["at"] > newest - pd.Timedelta("10 days")).sum()
    until = pd.Timestamp("2021-04-01", tz="UTC")
    kept = read_rows(windowed, until.to_pydatetime()).frame["at"]
    inside = whole["at"].between(until - pd.Timedelta("10 days"), until, inclusive="left")
    assert len(kept) == inside.sum()


def test_of_too_many_rows_a_sample_comes_home(spark, visits):
    """The same ids each time, at most as many as are asked for, and the contract's findings say so."""
    asked = project({"path": visits, "evaluate_at_most": 2_000})
    one, other = read_rows(asked), read_rows(asked)
    assert 1_700 < one.rows <= 2_000
    assert (one.whole.rows, one.digest) == (3_000, other.digest)
    said = [finding for finding in check_table(one, asked).findings if "evaluate_at_most" in finding.subject]
    assert [finding.figures for finding in said] == [{"rows": one.rows, "of": 3_000}]


def test_a_table_too_large_for_this_machine_is_refused_before_it_comes_home(spark, visits, monkeypatch):
    """By the number of its rows and columns."""
    monkeypatch.setenv("LOGITGATE_MEMORY", "0.001")
    with pytest.raises(UnavailableError, match=r"lower rows\.evaluate_at_most"):
        read_rows(project({"path": visits}))


def test_parted_folders_and_delta_tables_are_read(spark, tmp_path):
    """A column that stands in the names of folders is the text that is there."""
    frame = projects.table(600)
    frame["side"] = frame["side"].replace("west", "far west")
    parted = arrow(frame)
    pq.write_to_dataset(parted, tmp_path / "parted", partition_cols=["side"])
    writes = (
        "import sys, pyarrow.parquet as pq, deltalake\n"
        "rows = pq.read_table(sys.argv[1])\n"
        "for part in (rows.slice(0, 300), rows.slice(300)):\n"
        "    deltalake.write_deltalake(sys.argv[2], part, mode='append')\n"
    )
    pq.write_table(parted, tmp_path / "one.parquet")
    subprocess.run([sys.executable, "-c", writes, tmp_path / "one.parquet", tmp_path / "delta"], check=True)
    expected = by_id(read_rows(project({"path": tmp_path / "one.parquet", "engine": "memory"})).frame)
    for name in ("parted", "delta"):
        found = by_id(read_rows(project({"path": tmp_path / name})).frame)
        pd.testing.assert_frame_equal(found, expected[list(found)])


REFUSED = {
    "SELECT nothing FROM visits": (ProjectError, "names a column that is not there"),
    "SELECT * FROM nowhere": (UnavailableError, "finds no such table"),
    "DROP TABLE visits": (ProjectError, "is nothing that Spark can read"),
    "SELECT 1; SELECT 2": (ProjectError, "is nothing that Spark can read"),
    "SELECT CAST(visit AS INT) AS visit FROM visits": (DataError, "its cells do not allow"),
    "SELECT visit, visit FROM visits": (DataError, "stands 2 times"),
    "SELECT raise_error(visit) AS visit FROM visits": (UnavailableError, "Spark failed"),
}


@pytest.mark.parametrize("query", REFUSED)
def test_a_refused_query_is_refused_without_its_cells(spark, visits, query, capfd):
    """Neither the message nor what Spark writes to the terminal quotes them."""
    error, rule = REFUSED[query]
    spark.read.parquet(str(visits)).createOrReplaceTempView("visits")
    with pytest.raises(error, match=rule) as found:
        read_rows(project({"query": query}))
    assert "v00" not in str(found.value)
    assert "v00" not in "".join(capfd.readouterr())


def test_a_table_that_is_not_there_and_one_that_is_no_parquet(spark, tmp_path):
    """Each says what would help."""
    with pytest.raises(UnavailableError, match=r"rows\.table: Spark finds no such table"):
        read_rows(project({"table": "sales.visits"}))
    projects.table(10).to_csv(tmp_path / "visits.csv")
    with pytest.raises(ProjectError, match=r"is no Parquet.*rows\.engine = 'memory'"):
        read_rows(project({"path": tmp_path / "visits.csv"}))


def test_an_absent_column_is_the_contracts_business(spark, visits):
    """As it is of every table."""
    spark.read.parquet(str(visits)).drop("grip").createOrReplaceTempView("visits")
    asked = project({"table": "visits"})
    assert read_rows(asked).absent == ("grip",)
    assert any(
        one.subject == "grip" and one.status.stops for one in check_table(read_rows(asked), asked).findings
    )


@pytest.fixture(scope="module")
def serving():
    """A model that was trained on the visits, as the registry would load it."""
    table = projects.table(3_000)
    training = lg.train(projects.plain(rows={"path": "unused.parquet"}, contract={"suite": None}), table)
    learned, asked = training.evidence.learned, training.evidence.project
    judged = training.evidence.judged
    profile = reference_profile(
        learned.shipped.rows, judged.scored, asked, learned.model, learned.design_means
    )
    return Serving(ModelVersion("visits", 3, "run", "digest"), ModelPackage(learned.model, "EUR", profile))


@pytest.fixture
def new_rows(tmp_path):
    """A folder of three Parquet files with rows to score, some cells missing, one level unknown."""
    frame = projects.table(4_000, seed=9).drop(columns="bad")
    frame.loc[::50, "load"] = np.nan
    frame.loc[::90, "side"] = "above"
    folder = tmp_path / "new"
    folder.mkdir()
    for place, rows in enumerate(np.array_split(np.arange(len(frame)), 3)):
        frame.iloc[rows].to_parquet(folder / f"{place}.parquet", index=False)
    return folder


def scored(serving, asked, table, out):
    """Score a table, and return the result and the scores by id."""
    result = score_table(serving, asked, ScoringRequest(table, out))
    return result, pq.read_table(out).sort_by("id") if result.sha256 else None


def test_spark_scores_bit_by_bit_what_memory_scores(spark, serving, new_rows, tmp_path):
    """Also the counts of unusual rows; each file is as the manifest says."""
    asked = project({"path": tmp_path / "unused.parquet"})
    here, expected = scored(serving, asked.in_memory, new_rows, tmp_path / "here.parquet")
    out = tmp_path / "there.parquet"
    there, found = scored(serving, asked, new_rows, out)
    assert found.schema.equals(expected.schema)
    assert found.drop(["scored_at"]).equals(expected.drop(["scored_at"]))
    assert (there.unusual, there.read, there.status) == (here.unusual, 4_000, "PASS")
    assert there.unusual.missing and there.unusual.unseen
    manifest = json.loads(manifest_of(out).read_text())
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()}
    assert manifest["files"] == digests
    assert len(digests) > 1
    assert manifest | {"sha256": there.sha256} == manifest
    again, _ = scored(serving, asked, new_rows, out)
    assert again.snapshot == there.snapshot
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    spark.read.parquet(str(new_rows)).createOrReplaceTempView("due")
    by_query = asked.model_copy(
        update={"scoring": asked.scoring.model_copy(update={"query": "SELECT * FROM due"})}
    )
    assert scored(serving, by_query, None, out)[0].snapshot == there.snapshot


def test_what_breaks_the_contract_is_not_scored_in_spark(spark, serving, new_rows, tmp_path):
    """An id on two rows of different partitions, a level that no model row had, a cell that is no number."""
    asked, out = project({"path": tmp_path / "unused.parquet"}), tmp_path / "scores.parquet"
    one = pd.read_parquet(new_rows / "1.parquet")
    pd.concat([one, one.head(2)]).to_parquet(new_rows / "1.parquet", index=False)
    shutil.copy(new_rows / "1.parquet", new_rows / "3.parquet")
    with pytest.raises(DataError, match="repeat the id of another row"):
        scored(serving, asked, new_rows, out)
    (new_rows / "3.parquet").unlink()
    one.assign(side="elsewhere").to_parquet(new_rows / "1.parquet", index=False)
    result, _ = scored(serving, asked, new_rows, out)
    assert (result.is_refused, [one.subject for one in result.verdict.reasons]) == (True, ["side"])
    for place in range(3):
        kept = pd.read_parquet(new_rows / f"{place}.parquet")
        kept["load"] = kept["load"].astype(str).where(kept.index != 5, "secret")
        kept.to_parquet(new_rows / f"{place}.parquet", index=False)
    with pytest.raises(DataError, match=r"new, partition \d, row 6, column 'load'") as found:
        scored(serving, asked, new_rows, out)
    assert "secret" not in str(found.value)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_fit_in_spark_is_that_of_all_rows_at_hand(spark, visits):
    """Within 1e-8, though Spark has three quarters of the rows alone; a spline, levels and missing cells."""
    asked = project({"path": visits, "evaluate_at_most": 1_000})
    table, everything = read_rows(asked), read_rows(asked.in_memory)
    observed = observe(everything.frame, asked, None)
    every, some = observed.sample, observe(table.frame, asked, observed.as_of).sample
    choice = Choice(Form(basis="spline"), 0.5)
    whole = TableInSpark.of(table.whole, some, asked, observed.as_of)
    layout = fitted_design(choice.form, asked.features, asked.search, some.frame[list(asked.features.all)])
    matrix = CodedMatrix.of(layout, every.frame[list(asked.features.all)])
    expected = fitted_weights(matrix, every.y, choice.C, subject="all")
    found = fit(choice, some.frame, some.y, asked.features, asked.search, whole=whole)
    weights = np.append(found[-1].coef_[0], found[-1].intercept_[0])
    assert np.abs(weights - expected).max() < 1e-8
    alone = fit(choice, some.frame, some.y, asked.features, asked.search)
    assert np.abs(alone[-1].coef_[0] - expected[:-1]).max() > 1e-3


def test_a_training_on_a_sample_ships_a_fit_to_all_rows(spark, visits):
    """The verdict says so, and the rows in another order give the same model."""
    asked = project({"path": visits, "evaluate_at_most": 2_000})
    training = lg.train(asked)
    said = {finding.subject: finding for finding in training.verdict.findings}
    assert said["rows.evaluate_at_most"].figures["of"] == 3_000
    assert "of which" in said["search"].because
    assert said["permuted rows"].status.value == "PASS"
    learned, every = (
        training.evidence.learned,
        observe(read_rows(asked.in_memory).frame, asked, training.evidence.as_of).sample,
    )
    layout, regression = learned.model.pipeline
    matrix = CodedMatrix.of(layout, every.frame[list(layout.feature_names_in_)])
    expected = fitted_weights(matrix, every.y, regression.C, subject="all")
    change = learned.shipped.decided.recalibration
    assert np.abs(regression.coef_[0] / change.slope - expected[:-1]).max() < 1e-8


def test_a_rule_that_rows_elsewhere_break_stops_the_fit(spark, tmp_path):
    """Though none of the rows that came home breaks it; rows that are put aside are left out of the sums."""
    frame = projects.table(3_000)
    frame.to_parquet(tmp_path / "visits.parquet", index=False)
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "load", "min_value": -50, "max_value": 80},
        "severity": "critical",
        "meta": {"because": "a load beyond that is a broken scale"},
    }
    (tmp_path / "visits.json").write_text(json.dumps(projects.suite(rule)))
    plain = projects.plain(
        rows={"engine": "spark", "path": tmp_path / "visits.parquet", "evaluate_at_most": 1_000},
        contract={"suite": tmp_path / "visits.json"},
    )
    asked = Project.model_validate(plain)
    home = set(read_rows(asked).frame["visit"])
    elsewhere = frame.index[~frame["visit"].isin(home)][5]
    frame.loc[elsewhere, "load"] = 9_999.0
    frame.to_parquet(tmp_path / "visits.parquet", index=False)
    table = read_rows(asked)
    assert not any(one.status.stops for one in check_table(table, asked).findings)
    sample = observe(table.frame, asked, None)
    choice = Choice(Form(basis="linear"), 1.0)

    def fitted(project):
        whole = TableInSpark.of(table.whole, sample.sample, project, sample.as_of)
        rows = sample.sample
        return fit(choice, rows.frame, rows.y, project.features, project.search, whole=whole)

    with pytest.raises(DataError, match=r"a broken scale.*not of the sample") as found:
        fitted(asked)
    assert "9999" not in str(found.value)
    aside = asked.contract.model_copy(update={"quarantine": tmp_path / "aside"})
    layout, regression = fitted(asked.model_copy(update={"contract": aside}))
    sound = read_rows(asked.in_memory).frame.drop(index=elsewhere)
    every = observe(sound, asked, sample.as_of).sample
    matrix = CodedMatrix.of(layout, every.frame[list(asked.features.all)])
    expected = fitted_weights(matrix, every.y, choice.C, subject="all but one")
    assert np.abs(regression.coef_[0] - expected[:-1]).max() < 1e-8


def test_the_flights_fitted_in_spark_are_those_fitted_in_memory(spark):
    """Within 1e-8, from a sample of 50,000 rows and sums over all in the window; splines, an interaction."""
    flights = load_project(FLIGHTS)
    asked = flights.model_copy(
        update={"rows": flights.rows.model_copy(update={"engine": "spark", "evaluate_at_most": 50_000})}
    )
    observed = observe(read_rows(flights).frame, flights, None)
    every, table = observed.sample, read_rows(asked)
    some = observe(table.frame, asked, observed.as_of).sample
    assert len(some) < 50_000 < len(every) < table.whole.rows < 120_000
    choice, names = Choice(flights.search.forms[-1], 0.1), list(flights.features.all)
    whole = TableInSpark.of(table.whole, some, asked, observed.as_of)
    found = fit(choice, some.frame, some.y, flights.features, flights.search, whole=whole)
    matrix = CodedMatrix.of(found[0], every.frame[names])
    expected = fitted_weights(matrix, every.y, choice.C, subject="all")
    weights = np.append(found[-1].coef_[0], found[-1].intercept_[0])
    assert np.abs(weights - expected).max() < 1e-8
