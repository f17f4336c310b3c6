"""Notifying people that a version awaits their approval."""

from __future__ import annotations

from logitgate.gates.verdict.outcome import Outcome
from logitgate.gates.verdict.sentences import verdict_sentence
from logitgate_flows.messages.notify import notify


def notify_of_candidate(outcome: Outcome) -> None:
    """Notify people of a version that passed every gate and waits for `logitgate approve`."""
    if outcome.awaits_approval:
        title = f"logitgate: {outcome.model} version {outcome.version} awaits approval"
        command = f"logitgate approve PROJECT {outcome.version} --reason TEXT"
        notify(title, f"{verdict_sentence(outcome)}\n{command}")
