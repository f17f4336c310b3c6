"""CPU seconds of whole commands, second run in a store, beside those of `import mlflow`.

    python -m benchmarks.commands [RUNS]

Trains the spam once, in a temporary home, and prints the median of so many runs of each command. The rules
are for a machine on which `import mlflow` takes 1.4 CPU seconds, and hold in proportion to that. Linux only.
"""

from __future__ import annotations

import gzip
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "mlproject" / "spam.toml"
REFERENCE, RUNS, ROWS = 1.4, 5, 100
WANTED = {"history": 1.5, "explain": 2.0, "score": 2.5, "check": 2.0, "gates": 0.8}


def seconds(words, env):
    """CPU seconds of a process and those it waited for."""
    begun = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = begun.stderr.read().decode()
    _, status, used = os.wait4(begun.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(told)
    return used.ru_utime + used.ru_stime


def commands(folder):
    """Each command by its name, as words."""
    table, out = folder / "rows.csv", folder / "scores.csv"
    with gzip.open(ROOT / "data" / "spam.csv.gz", "rt") as lines:
        table.write_text("".join(line for line, _ in zip(lines, range(ROWS + 1), strict=False)))
    asked = {"explain": ["--id", "1"], "score": ["--table", table, "--out", out]}
    first = [sys.executable, "-m", "logitgate_flows"]
    return {name: [*first, name, PROJECT, *asked.get(name, [])] for name in WANTED}


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as name:
        env = {**os.environ, "LOGITGATE_HOME": f"{name}/home", "PYTHONDONTWRITEBYTECODE": ""}
        seconds([sys.executable, "-m", "logitgate_flows", "train", PROJECT], env)
        words = {"import mlflow": [sys.executable, "-c", "import mlflow"], **commands(Path(name))}
        for one in words.values():
            seconds(one, env)
        taken = [{one: seconds(each, env) for one, each in words.items()} for _ in range(runs)]
    print(f"{'import mlflow':14}{statistics.median(run['import mlflow'] for run in taken):6.2f} CPU s")
    for command, most in WANTED.items():
        median = statistics.median(run[command] for run in taken)
        ratio = statistics.median(run[command] / run["import mlflow"] for run in taken)
        kept = "kept" if ratio * REFERENCE <= most else "broken"
        share = f"{ratio:.2f} of import mlflow, at most {most / REFERENCE:.2f}"
        print(f"{command:14}{median:6.2f} CPU s, {kept}: {share} ({most} CPU s of {REFERENCE})")


if __name__ == "__main__":
    main()
