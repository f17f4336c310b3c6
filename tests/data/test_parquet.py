from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logitgate.data.contract.validation import check_table
from logitgate.data.readers.files.parquet import lacks_checksums, parquet_blocks, read_parquet
from logitgate.data.table import read_rows
from logitgate.errors import DataError
from logitgate.findings import Status
from logitgate.project.reading.load import load_project
from tests import projects
from tests.wording import refusal

TABLE = pa.table({"id": [f"{n:05}" for n in range(5_000)], "a": [n % 7 / 3 for n in range(5_000)]})


def written(tmp_path, **options):
    """Write the table with page checksums and return its path."""
    path = tmp_path / "rows.parquet"
    pq.write_table(TABLE, path, write_page_checksum=True, **options)
    return path


def test_text_columns_are_read_as_dictionaries_where_asked(tmp_path):
    """Levels are integers from the file on, and nothing else changes; a missing file is no damaged one."""
    cells = read_parquet(written(tmp_path), ["id", "a", "absent"]).cells
    assert pa.types.is_dictionary(cells.schema.field("id").type)
    assert cells.column("a").equals(TABLE.column("a"))
    assert cells.column("id").to_pylist() == TABLE.column("id").to_pylist()
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "none.parquet", [])


def test_each_flipped_bit_in_a_page_is_refused(tmp_path):
    """The file has checksums and they are verified: no flip gives other rows."""
    path = written(tmp_path, compression="none", use_dictionary=False)
    sound = path.read_bytes()
    footer = len(sound) - int.from_bytes(sound[-8:-4], "little") - 8
    refused = 0
    for at in range(200, footer, footer // 40):
        broken = bytearray(sound)
        broken[at] ^= 0x10
        path.write_bytes(broken)
        try:
            assert read_parquet(path, []).cells.equals(TABLE)
        except DataError:
            refused += 1
    assert refused > 30


def test_an_empty_and_a_cut_file_are_refused(tmp_path, wording):
    """The footer is at the end, so a cut file has none."""
    path = written(tmp_path)
    sound, refused = path.read_bytes(), []
    for keep in (0, 3, 100, -1, -100):
        path.write_bytes(sound[:keep])
        refused.append(refusal(DataError, read_parquet, path, []))
    wording(*refused)


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    """Damage that still decodes would end in a crash much later."""
    raw = pa.array([b"ab", b"\xff\xfe"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    pq.write_table(pa.table({"id": text}), tmp_path / "rows.parquet", store_schema=False)
    for levels in ([], ["id"]):
        with pytest.raises(DataError, match="damaged"):
            read_parquet(tmp_path / "rows.parquet", levels)


def test_two_columns_of_one_name_are_refused(tmp_path, wording):
    """Which of them is meant cannot be said."""
    pq.write_table(pa.table([[1], [2]], names=["id", "id"]), tmp_path / "rows.parquet")
    wording(refusal(DataError, read_parquet, tmp_path / "rows.parquet", []))


def test_int96_moments_keep_their_value(tmp_path):
    """As Spark and Hive write them; nanoseconds would wrap around beyond 2262."""
    moments = [datetime(9999, 12, 31), datetime(1, 1, 1), datetime(2021, 5, 4, 3, 2, 1, 999_999), None]
    path = tmp_path / "rows.parquet"
    pq.write_table(
        pa.table({"at": pa.array(moments, pa.timestamp("us"))}), path, use_deprecated_int96_timestamps=True
    )
    assert read_parquet(path, []).cells.column("at").to_pylist() == moments
    assert [
        cell for block in parquet_blocks(path, [], 2) for cell in block.cells.column("at").to_pylist()
    ] == moments


def test_rows_that_the_footer_does_not_promise_are_refused(tmp_path, wording):
    """A row group whose count was changed decodes without an error."""
    path = written(tmp_path, row_group_size=1_000)
    metadata = pq.read_metadata(path)
    raw = path.read_bytes()
    size = int.from_bytes(raw[-8:-4], "little")
    footer = raw[-8 - size : -8]
    promised = _varint(2 * 5_000)  # the footer's own count, before those of the row groups
    assert metadata.num_rows == 5_000 and footer.count(promised) >= 1
    path.write_bytes(raw[: -8 - size] + footer.replace(promised, _varint(2 * 5_001), 1) + raw[-8:])
    assert pq.read_metadata(path).num_rows == 5_001
    in_blocks = refusal(DataError, lambda: list(parquet_blocks(path, [], 700)))
    wording(refusal(DataError, read_parquet, path, []), in_blocks)


def _varint(number):
    """Write a number as Thrift does."""
    said = bytearray()
    while number > 127:
        said.append(number & 127 | 128)
        number >>= 7
    return bytes([*said, number])


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False}, {"compression": "none"}, {"data_page_version": "2.0"}]
)
def test_pages_without_a_checksum_are_known(tmp_path, checksum, options):
    """Whatever the first page is: a dictionary or cells, packed or not, of either version."""
    path = tmp_path / "rows.parquet"
    pq.write_table(TABLE, path, write_page_checksum=checksum, **options)
    assert lacks_checksums(path) is not checksum
    pq.write_table(TABLE.slice(0, 0), path, write_page_checksum=checksum, **options)
    assert not lacks_checksums(path)


def test_the_contract_notes_files_without_checksums(tmp_path):
    """It passes, and says what it could not see."""
    project = load_project(projects.write(tmp_path, projects.table(200, days=5)))
    for checksum in (True, False):
        rows = pq.read_table(project.rows.path)
        pq.write_table(rows, project.rows.path, write_page_checksum=checksum)
        table = read_rows(project)
        (found,) = check_table(table, project).findings
        assert found.status is Status.PASS
        assert ("parquet_files_without_checksums" in found.figures) is not checksum
        assert ("page checksums" in found.because) is not checksum
