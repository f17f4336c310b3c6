"""Peak memory and time of scoring two million rows: in batches, and all at once as it is usually done.

    python benchmarks/score.py [ROWS]

Trains the flights once, in a temporary home, repeats their rows under new ids, and scores them in fresh
processes.
Linux only: the peak is what the kernel says of each process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "mlproject" / "flights.toml"
ROWS = 2_000_000
_RATIO, _MEGABYTES = 0.5, 150


def repeat(path, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    flights = pq.read_table(ROOT / "data" / "flights.parquet").drop_columns(["late", "dep_delay"])
    place = flights.column_names.index("flight_id")
    kind = flights.schema.field("flight_id").type
    with pq.ParquetWriter(path, flights.schema, compression="zstd") as writer:
        for start in range(0, rows, len(flights)):
            part = flights.slice(0, min(len(flights), rows - start))
            ids = pa.array(range(start, start + len(part))).cast(kind)
            writer.write_table(part.set_column(place, flights.schema.field("flight_id"), ids))


def ours(home, table, out):
    from logitgate.environment import prepare

    prepare(home)
    from logitgate.production.scoring import champion as serving
    from logitgate.production.scoring.score import ScoringRequest, score_table
    from logitgate.project.reading.load import load_project

    project = load_project(PROJECT)
    model = serving.champion(home, project.name)
    loaded = _peak(), time.perf_counter(), time.process_time()
    found = score_table(model, project, ScoringRequest(table, out))
    assert found.status == "PASS", found.verdict.reasons
    return loaded, found.unusual.rows


def at_once(home, table, out):
    import pandas as pd

    from logitgate.production.scoring import champion as serving
    from logitgate.project.reading.load import load_project

    model = serving.champion(home, load_project(PROJECT).name).package.model
    loaded = _peak(), time.perf_counter(), time.process_time()
    frame = pd.read_parquet(table)
    frame[list(model.features.categorical)] = frame[list(model.features.categorical)].astype(object)
    probability = model.pipeline.predict_proba(frame[list(model.features.all)])[:, 1]
    scored = pd.DataFrame({"id": frame["flight_id"], "probability": probability})
    scored["decision"] = scored["probability"] >= model.rule.value
    scored.to_parquet(out)
    return loaded, len(scored)


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measured(way, *paths):
    (loaded, began, before), rows = {"ours": ours, "at_once": at_once}[way](*map(Path, paths))
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - before}
    measured = {"rows": rows, "loaded": loaded, "peak": _peak(), **took}
    print(json.dumps(measured))


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        home, table = Path(folder) / "home", Path(folder) / "rows.parquet"
        words = [sys.executable, "-m", "logitgate_flows", "train", PROJECT, "--as-of", "2013-06-01"]
        env = {**os.environ, "LOGITGATE_HOME": str(home)}
        subprocess.run(words, env=env, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        repeat(table, rows)
        heads = f"{'seconds':>10}{'CPU s':>8}{'MB before':>12}{'MB peak':>10}{'MB for rows':>13}"
        print(f"{rows:,} rows\n\n{'':12}{heads}")
        found = {}
        for way in ("ours", "at_once"):
            words = [sys.executable, __file__, way, home, table, Path(folder) / f"{way}.parquet"]
            ended = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stderr
            measured = found[way] = json.loads(ended.stdout.splitlines()[-1])
            own = measured["peak"] - measured["loaded"]
            times = f"{measured['seconds']:10.1f}{measured['cpu']:8.2f}"
            figures = f"{times}{measured['loaded']:12.0f}{measured['peak']:10.0f}{own:13.0f}"
            print(f"{way:12}{figures}")
        peaks = [found[way]["peak"] for way in ("ours", "at_once")]
        print(f"\npeak memory, ours to all at once: {peaks[0] / peaks[1]:.2f}")
        ratio = found["ours"]["cpu"] / found["at_once"]["cpu"]
        extra = found["ours"]["peak"] - found["ours"]["loaded"]
        print(f"{'kept' if ratio <= _RATIO else 'broken'}: {ratio:.2f} of its CPU seconds, at most {_RATIO}")
        print(f"{'kept' if extra <= _MEGABYTES else 'broken'}: {extra:.0f} MB for rows, at most {_MEGABYTES}")


if __name__ == "__main__":
    _measured(*sys.argv[1:]) if sys.argv[1:2] in (["ours"], ["at_once"]) else main()
