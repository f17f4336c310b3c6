"""Between the evidence of a run and the registry: look-up, opponents, registration, promotion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial

import numpy as np

from ...catalogue import Check
from ...data.sampling.row_hashes import FittedRows
from ...errors import LogitgateError, RefusedError
from ...findings import Figure, Finding, Status
from ...gates.contest import Opponents
from ...gates.evidence import Evidence
from ...gates.rules.alpha_spending import RECIPE, LookWindow
from ...gates.training import key_of
from ...gates.verdict.outcome import Outcome
from ...gates.verdict.sentences import verdict_sentence
from ...model.train import FittedModel
from ...monitoring.profiling import reference_profile
from ...project.project import Project, as_of_text, parse_as_of
from ...tracking.batches import RunEntries
from ...tracking.recording import training_run
from ...tracking.runs import KEY, NO_GATE, Note, Run, record
from ...tracking.store import Store
from ...tracking.trainings.decisions import earlier_decisions
from ...tracking.trainings.training import (
    RECORDED,
    note,
    record_evidence,
    record_figures,
    record_outcome,
    record_verdict,
)
from ..ledger.entries import Reason
from ..packaging.code_version import code_version
from ..packaging.golden import golden_rows
from ..packaging.model_package import ModelPackage
from ..promotion.candidacy import propose
from ..promotion.lock import LOCK_URL
from ..promotion.promotion import promote, stands_in
from ..promotion.rollback import actor, look_at_files, refuse_a_missing_champion
from ..promotion.rollback import look as look_at_aliases
from ..promotion.transaction import PromotionRequest, PromotionResult
from ..registry import ledger_store, model_files, registry, versions
from ..registry.description import with_project
from ..registry.registry import JUDGED_AGAINST, JUDGED_DIGEST, Label, ModelVersion
from . import idempotency
from .reported import beside


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which training this is: the rows' digest, the date, and the key made of all that determines it."""

    digest: str
    as_of: str | None
    key: str

    @classmethod
    def of(cls, project: Project, digest: str, as_of: str | None) -> Snapshot:
        """Identify a training before anything is made for it; a moment has one key however it is written."""
        date = as_of_text(parse_as_of(as_of)) if as_of else None
        return cls(digest, date, key_of(project, digest, date, code_version()))


def opening_note(project: Project, snapshot: Snapshot) -> Note:
    """Return what the run list shows while the run goes on."""
    tags = {KEY: snapshot.key, "snapshot": snapshot.digest, "code_version": code_version()}
    return Note(snapshot.as_of or "all rows", project.purpose, tags)


@contextmanager
def exclusive(store: Store, project: Project, snapshot: Snapshot) -> Iterator[Outcome | None]:
    """Do this very training alone, and begin with what became of it before: see `attempts`.

    Raises
    ------
    ConflictError
        When another process is doing it for longer than one waits, or the champion is missing, so that
        neither a new nor a recorded outcome would be true.
    UnavailableError
        When the store cannot be reached.
    """
    with idempotency.exclusive(store, project.name, snapshot.key):
        earlier = idempotency.earlier(store, project.name, snapshot.key)
        look = look_at_files if earlier is not None and earlier.repeated else look_at_aliases
        refuse_a_missing_champion(project.name, *look(store, project.name))
        yield earlier


@contextmanager
def recording(store: Store, project: Project, snapshot: Snapshot, begun: Outcome | None) -> Iterator[Run]:
    """Record the training in a run, or go on in the one that was interrupted; others of it are over."""
    note, resumed = opening_note(project, snapshot), begun.run_id if begun else None
    with training_run(store, project.name, note, resumed) as run:
        idempotency.supersede(run, project.name, snapshot.key)
        yield run


def opponents(store: Store, evidence: Evidence, snapshot: Snapshot) -> Opponents:
    """Load the champion, if there is one, and count the other recipes that were tried on the judged rows.

    A champion that cannot be loaded is reported, never skipped.

    Raises
    ------
    UnavailableError
        When the store cannot be reached: no answer does not mean no champion, or no earlier decision.
    """
    name, earlier = evidence.project.name, 0
    if evidence.learned is not None:
        rows = LookWindow.of(evidence.learned.judged)
        earlier = earlier_decisions(store, name, rows, snapshot.key, evidence.recipe)
    champion = registry.champion(store, name)
    if champion is None or stands_in(champion, ledger_store.read(store, name)):
        return Opponents(earlier_decisions=earlier)
    found = Opponents(version=champion.version, digest=champion.digest, earlier_decisions=earlier)
    try:
        package = model_files.load(store, champion)
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    recipe = registry.tag(store, champion, RECIPE)
    return replace(found, champion=package.model, champion_rows=package.fitted_rows, champion_recipe=recipe)


def record_and_register(run: Run, evidence: Evidence, snapshot: Snapshot) -> Outcome:
    """Keep the evidence with the run, and register the model that was fitted, refused or not.

    It can be done again: what is there already is found and not made twice.
    """
    project, learned, judged = evidence.project, evidence.learned, evidence.judged
    verdict = evidence.verdict
    record_evidence(run, evidence, snapshot.digest)
    outcome = Outcome.of(project.name, snapshot.digest, verdict, evidence.as_of)
    names = tuple(exhibit.name for exhibit in evidence.exhibits)
    against = judged.champion_version if judged else None
    unit, row = project.costs.unit, project.rows.unit
    outcome = replace(outcome, run_id=run.run_id, exhibits=names, against=against, unit=unit, row=row)
    if learned is None or judged is None:
        return _kept(run, outcome)
    rows = learned.shipped.rows
    profile = reference_profile(rows, judged.scored, project, learned.model, learned.design_means)
    fitted = _fitted_rows(evidence, learned.shipped)
    own = learned.model.score(learned.judged, project.costs.matrix)
    golden = golden_rows(learned.model, learned.judged, own, project)
    declared = {
        name: str(kind) for name, kind in project.rows.types.items() if name in project.needed_to_decide
    }
    package = ModelPackage(learned.model, project.costs.unit, profile, fitted, golden, declared)
    version = _registered(run, evidence, snapshot, package)
    record_figures(run, evidence, version.version)
    outcome = outcome.judged(learned.model.rule, judged.evaluation)
    return _kept(run, replace(outcome, version=version.version))


