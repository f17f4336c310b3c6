"""Replayed histories in MLflow: a run each, with curves by policy, tables and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mlflow.entities import Metric

from ...project.project import Project
from ...replay.results.page import replay_page
from ...replay.results.result import Replay
from ...replay.results.tables import exhibits
from ...report.page import FILE
from ..batches import RunEntries, Value
from ..recording import training_run
from ..runs import Note, artifacts, record
from ..store import Store, reached
from ..trainings.training import write_exhibits
from .replay_figures import draw_replay

_BATCH = 800


def experiment_name(project: Project) -> str:
    """Return the name of the experiment that keeps the replays of a model."""
    return f"{project.name}-replay"


def keep_replay(store: Store, project: Project, found: Replay) -> str:
    """Keep a replay as a run: sums, tables, figures, and curves with the day of each period's end as step.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    name = f"{found.starts[0]:%Y-%m-%d} to {found.until:%Y-%m-%d}, every {found.every}"
    note = Note(name, found.conclusion, {"kind": "replay"})
    with training_run(store, experiment_name(project), note) as run:
        metrics = {f"cost.{one.policy}": one.cost for one in found.policies}
        metrics |= {f"cost_per_row.{one.policy}": one.per_row for one in found.policies}
        params: dict[str, Value] = {
            "every": found.every,
            "rows": found.rows,
            "dates": len(found.starts),
            "seed": project.split.seed,
        }
        tags = {"logitgate.snapshot": found.digest, "replay.exit_code": str(found.exit_code)}
        record(run, RunEntries(params, metrics | {"alarms_a_month": found.alarms_a_month}, tags))
        points = list(_points(found))
        with reached(store):
            for start in range(0, len(points), _BATCH):
                store.client.log_batch(run.run_id, metrics=points[start : start + _BATCH])
        with TemporaryDirectory() as folder:
            plain = json.dumps(found.as_json(), indent=2, allow_nan=False)
            (Path(folder) / "replay.json").write_text(plain, encoding="utf-8")
            write_exhibits(Path(folder), exhibits(found))
            (Path(folder) / FILE).write_text(replay_page(found), encoding="utf-8")
            draw_replay(found, Path(folder))
            artifacts(run, Path(folder))
    return run.run_id


def _points(found: Replay) -> Iterator[Metric]:
    """Yield the points of the curves; a period without rows has none."""
    ends = (*found.starts[1:], found.until)
    sizes = found.rows_by_period
    for one in found.policies:
        sums = np.cumsum(np.nan_to_num(np.array(one.by_period)) * np.array(sizes))
        for end, cost, total, rows in zip(ends, one.by_period, sums, sizes, strict=True):
            if rows:
                yield _point(f"period.cost_per_row.{one.policy}", cost, end)
                yield _point(f"period.total_cost.{one.policy}", float(total), end)
    for window in found.alarms:
        yield _point("period.alarms", len(window.alarms), window.until)


def _point(name: str, value: float, at: datetime) -> Metric:
    return Metric(name, value, int(at.timestamp() * 1_000), int(at.timestamp() // 86_400))
