"""Between a window of new rows and the registry: who is watched, what was seen before, what is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ..data.contract.batches import input_contract
from ..data.contract.quarantine import quarantine
from ..data.table import Table, read_table
from ..decision.rule import Decision
from ..errors import ConflictError, DataError, LogitgateError
from ..evidence_table import Exhibit
from ..findings import Finding, Status, Verdict
from ..gates.verdict.markdown import headline
from ..model.model import Model
from ..monitoring.drift import drift
from ..monitoring.performance.assess import Watched as WatchedVersion
from ..monitoring.performance.assess import Window, performance
from ..monitoring.performance.control_limits import NO_REFERENCE, Chunks
from ..monitoring.performance.staleness import staleness
from ..monitoring.policy import Reaction, Watched, WayBack, decide
from ..monitoring.reference import Reference, as_learned
from ..monitoring.skew import PROBABILITY, skew
from ..monitoring.window import Limits, Seen
from ..project.gates import Slices
from ..project.project import Project
from ..tracking.store import Store
from ..tracking.windows import earlier_windows
from .ledger.history import audit
from .packaging.model_package import Shipment
from .promotion import rollback as production
from .registry import registry
from .registry.registry import ModelVersion
from .release.release import load_version


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is in production, and who was before."""

    champion: ModelVersion
    shipment: Shipment
    since: datetime | None
    """The date of its rows; its age is counted from there."""
    back: WayBack
    previous: Shipment | None = None
    refusal: str = ""
    """Why there is a previous version that could not be loaded."""


def standing(store: Store, project: Project) -> Standing:
    """Load the champion, and the version that a rollback would go back to.

    Raises
    ------
    ConflictError
        When nothing is in production, or the ledger is not what the registry says.
    DataError, UnavailableError
        As `registry.load`.
    """
    ledger, there = production.look_at_files(store, project.name)
    production.refuse_a_missing_champion(project.name, ledger, there)
    version, shipment = load_version(store, project, None)
    verdict = Verdict(audit(ledger, replace(there, damage={})))
    if verdict.status.stops:
        rule = f"the registry is not what the ledger says ({headline(verdict)})"
        raise ConflictError(project.name, rule, "see `logitgate history PROJECT --verify`")
    back = ledger.way_back()
    way = WayBack(back.version if back else None, ledger.is_rolled_back)
    found = Standing(version, shipment, _made(store, version), way)
    if back is None:
        return found
    try:
        before = registry.load(store, registry.released(store, project.name, back.release))
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    return replace(found, previous=before)


@dataclass(frozen=True, slots=True)
class Files:
    """Where the rows of a window are: as known now, their outcomes apart, and as they were served."""

    table: Path
    labels: Path | None = None
    served: Path | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """What was read of them."""

    table: Table
    labels: Table | None
    served: Table | None


def read_window(files: Files, project: Project) -> Tables:
    """Read new rows and what came apart from them; slices need not be among any.

    Raises
    ------
    DataError, ProjectError, UnavailableError
        As `tables.read_table`.
    """
    plain = project.model_copy(update={"slices": Slices()})
    apart = [None if path is None else read_table(path, plain) for path in (files.labels, files.served)]
    return Tables(read_table(files.table, plain), *apart)


def hold_against_contract(tables: Tables, limits: Limits, project: Project) -> tuple[pd.DataFrame, Seen]:
    """Choose the window's rows, hold them against the contract and put aside what breaks it."""
    frame = limits.chosen(tables.table.frame, project)
    if not len(frame):
        because = f"no row lies from {limits.name}; give another window, or wait for the export"
        return frame, Seen((Finding("contract", "window", Status.FAIL, because, {"rows": 0}),))
    contract = input_contract(project)
    kept = contract.take(frame)
    seen = Seen(contract.findings())
    broken, result = contract.broken()
    if len(broken) and project.contract.quarantine is not None:
        quarantine(broken, result, project.contract.quarantine)
    return kept, seen


def watch(
    rows: tuple[pd.DataFrame, Seen], limits: Limits, now: Standing, project: Project, tables: Tables
) -> Seen:
    """Hold the rows against the champion's reference, and the champion against its predecessor."""
    frame, seen = rows
    if seen.stops:
        return seen
    project, frame = as_learned(project, now.shipment.reference), now.shipment.model.brought(frame)
    labels, decision = tables.labels, _decided(now.shipment, frame, project)
    window = Window(frame, limits.as_of, None if labels is None else labels.frame)
    previous = None if now.previous is None else _version_of(now.back.version or 0, now.previous)
    found = performance(
        window, _version_of(now.champion.version, now.shipment), previous, project, now.refusal
    )
    age = staleness(now.since, limits.end, project.monitoring.age_limit)
    moved, shown = drift(frame, decision, _reference(now.shipment), project)
    skewed, compared = _skew(tables.served, frame, decision, project, now.shipment.model)
    exhibits = (*compared, *shown, *found.exhibits)
    return (
        replace(seen, versus=found.versus.signs)
        .plus((*skewed, *moved, *found.findings, age), exhibits)
        .complete
    )


def react(store: Store, project: Project, limits: Limits, now: Standing, seen: Seen) -> Reaction:
    """Decide what is to be done, by what this window and earlier ones have shown."""
    there = now.champion
    this = Watched(limits.name, limits.end, there.version, seen.signs, digest=there.digest)
    return decide(this, earlier_windows(store, project), now.back, project.reactions)


def _reference(shipment: Shipment) -> Reference:
    return Reference.from_json(shipment.reference)


def _decided(shipment: Shipment, frame: pd.DataFrame, project: Project) -> Decision | None:
    """Return what a model says about the rows, in their own order; None when it cannot say anything."""
    model, ids = shipment.model, frame[project.columns.row_id].astype(str).to_numpy(object)
    try:
        return model.decision(model.probability(frame), frame, ids)
    except DataError:
        return None


def _skew(
    served: Table | None, frame: pd.DataFrame, decision: Decision | None, project: Project, model: Model
) -> tuple[list[Finding], list[Exhibit]]:
    """Hold rows as they were served against the same rows now, by id: features, and what was answered."""
    if served is None:
        return [], []
    if decision is None:
        because = "the model could not score the rows, so nothing can be compared"
        return [Finding("skew", "served rows", Status.INDETERMINATE, because)], []
    then = model.brought(served.frame)
    if PROBABILITY in then:
        then = then.assign(**{PROBABILITY: pd.to_numeric(then[PROBABILITY], errors="coerce")})
    return skew(
        then,
        frame.assign(**{PROBABILITY: decision.probability}),
        project,
        project.business_key("served rows"),
    )


def _version_of(number: int, shipment: Shipment) -> WatchedVersion:
    chunks = shipment.reference.get("chunks")
    reference = NO_REFERENCE if chunks is None else Chunks.from_json(chunks)
    return WatchedVersion(number, shipment.model, reference, shipment.seen)


def _made(store: Store, version: ModelVersion) -> datetime | None:
    """Return the date up to which a version's rows were known, or None when nobody noted it."""
    told = registry.tag(store, version, "as_of")
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
