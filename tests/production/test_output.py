"""Files of scores: whole or not at all, harmless in a spreadsheet, and described by a manifest."""

import csv
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from logitgate.errors import ProjectError, UnavailableError
from logitgate.files.atomic import appearing, write_whole
from logitgate.production.scoring.output import keep_manifest, refuse_impossible, writing
from logitgate.production.scoring.score import SCHEMA

HARMFUL = ("=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\tx", "\r=1", "\n=1")
HARMLESS = ("<script>alert(1)</script>", "a=b", "O'Brien", 'say "no", then\nleave', "1-2", "Köln")


def _frame(ids=("a", "b")):
    count = len(ids)
    return pd.DataFrame(
        {
            "id": list(ids),
            "probability": [0.1 + 0.2] * count,
            "threshold": [float("inf")] * count,
            "decision": [False] * count,
            "expected_cost": [-1.5] * count,
            "expected_cost_otherwise": [1e-9] * count,
            "model_version": [7] * count,
            "request_id": ["00000000-0000-5000-8000-000000000000"] * count,
            "scored_at": pd.DatetimeIndex([datetime(2026, 3, 1, 2, 30, tzinfo=UTC)] * count),
        }
    )


def _read(path):
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return list(csv.DictReader(text.splitlines(keepends=True)))


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz"])
def test_a_spreadsheet_takes_no_text_for_a_formula(tmp_path, name):
    """An apostrophe before what would be computed; all else as it is, and numbers are numbers."""
    path = tmp_path / name
    with writing(path, SCHEMA) as write:
        write(_frame(HARMFUL))
        write(_frame(HARMLESS))
    rows = _read(path)
    assert [row["id"] for row in rows] == [f"'{text}" for text in HARMFUL] + list(HARMLESS)
    assert {row["expected_cost"] for row in rows} == {"-1.5"}
    assert {float(row["probability"]) for row in rows} == {0.1 + 0.2}
    assert {row["threshold"] for row in rows} == {"inf"} and {row["decision"] for row in rows} == {"false"}
    assert {row["scored_at"][:19] for row in rows} == {"2026-03-01T02:30:00"}


def test_parquet_keeps_every_text_and_type(tmp_path):
    """Nothing there is ever computed."""
    path = tmp_path / "scores.parquet"
    with writing(path, SCHEMA) as write:
        write(_frame(HARMFUL))
        write(_frame(HARMLESS))
    found = pq.read_table(path)
    assert found.schema.equals(SCHEMA)
    pd.testing.assert_frame_equal(
        found.to_pandas(),
        pd.concat([_frame(HARMFUL), _frame(HARMLESS)], ignore_index=True),
        check_dtype=False,
    )


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "scores.parquet"])
def test_nothing_appears_before_the_end_or_after_an_error(tmp_path, name):
    """While it is written and when it breaks off, the old file is there, whole."""
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(RuntimeError, match="broken off"), writing(path, SCHEMA) as write:
        write(_frame())
        assert path.read_text() == "old"
        raise RuntimeError("broken off")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == [name]
    with writing(path, SCHEMA) as write:
        write(_frame())
    assert path.read_bytes() != b"old"


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "scores.parquet"])
def test_a_table_without_rows_has_its_columns(tmp_path, name):
    """So that whoever reads it need not ask whether it is empty."""
    path = tmp_path / name
    with writing(path, SCHEMA):
        pass
    names = pq.read_table(path).column_names if name.endswith("parquet") else None
    raw = path.read_bytes()
    text = b"" if names else gzip.decompress(raw) if name.endswith("gz") else raw
    assert names == SCHEMA.names or next(csv.reader([text.decode()])) == SCHEMA.names


def test_the_manifest_tells_the_file(tmp_path):
    """Its digest is that of the bytes on disk."""
    path = tmp_path / "scores.csv"
    with writing(path, SCHEMA) as write:
        write(_frame())
    got = keep_manifest(path, {"rows": 2})
    assert got == json.loads((tmp_path / "scores.csv.manifest.json").read_text())
    assert got == {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": 2}


SCRIPT = """
import sys, time
from pathlib import Path
from logitgate.files.atomic import appearing
with appearing(Path(sys.argv[1])) as file:
    file.write(b"half a file")
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_nothing_under_the_name(tmp_path):
    """Nor does another writer take the draft of one that lives; that of a dead one is removed by the next."""
    path = tmp_path / "scores.csv"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "written\n"
        assert not path.exists()
        with appearing(path) as file:
            file.write(b"of another writer")
        assert len(list(tmp_path.glob(".scores.csv.*.writing"))) == 1
        writer.kill()
    assert path.read_bytes() == b"of another writer"
    with appearing(path) as file:
        file.write(b"of the next one")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_written_is_refused_at_once(tmp_path):
    """A folder, a folder that is not there, and a name that says no kind of table."""
    for path in (tmp_path, tmp_path / "none" / "scores.csv", tmp_path / "scores.xlsx"):
        with pytest.raises(ProjectError):
            refuse_impossible(path)
    with pytest.raises(UnavailableError, match="cannot be written"), appearing(tmp_path / "none" / "x.csv"):
        pass


ROUNDS = 400


WRITER = """
import sys
from pathlib import Path
from logitgate.files.atomic import write_whole
for turn in range(int(sys.argv[3])):
    write_whole(Path(sys.argv[1]), f"{sys.argv[2]}: {turn}\\n".encode() * 50)
"""


def test_several_writers_of_one_file_lose_none(tmp_path):
    """What one of them has just begun is no dead draft to the other."""
    path = tmp_path / "scores [a].json"
    words = [sys.executable, "-c", WRITER, path]
    writers = [subprocess.Popen([*words, str(number), str(ROUNDS)]) for number in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(set(path.read_text().splitlines())) == 1 and list(tmp_path.iterdir()) == [path]


def test_a_draft_that_was_removed_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    """Between making and locking it, it looks like one that a dead process has left."""
    made, make = [], tempfile.mkstemp

    def made_and_removed(*given, **named):
        descriptor, name = make(*given, **named)
        made.append(name)
        if len(made) < 3:
            Path(name).unlink()
        return descriptor, name

    monkeypatch.setattr(tempfile, "mkstemp", made_and_removed)
    write_whole(tmp_path / "a.csv", b"whole")
    assert (tmp_path / "a.csv").read_bytes() == b"whole" and len(made) == 3
