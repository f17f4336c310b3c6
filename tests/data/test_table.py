import gzip
import os
from cProfile import Profile
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logitgate.data import table as tables
from logitgate.data.readers.source import numbered, unique_names
from logitgate.data.table import read_rows, read_table
from logitgate.errors import DataError, ProjectError, UnavailableError
from logitgate.project.reading.load import parse_project
from tests import projects
from tests.wording import refusal

TYPES = {"visits": "integer", "member": "boolean", "born": "date"}
CSV = """id,seen,y,x,kind,visits,member,born,note
007,2024-01-01T10:00:00,yes,1.5,a,9007199254740993,true,1970-01-02,NA
008,2024-01-01 12:00:00+02:00,no,,b,,,,
009,2024-01-02,no,-2e3,,-5,False,2000-02-29,null
"""


def project(path="rows.csv", **changed):
    """Return a small project; keywords replace its sections."""
    plain = {
        "name": "visits",
        "rows": {"path": str(path), "types": TYPES},
        "columns": {"id": "id", "time": "seen"},
        "outcome": {"column": "y", "event": "yes"},
        "features": {"numeric": ["x"], "categorical": ["kind"]},
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
        "contract": {"suite": "visits.json"},
    }
    return parse_project(plain | changed, "visits.toml")


def rows_of(tmp_path, text, name="rows.csv", **changed):
    """Write a CSV and read it as the project's rows."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return read_rows(project(path, **changed))


def typed(tmp_path, declared, cells, missing=()):
    """Read a Parquet table whose column c holds Arrow cells, declared as a type; return the column."""
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(len(cells))], "c": cells}), path)
    rows = {"path": str(path), "types": {"c": declared}, "missing": {"c": list(missing)}}
    return read_rows(project(rows=rows)).frame["c"]


def typed_texts(tmp_path, declared, texts, missing=()):
    """Read a CSV whose column c holds texts, declared as a type; return the column."""
    rows = {"path": str(tmp_path / "rows.csv"), "types": {"c": declared}, "missing": {"c": list(missing)}}
    lines = [f"{n},{text}" for n, text in enumerate(texts)]
    (tmp_path / "rows.csv").write_text("\n".join(["id,c", *lines, ""]))
    return read_rows(project(rows=rows)).frame["c"]


def test_cells_become_the_types_that_the_project_declares(tmp_path):
    """Ids keep their zeros, integers their last digit beside a missing cell, moments are in UTC."""
    table = rows_of(tmp_path, CSV)
    frame = table.frame
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "id": "str", "seen": "datetime64[us, UTC]", "y": "category", "x": "float64", "kind": "category",
        "visits": "Int64", "member": "boolean", "born": "datetime64[us, UTC]", "note": "str",
    }  # fmt: skip
    assert table.rows == 3
    assert table.absent == ()
    assert frame["id"].tolist() == ["007", "008", "009"]
    morning, midnight = datetime(2024, 1, 1, 10, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    assert frame["seen"].tolist() == [morning, morning, midnight]
    assert frame["visits"].tolist() == [9007199254740993, pd.NA, -5]
    assert frame["member"].tolist() == [True, pd.NA, False]
    assert frame["x"].isna().tolist() == [False, True, False]
    assert frame["kind"].cat.categories.tolist() == ["a", "b"]
    assert frame["note"].fillna("").tolist() == ["NA", "", "null"]


def test_no_row_gives_the_same_types(tmp_path):
    """The contract refuses the empty table and makes findings of absent columns; the reader lists them."""
    full, empty = rows_of(tmp_path, CSV), rows_of(tmp_path, CSV.splitlines()[0])
    assert empty.rows == 0
    assert list(full.frame) == list(empty.frame)
    assert [dtype.name for dtype in full.frame.dtypes] == [dtype.name for dtype in empty.frame.dtypes]
    few = rows_of(tmp_path, "id,y\n1,yes\n")
    assert set(few.absent) == {"x", "kind", "seen", "visits", "member", "born"}
    assert list(few.frame) == ["id", "y"]


def test_slices_on_columns_that_are_not_there_are_refused(tmp_path, wording):
    """The project file is wrong, not the rows."""
    declared = ({"columns": ["region"]}, {"bins": {"age": [30]}})
    wording(*(refusal(ProjectError, rows_of, tmp_path, CSV, slices=slices) for slices in declared))


def test_a_word_means_missing_only_where_it_is_listed(tmp_path, wording):
    """NA is a country, a name and a note, until the project says otherwise."""
    assert typed_texts(tmp_path, "number", ["1", "NA", ""], ["NA"]).isna().tolist() == [False, True, True]
    texts = typed_texts(tmp_path, "text", ["null", "NA", "-"], ["-"])
    assert texts.isna().tolist() == [False, False, True]
    assert texts.cat.categories.tolist() == ["NA", "null"]
    wording(refusal(DataError, typed_texts, tmp_path, "number", ["1", "NA", "2"]))


def test_a_missing_number_is_found_where_numbers_are_stored(tmp_path):
    """The text -999 in CSV and the number -999 in Parquet are one convention."""
    for cells in (pa.array([1, -999]), pa.array([1.0, -999.0]), pa.array(["1", "-999"])):
        assert typed(tmp_path, "number", cells, ["-999", "NA"]).isna().tolist() == [False, True]
    assert typed(tmp_path, "integer", pa.array([2**60 + 1, -999]), ["-999"]).tolist() == [2**60 + 1, pd.NA]


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        *(("number", text) for text in ("inf", "nan", "-Infinity", "1e999", "0x10", "1_000", "1,5", " ")),
        ("number", "secret"),
        *(("integer", text) for text in ("1.5", "0x10", "1e3", "nan", "99999999999999999999", "secret")),
        *(("boolean", text) for text in ("yes", "2", "secret")),
        *(("datetime", text) for text in ("2024-02-30", "01/02/24", "20240101", "secret", "12")),
        *(("date", text) for text in ("2024-01-01T05:00", "secret")),
    ],
)
def test_cells_that_are_not_of_the_type_are_refused_by_line_and_not_shown(tmp_path, declared, text):
    """Line 5: the header, a blank line and two rows stand before it."""
    sound = {"number": "1", "integer": "1", "boolean": "1"}.get(declared, "2024-01-01")
    refused = refusal(DataError, typed_texts, tmp_path, declared, [sound + "\n", sound, f'"{text}"', sound])
    assert refused.subject == "rows.csv line 5, column 'c'"
    assert text != "secret" or "secret" not in str(refused)
    assert refused.__cause__ is None and refused.__context__ is None


def test_usual_spellings_are_read(tmp_path):
    """A sign, spaces around, a whole number as spreadsheets write it, the letters of true."""
    assert typed_texts(tmp_path, "number", ["+1", " 2 ", ".5", "1e3"]).tolist() == [1, 2, 0.5, 1000]
    assert typed_texts(tmp_path, "integer", ["+1", " 2 ", "3.0", "-0"]).tolist() == [1, 2, 3, 0]
    assert typed_texts(tmp_path, "boolean", ["True", "0", " 1"]).tolist() == [True, False, True]
    moments = typed_texts(tmp_path, "datetime", ["2024-01-01T00:00:00.000001Z", "2024-01-01 01:00:00+0100"])
    assert [moment.microsecond for moment in moments] == [1, 0]


def test_infinite_numbers_are_refused_and_counted(tmp_path, wording):
    """They would win every mean; NaN in Parquet is a missing number."""
    wording(refusal(DataError, typed, tmp_path, "number", pa.array([1.0, np.inf, -np.inf])))
    assert typed(tmp_path, "number", pa.array([1.0, np.nan, None])).isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pa.array([7, 9007199254740993, None]), ["7", "9007199254740993", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([7.0, np.nan]), ["7", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([date(2024, 1, 2)]), ["2024-01-02"]),
        (pa.array(["x", "", None], pa.large_string()), ["x", None, None]),
        (pa.array(["x", "", "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array([7, 8]).dictionary_encode(), ["7", "8"]),
        (pa.DictionaryArray.from_arrays([0, 1, 2], pa.array(["x", "y", "x"])), ["x", "y", "x"]),
        (pa.array([UUID(int=7), None], pa.uuid()), ["00000000-0000-0000-0000-000000000007", None]),
    ],
)
def test_other_types_become_exact_text(tmp_path, cells, texts):
    """An id or a level is the same from a file that stores numbers."""
    read = typed(tmp_path, "text", cells)
    assert [None if pd.isna(cell) else cell for cell in read] == texts


def test_an_id_is_plain_text(tmp_path):
    """An integer becomes its text, no category; an empty one is missing, so that the contract finds it."""
    for stored, texts in (([9007199254740993, 7], ["9007199254740993", "7"]), (["1", ""], ["1", None])):
        pq.write_table(pa.table({"id": stored}), tmp_path / "rows.parquet")
        ids = read_table(tmp_path / "rows.parquet", project()).frame["id"]
        assert ids.dtype == "str"
        assert [None if pd.isna(one) else one for one in ids] == texts


def test_stored_types_that_say_something_else_are_refused(tmp_path, wording):
    """What would have to be guessed or rounded is not read."""
    stored = [
        ("text", [0.5]),
        ("text", [2.0**53]),
        ("integer", [1.0, 2.5]),
        ("boolean", [0, 1, 2]),
        ("number", [date(2024, 1, 1)]),
        ("datetime", [1704067200]),
        ("date", [datetime(2024, 1, 1, 5)]),
        ("integer", [[1]]),
        ("text", [[1]]),
        ("text", pa.array([b"\xff"], pa.binary(1))),
        ("text", [{"a": 1}]),
        ("number", [timedelta(1)]),
    ]
    wording(*(refusal(DataError, typed, tmp_path, kind, pa.array(cells)) for kind, cells in stored))


def test_stored_moments_come_to_utc(tmp_path):
    """A zone is honoured; without one the moment is taken as UTC; dates are midnight."""
    for cells in (
        pa.array([datetime(2024, 1, 1, 5)], pa.timestamp("ns")),
        pa.array([datetime(2024, 1, 1, 5, tzinfo=UTC)], pa.timestamp("s", "America/New_York")),
    ):
        assert typed(tmp_path, "datetime", cells).tolist() == [datetime(2024, 1, 1, 5, tzinfo=UTC)]
    for stored in (pa.date32(), pa.date64()):
        midnight = typed(tmp_path, "datetime", pa.array([date(2024, 1, 1)], stored))
        assert midnight.tolist() == [datetime(2024, 1, 1, tzinfo=UTC)]


def test_undeclared_columns_keep_their_kind(tmp_path):
    """Integers stay exact beside a missing one; lists are left alone."""
    cells = {"id": ["1", "2"], "n": [2**60 + 1, None], "f": [np.inf, 1], "t": ["a", ""], "l": [[1], [2]],
             "d": pa.array([date(2024, 1, 1), None]), "nothing": pa.nulls(2)}  # fmt: skip
    pq.write_table(pa.table(cells), tmp_path / "rows.parquet")
    frame = read_table(tmp_path / "rows.parquet", project()).frame
    kinds = ["str", "Int64", "float64", "str", "datetime64[us, UTC]", "str"]
    assert [str(dtype) for dtype in frame.dtypes] == kinds
    assert frame["n"].tolist() == [2**60 + 1, pd.NA]


def test_the_digest_is_of_the_cells_and_not_of_the_file(tmp_path):
    """Compression, chunks, line ends and the order of columns make none; each cell makes one."""
    first = rows_of(tmp_path, CSV).digest
    assert len(first) == 64
    assert rows_of(tmp_path, CSV, "rows.csv.gz").digest == first
    assert rows_of(tmp_path, CSV.replace("\n", "\r\n")).digest == first
    cells = [line.split(",") for line in CSV.splitlines()]
    assert rows_of(tmp_path, "\n".join(",".join(reversed(row)) for row in cells)).digest == first
    others = {"x": "7", "visits": "0", "member": "1", "born": "1970-01-01"}
    for column, name in enumerate(cells[0]):
        changed = [list(row) for row in cells]
        changed[2][column] = others.get(name, "2024-01-03")
        assert rows_of(tmp_path, "\n".join(map(",".join, changed))).digest != first, name
    assert rows_of(tmp_path, "\n".join(map(",".join, [cells[0], *cells[:0:-1]]))).digest != first
    assert rows_of(tmp_path, CSV.replace("note", "remark")).digest != first
    assert rows_of(tmp_path, CSV.replace(",b,", ",c,")).digest != first
    # Where one cell ends and the next begins is part of the content.
    near = [f"id,note\n{cells}" for cells in ("ab,x\nc,\n", "a,x\nbc,\n", "ab,\nc,x\n")]
    assert len({rows_of(tmp_path, one).digest for one in near}) == 3


def test_the_digest_does_not_change_with_parquets_layout(tmp_path):
    """Row groups, compression and dictionaries are the file's own business."""
    kinds = ["b", "a", None, "c"] * 25
    table = pa.table({"id": [str(n) for n in range(100)], "kind": kinds, "x": [0.5] * 100})
    layouts = ({}, {"compression": "gzip"}, {"row_group_size": 7}, {"use_dictionary": False})
    digests = set()
    for options in (*layouts, {"data_page_version": "2.0"}):
        pq.write_table(table, tmp_path / "rows.parquet", **options)
        digests.add(read_table(tmp_path / "rows.parquet", project()).digest)
    assert len(digests) == 1


