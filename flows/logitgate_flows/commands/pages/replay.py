"""Replaying a project's history, and keeping what came out as an MLflow run."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.interface.replay import replayed
from logitgate.replay.play import ReplayRequest
from logitgate.replay.results.result import Replay
from logitgate.tracking.history.replays import keep_replay
from logitgate.tracking.store import open_store


def run_replay(project_file: Path, request: ReplayRequest) -> Replay:
    """Play the history of the project's own rows, and record it."""
    project, store = load_project(project_file), open_store(home())
    found = replayed(project, request)
    keep_replay(store, project, found)
    return found
