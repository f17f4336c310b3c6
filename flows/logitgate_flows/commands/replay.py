"""Replaying a project's history, and keeping what came out as an MLflow run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.interface.replay import replay
from logitgate.replay.result import Replay
from logitgate.tracking.replays import keep_replay
from logitgate.tracking.store import open_store


def run_replay(
    project_file: Path,
    every: str,
    limits: tuple[datetime | None, datetime | None],
    policies: tuple[str, ...],
    processes: int | None,
) -> Replay:
    """Play the history of the project's own rows, and record it."""
    project, store = load_project(project_file), open_store(home())
    since, until = limits
    found = replay(project, every=every, since=since, until=until, policies=policies, processes=processes)
    keep_replay(store, project, found)
    return found
