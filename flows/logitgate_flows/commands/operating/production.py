"""The history of production, a rollback and its rehearsal."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.findings import Verdict
from logitgate.production.ledger.history import History, audit
from logitgate.production.ledger.state import state_of
from logitgate.production.promotion.rollback import RollbackRequest, look, look_at_files, rehearse, roll_back
from logitgate.production.promotion.transaction import PromotionResult
from logitgate.tracking.store import located, open_store, reached
from logitgate.tracking.stores.schemas import Migrated, migrate


def run_history(project_file: Path, verify: bool) -> History:  # noqa: FBT001 - the command line's own flag
    """Read the ledger of a project, and compare the registry with it when asked."""
    project, store = load_project(project_file), open_store(home())
    ledger, now = (look_at_files if verify else look)(store, project.name)
    verdict = Verdict(audit(ledger, now)) if verify else None
    return History(project.name, ledger, verdict, state_of(ledger, now))


def run_adoption(project_file: Path, reason: str) -> PromotionResult:
    """Record in the ledger a champion that was set outside logitgate."""
    from logitgate.production.repair.repair_production import adopt

    project = load_project(project_file)
    return adopt(open_store(home()), project.name, reason)


def run_migration() -> tuple[Migrated, ...]:
    """Bring the databases of the store to the schema of this MLflow."""
    store = located(home())
    with reached(store):
        return migrate(store.tracking_uri, store.registry_uri)


def run_rollback(project_file: Path, request: RollbackRequest) -> PromotionResult:
    """Put a version back into production."""
    project = load_project(project_file)
    return roll_back(open_store(home()), project.name, request)


def run_approval(project_file: Path, version: int, reason: str) -> PromotionResult:
    """Put a version that passed every gate into production, by a person's approval."""
    from logitgate.production.release.approval import approve

    return approve(open_store(home()), load_project(project_file), version, reason)


def run_rehearsal(project_file: Path, to: int | None) -> PromotionResult:
    """Do all that a rollback does except moving the alias."""
    project = load_project(project_file)
    return rehearse(open_store(home()), project.name, to)
