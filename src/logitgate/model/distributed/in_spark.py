"""All rows of a table in Spark, of which a sample came home, as a fit asks for them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add

from sklearn.compose import ColumnTransformer

from ...data.contract.batches import rules_by_row
from ...data.contract.suite import Suite
from ...data.readers.spark.selection import Selection
from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...errors import LogitgateError
from ...project.project import Project
from ...spark.frame import SparkFrame
from ..fitting.distant import BlockSums, CodedElsewhere
from .coding import CODED, SUMMED, Coding, Summing
from .on_disk import with_levels


@dataclass(frozen=True, slots=True)
class TableInSpark:
    """Rows that a model is fitted to where they are.

    Attributes
    ----------
    frame : SparkFrame
        Declared columns of all rows that may be learned from.
    rows : int
        How many there are.
    project : Project
        With both levels of the outcome.
    as_of : datetime, optional
        Before which all was known.
    suite : Suite
        Rules that each row keeps or breaks on its own.
    """

    frame: SparkFrame
    rows: int
    project: Project
    as_of: datetime | None
    suite: Suite

    @classmethod
    def of(cls, whole: Selection, sample: Sample, project: Project, as_of: datetime | None) -> TableInSpark:
        """Take the rows as those of the sample that came home were taken."""
        return cls(whole.frame, whole.rows, with_levels(project, sample), as_of, rules_by_row(project))

    @contextmanager
    def coded(self, layout: ColumnTransformer) -> Iterator[CodedElsewhere]:
        """Code the rows by a fitted layout, once, and keep the codes in Spark during the block.

        Raises
        ------
        DataError
            When a row is not as declared.
        UnavailableError
            When Spark fails.
        """
        work = Coding(self.project, layout, self.as_of, self.suite, self.frame.subject)
        with self.frame.mapped(work, CODED).kept() as blocks:
            refusals = blocks.where("refusal IS NOT NULL").select(["refusal"]).home().column("refusal")
            if len(refusals):
                refusal: LogitgateError = pickle.loads(refusals[0].as_py())  # noqa: S301 - by `Coding`
                raise refusal
            rows = blocks.figure("CAST(COALESCE(SUM(rows), 0) AS BIGINT)")
            assert isinstance(rows, int)  # noqa: S101 - a sum of numbers of rows
            yield CodedElsewhere(rows, lambda weights, hessian: _summed(blocks, weights, hessian=hessian))


def _summed(blocks: SparkFrame, weights: FloatArray, *, hessian: bool) -> BlockSums:
    """Sum over all blocks: those of a partition where it is, and those of the partitions here."""
    home = blocks.select(["block"]).mapped(Summing(weights, hessian), SUMMED).home()
    parts: list[BlockSums] = [pickle.loads(part) for part in home.column("sums").to_pylist()]  # noqa: S301 - by `Summing`
    return reduce(add, parts)
