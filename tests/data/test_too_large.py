"""A table that does not fit the machine is refused before it is read."""

import gzip

import pandas as pd
import pytest

from logitgate.data import memory
from logitgate.data.table import read_table
from logitgate.errors import ProjectError, UnavailableError
from tests.projects import small

PROJECT = small()


@pytest.fixture
def table(tmp_path):
    """Return a table of a hundred rows in three kinds of files."""
    frame = pd.DataFrame({"id": range(100), "x": range(100), "y": ["yes", "no"] * 50})
    frame.to_parquet(tmp_path / "rows.parquet")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))
    return tmp_path


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.csv.gz"])
def test_what_does_not_fit_is_refused(table, name, monkeypatch):
    """The refusal names estimate, limit and what would help; a limit of one's own counts."""
    monkeypatch.setenv(memory.LIMIT, "0.000001")
    with pytest.raises(UnavailableError) as refused:
        read_table(table / name, PROJECT)
    assert "GB are free" in refused.value.rule
    assert "fewer rows" in refused.value.remedy and memory.LIMIT in refused.value.remedy
    monkeypatch.setenv(memory.LIMIT, "1")
    assert read_table(table / name, PROJECT).rows == 100


@pytest.mark.parametrize("given", ["abc", "nan", "-1", "0"])
def test_a_limit_that_is_no_amount_of_memory_is_refused(monkeypatch, given):
    """It neither switches the check off nor refuses every table."""
    monkeypatch.setenv(memory.LIMIT, given)
    with pytest.raises(ProjectError, match="LOGITGATE_MEMORY"):
        memory.free_bytes()
