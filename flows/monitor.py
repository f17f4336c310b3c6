"""The monitoring flow: one window of new rows against the model that is in production."""

from __future__ import annotations

import os
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows.steps import step
from logitgate.edge import monitoring
from logitgate.edge.environment import home
from logitgate.edge.store import open_store
from logitgate.edge.tracking import training_run
from logitgate.monitored import Limits, Monitored
from logitgate.project_file import load_project
from logitgate.report import markdown


@flow(name="monitor", validate_parameters=False)
def monitor(project_file: Path, table: Path, labels: Path | None, limits: Limits) -> Monitored:
    """Watch one window: contract, drift, performance with and without labels; decide what is to be done."""
    project, store = load_project(project_file), open_store(home())
    now = monitoring.standing(store, project)
    with training_run(store, monitoring.experiment_name(project), monitoring.opening_note(limits)) as run:
        with step("read the rows"):
            rows, outcomes = monitoring.read_window(table, labels, project)
        with step("check contract, drift and performance"):
            held = monitoring.hold_against_contract(rows, limits, project)
            seen = monitoring.watch(held, limits, now, project, outcomes)
        reaction = monitoring.react(store, project, limits, now, seen)
        found = Monitored(project.name, limits, len(held[0]), now.champion.version, seen, reaction)
        with step("record in MLflow"):
            found = monitoring.keep(run, found, project)
    if os.environ.get("PREFECT_API_URL"):
        text = markdown(found.verdict, None, project.costs.unit)
        create_markdown_artifact(f"**{reaction.action}**\n\n{text}", key=f"{project.name}-monitoring".lower())
    return found
