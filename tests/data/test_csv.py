import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.readers.files.csv import read_csv
from logitgate.data.readers.files.csv_lines import field_counts, line_at
from logitgate.errors import DataError, ProjectError

SOUND = b"id,a\n007,1\n008,2\n"


def refusal(tmp_path, raw, name="rows.csv", encoding="utf-8"):
    """Write the bytes, read them, and return what the refusal says."""
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_csv(path, encoding, [])
    # A traceback would show the vendor's message with it, and that one quotes cells.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def cells(tmp_path, raw, name="rows.csv", encoding="utf-8"):
    """Write the bytes, read them, and return the columns."""
    path = tmp_path / name
    path.write_bytes(raw)
    return read_csv(path, encoding, []).cells.to_pydict()


def test_every_cell_is_the_text_that_stands_there(tmp_path):
    """Nothing is guessed: neither numbers, nor missing words, nor spaces."""
    raw = b"id,a,b\n007,NA, x \n1e3,null,1.0\n"
    assert cells(tmp_path, raw) == {"id": ["007", "1e3"], "a": ["NA", "null"], "b": [" x ", "1.0"]}


def test_an_empty_cell_is_missing_quoted_or_not(tmp_path):
    """Both spellings of nothing are nothing."""
    assert cells(tmp_path, b'id,a\n1,\n2,""\n')["a"] == [None, None]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_all_systems_are_read_and_counted(tmp_path, end):
    """Unix, Windows and old Macintosh files read the same and are refused by the same line."""
    assert cells(tmp_path, SOUND.replace(b"\n", end))["id"] == ["007", "008"]
    assert "rows.csv line 3: has 1 cells" in refusal(tmp_path, b"id,a\n1,2\n3\n".replace(b"\n", end))


def test_a_last_line_without_its_end_and_empty_lines_are_read(tmp_path):
    """Neither is a sign of damage."""
    assert cells(tmp_path, b"id,a\n\n1,2\n\n3,4")["id"] == ["1", "3"]
    assert cells(tmp_path, b"id,a") == {"id": [], "a": []}


@pytest.mark.parametrize(("row", "found"), [(b"3", 1), (b"3,4,5", 3)])
def test_too_few_and_too_many_cells_are_refused_by_line(tmp_path, row, found):
    """The lines within a quoted cell count, the empty line counts, and so does the header."""
    said = refusal(tmp_path, b'id,a\n1,"x\ny"\n\n' + row + b"\n5,6\n7\n")
    assert f"rows.csv line 5: has {found} cells, the header 2 (2 such rows in all)" in said
    assert "quotes around cells" in said


def test_a_cut_last_line_is_refused(tmp_path):
    """Other readers would fill the missing cells in."""
    assert "line 3: has 1 cells" in refusal(tmp_path, b"id,a,b\n1,2,3\n4")


def test_a_quote_that_never_ends_is_refused_by_the_line_it_opens_in(tmp_path):
    """A parser would take the rest of the file for one cell."""
    assert "rows.csv line 3: opens a quote" in refusal(tmp_path, b'id,a\n1,2\n3,"4\n5,6\n')


def test_a_quote_that_swallows_rows_up_to_the_next_one_is_refused(tmp_path):
    """The count of cells is right, but three rows would be one."""
    assert "rows.csv line 2: opens a quote" in refusal(tmp_path, b'id,a\n1,"2\n3,4\n5,"6\n')


def test_a_quote_inside_a_bare_cell_is_refused(tmp_path):
    """RFC 4180 knows no such quote, and parsers disagree on it."""
    assert "line 3: has a quote that does not start" in refusal(tmp_path, b'id,a\n1,"x"\n2,5" pipe\n')


def test_doubled_quotes_commas_and_line_ends_in_quotes_are_read(tmp_path):
    """Quotes are for exactly these."""
    assert cells(tmp_path, b'id,a\n1,"x, ""y""\nz"\n')["a"] == ['x, "y"\nz']


def test_a_nul_byte_is_refused_by_line(tmp_path):
    """It is no text, and databases cut cells there."""
    assert "rows.csv line 3: holds a NUL byte" in refusal(tmp_path, b"id,a\n1,2\n3,4\0\n")


def test_latin_1_read_as_utf_8_is_refused_and_read_where_it_is_declared(tmp_path):
    """The refusal names the line, the byte and the key that mends it, and not the cell."""
    raw = "id,a\n1,x\n2,café\n".encode("latin-1")
    said = refusal(tmp_path, raw)
    assert "rows.csv line 3: byte 14 of the file is not utf-8" in said
    assert "rows.encoding" in said
    assert "caf" not in said
    assert cells(tmp_path, raw, encoding="latin-1")["a"] == ["x", "café"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf_16_is_recognised_and_read_where_it_is_declared(tmp_path, encoding):
    """Spreadsheets write it as "Unicode text"."""
    raw = "id,a\n1,é\n".encode(encoding)
    assert f"declare rows.encoding = '{encoding}'" in refusal(tmp_path, raw)
    assert cells(tmp_path, raw, encoding=encoding) == {"id": ["1"], "a": ["é"]}


def test_utf_16_without_a_mark_is_refused(tmp_path):
    """It looks like NUL bytes."""
    assert "utf-16-le" in refusal(tmp_path, "id,a\n1,2\n".encode("utf-16-le"))


def test_a_cut_utf_16_file_is_refused(tmp_path):
    """Half a character is left over."""
    assert "is not utf-16" in refusal(tmp_path, "id,a\n1,2\n".encode("utf-16")[:-1], encoding="utf-16")


def test_the_utf_8_mark_is_no_part_of_the_first_name(tmp_path):
    """Spreadsheets write it, and the id would be another column with it."""
    assert list(cells(tmp_path, b"\xef\xbb\xbf" + SOUND)) == ["id", "a"]


def test_an_unknown_encoding_is_the_project_files_error(tmp_path):
    """The rows are not to blame."""
    (tmp_path / "rows.csv").write_bytes(SOUND)
    with pytest.raises(ProjectError, match=r"rows\.encoding: 'klingon' is no encoding"):
        read_csv(tmp_path / "rows.csv", "klingon", [])


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "has no bytes"),
        (b"\n \n", "has no header"),
        (b"\xef\xbb\xbf", "has no header"),
        (b"id,a,id\n1,2,3\n", "column 'id' stands 2 times"),
        (b"id,,a\n1,2,3\n", "column 2 has no name"),
    ],
)
def test_a_file_without_a_sound_header_is_refused(tmp_path, raw, rule):
    """Other readers would call the columns id.1 and Unnamed: 1."""
    assert rule in refusal(tmp_path, raw)


def test_gzip_is_read_and_a_cut_or_damaged_one_refused(tmp_path):
    """The stream's own checksum is verified to its end."""
    packed = gzip.compress(SOUND * 100)
    assert len(cells(tmp_path, gzip.compress(SOUND), "rows.csv.gz")["id"]) == 2
    damaged = bytearray(packed)
    damaged[-6] ^= 1
    for broken in (packed[:-9], bytes(damaged), packed[:20]):
        assert "rows.csv.gz: its gzip stream is cut or damaged" in refusal(tmp_path, broken, "rows.csv.gz")


def test_a_name_that_lies_about_gzip_is_refused(tmp_path):
    """Either way."""
    assert "is gzip, which its name does not say" in refusal(tmp_path, gzip.compress(SOUND))
    assert "is not gzip" in refusal(tmp_path, SOUND, "rows.csv.gz")


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
        assert "secret" not in refusal(tmp_path, b"id,a\n" + raw)


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
