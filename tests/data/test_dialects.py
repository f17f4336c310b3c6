"""CSV as the world writes it: separators, decimals, titles, formats, and what the header gives away."""

import gzip
import uuid
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from logitgate.data import batches as table_batches
from logitgate.data.readers.casts import Column, Written, cast, readable_as
from logitgate.data.readers.source import Source
from logitgate.data.table import read_rows
from logitgate.errors import DataError, ProjectError
from logitgate.project.reading.load import load_project, parse_project
from logitgate.project.syntax.column_types import ColumnType
from tests import projects
from tests.command import logitgate
from tests.wording import refusal

PLAIN = projects.table(40, seed=5)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The frame of the same rows, from Parquet."""
    folder = tmp_path_factory.mktemp("parquet")
    return read_rows(load_project(projects.write(folder, PLAIN))).frame


def german(frame):
    """Numbers as spreadsheets in many countries write them."""
    said = frame.copy()
    for name in ("speed", "load", "grip", "worth"):
        said[name] = [
            f"{value * 1_000_000:,.6f}".translate(str.maketrans(",.", ".,")) for value in frame[name]
        ]
    return said


def written(folder, text, rows, name="visits.csv"):
    """Write a CSV and the project that reads it."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return projects.write(folder, rows={"path": name, **rows})


SITUATIONS = {
    "semicolon": (lambda frame: frame.to_csv(sep=";", index=False), {"separator": ";"}),
    "tab": (lambda frame: frame.to_csv(sep="\t", index=False), {"separator": "\t"}),
    "pipe and other quotes": (
        lambda frame: frame.to_csv(sep="|", index=False, quotechar="'", quoting=1),
        {"separator": "|", "quote": "'"},
    ),
    "no quotes at all": (
        lambda frame: (
            frame.assign(note='5" pipe').to_csv(index=False, quoting=3, escapechar="\\").replace("\\", "")
        ),
        {"quote": ""},
    ),
    "a title above": (
        lambda frame: 'Visits of spring, "all" of them\nas of today\n' + frame.to_csv(index=False),
        {"header_row": 3},
    ),
    "a title above, and line ends of Windows": (
        lambda frame: ("Visits\n\n" + frame.to_csv(index=False)).replace("\n", "\r\n"),
        {"header_row": 3},
    ),
    "the index of pandas": (lambda frame: frame.to_csv(), {"unnamed": "row"}),
    "words for missing": (
        lambda frame: frame.assign(speed=frame["speed"].mask(frame.index % 5 == 0)).to_csv(
            index=False, na_rep="NA"
        ),
        {"missing_everywhere": ["NA", "?", "null"]},
    ),
    "dates of another order": (
        lambda frame: frame.assign(at=frame["at"].dt.strftime("%d/%m/%Y %H:%M")).to_csv(index=False),
        {"formats": {"at": "%d/%m/%Y %H:%M"}},
    ),
    "seconds since 1970": (
        lambda frame: frame.assign(at=frame["at"].astype("int64") // 1_000_000).to_csv(index=False),
        {"formats": {"at": "epoch seconds"}},
    ),
    "a byte order mark": (lambda frame: "\ufeff" + frame.to_csv(sep=";", index=False), {"separator": ";"}),
}


@pytest.mark.parametrize("blocks", [False, True], ids=["whole", "in batches"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_same_rows_come_out_of_each_dialect(situation, blocks, tmp_path, expected):
    """What differs is how cells are written, and the declared keys say how."""
    write, rows = SITUATIONS[situation]
    project = load_project(written(tmp_path / "here", write(PLAIN), rows))
    if blocks:
        batches = list(table_batches.read_batches(project.rows.path, project, rows=16))
        assert [batch.rows for batch in batches] == [16, 16, 8]
        found = pd.concat([texts(batch.frame, expected.columns) for batch in batches])
    else:
        found = texts(read_rows(project).frame, expected.columns)
    wanted = expected.copy()
    if situation == "words for missing":
        wanted["speed"] = wanted["speed"].mask(wanted.index % 5 == 0)
    assert found.to_csv(index=False) == texts(wanted, expected.columns).to_csv(index=False)


def texts(frame, columns):
    """Return these columns, whatever their categories; numbers keep all their digits in text."""
    return frame[columns].astype({"side": str, "bad": str, "day": str})


def test_decimal_commas_and_marks_between_thousands(tmp_path):
    """1.234.567,5 is one number; with marks in wrong places it is none."""

    def read(frame):
        spelt = {"separator": ";", "decimal": ",", "thousands": "."}
        return read_rows(
            load_project(written(tmp_path / "here", frame.to_csv(sep=";", index=False), spelt))
        ).frame

    found = read(german(PLAIN))
    assert np.allclose(found["grip"], PLAIN["grip"] * 1_000_000, rtol=0, atol=1e-5)
    for wrong in ("1.23,5", "12.34", "1,234.5", ",", "1.2345"):
        bad = german(PLAIN).assign(grip=["1,5"] * 7 + [wrong] + ["2"] * 32)
        refused = refusal(DataError, read, bad)
        assert "line 9, column 'grip'" in refused.subject and "rows.decimal" in refused.rule
        assert wrong not in str(refused) or wrong == ","


def test_a_refused_cell_stands_in_the_line_of_the_file(tmp_path):
    """Lines above the header count, whole or in batches, packed or not."""
    text = "a title\nanother\n" + PLAIN.assign(speed=["1"] * 20 + ["fast"] + ["2"] * 19).to_csv(index=False)
    project = load_project(
        written(tmp_path / "here", gzip.compress(text.encode()), {"header_row": 3}, name="visits.csv.gz")
    )
    for read in (
        lambda: read_rows(project),
        lambda: list(table_batches.read_batches(project.rows.path, project, 7)),
    ):
        with pytest.raises(DataError, match=r"line 24, column 'speed'"):
            read()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (PLAIN.to_csv(sep=";", index=False), {}),
        (PLAIN.to_csv(sep="\t", index=False), {}),
        (PLAIN.to_csv(index=False), {"separator": "|"}),
        (PLAIN.to_csv(sep=";", decimal=",", index=False), {}),
        (PLAIN.to_csv(), {}),
        ("only a title\n" + PLAIN.to_csv(index=False), {"header_row": 99}),
    ],
    ids=["semicolon", "tab", "comma", "decimal commas", "index", "too few lines"],
)
def test_a_header_says_what_to_set(text, rows, tmp_path, wording):
    """The message names the key; the slices and the contract are not blamed."""
    project = load_project(written(tmp_path / "here", text, rows))
    refused = refusal(DataError, read_rows, project)
    in_batches = table_batches.read_batches(project.rows.path, project, 16)
    assert str(refusal(DataError, lambda: list(in_batches))) == str(refused)
    wording(refused)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"side": "Side"}, "'Side', in other case"),
        ({"side": " side"}, "' side', with blanks"),
        ({"speed": "sped"}, "the table has 'sped'"),
        ({"visit": "\ufeffvisit"}, "byte order mark"),
    ],
    ids=["case", "blanks", "spelling", "mark"],
)
def test_a_column_that_is_not_there_may_be_there_otherwise(change, said, commands, tmp_path):
    """One finding names the column and what the header has; rules and slices of it say nothing more."""
    (old,) = change
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": old}, "severity": "critical"}
    rule["meta"] = {"because": "a visit without it is none"}
    project = projects.write(
        tmp_path / "here", PLAIN.rename(columns=change), rules=[] if old == "visit" else [rule]
    )
    answer = logitgate("check", project, "--json")
    found = answer.findings("contract")
    assert said in found[old]["because"]
    assert [subject for subject in found if subject != old] == []


