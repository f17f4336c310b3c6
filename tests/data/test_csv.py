import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.readers.files.csv import read_csv
from logitgate.data.readers.files.csv_lines import field_counts, line_at
from logitgate.errors import DataError, ProjectError
from tests.wording import refusal

SOUND = b"id,a\n007,1\n008,2\n"


def refused(tmp_path, raw, name="rows.csv", encoding="utf-8"):
    """Write the bytes, read them, and return the refusal."""
    path = tmp_path / name
    path.write_bytes(raw)
    error = refusal(DataError, read_csv, path, encoding, [])
    # A traceback would show the vendor's message with it, and that one quotes cells.
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    return error


def cells(tmp_path, raw, name="rows.csv", encoding="utf-8"):
    """Write the bytes, read them, and return the columns."""
    path = tmp_path / name
    path.write_bytes(raw)
    return read_csv(path, encoding, []).cells.to_pydict()


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (
            b"id,a,b\n007,NA, x \n1e3,null,1.0\n",
            {"id": ["007", "1e3"], "a": ["NA", "null"], "b": [" x ", "1.0"]},
        ),
        (b'id,a\n1,\n2,""\n', {"id": ["1", "2"], "a": [None, None]}),
        (b"id,a\n\n1,2\n\n3,4", {"id": ["1", "3"], "a": ["2", "4"]}),
        (b"id,a", {"id": [], "a": []}),
        (b'id,a\n1,"x, ""y""\nz"\n', {"id": ["1"], "a": ['x, "y"\nz']}),
        (b"\xef\xbb\xbf" + SOUND, {"id": ["007", "008"], "a": ["1", "2"]}),
    ],
    ids=["text", "empty", "no last end", "no rows", "quotes", "a mark"],
)
def test_every_cell_is_the_text_that_stands_there(tmp_path, raw, read):
    """Nothing is guessed: neither numbers, nor missing words, nor spaces; an empty cell is missing.

    Empty lines and a last one without its end are no damage; a mark is no part of the first name.
    """
    assert cells(tmp_path, raw) == read


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["unix", "windows", "macintosh"])
def test_line_ends_of_all_systems_are_read_and_counted(tmp_path, end, wording):
    """Unix, Windows and old Macintosh files read the same and are refused by the same line."""
    assert cells(tmp_path, SOUND.replace(b"\n", end))["id"] == ["007", "008"]
    wording(refused(tmp_path, b"id,a\n1,2\n3\n".replace(b"\n", end)))


DAMAGED = {
    "too few cells: lines in quotes, empty ones and the header count": b'id,a\n1,"x\ny"\n\n3\n5,6\n7\n',
    "too many cells": b'id,a\n1,"x\ny"\n\n3,4,5\n5,6\n7\n',
    "a last line that is cut": b"id,a,b\n1,2,3\n4",
    "a quote that never ends": b'id,a\n1,2\n3,"4\n5,6\n',
    "a quote that takes in rows up to the next one": b'id,a\n1,"2\n3,4\n5,"6\n',
    "a quote inside a bare cell": b'id,a\n1,"x"\n2,5" pipe\n',
    "a NUL byte": b"id,a\n1,2\n3,4\0\n",
    "latin-1": "id,a\n1,x\n2,café\n".encode("latin-1"),
    "utf-16": "id,a\n1,é\n".encode("utf-16"),
    "utf-32": "id,a\n1,é\n".encode("utf-32"),
    "utf-16 without a mark": "id,a\n1,2\n".encode("utf-16-le"),
    "no bytes": b"",
    "no header": b"\n \n",
    "a mark alone": b"\xef\xbb\xbf",
    "two columns of one name": b"id,a,id\n1,2,3\n",
    "a column without a name": b"id,,a\n1,2,3\n",
    "gzip under another name": gzip.compress(SOUND),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_by_its_line(tmp_path, name, wording):
    """With what mends it; other readers would fill cells in, join rows, or rename columns."""
    wording(refused(tmp_path, DAMAGED[name]))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32"])
def test_an_encoding_is_read_where_it_is_declared(tmp_path, encoding):
    """Spreadsheets write UTF-16 as "Unicode text"; half a character at its end is refused."""
    raw = "id,a\n1,é\n".encode(encoding)
    assert cells(tmp_path, raw, encoding=encoding) == {"id": ["1"], "a": ["é"]}
    if encoding != "latin-1":
        assert f"is not {encoding}" in refused(tmp_path, raw[:-1], encoding=encoding).rule


def test_an_unknown_encoding_is_the_project_files_error(tmp_path, wording):
    """The rows are not to blame."""
    (tmp_path / "rows.csv").write_bytes(SOUND)
    wording(refusal(ProjectError, read_csv, tmp_path / "rows.csv", "klingon", []))


def test_gzip_is_read_and_a_cut_or_damaged_one_refused(tmp_path, wording):
    """The stream's own checksum is verified to its end; so is what the name says."""
    packed = gzip.compress(SOUND * 100)
    assert len(cells(tmp_path, gzip.compress(SOUND), "rows.csv.gz")["id"]) == 2
    damaged = bytearray(packed)
    damaged[-6] ^= 1
    wording(*(refused(tmp_path, one, "rows.csv.gz") for one in (packed[:-9], damaged, packed[:20], SOUND)))


def test_a_row_longer_than_the_parsers_block_is_read(tmp_path):
    """Its limit is not the file's."""
    long = "x" * 5_000_000
    assert cells(tmp_path, f"id,a\n1,{long}\n2,y\n".encode())["a"] == [long, "y"]


def test_a_quoted_line_end_between_two_of_the_parsers_blocks_is_read(tmp_path):
    """Wherever a block ends, a row ends only outside quotes."""
    read = cells(tmp_path, b"id,a\n" + b'1,"\n\n\n\n\n\n\n"\n' * 1_000_000)
    assert set(read["a"]) == {"\n" * 7}
    assert len(read["id"]) == 1_000_000


def test_no_refusal_tells_a_cell(tmp_path):
    """Cells are people's; the parser's own message would quote the row."""
    for raw in (b"1,secret,secret\n", b'1,"secret\n', b"1,secret\xff\n", b"secret\n"):
        assert "secret" not in str(refused(tmp_path, b"id,a\n" + raw))


@given(st.lists(st.lists(st.sampled_from(["", "x", "a,b", 'q"q', "l\nl", "r\r\nr"]), min_size=2, max_size=4)))
def test_rows_are_counted_as_the_standard_library_counts_them(rows):
    """The arithmetic on bytes agrees with csv.reader on lines and cells."""
    import csv

    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows or [["x", "y"]])
    raw = text.getvalue().encode()
    lines, counts = field_counts(raw)
    reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
    expected, start = [], 1
    for row in reader:
        expected.append((start, len(row)))
        start = reader.line_num + 1
    assert list(zip(lines.tolist(), counts.tolist(), strict=True)) == expected
    assert line_at(raw, len(raw)) == start
