"""Hashes of rows: the same for the same row, whatever process, type or order it comes in."""

import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.row_hashes import FittedRows, digest_of, row_hashes, scheme_of, untouched
from logitgate.data.sampling.sample import Sample, observe
from logitgate.project.reading.load import parse_project
from tests import projects

PROJECT = parse_project(projects.plain(), "visits.toml")


def rows(ids, times=None):
    """Return a sample of rows that are nothing but ids and times."""
    moments = None if times is None else np.array(times, dtype="datetime64[us]")
    names = np.array([str(one) for one in ids], dtype=object)
    return Sample(pd.DataFrame(index=range(len(ids))), np.zeros(len(ids), dtype=np.int8), names, moments)


def test_the_documented_bytes_are_hashed():
    """Written out by hand, with and without a time; version 1 never changes."""
    moment = np.datetime64("2021-03-01T12:30:00.000001", "us")
    micros = int(moment.astype(np.int64)).to_bytes(8, "little")
    for sample, content in (
        (rows(["vé1"], [moment]), b"\1" + micros + "vé1".encode()),
        (rows(["vé1"]), b"\0" + "vé1".encode()),
    ):
        digest = hashlib.blake2b(content, digest_size=8, person=b"logitgate-row-1").digest()
        assert row_hashes(sample).tolist() == [int.from_bytes(digest, "little")]
    assert row_hashes(rows(["vé1"], [moment])).tolist() == [4203907326725512690]
    assert row_hashes(rows(["vé1"])).dtype == np.uint64


def test_another_process_gives_the_same_hashes():
    """Python's own hashes differ between processes; these do not."""
    code = (
        "from tests.data.test_row_hashes import rows, row_hashes;"
        "print(row_hashes(rows(['a', 'b'], ['2021-01-01', '2021-01-02'])).tolist())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == str(row_hashes(rows(["a", "b"], ["2021-01-01", "2021-01-02"])).tolist())


def test_types_features_and_outcome_do_not_matter():
    """Ids as text, category or integer, times in any unit and zone; a feature that was corrected since."""
    frame = projects.table(300)
    frame["visit"] = np.arange(300).astype(str)
    expected = sorted(row_hashes(observe(frame, PROJECT, None).sample))
    for change in (
        {"visit": frame["visit"].astype("category")},
        {"visit": frame["visit"].astype("Int64")},
        {"at": frame["at"].astype("datetime64[s, UTC]")},
        {"at": frame["at"].astype("datetime64[ns, UTC]")},
        {"at": frame["at"].dt.tz_convert("America/New_York")},
        {"speed": 0.0, "bad": np.where(np.arange(300) % 2, "yes", "no")},
    ):
        assert sorted(row_hashes(observe(frame.assign(**change), PROJECT, None).sample)) == expected


def test_each_row_has_a_hash_of_its_own():
    """By id and by time, and neither runs into the other; a digest is that of the set of them."""
    sample = rows(["1", "1", "11", "\x001", "1"], [f"2021-01-0{day}" for day in (1, 2, 1, 1, 1)])
    assert len(set(row_hashes(sample).tolist())) == 4
    assert len(np.unique(row_hashes(rows(range(50_000))))) == 50_000
    with pytest.raises(ValueError, match="without a time"):
        row_hashes(rows(["a"], ["NaT"]))
    hashes = row_hashes(rows(range(20)))
    assert digest_of(hashes) == digest_of(hashes[::-1]) != digest_of(hashes[:-1])


def test_rows_that_were_learned_from_are_recognised():
    """Those and no others, whatever their order; an empty set holds none."""
    known, fresh = rows(range(100)), rows(range(90, 110))
    fitted_on = FittedRows.of([known.take(np.arange(60)), known.take(np.arange(40, 100))], PROJECT)
    assert len(fitted_on.hashes) == 100 and (np.diff(fitted_on.hashes) > 0).all()
    assert fitted_on.holds(row_hashes(fresh)).tolist() == [True] * 10 + [False] * 10
    assert not FittedRows("", np.empty(0, dtype=np.uint64)).holds(row_hashes(fresh)).any()


def test_packed_rows_come_back_and_are_the_same_bytes_each_time():
    """Scheme and hashes; nothing that a loader would have to run."""
    fitted_on = FittedRows.of([rows(range(50))], PROJECT)
    again = FittedRows.unpacked(fitted_on.packed())
    assert again.scheme == fitted_on.scheme and np.array_equal(again.hashes, fitted_on.hashes)
    assert again.packed() == fitted_on.packed()
    archive = io.BytesIO()
    np.savez(archive, scheme=np.array(["x"], dtype=object), hashes=fitted_on.hashes)
    with pytest.raises(ValueError, match="allow_pickle"):
        FittedRows.unpacked(archive.getvalue())


def test_untouched_rows_are_those_that_no_model_knows():
    """Unknown for one model is unknown for the comparison."""
    test = rows(range(10), ["2021-01-01"] * 10)
    first, second = (FittedRows.of([test.take(np.array(some))], PROJECT) for some in ([0, 1], [1, 9]))
    assert np.flatnonzero(~untouched(test, PROJECT, [first, second])).tolist() == [0, 1, 9]
    assert untouched(test, PROJECT, []).all()
    assert untouched(test, PROJECT, [first, None]) is None
    assert untouched(test, PROJECT, [FittedRows("2: visit, at", first.hashes)]) is None


def test_rows_without_a_hash_are_known_by_their_age():
    """Where a model learned from more rows than came home: all that are older than a moment."""
    test = rows(range(4), ["2021-01-01", "2021-01-02", "2021-01-03", "2021-01-04"])
    fitted_on = FittedRows.of([test.take(np.array([3]))], PROJECT, np.datetime64("2021-01-02", "us"))
    again = FittedRows.unpacked(fitted_on.packed())
    assert again.until == fitted_on.until
    assert untouched(test, PROJECT, [again]).tolist() == [False, True, True, False]
    assert untouched(replace(test, time=None), PROJECT, [again]) is None


def test_the_scheme_names_version_and_columns():
    """Hashes over other columns are other hashes."""
    assert scheme_of(PROJECT) == "1: visit, at"
    timeless = {"columns": {"time": None}, "outcome": {"matures_after": None}, "split": {"by": "random"}}
    assert scheme_of(parse_project(projects.plain(**timeless), "visits.toml")) == "1: visit"
