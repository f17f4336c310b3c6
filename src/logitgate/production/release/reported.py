"""The report page of a version, with production's history and the ML Test Score beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...findings import Status
from ...gates.verdict.outcome import Outcome
from ...report.page import Beside, Registered, Stay, WatchedWindow
from ...tracking import window_tags
from ...tracking.store import Store
from ...tracking.trainings.report_files import code_of_run
from ...tracking.trainings.reports import JudgedRun, judged_runs, monitored_windows, report_of
from ..ledger.history import cost_of, cost_text
from ..ledger.ledger import Ledger, Tenure
from ..promotion.rollback import look
from ..registry import registry
from ..registry.registry import ModelVersion
from .audited import scored
from .reported_version import judging_run

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

_MOST = 50
"""Rows of each table of the history."""
_GATE = "gate."
_PASSED = frozenset({Status.PASS.value, Status.WARN.value, Status.INSUFFICIENT.value})


def report(store: Store, version: ModelVersion) -> str:
    """Return the report page of a version, with the history of production.

    Raises
    ------
    RefusedError
        When its run keeps nothing for a page.
    UnavailableError
        When the store cannot be reached.
    """
    run_id = judging_run(store, version)
    return report_of(store, run_id, partial(beside, store, run_id))


def beside(store: Store, run_id: str, outcome: Outcome) -> Beside:
    """Return what the store knows now about a run and its model: history, windows, ML Test Score.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    name = outcome.model
    ledger, _ = look(store, name)
    runs, back = judged_runs(store, name), ledger.rollback_target()
    tenures = [*reversed(ledger.tenures())]
    return Beside(
        code_of_run(store, run_id),
        tuple(_stay(tenure, runs.get(tenure.release.run_id)) for tenure in tenures[:_MOST]),
        back.version if back else None,
        scored(store, run_id, outcome, ledger),
        tuple(_versions(store, name, ledger, runs))[:_MOST],
        tuple(_watched(run) for run in monitored_windows(store, name)[:_MOST]),
    )


def _stay(tenure: Tenure, made_by: JudgedRun | None) -> Stay:
    reason = tenure.entry.reason
    return Stay(
        tenure.version,
        f"{tenure.since:%Y-%m-%d %H:%M}",
        f"{tenure.until:%Y-%m-%d %H:%M}" if tenure.until else "",
        made_by.as_of if made_by else "",
        reason.act,
        reason.actor,
        cost_of(reason) or (cost_text(made_by.figures) if made_by else ""),
        reason.because,
    )


def _versions(store: Store, name: str, ledger: Ledger, runs: Mapping[str, JudgedRun]) -> Iterator[Registered]:
    """Yield each version of the registry, newest first."""
    known = registry.noted(store, name)
    acts = {tenure.release.version: tenure.act for tenure in ledger.tenures()}
    for number, release in sorted(known.versions.items(), reverse=True):
        run, tags = runs.get(release.run_id), known.version_tags[number]
        yield Registered(
            number,
            f"{run.began:%Y-%m-%d %H:%M}" if run else "not recorded",
            run.as_of if run else "",
            tags.get("verdict", "not judged"),
            tags.get("refused_by", ""),
            cost_text(run.figures) if run else "",
            acts.get(number, ""),
        )


def _watched(run: Recorded) -> WatchedWindow:
    tags = run.data.tags
    failed = (name.removeprefix(_GATE) for name, status in tags.items() if _did_not_pass(name, status))
    symptoms = tags.get(window_tags.SIGNS, "")
    return WatchedWindow(
        tags[window_tags.WINDOW],
        int(tags.get(window_tags.VERSION, 0)),
        tags.get(window_tags.ACTION, ""),
        tags.get(window_tags.DONE, ""),
        ", ".join(json.loads(symptoms)) if symptoms.startswith("[") else symptoms,
        ", ".join(sorted(failed)),
    )


def _did_not_pass(tag: str, status: str) -> bool:
    return tag.startswith(_GATE) and status not in _PASSED
