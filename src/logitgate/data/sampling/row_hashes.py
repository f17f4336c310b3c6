"""Which rows a model has learned from: a hash for each, so that no model is judged on rows that it knows.

The hash of a row is version 1: BLAKE2b with a digest of 8 bytes and the personalisation ``logitgate-row-1``,
read as a little-endian number, over

- with a time: the byte 1, the microseconds since 1970 in UTC as 8 little-endian bytes, the id in UTF-8;
- without one: the byte 0, the id in UTF-8;

so it depends on what id and time are, and neither on how a file types them nor on the process. Of n rows, two
share a hash by chance with a probability of about n^2 / 2^65. The id must mean the same row in every table.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ...project.project import Project
from .sample import Sample

Hashes: TypeAlias = NDArray[np.uint64]

_VERSION = 1
_PERSON = f"logitgate-row-{_VERSION}".encode()


@dataclass(frozen=True, slots=True, eq=False)
class FittedRows:
    """The rows that a model learned from.

    Parameters
    ----------
    scheme : str
        Version of the hash and the columns it was taken over; hashes of different schemes never meet.
    hashes : uint64 array of shape (n,)
        Sorted, each once.
    until : datetime64, optional
        Where only some of the rows have a hash: the others are all older than this.
    """

    scheme: str
    hashes: Hashes
    until: np.datetime64 | None = None

    @classmethod
    def of(cls, parts: Iterable[Sample], project: Project, until: np.datetime64 | None = None) -> FittedRows:
        """Collect the rows of some parts, and those that are older than a moment."""
        hashes = np.unique(np.concatenate([row_hashes(part) for part in parts]))
        return cls(scheme_of(project), hashes, until)

    def packed(self) -> bytes:
        """Return scheme and hashes as an archive of NumPy arrays (.npz), the same bytes each time."""
        archive = io.BytesIO()
        kept: dict[str, Any] = {"scheme": np.array(self.scheme), "hashes": self.hashes.astype("<u8")}
        if self.until is not None:
            kept["until"] = np.array(self.until, "datetime64[us]").astype("<i8")
        np.savez(archive, **kept)
        return archive.getvalue()

    @classmethod
    def unpacked(cls, archive: bytes) -> FittedRows:
        """Rebuild from what `packed` returned; nothing in it is run."""
        with np.load(io.BytesIO(archive), allow_pickle=False) as kept:
            until = np.datetime64(int(kept["until"]), "us") if "until" in kept else None
            return cls(str(kept["scheme"]), kept["hashes"].astype(np.uint64), until)

    def holds(self, hashes: Hashes) -> BoolArray:
        """Return which of the rows are among these; shape of `hashes`."""
        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=bool)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.asarray(self.hashes[place] == hashes, dtype=bool)


def untouched(test: Sample, project: Project, fitted: Iterable[FittedRows | None]) -> BoolArray | None:
    """Return which judged rows no model has learned from, shape (n,).

    Parameters
    ----------
    test : Sample
    project : Project
    fitted : iterable of FittedRows
        One for each model; None for a model that was kept without them.

    Returns
    -------
    bool array of shape (n,) or None
        None when it cannot be known for one of the models.
    """
    known, models = np.ones(len(test), dtype=bool), list(fitted)
    hashes = row_hashes(test) if models else np.empty(0, dtype=np.uint64)
    for rows in models:
        if rows is None or rows.scheme != scheme_of(project):
            return None
        known &= ~rows.holds(hashes)
        if rows.until is not None:
            if test.time is None:
                return None
            known &= test.time >= rows.until
    return known


def scheme_of(project: Project) -> str:
    """Return the version of the hash and the columns it is taken over."""
    columns = (project.columns.row_id, project.columns.time)
    return f"{_VERSION}: " + ", ".join(name for name in columns if name)


def row_hashes(sample: Sample) -> Hashes:
    """Return the hash of each row, shape (n,), in the order of the rows.

    Raises
    ------
    ValueError
        When a row has no time.
    """
    heads: Iterable[bytes] = (b"\0" for _ in range(len(sample)))
    if sample.time is not None:
        if np.isnat(sample.time).any():
            raise ValueError("a row without a time has no hash")
        moments = sample.time.astype("datetime64[us]").astype("<i8").tobytes()
        heads = (b"\1" + moments[start : start + 8] for start in range(0, len(moments), 8))
    digests = b"".join(
        _digests(head + str(name).encode() for head, name in zip(heads, sample.ids, strict=True))
    )
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _digests(texts: Iterable[bytes]) -> Iterator[bytes]:
    empty = hashlib.blake2b(digest_size=8, person=_PERSON)
    for text in texts:
        own = empty.copy()
        own.update(text)
        yield own.digest()


def digest_of(hashes: Hashes) -> str:
    """Return the sha256 of a set of rows, in hexadecimal, whatever their order."""
    return hashlib.sha256(np.sort(hashes).astype("<u8").tobytes()).hexdigest()
