"""The report page of a run that has ended, made again from what the run keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...catalogue import Check
from ...errors import RefusedError
from ...files.temporary import temporary_folder
from ...findings import Figure, Status
from ...gates.verdict.outcome import Outcome
from ...report.page import FACTS, Beside, page
from ..runs import children, found_runs
from ..store import Store, reached
from ..window_tags import WINDOW
from .report_files import facts_of_run, facts_of_version
from .training import VERDICT

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

_RESULTS = frozenset({Status.PASS.value, Status.WARN.value, Status.FAIL.value})
"""Of a check that had enough to say something."""
_FINISHED = "attributes.status = 'FINISHED'"
_COSTS, _DATE = ("cost", "cost_low", "cost_high"), len("2021-03-01")


def report_of(store: Store, run_id: str, beside: Callable[[Outcome], Beside]) -> str:
    """Return the page of a run, from its `verdict.json` and `report.json`, with what stands beside it.

    Raises
    ------
    RefusedError
        When the run keeps nothing for a page.
    UnavailableError
        When the store cannot be reached.
    """
    facts = facts_of_run(store, run_id)
    if facts is None:
        rule = f"keeps no {FACTS}: it is no training, or one by an earlier version of logitgate"
        raise RefusedError(f"run {run_id}", rule, "train again, and ask for that version's report")
    outcome = outcome_of(store, run_id)
    before = facts_of_version(store, outcome.model, outcome.against)
    return page(outcome, facts, before, beside(outcome))


def outcome_of(store: Store, run_id: str) -> Outcome:
    """Return the outcome that a run keeps.

    Raises
    ------
    UnavailableError
        When the store cannot be reached, or the run keeps none.
    """
    with reached(store), temporary_folder() as folder:
        kept = store.client.download_artifacts(run_id, VERDICT, str(folder))
        return Outcome.from_json(json.loads(Path(kept).read_text(encoding="utf-8")))


def candidates_of(store: Store, run_id: str) -> int:
    """Return how many models the search of a run tried.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        experiment_id = str(store.client.get_run(run_id).info.experiment_id)
    return len(children(store, experiment_id, run_id))


def runs_in(store: Store, experiment: str) -> int:
    """Return how many runs of an experiment ended; none where there is no such experiment.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    return len(_ended(store, experiment))


def checks_by_run(store: Store, experiment: str) -> list[frozenset[Check]]:
    """Return which checks each ended run of an experiment came to a result with, by its tags.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    known = {f"gate.{check}": check for check in Check}
    tags = (run.data.tags for run in _ended(store, experiment))
    made = (
        {known[tag] for tag, status in one.items() if tag in known and status in _RESULTS} for one in tags
    )
    return [frozenset(checks) for checks in made if checks]


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """What a history tells of the run that made a version."""

    as_of: str
    """Before which date its rows were known; empty where that is not recorded."""
    began: datetime
    figures: Mapping[str, Figure]
    """Cost of a judged row with its limits, and their unit, by the names of the ledger."""


def judged_runs(store: Store, model: str) -> dict[str, JudgedRun]:
    """Return the runs of a model that made or judged a version, by their ids.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    found = _experiment_runs(store, model, "tags.version LIKE '%'")
    return {str(run.info.run_id): _judged_run(run) for run in found}


def monitored_windows(store: Store, model: str) -> list[Recorded]:
    """Return the runs of the windows of a model that ended, newest first."""
    return _experiment_runs(store, f"{model}-monitoring", f"tags.`{WINDOW}` LIKE '%' AND {_FINISHED}")


def _judged_run(run: Recorded) -> JudgedRun:
    metrics, began = run.data.metrics, datetime.fromtimestamp(run.info.start_time / 1_000, UTC)
    figures: dict[str, Figure] = {name: metrics.get(f"test.{name}") for name in _COSTS}
    as_of = str(run.data.params.get("as_of_date", ""))[:_DATE]
    return JudgedRun(as_of, began, figures | {"unit": run.data.tags.get("cost_unit", "")})


def _ended(store: Store, experiment: str) -> list[Recorded]:
    return _experiment_runs(store, experiment, _FINISHED)


def _experiment_runs(store: Store, experiment: str, query: str) -> list[Recorded]:
    with reached(store):
        found = store.client.get_experiment_by_name(experiment)
    return [] if found is None else found_runs(store, str(found.experiment_id), query)
