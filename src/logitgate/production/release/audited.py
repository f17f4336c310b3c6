"""What the store holds for the ML Test Score of a version."""

from __future__ import annotations

from collections import Counter

from ...catalogue import Check
from ...report.ml_test_score import MLTestScore, StoreEvidence, ml_test_score
from ...tracking import reports
from ...tracking.report_files import code_of_run
from ...tracking.store import Store
from ..ledger.entries import RELEASING, Kind
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
    run_id, name = judging_run(store, version), version.name
    ledger, _ = look(store, name)
    tenures = [one for one in ledger.tenures() if one.version == version.version]
    monitored = reports.checks_by_run(store, f"{name}-monitoring")
    outcome = reports.outcome_of(store, run_id)
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
