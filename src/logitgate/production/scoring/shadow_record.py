"""Shadows in MLflow: one run for each table that both have scored, and what they show together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ...errors import RefusedError
from ...findings import Finding
from ...monitoring.shadow import CHECK, Shadow, shadow_finding
from ...project.project import Project
from ...tracking.batches import RunEntries
from ...tracking.recording import training_run
from ...tracking.runs import NO_GATE, Note, experiment, found_runs, record
from ...tracking.store import Store, reached
from ..ledger.entries import Reason
from ..promotion.candidacy import propose
from ..promotion.promotion import promote
from ..promotion.rollback import actor
from ..promotion.transaction import PromotionRequest
from ..registry import registry
from ..registry.registry import ModelVersion
from .result import ScoringResult

_PAIR, _TOTALS, _SNAPSHOT = "logitgate.shadow.pair", "logitgate.shadow.seen", "snapshot"
_SINCE, _UNTIL = "since", "until"


@dataclass(frozen=True, slots=True)
class ShadowTable:
    """One table that both have scored: from its first to its last time, where rows have a time."""

    totals: Shadow
    snapshot: str
    since: datetime | None = None
    until: datetime | None = None


def keep(store: Store, found: ScoringResult, challenger: ModelVersion, window: ShadowTable) -> None:
    """Record a table that both have scored, once, in the experiment `NAME-shadow`.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    pair = _pair(challenger.digest, found.digest)
    known = windows(store, found.model, pair)
    if any((one.snapshot, one.totals) == (window.snapshot, window.totals) for one in known):
        return
    moments = {_SINCE: window.since, _UNTIL: window.until}
    tags = {
        _PAIR: pair,
        _SNAPSHOT: window.snapshot,
        _TOTALS: json.dumps(window.totals.as_json()),
        "challenger": str(challenger.version),
        "champion": str(found.version),
        **{name: moment.isoformat() for name, moment in moments.items() if moment is not None},
    }
    totals = counted((*known, window))
    metrics = {
        f"{name}{end}": value
        for name, sequence in totals.sequences(0.05).items()
        for end, value in (("", sequence.mean), ("_low", sequence.low), ("_high", sequence.high))
    }
    note = Note(f"{challenger.version} in the shadow of {found.version}", "", tags)
    with training_run(store, f"{found.model}-shadow", note) as run:
        record(run, RunEntries(metrics={**metrics, "units": totals.difference.units}))


def windows(store: Store, name: str, pair: str) -> tuple[ShadowTable, ...]:
    """Return the tables that a pair has scored, oldest record first."""
    runs = found_runs(store, experiment(store, f"{name}-shadow"), f"tags.`{_PAIR}` = '{pair}'")
    finished = [run for run in reversed(runs) if run.info.status == "FINISHED"]
    return tuple(_window(run.data.tags) for run in finished)


def counted(known: Iterable[ShadowTable]) -> Shadow:
    """Add the tables up, none of their rows twice.

    Of tables whose times overlap, or that are the same, only the one with the most mature outcomes counts:
    one that is scored again when its outcomes are known takes the place of the one before.
    """
    chosen: list[ShadowTable] = []
    for window in sorted(known, key=lambda one: -one.totals.difference.rows):
        if not any(_overlap(window, other) for other in chosen):
            chosen.append(window)
    return sum((window.totals for window in chosen), Shadow())


def judge_shadow(store: Store, project: Project, number: int) -> Finding:
    """Judge whether a version is proven better than the champion on the rows both have scored.

    Raises
    ------
    RefusedError
        When there is no such version, or no champion.
    """
    challenger, champion = _both(store, project, number)
    totals = counted(windows(store, project.name, _pair(challenger.digest, champion.digest)))
    return shadow_finding(challenger.version, champion.version, totals, project)


def promote_from_shadow(store: Store, project: Project, number: int, finding: Finding) -> None:
    """Promote a version that passed every gate but the shadow, once its shadow proves it better.

    Where the project asks for a person's approval (`gates.approval`), it becomes the candidate instead.

    Raises
    ------
    RefusedError
        When the shadow proves nothing, or another gate has refused the version; and as `promotion.promote`.
    """
    challenger, champion = _both(store, project, number)
    refused = registry.tag(store, challenger, "refused_by")
    judged = registry.tag(store, challenger, registry.JUDGED_AGAINST)
    if finding.status.stops:
        raise RefusedError(
            str(challenger), f"its shadow {finding.because}", "score more tables with it, or train again"
        )
    digest = registry.tag(store, challenger, registry.JUDGED_DIGEST)
    if refused != CHECK or judged != str(champion.version) or digest not in ("", champion.digest):
        rule = f"was refused by {refused or 'no gate'}, judged against version {judged or 'none'}"
        remedy = "only a version that passed every gate but the shadow is promoted from it; train again"
        raise RefusedError(str(challenger), rule, remedy)
    reason = Reason("promotion", actor(), f"shadow: {finding.because}"[:500], "PASS", finding.figures)
    request = PromotionRequest(project.name, reason, challenger, champion)
    (propose if project.gates.approval else promote)(store, request)
    with reached(store):
        number_text = str(challenger.version)
        store.client.set_model_version_tag(project.name, number_text, "verdict", "PASS")
        store.client.set_model_version_tag(project.name, number_text, "refused_by", NO_GATE)


def _both(store: Store, project: Project, number: int) -> tuple[ModelVersion, ModelVersion]:
    challenger, champion = (
        registry.numbered(store, project.name, number),
        registry.champion(store, project.name),
    )
    if champion is None or champion == challenger:
        rule = "is the champion itself" if champion else "there is no champion to compare with"
        raise RefusedError(str(challenger), rule, "name a version that is not in production")
    return challenger, champion


def _pair(challenger: str, champion: str) -> str:
    return f"{challenger[:32]}-{champion[:32]}"


def _window(tags: dict[str, str]) -> ShadowTable:
    since, until = (datetime.fromisoformat(tags[name]) if name in tags else None for name in (_SINCE, _UNTIL))
    return ShadowTable(Shadow.from_json(json.loads(tags[_TOTALS])), tags[_SNAPSHOT], since, until)


def _overlap(one: ShadowTable, other: ShadowTable) -> bool:
    if one.since is None or one.until is None or other.since is None or other.until is None:
        return one.snapshot == other.snapshot
    return one.since <= other.until and other.since <= one.until
