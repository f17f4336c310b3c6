"""Monitoring against the registry: load champion and previous version, read a window, assess it, react."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ..catalogue import Check
from ..data.contract.batches import input_contract
from ..data.contract.quarantine import quarantine
from ..data.contract.validation import columns_read
from ..data.readers.source import Scan
from ..data.streaming.stretch import read_stretch
from ..data.table import read_table
from ..data.typed import Table
from ..decision.rule import Decision
from ..errors import ConflictError, DataError, LogitgateError
from ..evidence_table import Exhibit
from ..findings import Finding, Status, Verdict
from ..gates.verdict.markdown import headline
from ..model.model import Model
from ..monitoring.drift import drift
from ..monitoring.performance.assess import LabelledWindow, MonitoredVersion, performance
from ..monitoring.performance.decay import earlier_sums
from ..monitoring.performance.staleness import staleness
from ..monitoring.reactions.policy import Reaction, decide
from ..monitoring.reactions.records import RollbackTarget, WindowRecord
from ..monitoring.reference import Reference, as_learned
from ..monitoring.skew import PROBABILITY, skew
from ..monitoring.window import MonitoringResult, MonitoringWindow, WindowEvidence
from ..project.gates import Slices
from ..project.project import Project
from ..tracking.history.windows import earlier_windows
from ..tracking.store import Store
from .ledger.history import audit
from .packaging.model_package import ModelPackage
from .promotion import rollback as production
from .registry import model_files, registry
from .registry.registry import ModelVersion
from .release.release import load_version


@dataclass(frozen=True, slots=True)
class LoadedVersions:
    """The champion, and the version a rollback would restore."""

    champion: ModelVersion
    package: ModelPackage
    since: datetime | None
    """The date of its rows; its age is counted from there."""
    back: RollbackTarget
    previous: ModelPackage | None = None
    refusal: str = ""
    """Why there is a previous version that could not be loaded."""
    history: Sequence[WindowRecord] = ()
    """Windows that were monitored before, of any version."""


def load_versions(store: Store, project: Project) -> LoadedVersions:
    """Load the champion, and the version that a rollback would go back to.

    Raises
    ------
    ConflictError
        When nothing is in production, or registry and ledger disagree.
    DataError, UnavailableError
        As `model_files.load`.
    """
    ledger, there = production.look_at_files(store, project.name)
    production.refuse_a_missing_champion(project.name, ledger, there)
    version, package = load_version(store, project, None)
    verdict = Verdict(audit(ledger, replace(there, damage={})))
    if verdict.status.stops:
        rule = f"registry and ledger disagree ({headline(verdict)})"
        raise ConflictError(project.name, rule, "see `logitgate history PROJECT --verify`")
    back = ledger.rollback_target()
    way = RollbackTarget(back.version if back else None, ledger.is_rolled_back)
    history = earlier_windows(store, project)
    found = LoadedVersions(version, package, _made(store, version), way, history=history)
    if back is None:
        return found
    try:
        before = model_files.load(store, registry.released(store, project.name, back.release))
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    return replace(found, previous=before)


@dataclass(frozen=True, slots=True)
class WindowFiles:
    """Where the rows of a window are: as known now, their outcomes apart, and as they were served."""

    table: Path
    labels: Path | None = None
    served: Path | None = None


@dataclass(frozen=True, slots=True)
class WindowTables:
    """What was read of them."""

    table: Table
    labels: Table | None
    served: Table | None


def read_window(files: WindowFiles, limits: MonitoringWindow, project: Project) -> WindowTables:
    """Read new rows and what came apart from them; slices need not be among any.

    Of a longer table only the rows of the window are read.

    Raises
    ------
    DataError, ProjectError, UnavailableError
        As `tables.read_table`.
    """
    plain, time = project.model_copy(update={"slices": Slices()}), project.columns.time
    apart = [None if path is None else read_table(path, plain) for path in (files.labels, files.served)]
    if time is None or not limits.is_limited:
        return WindowTables(read_table(files.table, plain), *apart)
    scan = Scan(columns_read(project), time, limits.begin, limits.end)
    return WindowTables(read_stretch(files.table, plain, scan), *apart)


def check_window(
    tables: WindowTables, limits: MonitoringWindow, project: Project
) -> tuple[pd.DataFrame, WindowEvidence]:
    """Choose the window's rows, check the contract and quarantine the rows that break it."""
    frame = limits.chosen(tables.table.frame, project)
    if not len(frame):
        because = f"no row lies from {limits.name}; give another window, or wait for the export"
        return frame, WindowEvidence((Finding(Check.CONTRACT, "window", Status.FAIL, because, {"rows": 0}),))
    contract, kept = input_contract(project).plus(frame)
    evidence = WindowEvidence(contract.findings())
    broken, result = contract.broken()
    if len(broken) and project.contract.quarantine is not None:
        quarantine(broken, result, project.contract.quarantine)
    return kept, evidence


