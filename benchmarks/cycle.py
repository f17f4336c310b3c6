"""One training cycle of logitgate against the same work done the usual way; see README.md.

Usage: python benchmarks/cycle.py [AS_OF]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from logitgate.project.reading.load import load_project

HERE = Path(__file__).resolve().parent
PROJECT_FILE = HERE.parent / "mlproject" / "flights.toml"
AS_OF = "2013-06-01"
MOST_WALL, MOST_CPU = 1 / 3, 1 / 7
"""Of the usual way's wall time, and of its processor time."""
CPU_SECONDS = 15
"""That a training with a temporary Prefect server and a new store may take."""
AUC_APART = 0.05
"""Between the models of both ways, which are judged on different rows."""
RESAMPLES = 400
"""Of the test rows, from which the usual way takes its intervals."""
# For both ways: one BLAS thread, nothing sent home, the same patience with a slow start.
SAME_FOR_BOTH = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
VENDORS = "fairlearn.metrics, great_expectations, matplotlib.pyplot, mlflow.sklearn, prefect, skops.io"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process and all below it took, and the JSON that it printed."""

    wall: float
    cpu: float
    megabytes: float
    printed: Mapping


def main() -> None:
    as_of = sys.argv[1] if len(sys.argv) > 1 else AS_OF
    environment = clean_environment()
    # Both find the libraries' files in the page cache.
    subprocess.run(
        [sys.executable, "-c", f"import {VENDORS}"], check=True, env=environment, capture_output=True
    )
    ours, usual = run_ours(as_of, environment), run_usual(as_of, environment)
    refuse_other_work(ours.printed, usual.printed)
    print(f"{'':14}{'ours':>9}{'usual':>9}{'ratio':>9}")
    for name in ("wall", "cpu", "megabytes"):
        mine, theirs = getattr(ours, name), getattr(usual, name)
        print(f"{name:14}{mine:9.1f}{theirs:9.1f}{mine / theirs:9.2f}")
    print()
    kept = [
        rule("of the usual way's wall time", ours.wall / usual.wall, MOST_WALL),
        rule("of the usual way's processor time", ours.cpu / usual.cpu, MOST_CPU),
        rule("CPU seconds", ours.cpu, CPU_SECONDS),
    ]
    raise SystemExit(0 if all(kept) else 1)


def rule(what: str, found: float, most: float) -> bool:
    """Print whether a rule is kept."""
    print(f"{'kept' if found <= most else 'broken'}: {found:.2f} {what}, at most {most:.2f}")
    return found <= most


def clean_environment() -> dict[str, str]:
    """Leave out what would lead either way to a store or a server that is already there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))}
    return {**kept, **SAME_FOR_BOTH}


def run_ours(as_of: str, environment: dict[str, str]) -> Measured:
    with TemporaryDirectory() as name:
        words = ["-m", "logitgate_flows", "train", str(PROJECT_FILE), "--as-of", as_of, "--json"]
        return measure(words, Path(name), {**environment, "LOGITGATE_HOME": name})


def run_usual(as_of: str, environment: dict[str, str]) -> Measured:
    with TemporaryDirectory() as name:
        plain = Path(name) / "project.json"
        plain.write_text(load_project(PROJECT_FILE).model_dump_json())
        words = [str(HERE / "cycle_usual.py"), str(plain), as_of, str(RESAMPLES)]
        return measure(words, Path(name), {**environment, "PREFECT_HOME": str(Path(name) / "prefect")})


def refuse_other_work(ours: Mapping, usual: Mapping) -> None:
    """Stop unless both used the same rows, tried as many candidates and found about as good a model."""
    search = load_project(PROJECT_FILE).search
    (sample,) = [one["figures"] for one in ours["findings"] if one["subject"] == "sample"]
    mine = {"rows": sample["used"], "candidates": len(search.forms) * len(search.C)}
    theirs = {name: usual[name] for name in mine}
    if mine != theirs:
        raise SystemExit(f"not the same work: {mine} and {theirs}")
    print(f"{mine['candidates']} candidates, {mine['rows']} rows")
    print(f"ours: AUC {ours['test']['auc']:.4f}, cost {ours['test']['cost']:.3f} a row")
    print(f"usual: AUC {usual['auc']:.4f}, cost {usual['cost']:.3f} a row\n")
    apart = abs(ours["test"]["auc"] - usual["auc"])
    if not apart <= AUC_APART:
        raise SystemExit(f"not the same work: the AUCs are {apart:.4f} apart, at most {AUC_APART:g}")


def measure(words: list[str], folder: Path, environment: Mapping[str, str]) -> Measured:
    """Run Python in an empty folder; the last line that it prints, or all of it, is JSON."""
    with (folder / "log.txt").open("wb") as log, (folder / "out.json").open("wb") as out:
        begin, used = time.monotonic(), _cpu()
        process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, stdout=out, stderr=log, env=environment
        )
        megabytes = _peak_until_it_ends(process)
        wall, cpu = time.monotonic() - begin, _cpu() - used
    printed = (folder / "out.json").read_text()
    if process.returncode:
        raise SystemExit(f"ended with {process.returncode}:\n{(folder / 'log.txt').read_text()[-4000:]}")
    return Measured(wall, cpu, megabytes, json.loads(printed[printed.index("{") :]))


def _cpu() -> float:
    """Return the processor seconds of all processes below this one that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _peak_until_it_ends(process: subprocess.Popen) -> float:
    """Return the peak of the memory of a process and all below it, every 50 ms, in megabytes."""
    peak, ended = [0.0], threading.Event()

    def sample() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], _resident(process.pid))

    thread = threading.Thread(target=sample)
    thread.start()
    process.wait()
    ended.set()
    thread.join()
    return peak[0]


def _resident(root: int) -> float:
    """Sum the resident memory of a process and of all its descendants, in megabytes (Linux only)."""
    waiting, pages = [root], 0
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            pages += int((folder / "statm").read_text().split()[1])
            for children in folder.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
        except OSError:  # it ended meanwhile
            continue
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
