"""The scoring flow: from new rows to a file of scores, and nothing half done."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.steps import step
from logitgate.edge import serving
from logitgate.edge.environment import home
from logitgate.edge.scoring_table import Asked, refuse_impossible_scoring, score_table
from logitgate.edge.serving import Serving
from logitgate.project import Project
from logitgate.project_file import load_project
from logitgate.scores import Scores

_task = task(cache_policy=NO_CACHE)


@_task
def find_model(project: Project, version: int | None) -> Serving:
    """Load the champion, its last good copy, or a version by its number; it answers its golden rows."""
    with step("load the model"):
        if version is not None:
            return serving.numbered(home(), project.name, version)
        return serving.champion(home(), project.name)


@_task
def check_and_score(found: Serving, project: Project, asked: Asked) -> Scores:
    """Hold the rows against their contract, score them and write them, batch by batch."""
    with step("check contract, score and write"):
        return score_table(found, project, asked)


@flow(name="score", validate_parameters=False)
def score(project_file: Path, table: Path | None, out: Path, version: int | None = None) -> Scores:
    """Score the rows of a table by the champion, or by another version."""
    project, asked = load_project(project_file), Asked(table, out)
    refuse_impossible_scoring(asked, project)
    return check_and_score(find_model(project, version), project, asked)
