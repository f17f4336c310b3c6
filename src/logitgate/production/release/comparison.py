"""Comparing two registered versions: loading them, and recording the comparison."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...data.sampling.sample import Sample
from ...decision.rule import DecisionRule
from ...errors import LogitgateError, ProjectError, RefusedError
from ...gates.contest import Opponents
from ...gates.evidence import Evidence
from ...gates.rejudge import Judgeable
from ...gates.rules.alpha_spending import LookWindow
from ...gates.verdict.outcome import Outcome
from ...project.project import Project
from ...tracking.batches import RunEntries
from ...tracking.runs import Note, Run, record
from ...tracking.store import Store
from ...tracking.trainings.decisions import earlier_decisions
from ...tracking.trainings.training import record_evidence, record_outcome
from ..registry import model_files, registry
from ..registry.registry import ModelVersion


@dataclass(frozen=True, slots=True)
class VersionPair:
    """Two versions: the one that is judged, and the one in the champion's place."""

    against: ModelVersion
    judged: ModelVersion


def find_pair(store: Store, project: Project, against: int, judged: int) -> VersionPair:
    """Look up two versions before anything is read.

    Raises
    ------
    ProjectError
        When both are one.
    RefusedError
        When one of them is not in the registry.
    """
    if against == judged:
        rule = f"version {judged} cannot be compared with itself"
        raise ProjectError(project.name, rule, "name two versions")
    return VersionPair(*(registry.numbered(store, project.name, number) for number in (against, judged)))


def judgeable(store: Store, version: ModelVersion) -> Judgeable:
    """Load the version that is judged.

    Raises
    ------
    RefusedError
        When its files are not those that were registered.
    """
    package = model_files.load(store, version)
    prevalence = package.profile.prevalence
    if prevalence is None:
        raise RefusedError(
            str(version), "does not say how frequent events were in its rows", "train it again"
        )
    return Judgeable(package.model, package.fitted_rows, prevalence)


def opponents(store: Store, version: ModelVersion, rows: Sample) -> Opponents:
    """Load the version in the champion's place; one that cannot be loaded is reported, never skipped.

    Trainings that were judged on these rows have spent alpha, so the proofs here use the alpha that is
    left; a comparison itself decides nothing and spends none.
    """
    earlier = earlier_decisions(store, version.name, LookWindow.of(rows), key="")
    found = Opponents(version=version.version, earlier_decisions=earlier)
    try:
        package = model_files.load(store, version)
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    return replace(found, champion=package.model, champion_rows=package.fitted_rows)


def opening_note(pair: VersionPair) -> Note:
    """Return what the run list shows while the comparison goes on."""
    name = f"version {pair.judged.version} against {pair.against.version}"
    return Note(name, tags={"kind": "comparison", "version": pair.judged.version})


def record_comparison(
    run: Run, evidence: Evidence, pair: VersionPair, rule: DecisionRule, snapshot: str
) -> Outcome:
    """Keep a comparison as a run of its own, and return how it ended.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    verdict, name = evidence.verdict, pair.judged.name
    record_evidence(run, evidence, snapshot)
    record(run, RunEntries(tags={"mlflow.runName": f"{run.name}: {verdict.status}"}))
    outcome = Outcome.of(name, snapshot, verdict, evidence.as_of)
    if evidence.judged is not None:
        outcome = outcome.judged(rule, evidence.judged.evaluation)
    champion = registry.champion(run.store, name)
    outcome = replace(
        outcome,
        kind="comparison",
        run_id=run.run_id,
        unit=evidence.project.costs.unit,
        row=evidence.project.rows.unit,
        version=pair.judged.version,
        against=pair.against.version,
        champion=champion.version if champion else None,
        exhibits=tuple(exhibit.name for exhibit in evidence.exhibits),
    )
    record_outcome(run, outcome)
    return outcome
