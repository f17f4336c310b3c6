"""What the store holds for the ML Test Score of a version."""

from __future__ import annotations

from collections import Counter

from ...catalogue import Check
from ...gates.verdict.outcome import Outcome
from ...report.ml_test_score import MLTestScore, StoreEvidence, ml_test_score
from ...tracking.store import Store
from ...tracking.trainings import reports
from ...tracking.trainings.report_files import code_of_run
from ..ledger.entries import RELEASING, Kind
from ..ledger.ledger import Ledger
from ..promotion.rollback import look
from ..registry.registry import ModelVersion
from .reported_version import judging_run


def audited(store: Store, version: ModelVersion) -> MLTestScore:
    """Answer the 28 tests of a version from the store.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    run_id = judging_run(store, version)
    ledger, _ = look(store, version.name)
    return scored(store, run_id, reports.outcome_of(store, run_id), ledger)


def scored(store: Store, run_id: str, outcome: Outcome, ledger: Ledger) -> MLTestScore:
    """Answer the 28 tests of the version that a run judged, whose outcome need not be kept yet.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    name = outcome.model
    tenures = [one for one in ledger.tenures() if one.version == outcome.version]
    monitored = reports.checks_by_run(store, f"{name}-monitoring")
    known = StoreEvidence(
        outcome,
        code_of_run(store, run_id),
        reports.candidates_of(store, run_id),
        Counter(check for checks in monitored for check in checks),
        sum(Check.COST in checks for checks in monitored),
        reports.runs_in(store, f"{name}-replay"),
        reports.runs_in(store, f"{name}-shadow"),
        sum(entry.kind is Kind.REHEARSED for entry in ledger.entries),
        sum(one.act == "rollback" for one in ledger.tenures()),
        any(one.act in RELEASING for one in tenures),
    )
    return ml_test_score(known)
