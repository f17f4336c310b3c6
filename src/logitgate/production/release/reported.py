"""The report page of a version, with production's history and the ML Test Score beside it."""

from __future__ import annotations

from ...report.page import Beside, Stay
from ...tracking.report_files import code_of_run
from ...tracking.reports import as_of_run, report_of
from ...tracking.store import Store
from ..ledger.history import cost_of
from ..ledger.ledger import Tenure
from ..promotion.rollback import look
from ..registry.registry import ModelVersion
from .audited import audited
from .reported_version import judging_run

_MOST_STAYS = 50


def report(store: Store, version: ModelVersion) -> str:
    """Return the report page of a version, with the history of production.

    Raises
    ------
    RefusedError
        When its run keeps nothing for a page.
    UnavailableError
        When the store cannot be reached.
    """
    ledger, _ = look(store, version.name)
    stays = tuple(_stay(store, tenure) for tenure in list(reversed(ledger.tenures()))[:_MOST_STAYS])
    back = ledger.rollback_target()
    run_id = judging_run(store, version)
    way_back = back.version if back else None
    beside = Beside(code_of_run(store, run_id), stays, way_back, audited(store, version))
    return report_of(store, run_id, beside)


def _stay(store: Store, tenure: Tenure) -> Stay:
    reason = tenure.entry.reason
    return Stay(
        tenure.version,
        f"{tenure.since:%Y-%m-%d %H:%M}",
        f"{tenure.until:%Y-%m-%d %H:%M}" if tenure.until else "",
        as_of_run(store, tenure.release.run_id)[:10],
        reason.act,
        reason.actor,
        cost_of(reason),
        reason.because,
    )