def test_what_cannot_be_read_is_refused_with_the_file(wording):
    """Before any row."""
    wrong = [
        {"separator": ";;"},
        {"separator": "a"},
        {"separator": '"'},
        {"decimal": ",", "thousands": ","},
        {"header_row": 0},
        {"formats": {"at": "day/month"}},
        {"formats": {"at": "%H:%M"}},
        {"formats": {"speed": "%Y"}, "types": {"speed": "number"}},
    ]
    plain = [projects.plain(rows={"path": "visits.csv", **rows}) for rows in wrong]
    wording(*(refusal(ProjectError, parse_project, one, "visits.toml") for one in plain))


STORED = [
    *(
        pa.string(),
        pa.int8(),
        pa.uint64(),
        pa.float32(),
        pa.decimal128(9, 2),
        pa.bool_(),
        pa.date32(),
        pa.null(),
    ),
    *(pa.timestamp("ns", "Asia/Tokyo"), pa.binary(), pa.binary(16), pa.uuid(), pa.time32("s")),
    *(pa.duration("s"), pa.list_(pa.int8()), pa.dictionary(pa.int32(), pa.string())),
]


@pytest.mark.parametrize("stored", STORED, ids=str)
def test_a_type_that_is_offered_can_be_read(stored):
    """What a refusal proposes for rows.types works when it is typed; nothing else is proposed."""
    source = Source("t", pa.table({"c": pa.array([], type=stored)}), str)
    for declared in ColumnType:
        if declared in readable_as(stored):
            cast(Column(source, "c"), declared)
        else:
            with pytest.raises(DataError):
                cast(Column(source, "c"), declared)


def column(cells, form=None):
    """Return a column of a source."""
    source = Source("t", pa.table({"c": cells}), lambda row: f"t row {row}")
    return Column(source, "c", written=Written(form=form))


def test_identifiers_and_years_are_read_as_they_are_stored(tmp_path):
    """16 bytes as UUID, which name rows then; bytes as text, a year and a count since 1970 as moments."""
    frame = PLAIN.assign(visit=[uuid.UUID(int=number).bytes for number in range(len(PLAIN))])
    project = projects.write(tmp_path, frame, rows={"types": {"visit": "uuid"}})
    visits = read_rows(load_project(project)).frame["visit"]
    assert visits.tolist() == [str(uuid.UUID(int=number)) for number in range(len(PLAIN))]
    one = uuid.UUID("12345678-1234-5678-1234-567812345678")
    cells = pa.array([one.bytes, None], pa.binary(16))
    assert cast(column(cells), ColumnType.UUID).to_pylist() == [str(one), None]
    assert cast(column(pa.array([one.hex.upper(), None])), ColumnType.UUID).to_pylist() == [str(one), None]
    assert cast(column(pa.array([b"north", None])), ColumnType.TEXT).to_pylist() == ["north", None]
    (year,) = cast(column(pa.array([2013]), "%Y"), ColumnType.DATE).to_pylist()
    (moment,) = cast(
        column(pa.array([1_357_000_000_250]), "epoch milliseconds"), ColumnType.DATETIME
    ).to_pylist()
    assert (year, moment) == (datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, 0, 26, 40, 250_000, UTC))
    for cells, form, kind in (
        (pa.array([b"\xff"]), None, ColumnType.TEXT),
        (pa.array(["1234"]), None, ColumnType.UUID),
        (pa.array([4e14]), "epoch seconds", ColumnType.DATETIME),
        (pa.array(["31/02/2013"]), "%d/%m/%Y", ColumnType.DATE),
        (pa.array([2013.5]), "%Y", ColumnType.DATE),
    ):
        with pytest.raises(DataError, match="t row 0, column 'c'"):
            cast(column(cells, form), kind)
