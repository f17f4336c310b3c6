"""What Spark refuses, by the name of its condition: its own words quote queries, paths and cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DataError, LogitgateError, ProjectError, UnavailableError

_ABSENT = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "PATH_NOT_FOUND")
_CELLS = ("ArithmeticException", "NumberFormatException", "DateTimeException")


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
    if condition in _ABSENT:
        remedy = "correct the name, or name its metastore or catalogue under rows.spark"
        return UnavailableError(subject, f"Spark finds no such table, view or folder ({condition})", remedy)
    if condition == "UNRESOLVED_COLUMN":
        return ProjectError(subject, f"names a column that is not there ({condition})", "correct its name")
    if kind == "ParseException":
        rule = f"is nothing that Spark can read ({condition})"
        return ProjectError(subject, rule, "write one SELECT of Spark SQL, or the name of one table")
    if kind == "AnalysisException":
        return ProjectError(subject, f"Spark refuses it ({condition})", "try it in spark-sql")
    if kind in _CELLS:
        rule = f"its cells do not allow what is done with them ({condition})"
        return DataError(subject, rule, "use try_cast, try_divide and their like in the query")
    rule = f"Spark failed ({condition})"
    remedy = "set spark.log.level = 'WARN' under rows.spark and repeat the command: its log says more"
    return UnavailableError(subject, rule, remedy)
