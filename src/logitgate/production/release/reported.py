"""The report of a version: which run it is made from, and the history that stands beside it."""

from __future__ import annotations

from ...errors import RefusedError
from ...report.page import Stay
from ...tracking.reports import as_of_run, report_of
from ...tracking.store import Store
from ..ledger.history import cost_of
from ..ledger.ledger import Tenure
from ..promotion.rollback import look
from ..registry import registry
from ..registry.registry import ModelVersion
from ..registry.versions import JUDGED_BY

_MOST_STAYS = 50


def version_to_report(store: Store, model: str, version: int | None) -> ModelVersion:
    """Return the version of this number, or else the champion, or else the newest one.

    Raises
    ------
    RefusedError
        When there is no version of this number, or none at all.
    UnavailableError
        When the store cannot be reached.
    """
    if version is not None:
        return registry.numbered(store, model, version)
    champion = registry.champion(store, model)
    if champion is not None:
        return champion
    every = registry.versions(store, model) if registry.is_registered(store, model) else ()
    if not every:
        raise RefusedError(model, "has no version to report about", "train one: logitgate train PROJECT")
    return max(every, key=lambda one: one.version)


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
    return report_of(store, judging_run(store, version), stays, back.version if back else None)


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


def judging_run(store: Store, version: ModelVersion) -> str:
    """Return the id of the run that judged a version last.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    return registry.tag(store, version, JUDGED_BY) or version.run_id
