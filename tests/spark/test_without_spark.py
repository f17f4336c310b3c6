"""What is said of Spark before it is started, and where it cannot be."""

import sys
from datetime import UTC, datetime

import pytest

from logitgate.data.readers.spark.conditions import before, from_on, pushed
from logitgate.data.table import read_rows
from logitgate.errors import ProjectError, UnavailableError
from logitgate.production.scoring.score import ScoringRequest, refuse_impossible_scoring
from logitgate.project.project import Project
from tests import projects


def project(rows):
    """Return the visits' project with rows that Spark reads."""
    plain = projects.plain(rows={"engine": "spark", "path": None} | rows, contract={"suite": None})
    return Project.model_validate(plain)


def test_without_pyspark_or_java_the_refusal_says_what_to_install(tmp_path, monkeypatch):
    """Before anything is started."""
    rows = tmp_path / "visits.parquet"
    projects.table(10).to_parquet(rows)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UnavailableError, match="default-jre-headless"):
        read_rows(project({"path": rows}))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UnavailableError, match="names no folder with bin/java"):
        read_rows(project({"path": rows}))
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(UnavailableError, match=r"install logitgate\[spark\]"):
        read_rows(project({"path": rows}))


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path):
    """Nor are scores written where no folder is, or under another ending."""
    asked = project({"path": tmp_path / "unused.parquet"})
    (tmp_path / "mine.parquet").mkdir()
    for out, rule in (("mine.parquet", "no folder of scores"), ("scores.csv", "NAME.parquet")):
        with pytest.raises(ProjectError, match=rule):
            refuse_impossible_scoring(ScoringRequest(tmp_path / "new.parquet", tmp_path / out), asked)


KINDS = {"speed": "double", "side": "string", "at": "timestamp", "load": "decimal(10,2)", "grip": "string"}


@pytest.mark.parametrize(
    ("where", "written"),
    [
        ("speed > 1 and side == 'west'", ["(`speed` > CAST('1.0' AS DOUBLE))", "(trim(`side`) IN ('west'))"]),
        ("speed > 1 and load > 1", ["(`speed` > CAST('1.0' AS DOUBLE))"]),
        ("speed > 1 or load > 1", []),
        ("grip > 1", []),
        ("at >= '1970-01-02'", ["(`at` >= timestamp_micros(86400000000))"]),
        ("side in ['o\\'clock', 'b']", ["(trim(`side`) IN ('o\\'clock', 'b'))"]),
        ("day > '2021-01-01'", []),
    ],
)
def test_spark_is_asked_what_it_reads_as_we_do(where, written):
    """Not over decimals, numbers in text, or a column that is not there."""
    assert pushed(project({"table": "visits", "where": where}), KINDS) == written


def test_cells_that_mean_missing_are_left_to_the_filter():
    """Spark knows them as values."""
    asked = {"table": "visits", "where": "side == 'west'", "missing": {"side": ["west"]}}
    assert pushed(project(asked), KINDS) == []


def test_limits_of_time_are_written_for_each_way_to_store_it():
    """A date is a midnight in UTC, so nothing but a midnight can be compared with it."""
    noon, midnight = datetime(2021, 3, 1, 12, tzinfo=UTC), datetime(2021, 3, 1, tzinfo=UTC)
    assert from_on("at", "timestamp_ntz", noon) == (
        "(`at` IS NULL OR (`at` >= TIMESTAMP_NTZ '2021-03-01 12:00:00'))"
    )
    assert before("a`t", "date", midnight) == "(`a``t` IS NULL OR (`a``t` < DATE '2021-03-01'))"
    assert before("at", "date", noon) is None
    assert before("at", "string", midnight) is None
