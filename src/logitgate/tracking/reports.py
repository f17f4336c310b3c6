"""The report page of a run that has ended, made again from what the run keeps."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import RefusedError
from ..files.temporary import temporary_folder
from ..gates.verdict.outcome import Outcome
from ..report.page import FACTS, page
from .report_files import facts_of_run, facts_of_version
from .store import Store, reached
from .training import VERDICT


def report_of(store: Store, run_id: str) -> str:
    """Return the page of a run: the figures of its `verdict.json` and its `report.json`, nothing else.

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
    return page(outcome, facts, facts_of_version(store, outcome.model, outcome.against))
