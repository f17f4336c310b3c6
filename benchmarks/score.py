"""Peak memory and time of scoring: with contract and output, all at once as usual, and by look-ups alone.

    python benchmarks/score.py [ROWS [ROWS OF THE LOOK-UPS]]

Trains the flights once, in a temporary home, repeats their rows under new ids, and scores them in fresh
processes: 337,000 with the contract and all at once, five million without a contract, from Parquet to
Parquet (id, probability, threshold and decision, in batches).
Linux only: the peak is what the kernel says of each process.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "mlproject" / "flights.toml"
ROWS, MANY = 337_000, 5_000_000
_RATIO, _MEGABYTES, _EACH_SECOND = 0.5, 150, 1_000_000
_RUNS = 5


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


def look_ups(home, table, out):
    from logitgate.environment import prepare

    prepare(home)
    import pyarrow as pa
    import pyarrow.parquet as pq

    from logitgate.data.batches import ROWS as BATCH
    from logitgate.data.batches import blocks_in
    from logitgate.data.readers.source import Scan, rebatched
    from logitgate.data.typed import typed
    from logitgate.production.scoring import champion as serving
    from logitgate.project.reading.load import load_project

    project = load_project(PROJECT)
    model = serving.champion(home, project.name).package.model
    loaded = _peak(), time.perf_counter(), time.process_time()
    read = Scan(frozenset({*model.features.all, *model.costs.columns, project.columns.id}))
    kinds = {"id": pa.large_string(), "probability": pa.float64(), "decision": pa.bool_()}
    plain, rows = project.model_copy(update={"slices": type(project.slices)()}), 0
    with pq.ParquetWriter(out, pa.schema(kinds), use_dictionary=["decision"]) as writer:
        for source in rebatched(blocks_in(table, project, read, BATCH), BATCH):
            frame = typed(source, plain).frame
            probability = model.probability(frame)
            decided = model.decision(probability, frame, frame[project.columns.id])
            columns = (frame[project.columns.id].array, probability, decided.flagged)
            writer.write_table(pa.table([pa.array(one) for one in columns], schema=writer.schema))
            rows += len(frame)
    return loaded, rows


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


_WAYS = {"ours": ours, "at_once": at_once, "look_ups": look_ups}


def _measured(way, *paths):
    (loaded, began, before), rows = _WAYS[way](*map(Path, paths))
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - before}
    print(json.dumps({"rows": rows, "loaded": loaded, "peak": _peak(), **took}))


def _scored(way, env, home, table):
    """Score a table in a process of its own, print what it took, and return it."""
    words = [sys.executable, __file__, way, home, table, table.with_name(f"{way}.parquet")]
    ended = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    found["own"] = found["peak"] - found["loaded"]
    times = f"{found['rows']:12,}{found['seconds']:10.1f}{found['cpu']:8.2f}"
    print(f"{way:12}{times}{found['loaded']:12.0f}{found['peak']:10.0f}{found['own']:13.0f}")
    return found


def _told(kept, text):
    print(f"{'kept' if kept else 'broken'}: {text}")


def main():
    asked = [int(word) for word in sys.argv[1:]]
    rows, many = (asked + [ROWS, MANY][len(asked) :])[:2]
    with tempfile.TemporaryDirectory() as folder:
        home, table, larger = (Path(folder) / name for name in ("home", "rows.parquet", "many.parquet"))
        words = [sys.executable, "-m", "logitgate_flows", "train", PROJECT, "--as-of", "2013-06-01"]
        env = {**os.environ, "LOGITGATE_HOME": str(home)}
        subprocess.run(words, env=env, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        repeat(table, rows)
        repeat(larger, many)
        heads = f"{'rows':>12}{'seconds':>10}{'CPU s':>8}{'MB before':>12}{'MB peak':>10}{'MB for rows':>13}"
        print(f"{'':12}{heads}")
        runs = [[_scored(way, env, home, table) for way in ("ours", "at_once")] for _ in range(_RUNS)]
        quick = _scored("look_ups", env, home, larger)
    ratio = statistics.median(one["cpu"] / all_at_once["cpu"] for one, all_at_once in runs)
    extra = statistics.median(one["own"] for one, _ in runs)
    each_second = quick["rows"] / quick["cpu"]
    print(f"\npeak memory, ours to all at once: {runs[-1][0]['peak'] / runs[-1][1]['peak']:.2f}")
    _told(ratio <= _RATIO, f"{ratio:.2f} of its CPU seconds (median), at most {_RATIO}")
    _told(extra <= _MEGABYTES, f"{extra:.0f} MB for rows (median), at most {_MEGABYTES}")
    _told(
        each_second >= _EACH_SECOND,
        f"{each_second:,.0f} rows a CPU second by look-ups, at least {_EACH_SECOND:,}",
    )
    _told(quick["own"] <= _MEGABYTES, f"{quick['own']:.0f} MB for {many:,} rows, at most {_MEGABYTES}")


if __name__ == "__main__":
    _measured(*sys.argv[1:]) if sys.argv[1:2] and sys.argv[1] in _WAYS else main()
