"""Human approval: a version that passed its gates is put into production by a person, with a reason."""

from __future__ import annotations

from dataclasses import replace

from ...errors import RefusedError
from ...gates.verdict.outcome import Outcome
from ...project.project import Project
from ...tracking.runs import NO_GATE, known_run
from ...tracking.store import Store, reached
from ...tracking.trainings.reports import outcome_of
from ...tracking.trainings.training import VERDICT, record_outcome
from ..ledger.entries import Reason
from ..promotion.promotion import promote
from ..promotion.rollback import actor, stated
from ..promotion.transaction import PromotionRequest, PromotionResult
from ..registry import ledger_store, registry, versions
from ..registry.registry import ModelVersion
from .release import costs_of
from .reported_version import judging_run


def approve(store: Store, project: Project, number: int, because: str) -> PromotionResult:
    """Put a version that passed every gate into production: the same transaction as any promotion.

    Parameters
    ----------
    store : Store
    project : Project
    number : int
        Of the version.
    because : str
        Why, for those who read the history.

    Raises
    ------
    ProjectError
        When no reason is given.
    RefusedError
        When the version is not there, is in production, was there before, or a gate has refused it.
    ConflictError
        When the version was judged against another champion than is there; and as `promotion.promote`.
    DataError, UnavailableError
        As `promotion.promote`.
    """
    stated_reason = stated(because)
    version = registry.numbered(store, project.name, number)
    _refuse_one_of_production(store, version)
    _refuse_one_that_did_not_pass(store, version)
    outcome = _outcome(store, version)
    reason = Reason("approval", actor(), stated_reason, "PASS", costs_of(outcome) if outcome else {})
    expected = versions.judged_against(store, version)
    moved = promote(store, PromotionRequest(project.name, reason, version, expected))
    if outcome is not None:
        _keep(store, version, outcome)
    return moved


def _refuse_one_of_production(store: Store, version: ModelVersion) -> None:
    if registry.champion(store, version.name) == version:
        raise RefusedError(str(version), "is in production already", "see `logitgate history PROJECT`")
    ledger = ledger_store.read(store, version.name)
    if any(version.release.is_same(one.release) for one in ledger.tenures()):
        force = "" if ledger.is_sound(version.release) else " --force"
        remedy = f"put it back by `logitgate rollback PROJECT --to {version.version}{force} --reason TEXT`"
        raise RefusedError(str(version), "was in production before, so its approval is spent", remedy)


def _refuse_one_that_did_not_pass(store: Store, version: ModelVersion) -> None:
    verdict, refused = (registry.tag(store, version, name) for name in ("verdict", "refused_by"))
    if (verdict, refused) != ("PASS", NO_GATE):
        rule = f"was refused by {refused or 'gates that left no record'} (verdict {verdict or 'none'})"
        remedy = "only a version that passed every gate can be approved; train another one"
        raise RefusedError(str(version), rule, remedy)


def _outcome(store: Store, version: ModelVersion) -> Outcome | None:
    """Return the outcome of the run that judged a version; a rule without a model has none."""
    run_id = judging_run(store, version)
    with reached(store):
        kept = {one.path for one in store.client.list_artifacts(run_id)}
    return outcome_of(store, run_id) if VERDICT in kept else None


def _keep(store: Store, version: ModelVersion, outcome: Outcome) -> None:
    """Let the run that judged the version say that it was promoted."""
    approved = replace(outcome, promoted=True, awaits_approval=False, champion=version.version)
    record_outcome(known_run(store, judging_run(store, version)), approved)
