"""Looking for what kills and lost answers have left behind."""

from __future__ import annotations

from pathlib import Path

from logitgate.environment import home
from logitgate.findings import Verdict
from logitgate.production.repair import doctor
from logitgate.production.repair.repair_production import begin_a_new_chain
from logitgate.project.load import load_project
from logitgate.tracking.store import open_store


def run_doctor(project_file: Path) -> Verdict:
    """Tell what is wrong, and what a repair would do."""
    project = load_project(project_file)
    return doctor.report(doctor.examine(open_store(home()), project))


def run_new_chain(project_file: Path, reason: str) -> None:
    """Begin the ledger's chain anew; what was lost is written into it."""
    project = load_project(project_file)
    begin_a_new_chain(open_store(home()), project.name, reason)


def run_repair(project_file: Path) -> Verdict:
    """Put right what is wrong, look again, and tell both."""
    project, store = load_project(project_file), open_store(home())
    mended = doctor.repair(doctor.examine(store, project))
    return doctor.report(doctor.examine(store, project), mended)
