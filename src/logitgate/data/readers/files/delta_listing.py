"""Which files a Delta Lake table is made of now, printed as JSON by a process of its own.

The library's threads, beside those of Arrow, have ended an interpreter by a signal after all was done; so it
is only ever imported here.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Print the listing of the table in the folder that is the only argument."""
    from deltalake import DeltaTable

    table = DeltaTable(sys.argv[1])
    protocol = table.protocol()
    fields: list[Any] = json.loads(table.schema().to_json())["fields"]
    partitions = table.metadata().partition_columns
    listing = {
        "version": table.version(),
        "features": sorted(protocol.reader_features or ()),
        "reader": protocol.min_reader_version,
        "mapping": table.metadata().configuration.get("delta.columnMapping.mode", "none"),
        "columns": [field["name"] for field in fields if field["name"] not in partitions],
        "files": [[file["path"], _values(file, partitions)] for file in _files(table)],
    }
    print(json.dumps(listing), flush=True)  # noqa: T201 - it is what the parent reads


def _files(table: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the vendor's
    import pyarrow as pa

    # `pa.table` would import pandas, half of the time of this process.
    listed = pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()
    return listed.to_pylist()  # type: ignore[no-any-return]


def _values(file: dict[str, Any], partitions: list[str]) -> list[list[str | None]]:
    values = [(name, file.get(f"partition.{name}")) for name in partitions]
    return [[name, None if value is None else _text(value)] for name, value in values]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