def assess_window(
    rows: tuple[pd.DataFrame, WindowEvidence],
    limits: MonitoringWindow,
    now: LoadedVersions,
    project: Project,
    tables: WindowTables,
) -> WindowEvidence:
    """Compare the rows with the champion's reference, and the champion with the previous version."""
    frame, evidence = rows
    if evidence.stops:
        return evidence
    project, frame = as_learned(project, now.package.profile), now.package.model.brought(frame)
    labels, decision = tables.labels, _decided(now.package, frame, project)
    earlier = earlier_sums(_record(limits, now.champion, evidence), now.history)
    window = LabelledWindow(frame, limits.as_of, None if labels is None else labels.frame, earlier, decision)
    previous = None if now.previous is None else _version_of(now.back.version or 0, now.previous)
    champion = _version_of(now.champion.version, now.package)
    found = performance(window, champion, previous, project, now.refusal)
    age = staleness(now.since, limits.end, project.monitoring.age_limit)
    moved, shown = drift(frame, decision, _reference(now.package), project, now.package.model)
    skewed, compared = _skew(tables.served, frame, decision, project, now.package.model)
    exhibits = (*compared, *shown, *found.exhibits)
    return (
        replace(evidence, versus=found.versus.symptoms, sums=found.sums)
        .plus((*skewed, *moved, *found.findings, age), exhibits)
        .complete
    )


def monitored(
    project: Project, limits: MonitoringWindow, now: LoadedVersions, rows: int, evidence: WindowEvidence
) -> MonitoringResult:
    """Choose the reaction, and return what was found about the version in production on so many rows."""
    return MonitoringResult(
        project.name,
        limits,
        rows,
        now.champion.version,
        evidence,
        choose_reaction(project, limits, now, evidence),
        digest=now.champion.digest,
        unit=project.costs.unit,
        row=project.rows.unit,
        rules=project.reactions,
    )


def choose_reaction(
    project: Project, limits: MonitoringWindow, now: LoadedVersions, evidence: WindowEvidence
) -> Reaction:
    """Choose the reaction from the symptoms of this window and earlier ones."""
    this = _record(limits, now.champion, evidence)
    return decide(this, now.history, now.back, project.reactions)


def _record(limits: MonitoringWindow, there: ModelVersion, evidence: WindowEvidence) -> WindowRecord:
    return WindowRecord(
        limits.name,
        limits.end,
        there.version,
        evidence.symptoms,
        digest=there.digest,
        has_labels=evidence.has_labels,
        since=limits.begin,
    )


def _reference(package: ModelPackage) -> Reference:
    return package.profile.reference


def _decided(package: ModelPackage, frame: pd.DataFrame, project: Project) -> Decision | None:
    """Return a model's decisions about the rows, in their order; None when it cannot score them."""
    model, ids = package.model, frame[project.columns.row_id].astype(str).to_numpy(object)
    try:
        return model.decision(model.probability(frame), frame, ids)
    except DataError:
        return None


def _skew(
    served: Table | None, frame: pd.DataFrame, decision: Decision | None, project: Project, model: Model
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare rows as they were served with the same rows now, by id: features and probability."""
    if served is None:
        return [], []
    if decision is None:
        because = "the model could not score the rows, so nothing can be compared"
        return [Finding(Check.SKEW, "served rows", Status.INDETERMINATE, because)], []
    then = model.brought(served.frame)
    if PROBABILITY in then:
        then = then.assign(**{PROBABILITY: pd.to_numeric(then[PROBABILITY], errors="coerce")})
    return skew(
        then,
        frame.assign(**{PROBABILITY: decision.probability}),
        project,
        project.business_key("served rows"),
    )


def _version_of(number: int, package: ModelPackage) -> MonitoredVersion:
    return MonitoredVersion(number, package.model, package.profile.chunks, package.fitted_rows)


def _made(store: Store, version: ModelVersion) -> datetime | None:
    """Return the date up to which a version's rows were known, or None when it is not recorded."""
    recorded = registry.tag(store, version, "as_of")
    try:
        moment = datetime.fromisoformat(recorded)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
