"""What is done with rows that are not all in memory: coded by a layout, once, and summed at some weights."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from threadpoolctl import threadpool_limits

from ...data.contract.batches import sound_rows
from ...data.contract.suite import Suite
from ...data.readers.source import Source, numbered, rebatched
from ...data.sampling.outcome_levels import read_outcomes
from ...data.sampling.sample import used_rows
from ...data.typed import typed
from ...decision.expressions import FloatArray
from ...errors import LogitgateError
from ...project.project import Project
from ...spark.frame import partition
from ..design.coded import CodedMatrix
from ..fitting.distant import BlockSums
from ..fitting.solver import Rows

BLOCK = 16_384
"""Rows of a block: some megabytes, of which each is a cell of Spark's."""
CODED = "block binary, rows bigint, refusal binary"
"""What `Coding` makes of a partition: its blocks, or why there are none."""
SUMMED = "sums binary"


@dataclass(frozen=True, slots=True)
class Coding:
    """Codes the rows that are learned from, block by block; Spark sends it to the executors.

    Attributes
    ----------
    project : Project
        With both levels of the outcome.
    layout : fitted ColumnTransformer
    as_of : datetime, optional
        Before which all was known.
    suite : Suite
        Rules that each row keeps or breaks on its own.
    subject : str
        What a refusal calls the rows.
    """

    project: Project
    layout: ColumnTransformer
    as_of: datetime | None
    suite: Suite
    subject: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return the coded blocks of a partition."""
        try:
            for rows in self.blocks(self._sources(batches)):
                yield _record(pickle.dumps(rows, pickle.HIGHEST_PROTOCOL), len(rows.sign), None)
        except LogitgateError as error:
            yield _record(None, 0, pickle.dumps(error))

    def blocks(self, sources: Iterable[Source]) -> Iterator[Rows]:
        """Yield the coded rows of some sources, at most `BLOCK` at a time.

        Raises
        ------
        DataError
            When a row is not as declared, or breaks a rule whose breach stops.
        """
        for source in rebatched(sources, BLOCK):
            coded = self._coded(source)
            if coded is not None:
                yield coded

    def _coded(self, source: Source) -> Rows | None:
        project = self.project
        frame = sound_rows(typed(source, project).frame, self.suite, project)
        frame = frame[used_rows(frame, project, self.as_of)]
        if frame.empty:
            return None
        y = read_outcomes(frame[project.outcome.column], project.outcome)
        matrix = CodedMatrix.of(self.layout, frame[list(self.layout.feature_names_in_)], is_narrow=True)
        return Rows(matrix, np.where(y == 1, 1.0, -1.0), None, np.zeros(matrix.shape[1] + 1, dtype=bool))

    def _sources(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Source]:
        name, before = f"{self.subject}, partition {partition()},", 0
        for batch in batches:
            cells = pa.Table.from_batches([batch]).replace_schema_metadata()
            yield numbered(name, cells, before)
            before += cells.num_rows


@dataclass(frozen=True, slots=True)
class Summing:
    """Sums the blocks of a partition at some weights; it is sent to the executors.

    Attributes
    ----------
    weights : array of shape (p + 1,)
    hessian : bool
        Whether the Hessian is asked for.
    """

    weights: FloatArray
    hessian: bool

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return the sums of a partition, where it has blocks."""
        found: BlockSums | None = None
        with threadpool_limits(1):
            for batch in batches:
                for block in batch.column("block"):
                    rows: Rows = pickle.loads(block.as_buffer())  # noqa: S301 - written by `Coding`
                    sums = BlockSums.of(rows, self.weights, hessian=self.hessian)
                    found = sums if found is None else found + sums
        if found is not None:
            yield pa.record_batch([pa.array([pickle.dumps(found)], pa.binary())], names=["sums"])


def _record(block: bytes | None, rows: int, refusal: bytes | None) -> pa.RecordBatch:
    columns = [pa.array([block], pa.binary()), pa.array([rows], pa.int64()), pa.array([refusal], pa.binary())]
    return pa.record_batch(columns, names=["block", "rows", "refusal"])
