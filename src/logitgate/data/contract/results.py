"""What became of rules: counts and positions, never cells; results of blocks add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...findings import Figure
from .suite import ContractRule


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What became of one rule: counts and positions, never cells."""

    rule: ContractRule
    holds: bool = False
    error: str | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RowResults:
    """What became of rules that each row keeps or breaks on its own, over all rows of a table; they add up.

    Attributes
    ----------
    rows : int
    outcomes : mapping of int to RuleResult
        By the place of the rule in the project's suite, without positions.
    may_go : frozenset of int
        Places of broken rules whose rows are put aside.
    aside : int
        Rows that are put aside.
    """

    rows: int = 0
    outcomes: Mapping[int, RuleResult] = field(default_factory=dict)
    may_go: frozenset[int] = frozenset()
    aside: int = 0

    def __add__(self, other: RowResults) -> RowResults:
        """Take the rows of both."""
        outcomes = dict(self.outcomes)
        for place, outcome in other.outcomes.items():
            outcomes[place] = together(outcomes[place], outcome) if place in outcomes else outcome
        return RowResults(
            self.rows + other.rows, outcomes, self.may_go | other.may_go, self.aside + other.aside
        )


def together(one: RuleResult, other: RuleResult) -> RuleResult:
    """Return what became of a rule over the rows of two blocks."""
    figures: dict[str, Figure] = dict(other.figures)
    for name in ("rows", "cells", "unexpected"):
        both = [outcome.figures.get(name) for outcome in (one, other)]
        if all(isinstance(number, int) for number in both):
            figures[name] = sum(number for number in both if isinstance(number, int))
    if "unexpected" in figures:
        figures["unexpected_share"] = share_of(figures)
    return RuleResult(one.rule, one.holds and other.holds, one.error or other.error, figures)


def share_of(figures: Mapping[str, Figure]) -> float | None:
    """Return which share breaks a rule: of the cells that are there under `mostly`, else of the rows."""
    of, unexpected = figures.get("cells", figures.get("rows")), figures.get("unexpected")
    if not isinstance(of, int) or not isinstance(unexpected, int) or not of:
        return None
    return unexpected / of
