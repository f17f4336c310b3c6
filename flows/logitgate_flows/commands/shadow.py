"""What a challenger has shown in the shadow of the champion, and its promotion from there."""

from __future__ import annotations

from pathlib import Path

from logitgate.environment import home
from logitgate.findings import Verdict
from logitgate.production.scoring import shadow_record
from logitgate.project.load import load_project
from logitgate.tracking.store import open_store


def judged_shadow(project_file: Path, version: int) -> Verdict:
    """Say whether a version has proven itself beside the champion."""
    return Verdict((shadow_record.judge_shadow(open_store(home()), load_project(project_file), version),))


def promoted_from_shadow(project_file: Path, version: int) -> Verdict:
    """Make a version the champion that has proven itself beside it, and that no other gate has refused."""
    project, store = load_project(project_file), open_store(home())
    finding = shadow_record.judge_shadow(store, project, version)
    shadow_record.promote_from_shadow(store, project, version, finding)
    return Verdict((finding,))
