"""Tables in batches: the same cells and the same refusals as when they are read whole."""

import gzip
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logitgate.data.batches import query_batches, read_batches
from logitgate.data.readers.files import csv_blocks
from logitgate.data.table import read_table
from logitgate.errors import DataError, ProjectError, UnavailableError
from logitgate.project.reading.load import load_project
from tests import projects
from tests.wording import refusal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with visits as CSV, gzip and Parquet, and their project."""
    where = tmp_path_factory.mktemp("visits")
    frame = projects.table(2_000)
    frame.loc[3, "side"] = None
    frame.loc[1_500, "side"] = 'in "quotes",\nand a line'
    projects.write(where, frame)
    for name in ("rows.csv", "rows.csv.gz"):
        frame.to_csv(where / name, index=False)
    return where


@pytest.fixture(scope="module")
def project(folder):
    """The project of the visits."""
    return load_project(folder / "visits.toml")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that rows, quotes and line ends are cut everywhere."""
    monkeypatch.setattr(csv_blocks, "_BLOCK", 997)


def _whole(batches):
    return pd.concat([batch.frame.astype(object) for batch in batches], ignore_index=True)


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "visits.parquet"])
@pytest.mark.parametrize("rows", [1, 300, 2_000, 5_000])
@pytest.mark.usefixtures("small_blocks")
def test_batches_hold_the_cells_of_the_table(folder, project, name, rows):
    """Cell by cell, in order, in batches of the size that was asked for."""
    end = 20 if rows == 1 else 2_000
    batches = list(islice(read_batches(folder / name, project, rows), end))
    assert [batch.rows for batch in batches] == [min(rows, end - start) for start in range(0, end, rows)]
    expected = read_table(folder / name, project).frame.iloc[:end]
    pd.testing.assert_frame_equal(_whole(batches), expected.astype(object))


@pytest.mark.usefixtures("small_blocks")
def test_batches_are_identified_by_what_they_hold(folder, project, monkeypatch):
    """Compression and the reader's blocks make no difference, a cell does."""
    one = [batch.digest for batch in read_batches(folder / "rows.csv", project, 700)]
    assert [batch.digest for batch in read_batches(folder / "rows.csv.gz", project, 700)] == one
    monkeypatch.setattr(csv_blocks, "_BLOCK", 1 << 22)
    assert [batch.digest for batch in read_batches(folder / "rows.csv", project, 700)] == one
    assert len(set(one)) == 3


def test_a_folder_is_read_file_after_file(folder, project, tmp_path):
    """Batches go over the files' borders."""
    whole = pq.read_table(folder / "visits.parquet")
    pq.write_table(whole.slice(0, 900), tmp_path / "a.parquet", row_group_size=100)
    pq.write_table(whole.slice(900), tmp_path / "b.parquet")
    batches = list(read_batches(tmp_path, project, 700))
    assert [batch.rows for batch in batches] == [700, 700, 600]
    pd.testing.assert_frame_equal(
        _whole(batches), read_table(folder / "visits.parquet", project).frame.astype(object)
    )
    pq.write_table(whole.drop_columns(["load"]), tmp_path / "c.parquet")
    with pytest.raises(DataError, match="'load': is absent"):
        list(read_batches(tmp_path, project, 700))


@pytest.mark.parametrize("name", ["none.csv", "none.parquet"])
def test_a_table_without_rows_is_one_empty_batch(folder, project, tmp_path, name):
    """So that its columns are known."""
    empty = pd.read_parquet(folder / "visits.parquet").head(0)
    empty.to_csv(tmp_path / name, index=False) if name.endswith("csv") else empty.to_parquet(tmp_path / name)
    (batch,) = read_batches(tmp_path / name, project)
    assert batch.rows == 0 and "speed" in batch.frame.columns


HEAD = "visit,at,day,speed,load,grip,side\n"
LINE = "v{},2021-03-01T00:00:00,d,1.5,2,3,north\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "v,2021-03-01,d,1.5,2,3\n",
        "v,2021-03-01,d,fast,2,3,north\n",
        'v,2021-03-01,d,1.5,2,3,no"rth\n',
        "v,2021-03-01,d,1.5,2,3,no\0rth\n",
        "v,2021-03-01,d,1.5,2,3,n\udcffrth\n",
    ],
    ids=["few cells", "text", "quote", "NUL", "encoding"],
)
@pytest.mark.usefixtures("small_blocks")
def test_a_wrong_row_is_refused_by_its_line(project, tmp_path, wrong, wording):
    """In a later block as in the first, and nothing of the cell is repeated."""
    rows = "".join(LINE.format(number) for number in range(400))
    path = tmp_path / "rows.csv"
    path.write_bytes((HEAD + rows + wrong + rows).encode(errors="surrogateescape"))
    refused = refusal(DataError, lambda: list(read_batches(path, project, 100)))
    assert "fast" not in str(refused)
    wording(refused)


