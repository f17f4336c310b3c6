"""Finding and repairing what killed runs and lost answers left behind."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.findings import Verdict
from logitgate.production.repair import doctor
from logitgate.production.repair.repair_production import begin_a_new_chain
from logitgate.tracking.store import open_store


def run_doctor(project_file: Path) -> Verdict:
    """Report what is wrong, and what a repair would do."""
    project = load_project(project_file)
    return doctor.report(doctor.examine(open_store(home()), project))


def run_new_chain(project_file: Path, reason: str) -> None:
    """Start a new hash chain in the ledger; its first entry records what was lost."""
    project = load_project(project_file)
    begin_a_new_chain(open_store(home()), project.name, reason)


def run_repair(project_file: Path) -> Verdict:
    """Repair what is wrong, examine again, and report both."""
    project, store = load_project(project_file), open_store(home())
    repaired = doctor.repair(doctor.examine(store, project))
    return doctor.report(doctor.examine(store, project), repaired)
