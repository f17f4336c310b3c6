"""The first screen: the verdict in a sentence, what it is worth a year, what changed since the last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..catalogue import Check
from ..findings import Figure, Finding
from ..gates.verdict.outcome import Outcome
from .facts import Facts


@dataclass(frozen=True, slots=True)
class Gain:
    """What one row costs less than with the opponent, with its 95 % interval; negative for a loss."""

    opponent: str
    value: float
    low: float
    high: float

    def a_year(self, rows: float) -> Gain:
        """Return the gain of a year with so many rows."""
        return Gain(self.opponent, self.value * rows, self.low * rows, self.high * rows)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs from the version before."""

    what: str
    before: str
    after: str


def sentence(outcome: Outcome) -> str:
    """Return what was decided about the version."""
    version = "the model" if outcome.version is None else f"version {outcome.version}"
    if outcome.kind == "comparison":
        return f"Compared {version} with version {outcome.against}: {outcome.status.value}."
    if outcome.promoted:
        return f"Released: {version} is in production."
    if not outcome.status.stops:
        return f"Passed: {version} holds every gate and was not put into production."
    first = outcome.verdict.remarks[0]
    more = len(outcome.verdict.reasons) - 1
    also = f", and {more} more" if more else ""
    return f"Refused: {version} stays out of production, by the gate {first.check.about.title.lower()}{also}."


def gain(outcome: Outcome) -> Gain | None:
    """Return what a row costs less than with the champion, or else with the cheaper rule without a model."""
    champion = [
        one for one in outcome.findings if one.check is Check.CHAMPION and "difference" in one.figures
    ]
    rules = [
        one
        for one in outcome.findings
        if one.check is Check.BASELINES and one.subject in ("flag-none", "flag-all")
    ]
    if champion:
        return _gain(champion[0], f"the champion, {champion[0].subject}")
    if not rules:
        return None
    cheaper = max(rules, key=lambda one: _number(one.figures.get("difference")))
    return _gain(cheaper, f"{cheaper.subject.replace('-', 'ging ')}, the cheaper rule without a model")


def changes(before: Facts, after: Facts) -> tuple[Change, ...]:
    """Return what differs between two trainings of one model."""
    return tuple(_changes(before, after))


def _changes(before: Facts, after: Facts) -> Iterator[Change]:
    for what, one, other in zip(_NAMES, _plain(before), _plain(after), strict=True):
        if one != other:
            yield Change(what, one, other)


_NAMES = ("rows of the table", "rows learned from", "features", "costs", "form", "C", "threshold")


def _plain(facts: Facts) -> tuple[str, ...]:
    choice = facts.choice
    threshold = "none" if choice is None else _threshold(choice.threshold, choice.rule)
    return (
        f"{facts.rows:,}",
        "none" if facts.learned_rows is None else f"{facts.learned_rows:,}",
        ", ".join(facts.features),
        ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.costs.items()),
        choice.form if choice else "none",
        f"{choice.C:g}" if choice else "none",
        threshold,
    )


def _threshold(value: float | None, rule: str) -> str:
    return rule if value is None else f"{value:.4g}"


def _gain(one: Finding, opponent: str) -> Gain:
    value, low, high = (_number(one.figures.get(f"difference{end}")) for end in ("", "_low", "_high"))
    return Gain(opponent, -value, -high, -low)


def _number(value: Figure) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
