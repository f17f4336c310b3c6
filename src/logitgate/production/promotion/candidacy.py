"""A version that passed its gates and awaits a person's approval carries the alias `candidate`."""

from __future__ import annotations

from ...tracking.store import Store
from ..registry import aliases
from ..registry.registry import CANDIDATE
from .promotion import BEFORE, compare_the_champion, prove_the_files, see_the_champion, see_the_lock
from .transaction import PromotionRequest, PromotionResult, Step, Transaction, carry_out


def propose(store: Store, request: PromotionRequest) -> PromotionResult:
    """Let a version await approval, unless production is no longer what the version was judged against.

    The ledger gets no entry: production is not changed. A version that is the champion already is left alone,
    and the result says `is_repeated`.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As `promotion.promote`.
    """
    return carry_out(store, request, CANDIDACY)


def set_the_candidate(now: Transaction) -> Transaction:
    """Set the alias; the version that carried it before awaits approval no more under that name."""
    aliases.put(now.store, now.request.model, CANDIDATE, now.version.version)
    return now


CANDIDACY: tuple[Step, ...] = (
    *BEFORE,
    see_the_champion,
    compare_the_champion,
    prove_the_files,
    see_the_lock,
    set_the_candidate,
)
"""All that a promotion proves before it moves the champion, then the alias `candidate`."""
