"""A table of Spark: what is asked of its rows, and what comes home of them, as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .refusals import in_our_words
from .session import quietly, session

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    Work: TypeAlias = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
    """What is done with the rows of one partition, where they are."""


@dataclass(frozen=True, slots=True)
class SparkFrame:
    """Rows that stay in Spark until they are asked for.

    Attributes
    ----------
    subject : str
        What a refusal calls them, such as `rows.table`.
    rows : pyspark.sql.DataFrame
    """

    subject: str
    rows: DataFrame

    @classmethod
    def of_table(cls, subject: str, name: str, settings: Mapping[str, str]) -> SparkFrame:
        """Name a table or view of Spark's catalogue.

        Raises
        ------
        UnavailableError, ProjectError
            When there is no Spark, or no such table.
        """
        with in_spark(subject):
            return cls(subject, session(settings).table(name))

    @classmethod
    def of_query(cls, subject: str, query: str, settings: Mapping[str, str]) -> SparkFrame:
        """Ask a query of Spark SQL; inside brackets nothing but a query can stand, so it only reads.

        Raises
        ------
        UnavailableError, ProjectError
            When there is no Spark, or it refuses the query.
        """
        bare = query.strip().removesuffix(";")
        with in_spark(subject):
            asked = f"SELECT * FROM (\n{bare}\n)"  # noqa: S608 - the project's own query
            return cls(subject, session(settings).sql(asked))

    @classmethod
    def of_files(
        cls, subject: str, files: Iterable[tuple[Path, Mapping[str, str | None]]], settings: Mapping[str, str]
    ) -> SparkFrame:
        """Read Parquet files, each with the columns that stand in the names of its folders, as text.

        Raises
        ------
        UnavailableError, ProjectError
            When there is no Spark, or it does not read them.
        """
        groups: dict[tuple[tuple[str, str | None], ...], list[str]] = {}
        for path, values in files:
            groups.setdefault(tuple(values.items()), []).append(f"file://{path.absolute()}")
        with in_spark(subject):
            from pyspark.sql import functions

            reader = session(settings).read.option("mergeSchema", "true")
            parts = [
                reader.parquet(*paths).withColumns(
                    {name: functions.lit(value).cast("string") for name, value in values}
                )
                for values, paths in groups.items()
            ]
            return cls(subject, reduce(lambda one, other: one.unionByName(other, True), parts))  # noqa: FBT003

    @property
    def names(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(self.rows.columns)

    @property
    def kinds(self) -> dict[str, str]:
        """Type of each column, as Spark writes it: `bigint`, `string`, `timestamp`."""
        return {field.name: field.dataType.simpleString() for field in self.rows.schema.fields}

    def select(self, names: Sequence[str]) -> SparkFrame:
        """Return these columns."""
        with in_spark(self.subject):
            return replace(self, rows=self.rows.select([quoted(name) for name in names]))

    def where(self, *conditions: str) -> SparkFrame:
        """Return the rows for which all of some conditions, in Spark SQL, are true."""
        with in_spark(self.subject):
            return replace(self, rows=reduce(lambda rows, one: rows.where(one), conditions, self.rows))

    def count(self) -> int:
        """Return how many rows there are; of a Parquet file its footer says it."""
        with in_spark(self.subject):
            return self.rows.count()

    def figure(self, aggregate: str) -> object:
        """Return the value of an aggregate in Spark SQL, such as `max(x)`."""
        with in_spark(self.subject):
            ((value,),) = self.rows.selectExpr(aggregate).collect()
            return value

    def home(self) -> pa.Table:
        """Return all rows."""
        with in_spark(self.subject):
            return self.rows.toArrow()

    def mapped(self, work: Work, schema: str) -> SparkFrame:
        """Return what some work makes of each partition, where its rows are.

        Parameters
        ----------
        work : callable
            From Arrow batches to Arrow batches; it is sent to the executors, where logitgate is installed.
        schema : str
            Of what it returns, as Spark writes it: `found binary`.
        """
        with in_spark(self.subject):
            return replace(self, rows=self.rows.mapInArrow(work, schema))

    @contextmanager
    def kept(self) -> Iterator[SparkFrame]:
        """Keep the rows in the executors' memory, and on their disks what does not fit, during the block."""
        with in_spark(self.subject):
            kept = self.rows.persist()
        try:
            yield replace(self, rows=kept)
        finally:
            kept.unpersist()


def quoted(name: str) -> str:
    """Return a column's name as Spark SQL reads it, whatever stands in it."""
    return "`" + name.replace("`", "``") + "`"


def partition() -> int:
    """Return the number of the partition that this task works on."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return 0 if context is None else context.partitionId()


@contextmanager
def in_spark(subject: str) -> Iterator[None]:
    """Ask something of Spark; see `refusals`."""
    with quietly(), in_our_words(subject):
        yield
