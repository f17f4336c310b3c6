"""Putting rows aside that broke the contract: a file that only its owner reads, and the counts beside it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from pathlib import Path

import pandas as pd

from ...errors import UnavailableError
from ...files.atomic import make_names_durable
from ...files.temporary import own_prefix
from ...project.project import Project
from .validation import ContractResult


def keep(frame: pd.DataFrame, result: ContractResult, project: Project) -> pd.DataFrame:
    """Put the broken rows aside, when the project says where, and return the others.

    Raises
    ------
    UnavailableError
        When the folder cannot be written: then no row is dropped silently.
    """
    if len(result.broken_rows) and project.contract.quarantine is not None:
        quarantine(frame, result, project.contract.quarantine)
    return result.kept(frame)


def quarantine(frame: pd.DataFrame, result: ContractResult, folder: Path) -> Path:
    """Write the broken rows as Parquet, and how many broke which rule as JSON of the same name.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
        The table that the contract was held against.
    result : ContractResult
        What came of it.
    folder : Path
        Made when it is not there, for its owner alone.

    Returns
    -------
    Path
        The Parquet file; its name follows from its content, so the same rows are kept once.

    Raises
    ------
    UnavailableError
        When the folder cannot be written.
    """
    rows = io.BytesIO()
    frame.iloc[result.broken_rows].reset_index(drop=True).to_parquet(rows)
    content = rows.getvalue()
    counts = {
        "rows": len(result.broken_rows),
        "of": result.of or len(frame),
        "by_rule": dict(result.broken_by),
    }
    path = folder / f"rows-{hashlib.sha256(content).hexdigest()[:16]}.parquet"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content)
        _write(path.with_suffix(".json"), (json.dumps(counts, indent=2) + "\n").encode())
    except OSError as error:
        rule, remedy = (
            f"cannot be written ({error.strerror})",
            "check contract.quarantine and its permissions",
        )
        raise UnavailableError(str(error.filename or folder), rule, remedy) from error
    return path


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; only its owner may read it."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{own_prefix()}")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    make_names_durable(path.parent)