def _fitted_rows(evidence: Evidence, shipped: FittedModel) -> FittedRows | None:
    """Return the rows that a model learned from; None where most are not here and have no time."""
    rows, project = shipped.rows, evidence.project
    if shipped.whole is None:
        return FittedRows.of([rows], project)
    if evidence.as_of is None:
        return None
    until = np.datetime64(evidence.as_of.astimezone(UTC).replace(tzinfo=None), "us")
    return FittedRows.of([rows], project, until)


def promote_if_passed(run: Run, outcome: Outcome, project: Project) -> Outcome:
    """Make the version the champion when its verdict is PASS, and keep the outcome with the run.

    Where the project asks for a person's approval (`gates.approval`), it becomes the candidate instead.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As `promotion.promote`: above all when the champion is no longer the one that was judged against.
    """
    store, name = run.store, outcome.model
    if outcome.status is Status.PASS and outcome.version is not None:
        idempotency.refuse_if_superseded(run)
        outcome = _carried_out(store, outcome, registry.numbered(store, name, outcome.version), project)
    now = registry.champion(store, name)
    outcome = replace(outcome, champion=now.version if now else None)
    record_outcome(run, outcome, beside(store, run.run_id, outcome))
    return outcome


def load_version(store: Store, project: Project, version: int | None) -> tuple[ModelVersion, ModelPackage]:
    """Load the champion, or the version of this number.

    Raises
    ------
    ConflictError
        When there is no such version, or no champion yet.
    """
    if version is not None:
        known = registry.numbered(store, project.name, version)
        return known, model_files.load(store, known)
    champion = registry.champion(store, project.name)
    if champion is None:
        raise RefusedError(
            project.name, "no version is in production", "name one by --version, or train one that passes"
        )
    return champion, model_files.load(store, champion)


def _carried_out(store: Store, outcome: Outcome, version: ModelVersion, project: Project) -> Outcome:
    """Promote a version that passed, or let it await approval."""
    headed = verdict_sentence(replace(outcome, promoted=True))[:500]
    reason = Reason("promotion", actor(), headed, outcome.status.value, costs_of(outcome))
    request = PromotionRequest(version.name, reason, version, versions.judged_against(store, version))
    if project.gates.approval and not propose(store, request).is_repeated:
        return replace(outcome, awaits_approval=True)
    moved = promote(store, request)
    news = (one for one in _warnings(moved) if one not in outcome.findings)
    return replace(outcome, promoted=True, findings=(*outcome.findings, *news))


def _registered(run: Run, evidence: Evidence, snapshot: Snapshot, package: ModelPackage) -> ModelVersion:
    """Register the model, unless this very training has done so before it was interrupted."""
    name, label = evidence.project.name, _label(evidence, snapshot)
    known = versions.of_training(run.store, name, snapshot.key)
    assert evidence.learned is not None  # noqa: S101 - the caller looked
    for version in known:
        if versions.answers_alike(run.store, version, package.model, evidence.learned.judged):
            versions.relabel(run, version, label)
            return version
    idempotency.refuse_if_superseded(run)
    made = model_files.register(run, name, package, label)
    registry.describe(run.store, name, partial(with_project, project=evidence.project))
    for version in known:
        versions.replace_by(run.store, version, made)
    return made


def _kept(run: Run, outcome: Outcome) -> Outcome:
    """Keep the outcome before production is changed, and say that all before is done."""
    record_verdict(run, outcome)
    record(run, RunEntries(tags={RECORDED: "true"}))
    return outcome


def costs_of(outcome: Outcome) -> dict[str, Figure]:
    """Return the figures of the judged rows that the ledger keeps."""
    names = (
        "n",
        "events",
        *(f"{name}{end}" for name in ("cost", "savings") for end in ("", "_low", "_high")),
    )
    return {"row": outcome.row} | {name: outcome.test[name] for name in names if name in outcome.test}


def _warnings(moved: PromotionResult) -> list[Finding]:
    """Say so when the lock does not keep out everybody."""
    if moved.lock.is_shared:
        return []
    because = (
        f"{moved.lock.name} keeps apart only those who share this folder; between hosts the ledger lets one "
        f"of two through. Set {LOCK_URL} to a PostgreSQL database"
    )
    return [Finding(Check.LOCK, "promotion", Status.WARN, because)]


def _judged_against(evidence: Evidence) -> str:
    against = evidence.judged.champion_version if evidence.judged else None
    return "none" if against is None else str(against)


def _label(evidence: Evidence, snapshot: Snapshot) -> Label:
    verdict = evidence.verdict
    refused = {finding.check for finding in verdict.reasons}
    tags = {
        "verdict": verdict.status.value,
        "refused_by": ", ".join(sorted(refused)) or NO_GATE,
        "as_of": evidence.as_of.isoformat() if evidence.as_of else "none",
        JUDGED_AGAINST: _judged_against(evidence),
        JUDGED_DIGEST: evidence.judged.champion_digest if evidence.judged else "",
        KEY: snapshot.key,
        RECIPE: evidence.recipe,
    }
    fate = "Refused: not to be put into production." if refused else "Passed every gate."
    return Label(f"{fate}\n\n{note(evidence)}", tags)
