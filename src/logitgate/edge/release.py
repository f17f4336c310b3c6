"""Between the evidence of a run and the registry: look-up, opponents, registration, promotion."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import ConflictError, LogitgateError
from ..evidence import Evidence, key_of
from ..findings import Status
from ..judge import Opponents
from ..outcome import Outcome
from ..profile import reference_profile
from ..project import Project
from ..seen import SeenRows
from ..spending import Window
from . import decisions, registry
from .decisions import earlier_decisions
from .provenance import code_version
from .recording import VERDICT, gate_tags, note, record_evidence, record_outcome
from .registry import Label, ModelVersion
from .shipping import Shipment
from .store import Store, reached
from .tracking import Note, Run, experiment

_KEY = decisions.KEY


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which training this is: the rows' digest, the date, and the key made of all that determines it."""

    digest: str
    as_of: str | None
    key: str

    @classmethod
    def of(cls, project: Project, digest: str, as_of: str | None) -> Snapshot:
        """Identify a training before anything is made for it."""
        return cls(digest, as_of, key_of(project, digest, as_of, code_version()))


def opening_note(project: Project, snapshot: Snapshot) -> Note:
    """Return what the run list shows while the run goes on."""
    tags = {_KEY: snapshot.key, "snapshot": snapshot.digest, "code_version": code_version()}
    return Note(snapshot.as_of or "all rows", project.purpose, tags)


def recorded(store: Store, project: Project, snapshot: Snapshot) -> Outcome | None:
    """Return how this very training ended before, or None when it never did.

    Only a run that kept its outcome counts: one that was killed half-way is done again.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    finished = f"tags.`{_KEY}` = '{snapshot.key}' AND attributes.status = 'FINISHED'"
    with reached(store):
        runs = store.client.search_runs([experiment(store, project.name)], finished, max_results=1)
        if not runs:
            return None
        with TemporaryDirectory() as folder:
            path = store.client.download_artifacts(runs[0].info.run_id, VERDICT, folder)
            plain: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    now = registry.champion(store, project.name)
    return replace(Outcome.from_json(plain), champion=now.version if now else None, repeated=True)


def opponents(store: Store, evidence: Evidence, snapshot: Snapshot) -> Opponents:
    """Load the champion, if there is one, and count the decisions that were made on the test rows before.

    A champion that cannot be loaded is said, never skipped.

    Raises
    ------
    UnavailableError
        When the store cannot be reached: what it does not tell is neither no champion nor no decision.
    """
    name, earlier = evidence.project.name, 0
    if evidence.split is not None:
        earlier = earlier_decisions(store, name, Window.of(evidence.split.test), snapshot.key)
    champion = registry.champion(store, name)
    if champion is None:
        return Opponents(earlier_decisions=earlier)
    found = Opponents(version=champion.version, earlier_decisions=earlier)
    try:
        shipment = registry.load(store, champion)
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    return replace(found, champion=shipment.model, champion_rows=shipment.seen)


def record_and_register(run: Run, evidence: Evidence, snapshot: Snapshot) -> Outcome:
    """Keep the evidence with the run, and register the model that was fitted, refused or not."""
    project, learned, judged = evidence.project, evidence.learned, evidence.judged
    verdict = evidence.verdict
    record_evidence(run, evidence, snapshot.digest)
    outcome = Outcome.of(project.name, snapshot.digest, verdict, evidence.as_of)
    names = tuple(exhibit.name for exhibit in evidence.exhibits)
    against = judged.champion_version if judged else None
    outcome = replace(outcome, run_id=run.run_id, exhibits=names, against=against)
    if learned is None or judged is None or evidence.split is None:
        return outcome
    profile = reference_profile(evidence.split.train, judged.scored, project)
    reference = profile | {"design_means": list(learned.design_means)}
    seen = SeenRows.of(evidence.split.fitted_on, project)
    shipment = Shipment(learned.model, project.costs.unit, reference, seen)
    version = registry.register(run, project.name, shipment, _label(evidence, snapshot))
    return replace(outcome.judged(learned.model.rule, judged.evaluation), version=version.version)


def promote_if_passed(run: Run, outcome: Outcome, judged_against: int | None) -> Outcome:
    """Make the version the champion when its verdict is PASS, and keep the outcome with the run.

    Raises
    ------
    ConflictError
        When the champion is no longer the version that this one was judged against.
    """
    store, name = run.store, outcome.model
    if outcome.status is Status.PASS and outcome.version is not None:
        expected = None if judged_against is None else registry.numbered(store, name, judged_against)
        registry.promote(store, registry.numbered(store, name, outcome.version), expected)
        outcome = replace(outcome, promoted=True)
    now = registry.champion(store, name)
    outcome = replace(outcome, champion=now.version if now else None)
    record_outcome(run, outcome)
    return outcome


def load_version(store: Store, project: Project, version: int | None) -> tuple[ModelVersion, Shipment]:
    """Load the champion, or the version of this number.

    Raises
    ------
    ConflictError
        When there is no such version, or no champion yet.
    """
    if version is not None:
        wanted = registry.numbered(store, project.name, version)
        return wanted, registry.load(store, wanted)
    champion = registry.champion(store, project.name)
    if champion is None:
        raise ConflictError(
            project.name, "no version is in production", "name one by --version, or train one that passes"
        )
    return champion, registry.load(store, champion)


def _label(evidence: Evidence, snapshot: Snapshot) -> Label:
    verdict = evidence.verdict
    refused = {finding.check for finding in verdict.reasons}
    tags = {
        "verdict": verdict.status.value,
        "refused_by": ", ".join(sorted(refused)) or "nobody",
        "snapshot": snapshot.digest,
        "as_of": evidence.as_of.isoformat() if evidence.as_of else "none",
        _KEY: snapshot.key,
        **gate_tags(verdict),
    }
    fate = "Refused: not to be put into production." if refused else "Passed every gate."
    return Label(f"{fate}\n\n{note(evidence)}", tags)
