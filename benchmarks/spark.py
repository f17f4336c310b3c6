"""A fit from raw Parquet: logitgate in this process, logitgate in Spark, and Spark's MLlib, in one session.

    python -m benchmarks.spark [--rows 1000000] [--rounds 3]

The same rows (those of `memory.py`), the same columns and the same penalty: levels as indicators, numbers
imputed, centred and scaled. All three are warm: each has fitted some rows before. Processor time is that of
this process, of Java and of Spark's Python workers together (Linux only). Ours and MLlib are compared by the
log loss a row over all rows; ours in this process and in Spark by their coefficients.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from .memory import CODES, LEVELS, MARKS, NUMBERS, project_of, write_table

RULE = 1 / 5
"""Of MLlib's time that ours may take."""
_C = 1.0
_SAMPLE = 50_000
_CLOSE = 1e-4


def cpu() -> float:
    """Return the processor seconds of this process and of all below it."""
    ticks = os.sysconf("SC_CLK_TCK")
    found, parents = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[entry.name] = fields[1]
            found[entry.name] = sum(int(field) for field in fields[11:15]) / ticks
    below = {str(os.getpid())}
    while more := {one for one, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(found.get(one, 0.0) for one in below)


def timed(work):
    """Return what some work returns, and its wall and processor seconds."""
    wall, used = time.perf_counter(), cpu()
    found = work()
    return found, (time.perf_counter() - wall, cpu() - used)


def by_mllib(session, path, rows):
    """Fit as Spark's guide does; return the mean log loss."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
    from pyspark.sql import functions

    names = [*LEVELS, *CODES, *MARKS]
    frame = session.read.parquet(str(path)).limit(rows) if rows else session.read.parquet(str(path))
    frame = frame.select(
        *NUMBERS,
        *(functions.col(name).cast("string").alias(name) for name in names),
        (functions.col("late") == "yes").cast("double").alias("y"),
    )
    number = frame.count()
    stages = [
        StringIndexer(inputCols=names, outputCols=[f"{name}_i" for name in names]),
        OneHotEncoder(
            inputCols=[f"{name}_i" for name in names],
            outputCols=[f"{name}_o" for name in names],
            dropLast=False,
        ),
        Imputer(inputCols=list(NUMBERS), outputCols=[f"{name}_m" for name in NUMBERS]),
        VectorAssembler(inputCols=[f"{name}_m" for name in NUMBERS], outputCol="numbers"),
        StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True, withStd=True),
        VectorAssembler(inputCols=["scaled", *(f"{name}_o" for name in names)], outputCol="features"),
    ]
    coded = Pipeline(stages=stages).fit(frame).transform(frame).select("features", "y").cache()
    learner = LogisticRegression(
        labelCol="y", regParam=1 / (_C * number), elasticNetParam=0.0, standardization=False, maxIter=300
    )
    model = learner.fit(coded)
    return model, coded


def loss_of(model, coded):
    """Return the mean log loss of a model of MLlib's."""
    from pyspark.ml.evaluation import MulticlassClassificationEvaluator

    scored = model.transform(coded)
    evaluator = MulticlassClassificationEvaluator(labelCol="y", metricName="logLoss")
    found = evaluator.evaluate(scored)
    coded.unpersist()
    return found


def here(project):
    """Read, code and fit in this process; return the pipeline's parts and the rows."""
    import numpy as np

    from logitgate.data.sampling.sample import observe
    from logitgate.data.table import read_rows
    from logitgate.model.design.coded import CodedMatrix
    from logitgate.model.design.matrix import fitted_design
    from logitgate.model.fitting.fit import fitted_weights
    from logitgate.project.search import Form

    observed = observe(read_rows(project).frame, project, None)
    rows, names = observed.sample, list(project.features.all)
    layout = fitted_design(Form(basis="linear"), project.features, project.search, rows.frame[names])
    matrix = CodedMatrix.of(layout, rows.frame[names])
    weights = fitted_weights(matrix, rows.y.astype(np.int64), _C, subject="benchmark")
    return layout, matrix, rows.y, weights, observed.as_of


def in_spark(project, layout, as_of):
    """Fit all rows where they are, by the layout of the rows in this process; return the weights."""
    import numpy as np

    from logitgate.data.sampling.sample import observe
    from logitgate.data.table import read_rows
    from logitgate.model.design.coded import CodedMatrix
    from logitgate.model.distributed.in_spark import TableInSpark
    from logitgate.model.fitting.fit import fitted_weights

    table = read_rows(project)
    some = observe(table.frame, project, as_of).sample
    whole = TableInSpark.of(table.whole, some, project, as_of)
    matrix = CodedMatrix.of(layout, some.frame[list(project.features.all)])
    with whole.coded(layout) as elsewhere:
        return fitted_weights(matrix, some.y.astype(np.int64), _C, subject="benchmark", elsewhere=elsewhere)


def main() -> None:
    """Run the three, print the table, and whether the rule is kept."""
    import numpy as np

    from logitgate.data.project_files import load_project
    from logitgate.spark.session import end, quietly, session

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, quietly():
        folder = Path(name)
        write_table(folder / "rows.parquet", asked.rows)
        project = load_project(project_of(folder))
        rows = project.rows.model_copy(update={"engine": "spark", "evaluate_at_most": _SAMPLE})
        settings = {"spark.master": "local[2]", "spark.driver.memory": "4g", "spark.local.dir": name}
        running = session(settings)
        spark = project.model_copy(update={"rows": rows})
        path = folder / "rows.parquet"
        loss_of(*by_mllib(running, path, _SAMPLE))
        layout, matrix, y, weights, as_of = here(project)
        in_spark(spark, layout, as_of)
        times = {"logitgate": [], "logitgate in Spark": [], "MLlib": []}
        for _ in range(asked.rounds):
            (layout, matrix, y, weights, as_of), spent = timed(lambda: here(project))
            times["logitgate"].append(spent)
            distant, spent = timed(partial(in_spark, spark, layout, as_of))
            times["logitgate in Spark"].append(spent)
            fitted, spent = timed(lambda: by_mllib(running, path, None))
            times["MLlib"].append(spent)
            theirs = loss_of(*fitted)
        ours = float(np.logaddexp(0.0, np.where(y == 1, -1.0, 1.0) * matrix.scores(weights)).mean())
        end(running)
    print(f"{asked.rows:,} rows, {matrix.shape[1]} columns, medians of {asked.rounds}\n")
    print(f"{'':20}{'wall s':>8}{'CPU s':>8}")
    middle = {name: [median(one[at] for one in each) for at in (0, 1)] for name, each in times.items()}
    for name, (wall, used) in middle.items():
        print(f"{name:20}{wall:8.2f}{used:8.2f}")
    apart = float(np.abs(distant - weights).max())
    print(f"\nlog loss a row: {ours:.6f} by logitgate, {theirs:.6f} by MLlib")
    print(f"{_kept(apart < 1e-8)}: in Spark no coefficient lies further than {apart:.1e} from that in memory")
    print(f"{_kept(ours <= theirs + _CLOSE)}: the log loss is no higher than MLlib's by {_CLOSE:g}")
    for at, what in enumerate(("wall", "CPU")):
        ratio = middle["logitgate"][at] / middle["MLlib"][at]
        print(f"{_kept(ratio <= RULE)}: {ratio:.3f} of MLlib's {what} seconds, at most {RULE:g}")


def _kept(holds: object) -> str:
    return "kept" if holds else "broken"


if __name__ == "__main__":
    main()
