"""Peak memory and CPU of a training, stage by stage, beyond the interpreter and its libraries.

    python -m benchmarks.memory [--rows 100000 1000000] [--format parquet] [--stages]

Makes a table of 20 features (ten numbers, six categories, two integer codes, two booleans) over two years of
days, one event in ten, and trains on it in a fresh process: reading, contract, parts, learning, judging. Each
rule is printed as kept or broken. Linux only: the peak is what the kernel says of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = {1_000_000: (1_000, 25), 10_000_000: (2_000, 300)}
"""Rows, and the megabytes and CPU seconds that their training may take."""
MOST = 1_000_000
"""Rows that are in memory; of larger tables as many are judged, and all are fitted."""
SLOWEST = 11
"""How much more CPU ten times the rows may take."""
NUMBERS = tuple(f"number{place}" for place in range(10))
LEVELS = {"region": 40, "product": 12, "channel": 5, "branch": 150, "segment": 8, "weekday": 7}
CODES, MARKS = ("grade", "plan"), ("member", "online")
_GROUP = 131_072
_SUITE = {
    "name": "rows",
    "expectations": [
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": name},
            "meta": {"because": "each row has one"},
            "severity": "critical",
        }
        for name in ("id", "at", "region", "number0")
    ]
    + [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": name, "min_value": -1e6, "max_value": 1e6},
            "meta": {"because": "no value is beyond a million"},
            "severity": "critical",
        }
        for name in NUMBERS
    ],
}


def project_of(folder: Path, table: str = "rows.parquet", in_memory: int | None = None) -> Path:
    """Write the project of such a table and its contract; return the project file."""
    most = "" if in_memory is None else f"in_memory = {in_memory}"
    (folder / "suite.json").write_text(json.dumps(_SUITE))
    kinds = dict.fromkeys(CODES, "integer") | dict.fromkeys(MARKS, "boolean")
    types = "\n".join(f'{name} = "{kind}"' for name, kind in kinds.items())
    text = f"""
name = "rows"
[rows]
path = "{table}"
{most}
[rows.types]
{types}
[columns]
id = "id"
time = "at"
cluster = "day"
[outcome]
column = "late"
event = "yes"
matures_after = "1 day"
[features]
numeric = {json.dumps(NUMBERS)}
categorical = {json.dumps([*LEVELS, *CODES, *MARKS])}
[costs]
true_positive = 1
false_positive = 1
false_negative = 9
[slices]
columns = ["region", "channel", "member"]
[contract]
suite = "suite.json"
"""
    path = folder / "rows.toml"
    path.write_text(text)
    return path


def write_table(path: Path, rows: int, seed: int = 0) -> None:
    """Write such a table in order of time, CSV or Parquet by its name; the same rows for the same seed."""
    import pyarrow.parquet as pq
    from pyarrow import csv

    parts = _parts(rows, seed)
    first = next(parts)
    with (
        csv.CSVWriter(path, first.schema)
        if path.suffix == ".csv"
        else pq.ParquetWriter(path, first.schema, write_page_checksum=True)
    ) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _parts(rows: int, seed: int) -> Iterator:
    import numpy as np
    import pyarrow as pa
    from scipy.special import expit

    rng = np.random.default_rng(seed)
    effects = {name: rng.normal(0, 0.4, count) for name, count in LEVELS.items()}
    luck, span = rng.normal(0, 0.2, 730), 730 * 86_400_000_000
    for start in range(0, rows, _GROUP):
        n = min(_GROUP, rows - start)
        at = ((start + np.arange(n)) * (span / rows)).astype(np.int64)
        numbers = {name: np.round(rng.normal(size=n) * (place + 1), 3) for place, name in enumerate(NUMBERS)}
        numbers["number9"] = np.round(np.exp(rng.normal(3, 1, n)), 2)
        numbers["number8"][rng.random(n) < 0.05] = np.nan
        levels = {name: np.minimum(rng.geometric(3 / count, n), count) - 1 for name, count in LEVELS.items()}
        codes = {name: rng.integers(1, 9, n) for name in CODES}
        marks = {name: rng.random(n) < 0.3 for name in MARKS}
        score = -2.9 + sum(effects[name][level] for name, level in levels.items())
        score += 0.5 * numbers["number0"] + 0.4 * np.sin(numbers["number1"]) + 0.5 * marks["member"]
        score += 0.1 * codes["grade"] + luck[at // 86_400_000_000]
        late = rng.random(n) < expit(score)
        yield pa.table(
            {
                "id": pa.array(np.arange(start, start + n)).cast(pa.string()),
                "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
                "day": pa.array(at // 86_400_000_000).cast(pa.string()),
                "late": pa.array(np.where(late, "yes", "no")),
                **{name: pa.array(values, from_pandas=True) for name, values in numbers.items()},
                **{
                    name: pa.array([f"{name}{place}" for place in range(LEVELS[name])]).take(pa.array(level))
                    for name, level in levels.items()
                },
                **{name: pa.array(values) for name, values in (codes | marks).items()},
            }
        )


class Stages:
    """Peak resident memory and CPU of what is wrapped, in the order of its end; nested ones stand alone."""

    def __init__(self) -> None:
        self.found: list[tuple[str, float, float, float]] = []

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Note the peak and the CPU of a block."""
        _forget_peak()
        begin = time.process_time()
        yield
        self.found.append((name, time.process_time() - begin, _status("VmHWM"), _status("VmRSS")))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024 / 1e6


