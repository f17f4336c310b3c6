"""What a challenger has shown in the shadow of the champion, and its promotion from there."""

from __future__ import annotations

from pathlib import Path

from logitgate.edge import shadowing
from logitgate.edge.environment import home
from logitgate.edge.store import open_store
from logitgate.findings import Verdict
from logitgate.project_file import load_project


def judged_shadow(project_file: Path, version: int) -> Verdict:
    """Say whether a version has proven itself beside the champion."""
    return Verdict((shadowing.judge_shadow(open_store(home()), load_project(project_file), version),))


def promoted_from_shadow(project_file: Path, version: int) -> Verdict:
    """Make a version the champion that has proven itself beside it, and that no other gate has refused."""
    project, store = load_project(project_file), open_store(home())
    finding = shadowing.judge_shadow(store, project, version)
    shadowing.promote_from_shadow(store, project, version, finding)
    return Verdict((finding,))
