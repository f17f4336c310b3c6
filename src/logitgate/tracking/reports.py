"""The report page of a run that has ended, made again from what the run keeps."""

from __future__ import annotations

import json
from pathlib import Path

from mlflow.entities import Run as Recorded
from mlflow.exceptions import MlflowException

from ..catalogue import Check
from ..errors import RefusedError
from ..files.temporary import temporary_folder
from ..findings import Status
from ..gates.verdict.outcome import Outcome
from ..report.page import FACTS, Beside, page
from .report_files import facts_of_run, facts_of_version
from .runs import children, found_runs
from .store import Store, reached
from .training import VERDICT

_RESULTS = frozenset({Status.PASS.value, Status.WARN.value, Status.FAIL.value})
"""Of a check that had enough to say something."""


def report_of(store: Store, run_id: str, beside: Beside) -> str:
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
    return page(outcome, facts, before, beside)


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


def _ended(store: Store, experiment: str) -> list[Recorded]:
    with reached(store):
        found = store.client.get_experiment_by_name(experiment)
    if found is None:
        return []
    return found_runs(store, str(found.experiment_id), "attributes.status = 'FINISHED'")


def as_of_run(store: Store, run_id: str) -> str:
    """Return before which date the rows of a run were known; empty where that is not recorded.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    if not run_id:
        return ""
    with reached(store):
        try:
            return str(store.client.get_run(run_id).data.params.get("as_of_date", ""))
        except MlflowException:
            return ""