def test_a_cut_stream_is_refused(folder, project, tmp_path):
    """A copy that broke off never passes for a shorter table."""
    path = tmp_path / "cut.csv.gz"
    path.write_bytes((folder / "rows.csv.gz").read_bytes()[:-200])
    with pytest.raises(DataError, match="cut or damaged"):
        list(read_batches(path, project))
    path = tmp_path / "cut.parquet"
    path.write_bytes((folder / "visits.parquet").read_bytes()[:-200])
    with pytest.raises(DataError, match="cut or damaged"):
        list(read_batches(path, project))


def test_damage_in_a_later_row_group_is_found(folder, project, tmp_path):
    """By the checksum of its page, when the reading comes there."""
    path = tmp_path / "damaged.parquet"
    whole = pq.read_table(folder / "visits.parquet")
    pq.write_table(whole, path, row_group_size=200, write_page_checksum=True, compression="none")
    raw = bytearray(path.read_bytes())
    place = raw.find(np.float64(whole["speed"][1_900].as_py()).tobytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    batches = read_batches(path, project, 200)
    assert next(batches).rows == 200
    with pytest.raises(DataError, match="cut or damaged"):
        list(batches)


def test_other_faults_are_named(project, tmp_path, wording):
    """No file, no kind, no header, another byte order mark, an unknown encoding."""

    def refused(kind, name, content=None, project=project):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        return refusal(kind, lambda: list(read_batches(tmp_path / name, project)))

    odd = project.model_copy(update={"rows": project.rows.model_copy(update={"encoding": "klingon"})})
    contents = (b"", b" \n \n", HEAD.encode("utf-16"), gzip.compress(HEAD.encode()))
    wording(
        refused(UnavailableError, "none.csv"),
        refused(ProjectError, "rows.xlsx", b"x"),
        *(refused(DataError, "rows.csv", content) for content in contents),
        refused(ProjectError, "rows.csv", HEAD.encode(), odd),
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.usefixtures("small_blocks")
def test_other_encodings_are_read_block_by_block(project, tmp_path, encoding):
    """A character that two blocks share is one character."""
    other = project.model_copy(update={"rows": project.rows.model_copy(update={"encoding": encoding})})
    rows = "".join(LINE.format(number).replace("north", f"nörd{number % 7}") for number in range(500))
    (tmp_path / "rows.csv").write_text((HEAD + rows), encoding=encoding)
    sides = _whole(read_batches(tmp_path / "rows.csv", other, 90))["side"]
    assert sides.tolist() == [f"nörd{number % 7}" for number in range(500)]


@pytest.mark.parametrize("size", [60, 61, 62, 63, 64, 65, 66, 67, 68, 69])
def test_a_line_end_in_quotes_is_no_row_end(project, tmp_path, monkeypatch, size):
    """Wherever a block is cut: line ends of all kinds inside of cells and between rows."""
    monkeypatch.setattr(csv_blocks, "_BLOCK", size)
    sides = ["a\nb", "a\r\nb", "a\rb", 'say ""x""\n""y""', "plain"] * 4
    rows = "".join(LINE.format(n).replace("north\n", f'"{side}"\r\n') for n, side in enumerate(sides))
    (tmp_path / "rows.csv").write_bytes((HEAD + rows).encode())
    found = _whole(read_batches(tmp_path / "rows.csv", project, 3))["side"].tolist()
    assert found == [side.replace('""', '"') for side in sides]


def test_a_query_is_read_so_many_rows_at_a_time(project, tmp_path, monkeypatch, wording):
    """The same rows as by one fetch, and the first batch even of an empty answer."""
    import sqlite3

    frame = projects.table(1_000).drop(columns="bad").astype({"at": str})
    with sqlite3.connect(tmp_path / "rows.db") as database:
        frame.to_sql("visits", database, index=False)
    monkeypatch.setenv("ROWS_URL", f"sqlite:///{tmp_path / 'rows.db'}")
    batches = list(query_batches("select * from visits", "ROWS_URL", project, 300))
    assert [batch.rows for batch in batches] == [300, 300, 300, 100]
    assert _whole(batches)["visit"].tolist() == frame["visit"].tolist()
    (none,) = query_batches("select * from visits where 0", "ROWS_URL", project, 300)
    assert none.rows == 0
    nothing = query_batches("select * from nothing", "ROWS_URL", project, 300)
    wording(refusal(ProjectError, lambda: list(nothing)))


def test_memory_stays_that_of_a_batch(project, tmp_path):
    """Five times the rows need no more Arrow memory at a time."""
    peaks = []
    for rows in (20_000, 100_000):
        frame = projects.table(20_000)
        frame = pd.concat([frame] * (rows // 20_000), ignore_index=True)
        frame.to_parquet(tmp_path / "rows.parquet", index=False, row_group_size=rows)
        pool = pa.default_memory_pool()
        before, peak = pool.bytes_allocated(), 0
        for _ in read_batches(tmp_path / "rows.parquet", project, 2_000):
            peak = max(peak, pool.bytes_allocated() - before)
        peaks.append(peak)
    assert peaks[1] < 2 * peaks[0] + 4_000_000
