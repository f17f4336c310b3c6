"""Peak memory and CPU of monitoring a month of a million labelled rows, beyond that of few rows.

    python -m benchmarks.month [ROWS]

Trains on 100,000 rows of the table that `benchmarks.memory` makes, in a temporary home, and monitors as many
others as asked for with the model that answers. Linux only: the peak is what the kernel says of the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.memory import project_of, write_table

ROWS, FEW = 1_000_000, 5_000
MEGABYTES, SECONDS = 600, 6


def monitored(project: Path, table: Path, env: dict[str, str]) -> tuple[float, float]:
    """Monitor a table in a process of its own; return its CPU seconds and its peak in megabytes."""
    words = [sys.executable, "-m", "logitgate_flows", "monitor", str(project), "--table", str(table)]
    begun = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = begun.stdout.read().decode()
    _, status, used = os.wait4(begun.pid, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        raise SystemExit(output)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Print what either takes, and the rules."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = project_of(folder)
        env = {**os.environ, "LOGITGATE_HOME": str(folder / "home")}
        write_table(folder / "rows.parquet", 100_000)
        train = [sys.executable, "-m", "logitgate_flows", "train", str(project)]
        subprocess.run(train, env=env, check=True, stdout=subprocess.DEVNULL)
        found = {}
        for count in (FEW, rows):
            write_table(folder / f"{count}.parquet", count, seed=1)
            found[count] = monitored(project, folder / f"{count}.parquet", env)
            print(json.dumps({"rows": count, "CPU s": found[count][0], "MB": found[count][1]}))
    seconds, megabytes = (many - few for few, many in zip(found[FEW], found[rows], strict=True))
    for value, most, unit in ((seconds, SECONDS, "CPU s"), (megabytes, MEGABYTES, "MB")):
        print(
            f"{'kept' if value <= most else 'broken'}: {value:.1f} {unit} beyond {FEW} rows, at most {most}"
        )


if __name__ == "__main__":
    main()
