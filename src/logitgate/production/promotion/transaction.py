"""A request to change production on its way through named steps, under the lock of its model."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeAlias

from ...redaction import redacted
from ...tracking.heartbeat import heartbeat
from ...tracking.store import Store
from ..ledger.entries import FORMAT, Entry, Kind, Reason, Release
from ..ledger.ledger import Ledger
from ..registry import ledger_store
from ..registry.registry import ModelVersion
from .lock import Lock, locked


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """What is requested.

    Parameters
    ----------
    model : str
    reason : Reason
    version : ModelVersion, optional
        What shall be in production; a rollback finds it in the ledger.
    judged_against : ModelVersion, optional
        The champion that the version was compared with; None for a first release.
    """

    model: str
    reason: Reason
    version: ModelVersion | None = None
    judged_against: ModelVersion | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A request on its way through the steps."""

    store: Store
    lock: Lock
    request: PromotionRequest
    ledger: Ledger = field(default_factory=Ledger)
    champion: ModelVersion | None = None
    intent: Entry | None = None
    is_finished: bool = False
    """Whether there is nothing left to do."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each step took, by its name."""

    @property
    def version(self) -> ModelVersion:
        """The version that shall be in production."""
        if self.request.version is None:
            raise ValueError(f"no version of {self.request.model} was chosen")
        return self.request.version

    def entry(self, kind: Kind) -> Entry:
        """Return a new entry about this request; the ledger numbers it."""
        before = self.champion
        reason = self.request.reason
        return self.about(kind, self.version.release, before.version if before else None, reason)

    def about(self, kind: Kind, release: Release | None, before: int | None, reason: Reason) -> Entry:
        """Return a new entry about any version, or about none."""
        return Entry(
            number=0,
            kind=kind,
            move=uuid.uuid4().hex,
            version=release.version if release else None,
            previous=before,
            digest=release.digest if release else "",
            reason=reason,
            lock=self.lock.identity,
            time=datetime.now(UTC),
            run_id=release.run_id if release else "",
            format=FORMAT,
            registry=redacted(self.store.registry_uri),
            writer=heartbeat().text(),
        )

    def wrote(self, draft: Entry) -> Transaction:
        """Append an entry and read the ledger again."""
        return replace(self, ledger=ledger_store.append(self.store, self.request.model, self.ledger, draft))


Step: TypeAlias = Callable[[Transaction], Transaction]


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """How a transaction ended.

    Parameters
    ----------
    version, previous : int or None
        What is in production, and what was before.
    is_repeated : bool
        Whether it was there already, so that nothing was changed.
    lock : Lock
    seconds : mapping of str to float
        By step.
    """

    version: int | None
    previous: int | None
    is_repeated: bool
    lock: Lock
    seconds: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "version": self.version,
            "previous": self.previous,
            "repeated": self.is_repeated,
            "lock": self.lock.name,
            "lock_is_shared": self.lock.is_shared,
            "seconds": {step: round(took, 4) for step, took in self.seconds.items()},
        }


def carry_out(store: Store, request: PromotionRequest, steps: tuple[Step, ...]) -> PromotionResult:
    """Go through the steps under the lock of the model."""
    with locked(store, request.model) as lock:
        now = Transaction(store, lock, request)
        for step in steps:
            started = time.perf_counter()
            now = step(now)
            took = {step.__name__: time.perf_counter() - started}
            now = replace(now, seconds={**now.seconds, **took})
            if now.is_finished:
                break
    before = now.champion.version if now.champion else None
    version = now.request.version.version if now.request.version else None
    return PromotionResult(version, before, now.is_finished, now.lock, now.seconds)
