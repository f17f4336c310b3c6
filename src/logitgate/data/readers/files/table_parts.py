"""Of which files a table is made: a file, a glob, a folder of Parquet files, or a folder that a format rules.

Delta Lake keeps files that it no longer counts beside those that it does, so its own log decides. Columns
that stand only in the names of folders (`day=2021-03-01/`) are read as the text that is there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from ....errors import DataError, NoAnswerError, ProjectError, UnavailableError
from ....files.plain import NAMED, no_file
from ....limits import FILE
from ..source import Source

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_READ_FEATURES = {"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "columnMapping"}
_PLAIN_READER = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a table.

    Parameters
    ----------
    path : Path
    values : mapping of str to str or None
        Columns that stand in the names of its folders, or in the table's log.
    columns : mapping of str to pyarrow.DataType
        Those that all files of the table have together, where one that is absent is empty.
    """

    path: Path
    values: Mapping[str, str | None] = field(default_factory=dict)
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)


def parts_of(path: Path) -> list[Part]:
    """Return the files of a table, in the order of their names.

    Raises
    ------
    UnavailableError
        When there are none, one of them is no file, or the package that reads the format is not installed.
    ProjectError, DataError
        When the folder belongs to a format, or uses a feature of it, that is not read.
    """
    if path.is_dir():
        return _of_folder(path)
    if no_file(path) or path.exists() or not any(sign in str(path) for sign in "*?["):
        return _plain([path])
    folder = next(parent for parent in path.parents if parent.exists())
    found = sorted(file for file in folder.glob(str(path.relative_to(folder))) if not file.is_dir())
    if not found:
        raise _nothing(path, "matches no file")
    return _plain(found)


def is_iceberg(path: Path) -> bool:
    """Return whether a folder is an Apache Iceberg table."""
    return path.is_dir() and any((path / "metadata").glob("*.metadata.json"))


def completed(source: Source, part: Part, levels: Collection[str]) -> Source:
    """Return the cells of a part with the columns that its file does not hold."""
    cells = source.cells
    for name, stored in part.columns.items():
        if name not in cells.column_names and name not in part.values:
            is_text = pa.types.is_string(stored) or pa.types.is_large_string(stored)
            kind = pa.dictionary(pa.int32(), stored) if name in levels and is_text else stored
            cells = cells.append_column(name, pa.nulls(cells.num_rows, kind))
    for name, value in part.values.items():
        if name in cells.column_names:
            rule = f"column '{name}' stands in the file and in the name of its folder"
            raise DataError(source.name, rule, "write it in one of both places")
        text = pa.array([value], pa.string())
        text = text.dictionary_encode() if name in levels else text
        cells = cells.append_column(name, text.take(pa.nulls(cells.num_rows, pa.int32()).fill_null(0)))
    return Source(source.name, cells, source.place)


def _of_folder(folder: Path) -> list[Part]:
    if (folder / "_delta_log").is_dir():
        return _delta(folder)
    if (folder / ".hoodie").is_dir():
        rule = "is an Apache Hudi table, which is not read: its files hold rows that no longer count"
        raise ProjectError(str(folder), rule, "export its current rows as Parquet, or query them")
    if (folder / "metadata").is_dir():
        rule = "has a folder metadata/ as an Iceberg table, but no *.metadata.json in it"
        raise ProjectError(str(folder), rule, "name the table's own folder, or move metadata/ elsewhere")
    found = list(_hive(folder, {}))
    if not found:
        raise _nothing(folder, "has no .parquet file")
    return found


def _hive(folder: Path, above: Mapping[str, str | None]) -> Iterator[Part]:
    for path in sorted(folder.iterdir()):
        key, mark, value = path.name.partition("=")
        if path.is_dir() and mark and key and not path.name.startswith(("_", ".")):
            listing = None if value == _NO_VALUE else unquote(value)
            yield from _hive(path, {**above, unquote(key): listing})
        elif path.suffix.lower() == ".parquet" and not path.is_dir():
            yield from _plain([path], above)


def _plain(paths: Iterable[Path], values: Mapping[str, str | None] | None = None) -> list[Part]:
    paths = list(paths)
    for path in paths:
        if rule := no_file(path):
            raise UnavailableError(str(path).replace("\0", "?"), rule, NAMED)
    return [Part(path, values or {}) for path in paths]


def _delta(folder: Path) -> list[Part]:
    if find_spec("deltalake") is None:
        rule = "is a Delta Lake table, which the package deltalake reads"
        raise UnavailableError(str(folder), rule, "install logitgate[delta]")
    listing = _listing(folder)
    features = sorted(set(listing["features"]) - _READ_FEATURES)
    mapped = listing["mapping"] != "none" or (not listing["features"] and listing["reader"] > _PLAIN_READER)
    if features or mapped:
        used = ", ".join(features) or "columnMapping"
        rule = f"is a Delta Lake table that uses {used}, which is not read"
        raise ProjectError(str(folder), rule, "export its current rows as Parquet")
    parts = [Part(folder / unquote(path), dict(values)) for path, values in listing["files"]]
    if not parts:
        raise _nothing(folder, f"is a Delta Lake table without rows (version {listing['version']})")
    columns: dict[str, pa.DataType] = {}
    for part in parts:
        with pq.ParquetFile(part.path, coerce_int96_timestamp_unit="us") as file:
            columns |= {one.name: one.type for one in file.schema_arrow if one.name not in columns}
    kept = {name: columns[name] for name in listing["columns"] if name in columns}
    return [Part(part.path, part.values, kept) for part in sorted(parts, key=lambda one: one.path)]


def _listing(folder: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("delta_listing.py")
    words = [sys.executable, "-P", str(script), str(folder)]
    try:
        # S603: our own script
        listing = subprocess.run(words, capture_output=True, timeout=FILE.seconds, check=False)  # noqa: S603
        listed: dict[str, Any] = json.loads(listing.stdout)
    except subprocess.TimeoutExpired:
        remedy = "see that the disk answers"
        raise NoAnswerError(str(folder), f"its log was not read within {FILE}", remedy) from None
    except ValueError:
        rule = "is a Delta Lake table whose log cannot be read"
        raise DataError(str(folder), rule, "open it with the tool that wrote it") from None
    return listed


def _nothing(path: Path, rule: str) -> UnavailableError:
    return UnavailableError(str(path), rule, "correct rows.path, or wait for the export")
