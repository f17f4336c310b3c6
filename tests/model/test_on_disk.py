"""Fitting to all rows of a table on disk, of which a sample is in memory."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import logitgate as lg
from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.errors import DataError
from logitgate.files.temporary import own_prefix
from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import fitted_design
from logitgate.model.distributed.on_disk import TableOnDisk
from logitgate.model.fitting.fit import Choice, fit, fitted_weights
from logitgate.project.project import Project
from logitgate.project.search import Form
from tests import projects

RULE = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "load", "min_value": -50, "max_value": 80},
    "severity": "critical",
    "meta": {"because": "a load beyond that is a broken scale"},
}


def project(folder, most, **changes):
    """Return the project of visits in a folder, of which so many may be in memory."""
    plain = projects.plain(rows={"path": folder / "rows.parquet", "in_memory": most}, **changes)
    return Project.model_validate(plain | {"contract": plain["contract"] | {"suite": folder / "visits.json"}})


@pytest.fixture
def visits(tmp_path):
    """A folder with the visits, and their frame."""
    frame = projects.table(3_000)
    projects.write(tmp_path, frame, rules=[RULE], rows={"path": "rows.parquet"})
    return tmp_path, frame


def fitted(folder, frame, some, choice, **changes):
    """Return a fit to all rows by way of a sample, and the weights of one with all rows at hand."""
    asked = project(folder, some, **changes)
    table = read_rows(asked)
    every = observe(read_rows(project(folder, None, **changes)).frame, asked, None)
    sample = observe(table.frame, asked, every.as_of).sample
    whole = TableOnDisk.of(table.whole, sample, asked, every.as_of)
    found = fit(choice, sample.frame, sample.y, asked.features, asked.search, whole=whole)
    rows = every.sample.take(np.flatnonzero(every.sample.frame["load"].to_numpy() < 80))
    matrix = CodedMatrix.of(found[0], rows.frame[list(asked.features.all)])
    return found[-1], fitted_weights(matrix, rows.y, choice.C, subject="all"), len(sample)


@pytest.mark.parametrize("basis", ["linear", "spline"])
@pytest.mark.parametrize("window", [None, "40 days"])
def test_the_fit_is_that_of_all_rows(visits, basis, window):
    """Within 1e-8, whatever the window; the sample alone would give others."""
    folder, frame = visits
    changes = {} if window is None else {"split": {"window": window}}
    found, expected, at_hand = fitted(folder, frame, 1_000, Choice(Form(basis=basis), 0.5), **changes)
    assert at_hand < 1_000
    assert np.abs(np.append(found.coef_[0], found.intercept_[0]) - expected).max() < 1e-8


def test_rows_that_the_contract_puts_aside_are_left_out(visits):
    """Of the sums over all rows, though none of them is in the sample."""
    folder, frame = visits
    kept = set(read_rows(project(folder, 1_000)).frame["visit"])
    frame.loc[np.flatnonzero(~frame["visit"].isin(kept))[5], "load"] = 9_999.0
    frame.to_parquet(folder / "rows.parquet", index=False)
    choice, aside = Choice(Form(basis="linear"), 1.0), {"contract": {"quarantine": folder / "aside"}}
    found, expected, _ = fitted(folder, frame, 1_000, choice, **aside)
    assert np.abs(np.append(found.coef_[0], found.intercept_[0]) - expected).max() < 1e-8
    with pytest.raises(DataError, match="a broken scale") as refused:
        fitted(folder, frame, 1_000, choice)
    assert "9999" not in str(refused.value)


def test_codes_leave_neither_memory_nor_files_behind(visits):
    """Blocks are let go of once they are written, and the file after the fit."""
    folder, _ = visits
    asked = project(folder, 1_000)
    table = read_rows(asked)
    observed = observe(table.frame, asked, None)
    sample = observed.sample
    whole = TableOnDisk.of(table.whole, sample, asked, observed.as_of)
    layout = fitted_design(
        Form(basis="linear"), asked.features, asked.search, sample.frame[list(asked.features.all)]
    )
    held = pa.total_allocated_bytes()
    mine = set(Path(tempfile.gettempdir()).glob(f"{own_prefix()}*"))
    with whole.coded(layout) as elsewhere:
        weights = np.zeros(len(layout.get_feature_names_out()) + 1)
        sums = elsewhere.sums(weights, True)  # noqa: FBT003 - as the solver asks
        assert sums.loss == pytest.approx(elsewhere.rows * np.log(2))
        assert elsewhere.rows == len(observe(read_rows(project(folder, None)).frame, asked, None).sample)
        assert set(Path(tempfile.gettempdir()).glob(f"{own_prefix()}*")) - mine
    assert pa.total_allocated_bytes() - held < 50_000
    assert set(Path(tempfile.gettempdir()).glob(f"{own_prefix()}*")) == mine


def test_a_training_on_a_sample_ships_a_fit_to_all_rows(visits):
    """It passes, says how many rows were judged, and the rows in another order give the same model."""
    folder, _ = visits
    training = lg.train(project(folder, 2_000))
    said = {finding.subject: finding for finding in training.verdict.findings}
    assert dict(said["rows.in_memory"].figures) == {"rows": 2_000, "of": 3_000}
    assert said["permuted rows"].status.value == "PASS" and said["search"].figures["judged"] < 2_000
    learned = training.evidence.learned
    layout, regression = learned.model.pipeline
    every = observe(
        read_rows(project(folder, None)).frame, project(folder, None), training.evidence.as_of
    ).sample
    matrix = CodedMatrix.of(layout, every.frame[list(layout.feature_names_in_)])
    expected = fitted_weights(matrix, every.y, regression.C, subject="all")
    change = learned.shipped.decided.recalibration
    assert np.abs(regression.coef_[0] / change.slope - expected[:-1]).max() < 1e-8
