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
from ...tracking.batches import Entries
from ...tracking.runs import Note, experiment, found_runs, record, training_run
from ...tracking.store import Store, reached
from ..ledger.entries import Reason
from ..promotion.promotion import promote
from ..promotion.rollback import actor
from ..promotion.transaction import PromotionRequest
from ..registry import registry
from ..registry.registry import ModelVersion
from .result import ScoringResult

_PAIR, _SEEN, _SNAPSHOT = "logitgate.shadow.pair", "logitgate.shadow.seen", "snapshot"
_SINCE, _UNTIL = "since", "until"


@dataclass(frozen=True, slots=True)
class ShadowTable:
    """One table that both have scored: from its first to its last time, where rows have a time."""

    seen: Shadow
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
    if any((one.snapshot, one.seen) == (window.snapshot, window.seen) for one in known):
        return
    moments = {_SINCE: window.since, _UNTIL: window.until}
    tags = {
        _PAIR: pair,
        _SNAPSHOT: window.snapshot,
        _SEEN: json.dumps(window.seen.as_json()),
        "challenger": str(challenger.version),
        "champion": str(found.version),
        **{name: moment.isoformat() for name, moment in moments.items() if moment is not None},
    }
    told = counted((*known, window))
    metrics = {
        f"{name}{end}": value
        for name, sequence in told.sequences(0.05).items()
        for end, value in (("", sequence.mean), ("_low", sequence.low), ("_high", sequence.high))
    }
    note = Note(f"{challenger.version} beside {found.version}", "", tags)
    with training_run(store, f"{found.model}-shadow", note) as run:
        record(run, Entries(metrics={**metrics, "units": told.difference.units}))


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
    for window in sorted(known, key=lambda one: -one.seen.difference.rows):
        if not any(_overlap(window, other) for other in chosen):
            chosen.append(window)
    return sum((window.seen for window in chosen), Shadow())


def judge_shadow(store: Store, project: Project, number: int) -> Finding:
    """Say whether a version has proven itself beside the champion.

    Raises
    ------
    RefusedError
        When there is no such version, or no champion.
    """
    challenger, champion = _both(store, project, number)
    seen = counted(windows(store, project.name, _pair(challenger.digest, champion.digest)))
    return shadow_finding(challenger.version, champion.version, seen, project)


def promote_from_shadow(store: Store, project: Project, number: int, finding: Finding) -> None:
    """Make a version the champion that only its shadow kept from it.

    Raises
    ------
    RefusedError
        When the shadow proves nothing, or another gate has refused the version; and as `promotion.promote`.
    """
    challenger, champion = _both(store, project, number)
    refused = registry.tag(store, challenger, "refused_by")
    judged = registry.tag(store, challenger, "logitgate.judged_against")
    if finding.status.stops:
        raise RefusedError(str(challenger), f"its shadow {finding.because}", "let it run on, or train anew")
    digest = registry.tag(store, challenger, registry.JUDGED_DIGEST)
    if refused != CHECK or judged != str(champion.version) or digest not in ("", champion.digest):
        rule = f"was refused by {refused or 'nobody'}, judged against version {judged or 'none'}"
        remedy = (
            "only a version that all gates but the shadow have let through is promoted from it; train anew"
        )
        raise RefusedError(str(challenger), rule, remedy)
    reason = Reason("promotion", actor(), f"shadow: {finding.because}"[:500], "PASS", finding.figures)
    promote(store, PromotionRequest(project.name, reason, challenger, champion))
    with reached(store):
        number_text = str(challenger.version)
        store.client.set_model_version_tag(project.name, number_text, "verdict", "PASS")
        store.client.set_model_version_tag(project.name, number_text, "refused_by", "nobody")


def _both(store: Store, project: Project, number: int) -> tuple[ModelVersion, ModelVersion]:
    challenger, champion = (
        registry.numbered(store, project.name, number),
        registry.champion(store, project.name),
    )
    if champion is None or champion == challenger:
        rule = "is the champion itself" if champion else "there is no champion to run beside"
        raise RefusedError(str(challenger), rule, "name a version that is not in production")
    return challenger, champion


def _pair(challenger: str, champion: str) -> str:
    return f"{challenger[:32]}-{champion[:32]}"


def _window(tags: dict[str, str]) -> ShadowTable:
    since, until = (datetime.fromisoformat(tags[name]) if name in tags else None for name in (_SINCE, _UNTIL))
    return ShadowTable(Shadow.from_json(json.loads(tags[_SEEN])), tags[_SNAPSHOT], since, until)


def _overlap(one: ShadowTable, other: ShadowTable) -> bool:
    if one.since is None or one.until is None or other.since is None or other.until is None:
        return one.snapshot == other.snapshot
    return one.since <= other.until and other.since <= one.until
