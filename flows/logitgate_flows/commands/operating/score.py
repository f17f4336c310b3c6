"""Scoring a table: load the model, check the contract, score, write; nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.production.scoring import champion as serving
from logitgate.production.scoring import shadow_record
from logitgate.production.scoring.batch_scorer import ShadowScoring
from logitgate.production.scoring.champion import Serving
from logitgate.production.scoring.result import ScoringResult
from logitgate.production.scoring.score import (
    ScoringRequest,
    refuse_impossible_scoring,
    score_table,
)
from logitgate.project.project import Project
from logitgate.tracking.store import open_store
from logitgate_flows.messages.notify import notify
from logitgate_flows.messages.progress import step

P = ParamSpec("P")
T = TypeVar("T")


class AsTask(Protocol):
    """What makes a task of a function."""

    def __call__(self, work: Callable[P, T], /) -> Callable[P, T]:
        """Return a function that does the same."""


def _as_it_is(work: Callable[P, T], /) -> Callable[P, T]:
    return work


def score_rows(
    project_file: Path,
    request: ScoringRequest,
    version: int | None,
    shadow: int | None,
    as_task: AsTask = _as_it_is,
) -> ScoringResult:
    """Score a table by the champion or another version, and by a challenger in its shadow if one is named.

    A flow makes each step a task of its own by `as_task`.
    """
    project = load_project(project_file)
    refuse_impossible_scoring(request, project)
    found = as_task(find_model)(project, version)
    if shadow is not None:
        return as_task(score_beside)(found, shadow, project, request)
    return as_task(check_and_score)(found, project, request)


def find_model(project: Project, version: int | None) -> Serving:
    """Load the champion, its last good copy, or a version by its number; it answers its golden rows."""
    with step("load the model"):
        if version is not None:
            return serving.numbered(home(), project.name, version)
        found = serving.champion(home(), project.name)
        if found.because:
            notify(f"logitgate: {project.name} is scored by a kept copy of {found.version}", found.because)
        return found


def check_and_score(found: Serving, project: Project, request: ScoringRequest) -> ScoringResult:
    """Check the contract, score the rows and write them, batch by batch."""
    with step("check contract, score and write"):
        return score_table(found, project, request)


def score_beside(found: Serving, number: int, project: Project, request: ScoringRequest) -> ScoringResult:
    """Score as above with a challenger in the shadow, and keep in MLflow what both have shown."""
    with step("load the challenger"):
        store, shadow = (
            open_store(home()),
            ShadowScoring(serving.numbered(home(), project.name, number), found),
        )
    with step("check contract, score twice and write"):
        scores = score_table(found, project, request, shadow)
    if not scores.is_refused and not found.because:
        window = shadow_record.ShadowTable(shadow.totals, scores.snapshot, shadow.since, shadow.until)
        shadow_record.keep(store, scores, shadow.serving.version, window)
    return scores
