"""What reading a large table may take: memory is bounded by the kernel, in a process of its own."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.model.design.matrix import fitted_design
from logitgate.model.distributed.on_disk import TableOnDisk
from logitgate.project.project import Project
from logitgate.project.search import Form
from tests import bounds

ROWS, SAMPLE = 1_000_000, 20_000
NUMBERS = tuple(f"x{place}" for place in range(12))
MEGABYTES = 260
"""The rows whole take 370 (the numbers 96 in double precision, several times over); block by block 190."""


def _project(path, most):
    return Project.model_validate(
        {
            "name": "rows",
            "rows": {"path": path, "in_memory": most},
            "columns": {"id": "id"},
            "outcome": {"column": "y", "event": "yes"},
            "features": {"numeric": NUMBERS},
            "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
        }
    )


def _summed(project):
    """Read the rows, code them all and sum over them; return how many there are."""
    table = read_rows(project)
    if table.whole is None:
        return table.rows
    sample = observe(table.frame, project, None).sample
    names = list(project.features.all)
    layout = fitted_design(Form(basis="linear"), project.features, project.search, sample.frame[names])
    with TableOnDisk.of(table.whole, sample, project, None).coded(layout) as elsewhere:
        sums = elsewhere.sums(np.zeros(len(layout.get_feature_names_out()) + 1), False)  # noqa: FBT003
        return round(sums.loss / np.log(2))


def main(folder):
    """Do it for a few rows, which loads all libraries, and then for all of them, part by part and whole."""
    _summed(_project(folder / "few.parquet", 1_000))
    every = folder / "rows.parquet"
    bounds.tell(
        {
            most: bounds.within(MEGABYTES, lambda most=most: _summed(_project(every, most)))
            for most in (SAMPLE, ROWS)
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of many rows, and one of few."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    with pq.ParquetWriter(folder / "rows.parquet", _rows(rng, 0, 2).schema) as writer:
        for start in range(0, ROWS, 100_000):
            writer.write_table(_rows(rng, start, 100_000))
    pq.write_table(_rows(rng, 0, 3_000), folder / "few.parquet")
    return folder


def _rows(rng, start, rows):
    ids = pa.array(np.arange(start, start + rows)).cast(pa.string())
    numbers = {name: rng.normal(size=rows) for name in NUMBERS}
    return pa.table({"id": ids, "y": np.where(rng.random(rows) < 0.2, "yes", "no"), **numbers})


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is the kernel's")
def test_a_large_table_is_read_and_fitted_block_by_block(folder):
    """All rows are summed over in less memory than they take; held whole, they do not fit."""
    told = bounds.told_by(__file__, str(folder))
    assert told == {str(SAMPLE): str(ROWS), str(ROWS): "MemoryError"}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
