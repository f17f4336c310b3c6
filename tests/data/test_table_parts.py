"""Tables that are folders: Delta Lake, Iceberg, Hive, and those that are refused by name."""

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logitgate.data.batches import read_batches
from logitgate.data.readers.files import table_parts
from logitgate.data.table import read_table
from logitgate.errors import DataError, LogitgateError, ProjectError, UnavailableError
from logitgate.project.reading.load import load_project, parse_project
from tests import projects
from tests.wording import refusal

ROWS = projects.table(400, days=5)
KEPT = ROWS[ROWS["side"] != "east"]


@pytest.fixture(scope="module")
def plain():
    """The project that all these tables are read for."""
    return parse_project(projects.plain(), "visits.toml")


def in_a_child(code, *words):
    """Write a table in a process of its own, as another system would."""
    subprocess.run((sys.executable, "-c", code, *map(str, words)), check=True, timeout=120)


FORMATS = ("delta", "partitioned", "iceberg")
DELTA = """
import os, sys
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
rows = pq.read_table(sys.argv[1])
half = rows.num_rows // 2
for place, parts in zip(sys.argv[2:4], (None, ["side", "bad"])):
    write_deltalake(place, rows.slice(0, half).drop(["load"]), partition_by=parts)
    write_deltalake(place, rows.slice(half), mode="append", schema_mode="merge", partition_by=parts)
    DeltaTable(place).delete("side = 'east'")
"""

ICEBERG = """
from pyiceberg.catalog.sql import SqlCatalog
place = sys.argv[4]
catalog = SqlCatalog("tests", uri=f"sqlite:///{place}.db", warehouse=f"file://{place}")
catalog.create_namespace("a")
table = catalog.create_table("a.visits", rows.schema, location=f"file://{place}")
table.append(rows.slice(0, half))
table.append(rows.slice(half))
table.delete("side == 'east'")
sys.stdout.flush()
os._exit(0)  # the threads of both libraries may end an interpreter by a signal after all was done
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same rows as each format keeps them, after some were deleted."""
    where = tmp_path_factory.mktemp("tables")
    ROWS.to_parquet(where / "all.parquet", index=False)
    in_a_child(DELTA + ICEBERG, where / "all.parquet", *(where / name for name in FORMATS))
    for (side, bad), rows in KEPT.groupby(["side", "bad"]):
        place = where / "hive" / f"side={side}" / f"bad={bad}"
        place.mkdir(parents=True)
        rows.drop(columns=["side", "bad"]).to_parquet(place / "part-0.parquet")
    (where / "hive" / "_SUCCESS").touch()
    return where


@pytest.mark.parametrize("name", ["delta", "partitioned", "iceberg", "hive"])
def test_only_the_rows_that_count_are_read(folders, plain, name, monkeypatch):
    """Whole or in batches, with the columns of the folders' names, and with those that some files lack."""
    # A table is listed by a process of its own, here once for both.
    monkeypatch.setattr(table_parts, "_listing", functools.cache(table_parts._listing))
    whole = read_table(folders / name, plain).frame
    batches = pd.concat([batch.frame for batch in read_batches(folders / name, plain, 64)])
    for frame in (whole, batches):
        found = frame.sort_values("visit").reset_index(drop=True)
        wanted = KEPT.sort_values("visit").reset_index(drop=True)
        assert found["visit"].tolist() == wanted["visit"].tolist()
        assert found["grip"].tolist() == wanted["grip"].tolist()
        assert found["side"].astype(str).tolist() == wanted["side"].tolist()
        assert found["bad"].astype(str).tolist() == wanted["bad"].tolist()
        missing = found["load"].isna().sum()
        assert (0 < missing < len(found)) == (name in ("delta", "partitioned"))


