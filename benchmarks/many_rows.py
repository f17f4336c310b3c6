"""Fits by the Hessian of some rows beside fits by that of all: CPU seconds and log-odds.

    python -m benchmarks.many_rows [--rows 10000 20000 50000 100000]

A path of five penalties as a search fits it, and one final fit, on the flights and on a table of
`benchmarks.memory`. The rules: the fits by some rows together take no more CPU seconds, the log-odds of a
path differ by at most 1e-3 (root mean square) and those of a final fit by at most 1e-6.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.memory import project_of, write_table
from benchmarks.peers import Flights, seconds
from logitgate.data.sampling.blocks import Fold
from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import fitted_design
from logitgate.model.fitting import solver
from logitgate.model.fitting.fit import fitted_weights
from logitgate.model.recipes.cross_validation import tried
from logitgate.project.reading.load import load_project

PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
_EVERY = 10**9
"""Rows that no table has: below, all are summed."""
_PATH, _FINAL = 1e-3, 1e-6


def tables(rows: int, folder: Path) -> dict[str, tuple]:
    """Return project, features and outcomes of so many rows of the flights, and of a made-up table."""
    path = folder / "rows.parquet"
    write_table(path, rows + 5_000)
    made_up = load_project(project_of(folder))
    sample = observe(read_rows(made_up).frame, made_up, None).sample
    flights = Flights()
    return {
        "flights": (flights.project, flights.X.iloc[:rows], flights.y[:rows]),
        "made up": (
            made_up,
            sample.frame[list(made_up.features.all)].iloc[:rows],
            sample.y[:rows].astype(np.int64),
        ),
    }


def path(project, X, y) -> np.ndarray:
    """Return the log-odds of a path of penalties, learned on four fifths of the rows, judged on the rest."""
    cut = len(y) * 4 // 5
    fold = Fold(np.arange(cut), np.arange(cut, len(y)))
    choices = project.search.model_copy(update={"forms": project.search.forms[-1:], "C": PENALTIES})
    trials = tried(X, y, [fold], project.features, choices)
    return np.concatenate([one.log_odds[0] for one in trials])


def final(project, X, y) -> np.ndarray:
    """Return the log-odds of a final fit."""
    layout = fitted_design(project.search.forms[-1], project.features, project.search, X)
    matrix = CodedMatrix.of(layout, X)
    return matrix.scores(fitted_weights(matrix, y, 1.0, subject="fit"))


def compared(work, *rows) -> tuple[float, float, float]:
    """Return CPU seconds by the Hessian of all and of some rows, and how far the log-odds are apart."""
    limit, found = solver.LARGE, []
    for solver.LARGE in (_EVERY, limit):
        found.append((work(*rows), seconds(lambda: work(*rows), 3)))
    (every, of_all), (some, of_some) = found
    return of_all, of_some, float(np.sqrt(np.mean((every - some) ** 2)))


def main() -> None:
    """Print a line for each size, table and kind of fit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 20_000, 50_000, 100_000])
    sizes = parser.parse_args().rows
    print("| rows | table | fit | all rows, CPU s | some rows | log-odds apart | rule |\n|" + "---|" * 7)
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            both = tables(rows, Path(folder))
        totals = np.zeros(2)
        for name, table in both.items():
            for work, most in ((path, _PATH), (final, _FINAL)):
                of_all, of_some, apart = compared(work, *table)
                totals += of_all, of_some
                kept = "kept" if apart <= most else "broken"
                line = f"| {rows:,} | {name} | {work.__name__} | {of_all:.3f} | {of_some:.3f} | {apart:.1e} "
                print(f"{line}| {kept} |", flush=True)
        faster = "kept" if totals[1] <= totals[0] else "broken"
        print(f"| {rows:,} | together | | {totals[0]:.3f} | {totals[1]:.3f} | | {faster} |", flush=True)


if __name__ == "__main__":
    main()
