"""The report page of a run that has ended, made again from what the run keeps."""

from __future__ import annotations

import json
from pathlib import Path

from mlflow.exceptions import MlflowException

from ..errors import RefusedError
from ..files.temporary import temporary_folder
from ..gates.verdict.outcome import Outcome
from ..report.page import FACTS, Beside, Stay, page
from .report_files import code_of_run, facts_of_run, facts_of_version
from .store import Store, reached
from .training import VERDICT


def report_of(store: Store, run_id: str, stays: tuple[Stay, ...] = (), way_back: int | None = None) -> str:
    """Return the page of a run, from its `verdict.json` and `report.json`, and of production's history.

    Parameters
    ----------
    store : Store
    run_id : str
    stays : tuple of Stay
        Newest first.
    way_back : int, optional
        The version that a rollback would restore.

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
    with reached(store), temporary_folder() as folder:
        kept = store.client.download_artifacts(run_id, VERDICT, str(folder))
        outcome = Outcome.from_json(json.loads(Path(kept).read_text(encoding="utf-8")))
    before = facts_of_version(store, outcome.model, outcome.against)
    return page(outcome, facts, before, Beside(code_of_run(store, run_id), stays, way_back))


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
