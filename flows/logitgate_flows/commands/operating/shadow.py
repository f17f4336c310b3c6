"""The verdict on a challenger's shadow scores, and its promotion."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.findings import Verdict
from logitgate.production.scoring import shadow_record
from logitgate.tracking.store import open_store


def judged_shadow(project_file: Path, version: int) -> Verdict:
    """Judge whether a version is proven better than the champion on the rows both have scored."""
    return Verdict((shadow_record.judge_shadow(open_store(home()), load_project(project_file), version),))


def promoted_from_shadow(project_file: Path, version: int) -> Verdict:
    """Promote a version that is proven better in the shadow and that no other gate has refused."""
    project, store = load_project(project_file), open_store(home())
    finding = shadow_record.judge_shadow(store, project, version)
    shadow_record.promote_from_shadow(store, project, version, finding)
    return Verdict((finding,))
