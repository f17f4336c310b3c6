"""Writing scores: CSV or Parquet, whole or not at all, with a manifest file that has their digest."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ...errors import ProjectError, UnavailableError
from ...files.atomic import appearing, make_names_durable, write_whole

_KINDS = (".csv", ".csv.gz", ".parquet")
_FORMULA = r"^[=+\-@\t\r\n]"
_DISTINCT = ("id", "request_id", "probability", "expected_cost", "expected_cost_otherwise")
"""Columns whose values hardly repeat."""

_TEXTS = ("id", "request_id")


def refuse_impossible(path: Path) -> None:
    """Refuse an output that could not be written later, before anything else is done.

    Raises
    ------
    ProjectError
        When the path is a folder, its folder is not there, or its name has no known ending.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise ProjectError(
            str(path), "is a folder, or lies in none that is there", "name a file for the scores"
        )
    if not path.name.lower().endswith(_KINDS):
        raise ProjectError(str(path), "is no kind of table that is written", f"name it {', '.join(_KINDS)}")


def refuse_impossible_folder(path: Path) -> None:
    """Refuse a folder of scores that could not be written later; only one that was written so is replaced.

    Raises
    ------
    ProjectError
        When its name does not end in .parquet, its folder is not there, or something else bears its name.
    """
    if not path.parent.is_dir() or not path.name.lower().endswith(".parquet"):
        remedy = "name it NAME.parquet in a folder that is there: Spark writes a folder of Parquet files"
        raise ProjectError(str(path), "is no folder of scores that Spark writes", remedy)
    if path.exists() and not (path.is_dir() and manifest_of(path).is_file()):
        raise ProjectError(str(path), "is there, and no folder of scores", "name another one, or remove it")


def manifest_of(path: Path) -> Path:
    """Return where the manifest of a file of scores lies."""
    return path.with_name(path.name + ".manifest.json")


@contextmanager
def writing(path: Path, schema: pa.Schema) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Write tables of a schema below each other; the file appears when the block has ended well.

    In CSV a text that a spreadsheet would take for a formula (it begins with one of ``= + - @``, a tab or a
    line end) gets an apostrophe before it; numbers stay numbers, and Parquet keeps every text as it is.

    Raises
    ------
    UnavailableError
        When the file cannot be written.
    """
    with appearing(path) as file:
        if path.name.lower().endswith(".parquet"):
            with pq.ParquetWriter(file, schema, **_stored(schema), write_page_checksum=True) as parquet:
                yield lambda frame: parquet.write_table(_table(frame, schema))
        elif path.name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed, _csv(packed, schema) as write:
                yield write
        else:
            with _csv(file, schema) as write:
                yield write


def keep_manifest(path: Path, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of a finished file, with its digest, and return it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = {"file": path.name, "sha256": digest, **plain}
    write_whole(manifest_of(path), (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode())
    return manifest


def publish_folder(path: Path, draft: Path, files: Mapping[str, str], plain: Mapping[str, Any]) -> str:
    """Let a folder of files appear in the place of an older one, with its manifest, and return its digest.

    Parameters
    ----------
    path : Path
        The folder's name from now on.
    draft : Path
        Beside it, with the files.
    files : mapping of str to str
        The sha256 of each file.
    plain : mapping
        What else the manifest says.

    Returns
    -------
    str
        The sha256 of the files' names and digests.

    Raises
    ------
    UnavailableError
        When the folder cannot be written.
    """
    listing = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    digest = hashlib.sha256(listing.encode()).hexdigest()
    try:
        manifest_of(path).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)
        make_names_durable(path.parent)
    except OSError as error:
        rule = f"cannot be written ({error.strerror})"
        raise UnavailableError(str(path), rule, "check the folder, its permissions and its space") from error
    manifest = {"file": path.name, "sha256": digest, "files": dict(sorted(files.items())), **plain}
    write_whole(manifest_of(path), (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode())
    return digest


@contextmanager
def _csv(file: BinaryIO | gzip.GzipFile, schema: pa.Schema) -> Iterator[Callable[[pd.DataFrame], None]]:
    shown = pa.schema([(field.name, _shown(field.type)) for field in schema])
    with pa_csv.CSVWriter(file, shown) as writer:
        yield lambda frame: writer.write_table(_readable(_table(frame, schema)).cast(shown))


def _stored(schema: pa.Schema) -> dict[str, Any]:
    """Spare the columns whose values hardly repeat a dictionary, and random digits a compression."""
    packed = {name: "none" if name == "request_id" else "snappy" for name in schema.names}
    return {"use_dictionary": [name for name in schema.names if name not in _DISTINCT], "compression": packed}


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.table([_array(frame[field.name], field.type) for field in schema], schema=schema)


def _array(column: pd.Series[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(column.dt.tz_localize(None).to_numpy("datetime64[us]")).cast(kind)
    if column.dtype == "str":
        return pa.array(column.array).cast(kind)
    return pa.array(column.to_numpy(dtype=object if pa.types.is_string(kind) else None), kind)


def _shown(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _readable(table: pa.Table) -> pa.Table:
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        if name in _TEXTS:
            harmful = pc.match_substring_regex(column, _FORMULA)
            column = pc.if_else(harmful, pc.binary_join_element_wise("'", column, ""), column)
        elif pa.types.is_timestamp(column.type):
            column = pc.strftime(column.cast(pa.timestamp("us", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
        table = table.set_column(place, name, column)
    return table