CELLS = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5),
        "y": st.sampled_from(["yes", "no", None]),
        "x": st.none() | st.floats(-1e100, 1e100),
        "kind": st.none() | st.text(st.sampled_from('ab",\n\r é'), min_size=1, max_size=3),
        "visits": st.none() | st.integers(-(2**63), 2**63 - 1),
        "member": st.none() | st.booleans(),
        "seen": st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        "born": st.none() | st.dates(date(1800, 1, 1), date(2100, 1, 1)),
    }
)
SCHEMA = pa.schema(
    {"id": pa.string(), "y": pa.string(), "x": pa.float64(), "kind": pa.string(), "visits": pa.int64(),
     "member": pa.bool_(), "seen": pa.timestamp("us", "UTC"), "born": pa.date32()}
)  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, max_size=8))
def test_csv_and_parquet_give_the_same_cells_and_digest(tmp_path, rows):
    """What was written is read, whatever the kind of file."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    pq.write_table(table, tmp_path / "rows.parquet")
    with gzip.open(tmp_path / "rows.csv.gz", "wb") as file:
        pa_csv.write_csv(table, file)
    stored = read_table(tmp_path / "rows.parquet", project())
    texts = read_table(tmp_path / "rows.csv.gz", project())
    pd.testing.assert_frame_equal(stored.frame, texts.frame)
    assert stored.digest == texts.digest
    for name in ("id", "x", "visits", "member", "seen"):
        found = [None if pd.isna(cell) else cell for cell in stored.frame[name]]
        assert found == [row[name] for row in rows]


def test_a_database_gives_the_same_cells_and_digest(tmp_path, monkeypatch):
    """Declared columns are the same from SQL."""
    import sqlalchemy as sa

    lines = "id,y,x,kind,visits\n007,yes,1.5,a,9007199254740993\n008,no,,b,\n"
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'rows.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t (id text, y text, x real, kind text, visits integer)")
        rows = [("007", "yes", 1.5, "a", 9007199254740993), ("008", "no", None, "b", None)]
        connection.exec_driver_sql("insert into t values (?, ?, ?, ?, ?)", rows)
    engine.dispose()
    monkeypatch.setenv("ROWS_URL", str(engine.url))
    table = read_rows(project(rows={"query": "select * from t", "url_env": "ROWS_URL", "types": TYPES}))
    written = rows_of(tmp_path, lines)
    pd.testing.assert_frame_equal(table.frame, written.frame)
    assert table.digest == written.digest


def parts(tmp_path, *tables):
    """Write tables as the files of a folder, last one first, and return the folder."""
    folder = tmp_path / "rows"
    folder.mkdir()
    for number, table in reversed(list(enumerate(tables))):
        pq.write_table(pa.table(table), folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").touch()
    return folder


def test_a_folder_and_a_glob_are_read_in_the_order_of_names(tmp_path):
    """Other files of the folder are not rows; the levels of all files are one category.

    Only the part of a path that does not exist is a pattern, not brackets in a folder's name.
    """
    folder = parts(tmp_path, {"id": ["1", "2"], "kind": ["b", "a"]}, {"id": ["3"], "kind": ["c"]})
    tables = [read_table(folder, project()), read_table(folder / "part-*.parquet", project())]
    tables.append(read_table(tmp_path / "r*" / "*.parquet", project()))
    folder.rename(tmp_path / "rows [1]")
    tables.append(read_table(tmp_path / "rows [1]" / "*.parquet", project()))
    for table in tables:
        assert table.frame["id"].tolist() == ["1", "2", "3"]
        assert table.frame["kind"].tolist() == ["b", "a", "c"]
    assert len({table.digest for table in tables}) == 1
    assert read_table(tmp_path / "rows [1]" / "part-1.parquet", project()).rows == 1


@pytest.mark.parametrize(
    "others",
    [{"x": ["1"]}, {}, {"x": [1.0], "z": [1]}, {"x": [np.inf]}],
    ids=["type", "fewer", "more", "infinite"],
)
def test_files_of_different_columns_are_refused(tmp_path, others, wording):
    """Neither filled up nor converted; the file is named, and a row within it."""
    folder = parts(tmp_path, {"id": ["1"], "x": [1.0]}, {"id": ["3"]} | others)
    wording(refusal(DataError, read_table, folder, project()))


def test_what_is_not_there_is_unavailable(tmp_path, wording):
    """Exit code 3: nothing is wrong with rows that cannot be read, but with a kind that is not known."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "rows.xlsx").touch()
    names = ("rows.csv", "none/x.csv", "*.parquet", "none/*.csv", "empty", "folder.csv")
    unread = refusal(UnavailableError, read_table, tmp_path / "rows.parquet", project())
    assert unread.rule.startswith("cannot be read")
    wording(
        *(refusal(UnavailableError, read_table, tmp_path / name, project()) for name in names),
        refusal(ProjectError, read_table, tmp_path / "rows.xlsx", project()),
    )


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "*.csv"])
def test_a_file_that_must_not_be_read_is_unavailable(tmp_path, name):
    """The operating system's reason is given."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "rows.csv").write_text(CSV)
    pq.write_table(pa.table({"id": ["1"]}), closed / "rows.parquet")
    is_root = os.geteuid() == 0
    closed.chmod(0o700 if is_root else 0)
    if is_root:
        os.seteuid(65534)
    try:
        with pytest.raises(UnavailableError, match=r"Permission denied|matches no file"):
            read_table(closed / name, project())
    finally:
        if is_root:
            os.seteuid(0)
        closed.chmod(0o700)


def test_columns_cost_what_they_are_and_not_their_square():
    """Counted in calls, which no busy machine changes: four times as many columns, four times the calls."""
    calls = []
    for number in (250, 1_000):
        names = [f"c{at}" for at in range(number)]
        wide = parse_project(projects.plain(features={"numeric": ["speed", *names]}), "visits.toml")
        rows = pa.table({"visit": ["a"], "side": ["west"]} | {name: [1.0] for name in names})
        with Profile() as counted:
            table = tables.typed(numbered("wide", rows), wide)
            unique_names("wide", rows.column_names)
        calls.append(sum(one.callcount for one in counted.getstats()))
        assert table.frame.shape == (1, number + 2)
    assert calls[1] < 4.6 * calls[0]
