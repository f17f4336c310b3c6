"""All rows of a table on disk, of which a sample is in memory, as a fit asks for them.

They are read and coded once for a fit. The codes lie in a temporary Arrow file, array by array, from which
each step of the solver reads one block after the other.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

import pyarrow as pa
from sklearn.compose import ColumnTransformer

from ...data.contract.batches import rules_by_row
from ...data.contract.suite import Suite
from ...data.sampling.outcome_levels import learned, levels_of
from ...data.sampling.sample import Sample
from ...data.streaming.streamed import StreamedRows
from ...decision.expressions import FloatArray
from ...files.temporary import temporary_folder
from ...project.project import Project
from ..fitting.distant import BlockSums, CodedElsewhere
from ..fitting.solver import Rows
from .coding import Coding

_SCHEMA = pa.schema({"rows": pa.binary(), "arrays": pa.list_(pa.large_binary())})
"""Of a block: the structure of its `Rows`, and apart from it the arrays, which are not copied when read."""


@dataclass(frozen=True, slots=True)
class TableOnDisk:
    """Rows of which a block at a time is in memory while a model is fitted to all.

    Attributes
    ----------
    streamed : StreamedRows
    project : Project
        With both levels of the outcome.
    as_of : datetime, optional
        Before which all was known.
    suite : Suite
        Rules that each row keeps or breaks on its own.
    """

    streamed: StreamedRows
    project: Project
    as_of: datetime | None
    suite: Suite

    @classmethod
    def of(
        cls, streamed: StreamedRows, sample: Sample, project: Project, as_of: datetime | None
    ) -> TableOnDisk:
        """Take the rows as those of the sample were taken."""
        return cls(streamed, with_levels(project, sample), as_of, rules_by_row(project))

    @property
    def rows(self) -> int:
        """How many there are, with those whose outcome is not known."""
        return self.streamed.rows

    @contextmanager
    def coded(self, layout: ColumnTransformer) -> Iterator[CodedElsewhere]:
        """Code the rows by a fitted layout, once, and keep the codes on disk during the block.

        Raises
        ------
        DataError
            When a row is not as declared, or breaks a rule whose breach stops, or the table has changed.
        UnavailableError
            When the table cannot be read, or there is no room for the codes.
        """
        place = self.project.rows.place
        coding = Coding(self.project, layout, self.as_of, self.suite, place)
        with temporary_folder() as folder:
            codes = folder / "codes.arrow"
            rows = _write(codes, coding.blocks(self.streamed.sources()))
            yield CodedElsewhere(rows, lambda weights, hessian: _summed(codes, weights, hessian=hessian))


def with_levels(project: Project, sample: Sample) -> Project:
    """Return the project with both levels of the outcome, as they stand in the sample."""
    outcome = learned(project.outcome, levels_of(sample.frame[project.outcome.column], project.outcome))
    return project.model_copy(update={"outcome": outcome})


def _write(path: Path, blocks: Iterable[Rows]) -> int:
    """Write coded blocks, and return how many rows they have."""
    written = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, _SCHEMA) as writer:
        for rows in blocks:
            arrays: list[pickle.PickleBuffer] = []
            structure = pickle.dumps(rows, pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
            # As bytes: an Arrow array of memoryviews never lets go of what they show (PyArrow 25.0).
            buffers = pa.array([[bytes(array.raw()) for array in arrays]], pa.list_(pa.large_binary()))
            writer.write_batch(pa.record_batch([pa.array([structure], pa.binary()), buffers], schema=_SCHEMA))
            written += len(rows.sign)
    return written


def _read(path: Path) -> Iterator[Rows]:
    # Read, not mapped: what is resident is one block, and not each page that was touched.
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_file(file) as reader:
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            arrays = [array.as_buffer() for array in batch.column("arrays")[0].values]
            structure = batch.column("rows")[0].as_buffer()
            yield pickle.loads(structure, buffers=arrays)  # noqa: S301 - written by `_write`


def _summed(path: Path, weights: FloatArray, *, hessian: bool) -> BlockSums:
    return reduce(add, (BlockSums.of(rows, weights, hessian=hessian) for rows in _read(path)))
