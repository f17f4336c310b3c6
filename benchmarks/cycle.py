"""One training cycle of logitgate against the same work done the usual way; see README.md.

Usage: python benchmarks/cycle.py [AS_OF]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from stages import STAGES, Measured, measure

from logitgate.project.reading.load import load_project

HERE = Path(__file__).resolve().parent
PROJECT_FILE = HERE.parent / "mlproject" / "flights.toml"
AS_OF = "2013-06-01"
MOST_OF_USUAL = 1 / 3
AUC_APART = 0.01
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
    "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent / "src", HERE.parent))),
}
VENDORS = "fairlearn.metrics, great_expectations, matplotlib.pyplot, mlflow.sklearn, prefect, skops.io"


def main() -> None:
    as_of = sys.argv[1] if len(sys.argv) > 1 else AS_OF
    environment = clean_environment()
    # Both find the libraries' files in the page cache.
    subprocess.run(
        [sys.executable, "-c", f"import {VENDORS}"], check=True, env=environment, capture_output=True
    )
    ours = run_ours(as_of, environment)
    usual = run_usual(as_of, environment)
    refuse_other_work(ours, usual)
    print(table(ours, usual))
    share = ours.seconds["total"] / usual.seconds["total"]
    kept = share <= MOST_OF_USUAL
    print(f"\n{'kept' if kept else 'BROKEN'}: ours takes {share:.2f} of the usual way's time, at most 0.33")
    raise SystemExit(0 if kept else 1)


def clean_environment() -> dict[str, str]:
    """Leave out what would lead either way to a store or a server that is already there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))}
    return {**kept, **SAME_FOR_BOTH}


def run_ours(as_of: str, environment: dict[str, str]) -> Measured:
    with TemporaryDirectory() as name:
        own = {**environment, "LOGITGATE_HOME": name}
        command = [str(HERE / "cycle_ours.py"), "train", str(PROJECT_FILE), "--as-of", as_of]
        return measure([sys.executable, *command], Path(name), own)


def run_usual(as_of: str, environment: dict[str, str]) -> Measured:

    with TemporaryDirectory() as name:
        plain = Path(name) / "project.json"
        plain.write_text(load_project(PROJECT_FILE).model_dump_json())
        own = {**environment, "PREFECT_HOME": str(Path(name) / "prefect")}
        command = [str(HERE / "cycle_usual.py"), str(plain), as_of, str(RESAMPLES)]
        return measure([sys.executable, *command], Path(name), own)


def refuse_other_work(ours: Measured, usual: Measured) -> None:
    """Stop unless both used the same rows, tried as many candidates and found as good a model."""
    for name in ("train", "calibrate", "threshold", "test", "candidates"):
        if ours.measured[name] != usual.measured[name]:
            raise SystemExit(f"not the same work: {name} {ours.measured[name]} and {usual.measured[name]}")
    apart = abs(ours.measured["auc"] - usual.measured["auc"])
    print(f"{ours.measured['candidates']} candidates, {ours.measured['test']} test rows")
    for name, way in (("ours", ours), ("usual", usual)):
        print(f"{name}: AUC {way.measured['auc']:.4f}, cost {way.measured['cost']:.3f} a row")
    print()
    if not apart <= AUC_APART:
        raise SystemExit(f"not the same work: the AUCs are {apart:.4f} apart, at most {AUC_APART:g}")


def table(ours: Measured, usual: Measured) -> str:
    extra = sorted(set(usual.seconds) - {*STAGES, "total"})
    lines = [
        f"{'':<22}{'seconds':^30}{'peak memory (MB)':^30}",
        f"{'':<22}" + f"{'ours':>10}{'usual':>10}{'ratio':>10}" * 2,
    ]
    for name in (*STAGES, "total", *extra):
        cells = [f"{name:<22}"]
        for mine, theirs, digits in (
            (ours.seconds.get(name), usual.seconds.get(name), 1),
            (ours.megabytes.get(name), usual.megabytes.get(name), 0),
        ):
            cells += [
                cell(mine, digits),
                cell(theirs, digits),
                cell(mine / theirs if mine and theirs else None, 2),
            ]
        lines.append("".join(cells))
    return "\n".join(lines)


def cell(figure: float | None, digits: int) -> str:
    return f"{'-':>10}" if figure is None else f"{figure:>10.{digits}f}"


if __name__ == "__main__":
    main()
