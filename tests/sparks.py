"""A Spark session on two cores for one test file, and the end of its Java process."""

import os
import shutil
from contextlib import contextmanager

import pytest

NEEDED = pytest.mark.skipif(
    shutil.which("java") is None
    and "JAVA_HOME" not in os.environ
    and os.environ.get("LOGITGATE_TEST_SPARK") != "required",
    reason="there is no Java runtime on this machine",
)


def settings(folder):
    """Return what a project declares under `rows.spark` to work in a folder."""
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": "600m",
        # A session of a test ends before what the second compiler makes pays.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }


@contextmanager
def started(folder):
    """Start a session, and end it with its Java process."""
    from logitgate.spark.session import end, session

    running = session(settings(folder))
    yield running
    end(running)
