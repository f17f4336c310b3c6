"""The Spark session: the one that runs in this process, or one that is started with a project's settings.

What a project does not set, Spark's own environment and `spark-defaults.conf` do (`SPARK_HOME`,
`SPARK_CONF_DIR`, `PYSPARK_PYTHON`, `JAVA_HOME`).
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnavailableError
from .refusals import in_our_words

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_REMOTE = "spark.remote"
_OURS = {
    "spark.app.name": "logitgate",
    # A bar over the terminal, and a page that anyone on the network can open.
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
    # Its log quotes queries, paths and cells.
    "spark.log.level": "OFF",
    # What comes home is bounded by the memory of this process, which is looked at before.
    "spark.driver.maxResultSize": "0",
}
"""Settings of a session that is started here; those of a project go over them."""
_SECONDS = 30
"""Until when a Java process has ended."""
_LOCAL = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
_QUIET = Path(__file__).with_name("conf")
"""A folder of settings that hold nothing but: no log."""


def session(settings: Mapping[str, str]) -> SparkSession:
    """Return the Spark session of this process, or start one.

    Parameters
    ----------
    settings : mapping of str to str
        Of `rows.spark`; a session that runs already keeps its own.

    Raises
    ------
    UnavailableError
        When PySpark or a Java runtime is missing, or no session starts.
    """
    if find_spec("pyspark") is None:
        remedy = "install logitgate[spark], or set rows.engine = 'memory'"
        raise UnavailableError("rows.engine", "is 'spark', and PySpark is not installed", remedy)
    with quietly():
        from pyspark.sql import SparkSession

        running = SparkSession.getActiveSession()
        return running if running is not None else _started(settings)


@contextmanager
def quietly() -> Iterator[None]:
    """Let PySpark say nothing of the version of pandas, with which it does nothing here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def _started(settings: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    is_remote = _REMOTE in settings or "SPARK_REMOTE" in os.environ
    wanted = dict(settings)
    if not is_remote:
        _refuse_without_java()
        is_local = settings.get("spark.master", "local").startswith("local")
        wanted = _OURS | (_LOCAL if is_local else {}) | wanted
    if not {"SPARK_HOME", "SPARK_CONF_DIR"} & set(os.environ):
        os.environ["SPARK_CONF_DIR"] = str(_QUIET)
    # Executors of this machine take the interpreter that runs, and not the first one of the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # It repeats each refused query, and what Java says of it.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    builder = SparkSession.builder
    for name, value in wanted.items():
        builder = builder.config(name, value)
    with in_our_words("rows.spark"):
        started = builder.getOrCreate()
    atexit.register(end, started)
    return started


def end(running: SparkSession) -> None:
    """Stop a session that was started here, and the Java process that it ran in; once."""
    from pyspark import SparkContext

    atexit.unregister(end)
    gateway = getattr(SparkContext, "_gateway", None)
    running.stop()
    if gateway is None:  # it ran elsewhere
        return
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(_SECONDS)
    # Or the next start would talk to the one that is gone.
    SparkContext._gateway = SparkContext._jvm = None


def _refuse_without_java() -> None:
    named = os.environ.get("JAVA_HOME")
    if named is not None and not (Path(named) / "bin" / "java").is_file():
        remedy = "let it name a Java runtime, 17 or newer, or unset it"
        raise UnavailableError("environment variable JAVA_HOME", "names no folder with bin/java", remedy)
    if named is None and shutil.which("java") is None:
        rule = "is 'spark', and there is no Java runtime"
        remedy = "install Java 17 or newer (on Debian: apt install default-jre-headless), or set JAVA_HOME"
        raise UnavailableError("rows.engine", rule, remedy)