def _train(project_file: Path) -> None:
    """Train in stages, after a training of a few rows that loads all libraries; print a line of JSON."""
    import logitgate as lg
    from logitgate.checks.case_files import read_cases
    from logitgate.data.contract.validation import check_table
    from logitgate.data.table import read_rows
    from logitgate.gates.contest import Opponents
    from logitgate.gates.evidence import Evidence
    from logitgate.gates.judge import judge_model
    from logitgate.gates.training import learn_model, part_rows

    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "rows.parquet", 5_000)
        lg.train(lg.load_project(project_of(Path(folder))))
    project = lg.load_project(project_file)
    before, stages, begin = _status("VmRSS"), Stages(), time.process_time()
    with stages.of("read"):
        rows = read_rows(project)
    with stages.of("contract"):
        contract = check_table(rows, project)
        kept = contract.kept(rows.frame)
    whole = rows.whole
    del rows
    with stages.of("parts"):
        evidence = Evidence(project, kept, None, contract.findings, whole=whole, cases=read_cases(project))
        evidence = part_rows(evidence)
    with stages.of("learn"):
        evidence = learn_model(evidence)
    with stages.of("judge"):
        evidence = judge_model(evidence, Opponents())
    cpu = time.process_time() - begin
    found = [(name, took, peak - before, left - before) for name, took, peak, left in stages.found]
    print(json.dumps({"cpu": cpu, "before": before, "stages": found, "status": str(evidence.verdict.status)}))


def measured(rows: int, kind: str, folder: Path) -> dict:
    """Train on so many rows in a fresh process and return what it measured."""
    table = folder / f"rows{rows}.{kind}"
    write_table(table, rows)
    project = project_of(folder, table.name, MOST if rows > MOST else None)
    words = [sys.executable, "-m", "benchmarks.memory", "--train", project]
    env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr or f"ended with {ended.returncode}")
    return json.loads(ended.stdout.splitlines()[-1])


def shown(rows: int, taken: dict) -> None:
    """Print the stages, and the rules for so many rows."""
    print(f"\n{rows:,} rows: {taken['status']}; {taken['before']:.0f} MB before\n")
    print(f"{'':10}{'CPU s':>8}{'MB peak':>10}{'MB left':>10}")
    for name, cpu, peak, left in taken["stages"]:
        print(f"{name:10}{cpu:8.1f}{peak:10.0f}{left:10.0f}")
    peak = max(stage[2] for stage in taken["stages"])
    print(f"{'in all':10}{taken['cpu']:8.1f}{peak:10.0f}")
    megabytes, seconds = RULES.get(rows, (0, 0))
    if megabytes:
        print(f"\n{_kept(peak <= megabytes)}: {peak:.0f} MB, at most {megabytes}")
        print(f"{_kept(taken['cpu'] <= seconds)}: {taken['cpu']:.1f} CPU s, at most {seconds}")


def _kept(holds: object) -> str:
    return "kept" if holds else "broken"


def main() -> None:
    """Measure trainings of the sizes that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--format", default="parquet", choices=["parquet", "csv"])
    parser.add_argument("--train", type=Path)
    asked = parser.parse_args()
    if asked.train:
        _train(asked.train)
    else:
        _measure(asked.rows, asked.format)


def _measure(sizes: list[int], kind: str) -> None:
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            taken = measured(rows, kind, Path(folder))
            shown(rows, taken)
            took[rows] = taken["cpu"]
    for rows, seconds in took.items():
        if 10 * rows in took:
            ratio = took[10 * rows] / seconds
            compared = f"{10 * rows:,} rows take {ratio:.1f} times {rows:,}, at most {SLOWEST}"
            print(f"\n{_kept(ratio <= SLOWEST)}: {compared}")


if __name__ == "__main__":
    main()
