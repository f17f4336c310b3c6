"""What fitting all rows takes in Spark, and whether ten times the rows take ten times as much.

    python -m benchmarks.spark_cost [--rows 1000000 10000000]

The rows are those of `memory.py`, on `local[2]`: coded once and kept, then summed at some weights, as
each step of the solver does (the Hessian is the sample's). Processor time is that of this process, Java and
Spark's Python workers; bytes kept and shuffled are Spark's own figures; memory is the largest peak of a
Python worker (Linux only).
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.compose import ColumnTransformer

from logitgate.data.project_files import load_project
from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.model.design.matrix import fitted_design
from logitgate.model.distributed.in_spark import TableInSpark
from logitgate.project.project import Project
from logitgate.project.search import Form
from logitgate.spark.session import end, quietly, session

from .memory import project_of, write_table
from .spark import timed

SAMPLE, STEPS = 50_000, 3
SLOWEST = 11
"""How much more ten times the rows may take."""
WORKER = 600
"""Megabytes that a Python worker may hold, whatever the number of rows."""
COUNTS = 10_000
"""Bytes that are shuffled at most: no row is, but the partitions' counts are added up."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of coding and of a step, bytes kept and shuffled, megabytes of the largest worker."""

    coding: float
    step: float
    kept: int
    shuffled: int
    worker: float


def main() -> None:
    """Measure each number of rows and print the table and the rules."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    asked = parser.parse_args().rows
    print("| rows | coding, CPU s | a step, CPU s | kept, bytes a row | shuffled, bytes | worker, MB |")
    print("|---|---|---|---|---|---|", flush=True)
    found = {}
    for rows in asked:
        found[rows] = one = measured(rows)
        print(
            f"| {rows:,} | {one.coding:.1f} | {one.step:.2f} | {one.kept / rows:.0f} | {one.shuffled} | "
            f"{one.worker:.0f} |",
            flush=True,
        )
    print()
    for rows, one in found.items():
        rule(f"{rows:,} rows: {one.worker:.0f} MB in a Python worker, at most {WORKER}", one.worker <= WORKER)
        rule(f"{rows:,} rows: {one.shuffled} bytes shuffled, counts alone", one.shuffled <= COUNTS)
    for few, many in pairwise(asked):
        most = SLOWEST * many / few / 10
        for name in ("coding", "step", "kept"):
            ratio = getattr(found[many], name) / getattr(found[few], name)
            rule(
                f"{name}: {ratio:.1f} times for {many / few:g} times the rows, at most {most:g}",
                ratio <= most,
            )


def rule(what: str, is_kept: bool) -> None:  # noqa: FBT001
    """Print whether a rule is kept."""
    print(f"{'kept' if is_kept else 'broken'}: {what}")


def measured(rows: int) -> Cost:
    """Write so many rows and fit to them in a session of their own."""
    with tempfile.TemporaryDirectory() as name, quietly():
        folder = Path(name)
        write_table(folder / "rows.parquet", rows)
        project = load_project(project_of(folder))
        own = project.rows.model_copy(update={"engine": "spark", "evaluate_at_most": SAMPLE})
        settings = {"spark.master": "local[2]", "spark.driver.memory": "6g", "spark.local.dir": name}
        running = session(settings | {"spark.ui.enabled": "false"})
        try:
            return _measured(running, project.model_copy(update={"rows": own}))
        finally:
            end(running)


def _measured(running, project: Project) -> Cost:
    table = read_rows(project)
    observed = observe(table.frame, project, None)
    sample = observed.sample
    layout: ColumnTransformer = fitted_design(
        Form(basis="spline"), project.features, project.search, sample.frame[list(project.features.all)]
    )
    whole = TableInSpark.of(table.whole, sample, project, observed.as_of)
    width = max(place.stop for place in layout.output_indices_.values())
    weights = np.random.default_rng(0).normal(0, 0.01, width + 1)
    context = whole.coded(layout)
    elsewhere, (_, coding) = timed(context.__enter__)
    try:
        steps = [timed(lambda: elsewhere.sums(weights, hessian=False))[1][1] for _ in range(STEPS)]
        kept = sum(one.memSize() + one.diskSize() for one in running._jsc.sc().getRDDStorageInfo())
        return Cost(coding, median(steps), kept, _shuffled(running), _largest_worker())
    finally:
        context.__exit__(None, None, None)


def _shuffled(running) -> int:
    """Return the bytes that stages wrote for others, of the one executor that a local master has."""
    return int(running._jsc.sc().statusStore().executorSummary("driver").totalShuffleWrite())


def _largest_worker() -> float:
    """Return the megabytes at the peak of the largest Python worker of Spark."""
    peaks = [0.0]
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"pyspark" in (entry / "cmdline").read_bytes():
                status = (entry / "status").read_text()
                if "java" not in status.split("\n", 1)[0]:
                    peaks.append(float(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6)
        except OSError:
            continue
    return max(peaks)


if __name__ == "__main__":
    main()
