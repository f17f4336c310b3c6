"""The report page among a run's files: what it is made from, and the page once there is an outcome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...files.temporary import temporary_folder
from ...gates.evidence import Evidence
from ...gates.verdict.outcome import Outcome
from ...report.facts import Facts, facts_of
from ...report.page import FACTS, FILE, Beside, page
from ..runs import Run
from ..store import Store, reached

_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def write_facts(folder: Path, evidence: Evidence) -> None:
    """Write what the page of this run is made from, beside the other files of the run."""
    (folder / FACTS).write_text(facts_of(evidence).model_dump_json(indent=1), encoding="utf-8")


def write_page(folder: Path, run: Run, outcome: Outcome, beside: Beside) -> None:
    """Write the page of a run that has kept its facts; a run of an earlier version has none.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    facts = facts_of_run(run.store, run.run_id)
    if facts is not None:
        before = facts_of_version(run.store, outcome.model, outcome.against)
        known = replace(beside, code_version=code_of_run(run.store, run.run_id))
        text = page(outcome, facts, before, known)
        (folder / FILE).write_text(text, encoding="utf-8")


def facts_of_run(store: Store, run_id: str) -> Facts | None:
    """Return what a run kept for its page, or None where it kept nothing.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store), temporary_folder() as folder:
        if FACTS not in {one.path for one in store.client.list_artifacts(run_id)}:
            return None
        kept = store.client.download_artifacts(run_id, FACTS, str(folder))
        return Facts.model_validate_json(Path(kept).read_text(encoding="utf-8"))


def code_of_run(store: Store, run_id: str) -> str:
    """Return which code made a run; empty where that is not recorded.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        return str(store.client.get_run(run_id).data.tags.get("code_version", ""))


def facts_of_version(store: Store, model: str, version: int | None) -> Facts | None:
    """Return what the training of a version kept for its page, or None where there is nothing of it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    if version is None:
        return None
    with reached(store):
        known = store.models.version(model, version)
    return None if known is None else facts_of_run(store, known.run_id)
