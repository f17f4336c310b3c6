"""The registered model's description in the MLflow UI: what it decides, who is champion and why."""

from __future__ import annotations

from ...evaluation.comparisons.words import each
from ...project.project import Project
from ..ledger.history import money_of
from ..ledger.ledger import Ledger

_LINE = "\n\n---\n\n"
"""Between what the project declares and what the ledger records."""
_MOST_TENURES = 10


def decides(project: Project) -> str:
    """Return what a model of this project decides, by which costs."""
    outcome, costs = project.outcome, project.costs
    purpose = f"{project.purpose}\n\n" if project.purpose else ""
    return (
        f"{purpose}Flags {each(project.rows.unit)} where `{outcome.column}` = `{outcome.event}` is likely "
        f"enough: a missed event costs {costs.false_negative}, a false alarm {costs.false_positive} "
        f"({costs.unit})."
    )


def with_project(description: str, project: Project) -> str:
    """Return the description with what the project declares now; the champion's part stays."""
    _, line, champion = description.partition(_LINE)
    return decides(project) + line + champion


def with_champion(description: str, ledger: Ledger) -> str:
    """Return the description with the champion of the ledger; what the project declares stays."""
    declared, _, _ = description.partition(_LINE)
    return declared + _LINE + _champion(ledger)


def _champion(ledger: Ledger) -> str:
    tenures = [*reversed(ledger.tenures())]
    now = next((one for one in tenures if one.until is None), None)
    if now is None:
        return "**No version is in production.**"
    reason, cost = now.entry.reason, money_of(now.entry.reason)
    lines = [
        f"**Version {now.version} is the champion since {now.since:%Y-%m-%d %H:%M} UTC**, by {reason.act} of "
        f"{reason.actor}: {_plain(reason.because)}",
        *([f"It costs {cost} on its judged rows."] if cost else []),
    ]
    before = [
        f"- version {one.version}, {one.since:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M}: "
        f"{one.entry.reason.act}"
        for one in tenures
        if one.until is not None
    ][:_MOST_TENURES]
    return "\n\n".join([*lines, *(["Before it:\n\n" + "\n".join(before)] if before else [])])


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")
