"""The tables of a replay: what each policy cost, releases, reactions, ages and alarms."""

from __future__ import annotations

from ...evidence_table import Exhibit
from .result import Replay


def exhibits(found: Replay) -> tuple[Exhibit, ...]:
    """Return the tables of a replay."""
    policies = tuple(
        {
            "policy": one.policy.value,
            "cost": one.cost,
            "per_row": one.per_row,
            **one.against_gated.figures("against_gated"),
            "releases": one.releases,
        }
        for one in found.policies
    )
    releases = tuple(
        {
            "date": f"{one.date:%Y-%m-%d}",
            "version": one.version,
            "released": one.released,
            "reasons": ", ".join(dict.fromkeys(f"{why.check} {why.subject}" for why in one.reasons)),
            **(one.saved.figures("saved") if one.saved else {}),
        }
        for one in found.releases
    )
    reactions = tuple(
        {
            "date": f"{one.date:%Y-%m-%d}",
            "action": one.action.value,
            "version": one.version,
            "days": one.days,
            "symptoms": ", ".join(sorted(symptom.value for symptom in one.symptoms)),
        }
        for one in found.reactions
    )
    ages = tuple(
        {"age": one.age, "rows": one.rows, "per_row": one.per_row, **one.against_newest.figures("dearer")}
        for one in found.age
    )
    alarms = tuple(
        {
            "window": f"{one.since:%Y-%m-%d} to {one.until:%Y-%m-%d}",
            "version": one.version,
            "alarms": len(one.alarms),
            "action": one.action.value,
            "which": ", ".join(f"{check} {subject}" for check, subject in one.alarms),
        }
        for one in found.alarms
    )
    money = f"In {found.unit}." if found.unit else ""
    return (
        Exhibit("policies", "What each policy cost", policies, money),
        Exhibit("releases", "Releases and refusals", releases, "What each saved until the next date."),
        Exhibit("reactions", "Reactions", reactions, "How long each took, in days."),
        Exhibit("age", "Cost against the age of the model", ages, "Age in periods."),
        Exhibit("alarms", "Alarms of each window", alarms),
    )