def test_reading_a_delta_table_leaves_the_exit_code_alone(folders):
    """Its library has ended an interpreter by a signal after all was done."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from logitgate.data.table import read_table\n"
        "from logitgate.project.reading.load import parse_project\n"
        "from tests import projects\n"
        "print(read_table(Path(sys.argv[1]), parse_project(projects.plain(), 'x')).rows)\n"
        "assert 'deltalake' not in sys.modules\n"
    )
    got = subprocess.run(
        (sys.executable, "-c", code, folders / "delta"),
        capture_output=True,
        check=False,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (got.returncode, got.stdout.strip()) == (0, str(len(KEPT))), got.stderr


def refused(path, project, expected):
    """Return the refusal of a table, whole and in batches alike."""
    whole, parts = (
        refusal(expected, read, path, project)
        for read in (read_table, lambda *words: list(read_batches(*words)))
    )
    assert str(whole) == str(parts)
    return whole


def test_formats_that_are_not_read_are_named(folders, plain, tmp_path, monkeypatch, wording):
    """Never are their files taken for the table."""
    for name in (".hoodie", "metadata"):
        shutil.copytree(folders / "hive", tmp_path / name / "t")
        (tmp_path / name / "t" / name).mkdir()
    said = [refused(tmp_path / name / "t", plain, ProjectError) for name in (".hoodie", "metadata")]
    broken = shutil.copytree(folders / "delta", tmp_path / "broken")
    for log in (broken / "_delta_log").iterdir():
        log.write_text("{")
    said.append(refusal(DataError, table_parts.parts_of, broken))
    two = shutil.copytree(folders / "iceberg", tmp_path / "two")
    newest = max((two / "metadata").glob("*.metadata.json"))
    shutil.copy(newest, newest.with_name(newest.name[:6] + "another.metadata.json"))
    said.append(refused(two, plain, ProjectError))
    monkeypatch.setattr(table_parts, "find_spec", lambda _: None)
    wording(*said, refused(shutil.copytree(folders / "delta", tmp_path / "delta"), plain, UnavailableError))


def test_a_delta_table_with_deletion_vectors_is_refused(folders, tmp_path):
    """Its files hold the deleted rows still."""
    table = shutil.copytree(folders / "delta", tmp_path / "vectors")
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7} | features}
    (table / "_delta_log" / f"{3:020}.json").write_text(json.dumps(protocol) + "\n")
    assert "deletionVectors" in refusal(ProjectError, table_parts.parts_of, table).rule


def test_a_column_in_two_places_is_refused(plain, tmp_path, wording):
    """In the file and in the name of its folder."""
    (tmp_path / "side=west").mkdir()
    ROWS.to_parquet(tmp_path / "side=west" / "a.parquet")
    wording(refused(tmp_path, plain, DataError))


@pytest.fixture
def in_the_way(tmp_path):
    """What can stand in the place of a file."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.toml").mkdir()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket.parquet"))
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    return tmp_path


@pytest.mark.parametrize("name", ["pipe.csv", "device.csv", "socket.parquet", "*.csv", "a\0.csv"])
def test_what_is_no_file_is_refused_at_once(in_the_way, plain, name, wording):
    """A pipe would be waited for, and a device has no end."""
    wording(refused(in_the_way / name, plain, UnavailableError))


@pytest.mark.parametrize("name", ["pipe.csv", "device.csv", "folder.toml", "a\0.toml"])
def test_a_project_or_suite_that_is_no_file_is_refused_at_once(in_the_way, name):
    """Whoever names it, by exit code 2."""
    from logitgate.data.contract.suite import read_suite

    for read in (load_project, read_suite):
        with pytest.raises(LogitgateError) as refused:
            read(in_the_way / name)
        assert refused.value.exit_code == 2


def test_nested_columns_are_left_alone_unless_declared(tmp_path, plain, wording):
    """Undeclared lists, structures and maps are left out; one that is declared is refused by its name."""
    path = tmp_path / "nested.parquet"
    rows = pq.read_table(_written(tmp_path))
    odd = {
        "tags": pa.array([["a"]] * len(ROWS)),
        "place": pa.array([{"x": 1, "y": None}] * len(ROWS)),
        "counts": pa.array([[("a", 1)]] * len(ROWS), pa.map_(pa.string(), pa.int64())),
    }
    for name, cells in odd.items():
        pq.write_table(rows.append_column(name, cells), path)
        table = read_table(path, plain)
        assert name not in table.frame and table.rows == len(ROWS)
        assert table.digest == read_table(_written(tmp_path), plain).digest
        assert name not in next(iter(read_batches(path, plain))).frame
    declared = parse_project(projects.plain(features={"numeric": ["speed", "tags"]}), "visits.toml")
    pq.write_table(rows.append_column("tags", odd["tags"]), path)
    wording(refused(path, declared, DataError))


def _written(folder):
    path = folder / "flat.parquet"
    ROWS.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize(
    "encoding", ["base64", "rot13", "zlib", "hex", "undefined", "utf-8\0", "latin-99", ""]
)
def test_an_encoding_that_is_none_of_text_is_refused(tmp_path, encoding):
    """Python's codecs also pack and hide bytes."""
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    rows = {"path": "rows.csv", "encoding": encoding}
    with pytest.raises(ProjectError, match="encoding"):
        read_table(tmp_path / "rows.csv", parse_project(projects.plain(rows=rows), "visits.toml"))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 900 + "]" * 900,
        "a = " + "{a=" * 900 + "1" + "}" * 900,
        "a = " + "9" * 100_000,
        "a.b" * 900,
    ],
    ids=["arrays", "tables", "digits", "keys"],
)
def test_a_project_file_that_no_reader_takes_is_refused(tmp_path, text):
    """By exit code 2, without a trace; one with a byte order mark, as Windows writes it, is read."""
    (tmp_path / "odd.toml").write_text(text)
    assert refusal(ProjectError, load_project, tmp_path / "odd.toml").exit_code == 2
    path = projects.write(tmp_path)
    before = load_project(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_project(path) == before
