"""Intents: what is written down before the alias moves, and how one is ended whose writer died."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...errors import ConflictError, UnavailableError
from ...tracking.heartbeat import Heartbeat, is_gone
from ..ledger.entries import Entry, Kind
from ..registry import ledger_store, registry
from .lock import LOCK_URL
from .other_aliases import drop_the_candidate, let_previous_follow
from .transaction import Transaction

LEASE_SECONDS = 120.0
"""How long the request of an intent may still be under way, and how long one of another lock is left alone,
since its writer may be alive."""


def settle(now: Transaction) -> Transaction:
    """Read the ledger, and end the intent that a process which died has left open."""
    model = now.request.model
    ledger, champion = ledger_store.read(now.store, model), registry.champion(now.store, model)
    now = replace(now, ledger=ledger, champion=champion)
    begun = ledger.open
    if begun is None:
        return now
    _refuse_a_living_writer(begun, now)
    if champion is None or not champion.release.is_same(begun.release):
        until = _may_arrive_until(begun, now)
        if until is not None and not _is_wanted(begun, now):
            raise _under_way(begun, until, now)
        return now.wrote(replace(begun, kind=Kind.ABANDONED, may_arrive_until=until))
    let_previous_follow(now, begun)
    return drop_the_candidate(now).wrote(replace(begun, kind=Kind.DONE))


def write_the_intent(now: Transaction) -> Transaction:
    """Write down what is about to happen, before it does; not while an older request could undo it."""
    for entry in now.ledger.entries:
        until = entry.may_arrive_until
        if until is not None and until > datetime.now(UTC) and not _is_wanted(entry, now):
            raise _under_way(entry, until, now)
    intent = now.entry(Kind.INTENT)
    return replace(now.wrote(intent), intent=intent)


def see_that_it_is_young(now: Transaction) -> None:
    """Send nothing so late that others have given up waiting for it."""
    if now.intent is not None:
        age = (datetime.now(UTC) - now.intent.time).total_seconds()
        if age > LEASE_SECONDS / 2:
            rule = f"took {age:.0f} s since its intent; production was not changed"
            raise UnavailableError(f"promotion of {now.request.model}", rule, "try again")


def _refuse_a_living_writer(begun: Entry, now: Transaction) -> None:
    """Refuse to end an intent that was written under another lock, which does not exclude this one."""
    age = (datetime.now(UTC) - begun.time).total_seconds()
    if begun.lock != now.lock.identity and age < LEASE_SECONDS:
        who = begun.reason.actor
        rule = f"{who} began to put version {begun.version} there {age:.0f} s ago, by another lock"
        remedy = f"try again in {LEASE_SECONDS - age:.0f} s, and set {LOCK_URL} for everybody who promotes"
        raise ConflictError(f"champion of {now.request.model}", rule, remedy)


def _may_arrive_until(begun: Entry, now: Transaction) -> datetime | None:
    """Return until when the request of an intent may still arrive; None when it cannot any more.

    A SQLite file has no request under way: who wrote to it is through or dead. A database ends what a client
    has begun when that ends, so it is enough that the writer, on this host, is gone. A server may sit on it.
    """
    until = begun.time + timedelta(seconds=LEASE_SECONDS)
    uri, writer = now.store.registry_uri, Heartbeat.read(begun.writer)
    is_dead = writer is not None and is_gone(writer)
    if uri.startswith("sqlite") or (is_dead and not uri.startswith("http")) or until <= datetime.now(UTC):
        return None
    return until


def _is_wanted(begun: Entry, now: Transaction) -> bool:
    """Return whether a late request would only do what is requested now."""
    version = now.request.version
    return version is not None and version.release.is_same(begun.release)


def _under_way(begun: Entry, until: datetime, now: Transaction) -> ConflictError:
    seconds = max(1, round((until - datetime.now(UTC)).total_seconds()))
    who, version = begun.reason.actor, begun.version
    rule = f"is not known yet: the request of {who} to put version {version} there may still arrive"
    return ConflictError(f"champion of {now.request.model}", rule, f"try again in {seconds} s")
