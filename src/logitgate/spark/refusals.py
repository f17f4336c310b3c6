"""What Spark refuses, by the name of its condition: its own words quote queries, paths and cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DataError, LogitgateError, ProjectError, UnavailableError

_REFUSALS: tuple[tuple[type[LogitgateError], tuple[str, ...], str, str], ...] = (
    (
        UnavailableError,
        ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "PATH_NOT_FOUND"),
        "Spark finds no such table, view or folder",
        "correct the name, or name its metastore or catalogue under rows.spark",
    ),
    (ProjectError, ("UNRESOLVED_COLUMN",), "names a column that is not there", "correct its name"),
    (
        ProjectError,
        ("ParseException",),
        "is nothing that Spark can read",
        "write one SELECT of Spark SQL, or the name of one table",
    ),
    (ProjectError, ("AnalysisException",), "Spark refuses it", "try it in spark-sql"),
    (
        DataError,
        ("ArithmeticException", "NumberFormatException", "DateTimeException"),
        "its cells do not allow what is done with them",
        "use try_cast, try_divide and their like in the query",
    ),
    (
        UnavailableError,
        ("PythonException",),
        "a task failed on an executor",
        "see that the executors have this Python and this logitgate (PYSPARK_PYTHON), and memory",
    ),
)
"""Kinds of exceptions and their conditions, the first that applies counts: error, rule and remedy."""


@contextmanager
def in_our_words(subject: str) -> Iterator[None]:
    """Turn what Spark raises in the block into a refusal of ours.

    Parameters
    ----------
    subject : str
        What was asked for, such as `rows.query`.

    Raises
    ------
    ProjectError
        When a query is none, or names what is not there.
    UnavailableError
        When there is no such table, or Spark failed.
    DataError
        When the cells do not allow what a query does with them.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        kind = type(error).__name__
        raise _refusal(subject, kind, (error.getCondition() or kind).partition(".")[0]) from None
    except (Py4JError, ConnectionError, EOFError) as error:
        rule, remedy = f"Spark gave no answer ({type(error).__name__})", "see that its driver still runs"
        raise UnavailableError(subject, rule, remedy) from None


def _refusal(subject: str, kind: str, condition: str) -> LogitgateError:
    for error, applies, rule, remedy in _REFUSALS:
        if kind in applies or condition in applies:
            return error(subject, f"{rule} ({condition})", remedy)
    remedy = "set spark.log.level = 'WARN' under rows.spark and repeat the command: its log says more"
    return UnavailableError(subject, f"Spark failed ({condition})", remedy)
