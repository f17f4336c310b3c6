"""Whether a table keeps its contract.

What slips through a suite is caught here: columns that are absent, empty tables and empty columns, which keep
every rule about values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ...decision.costs import IntArray
from ...errors import ProjectError
from ...findings import Finding, Status
from ...project.project import Project
from ...project.syntax.column_types import ColumnType
from ..typed import Table
from .breaches import (
    CHECK,
    breach,
    checked,
    chosen,
    counts_of,
    excess,
    harmless,
    holding,
    missing,
    nameless,
    positions_of,
    sampled,
    unpromised,
    unsaid,
)
from .engines import kernels
from .literals import brought, kinds_of, problems
from .results import RowResults, RuleResult
from .suite import ContractRule, Suite, read_suite


@dataclass(frozen=True)
class ContractResult:
    """What the contract found, and the rows to put aside.

    Parameters
    ----------
    findings : tuple of Finding
    broken_rows : int64 array of shape (broken,)
        Positions of the rows to quarantine, rising; empty without quarantine, and when too many would go.
    broken_by : mapping of str to int
        How many of them break which rule; a row may break several.
    of : int
        How many rows the table has, where the frame at hand holds only the broken ones.
    """

    findings: tuple[Finding, ...]
    broken_rows: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    broken_by: Mapping[str, int] = field(default_factory=dict)
    of: int = 0

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the frame that are not to be quarantined."""
        if not len(self.broken_rows):
            return frame
        return frame.iloc[np.setdiff1d(np.arange(len(frame)), self.broken_rows)]


def check_table(table: Table, project: Project) -> ContractResult:
    """Hold a table against the project's suite, and against what every table promises unsaid.

    Where the table is a sample, rules that each row keeps or breaks on its own speak of all rows that were
    read for it, and the others of the sample.

    Raises
    ------
    ProjectError
        When the suite cannot be read, or holds a repetition.
    """
    suite, frame = suite_of(project), table.frame
    held = hold(frame, suite, project)
    every = _of_every_row(table, held)
    findings = [
        *chosen(every.rows, table.left_out, project),
        *unsaid(frame, table.absent, project),
        *unpromised(project),
        *sampled(table, project),
        *held.unread,
    ]
    if not len(frame):
        return ContractResult(tuple(findings))
    outcomes = {place: checked(one) for place, one in every.outcomes.items()}
    findings += [*held.missing, *holding(suite, outcomes.values(), table.unchecked)]
    breaches = {place: breach(outcome) for place, outcome in outcomes.items() if not outcome.holds}
    rows = positions_of(held.aside.values())
    findings += nameless(frame, rows, project)
    too_many = excess(every.aside, every.rows, project)
    if too_many is not None:
        return ContractResult((*findings, *breaches.values(), too_many))
    breaches |= {place: harmless(breaches[place]) for place in every.may_go}
    return ContractResult((*findings, *breaches.values()), rows, counts_of(held.aside.values()))


def _of_every_row(table: Table, held: Held) -> RowResults:
    """Return what became of the rules: over all rows where they were asked of all, else over the table."""
    aside = positions_of(held.aside.values())
    here = RowResults(len(table.frame), held.outcomes, frozenset(held.aside), len(aside))
    if table.whole is None:
        return here
    every = table.whole.by_row or here
    counted = {
        place: kernels.row_count(one.rule, table.whole.rows)
        for place, one in here.outcomes.items()
        if one.rule.counts_rows
    }
    outcomes = {**here.outcomes, **every.outcomes, **counted}
    return replace(every, outcomes=outcomes, may_go=here.may_go | every.may_go)


def suite_of(project: Project) -> Suite:
    """Read a project's suite, and refuse values that no cell of its columns can match; none is empty.

    Raises
    ------
    ProjectError
        As `read_suite`; every such value is named by its rule and column.
    """
    if project.contract.suite is None:
        return Suite("no suite", (), "")
    suite = read_suite(project.contract.suite)
    wrong = tuple(problems(suite, project.read_as))
    if wrong:
        remedy = "write the values in the column's type, or declare the type under rows.types"
        raise ProjectError(str(project.contract.suite), "; ".join(wrong), remedy)
    return suite


def columns_read(project: Project) -> frozenset[str] | None:
    """Return the columns that a project or its contract names; None where a rule may read any column.

    Raises
    ------
    ProjectError
        As `read_suite`.
    """
    rules = suite_of(project).rules
    if any(rule.reads_more for rule in rules):
        return None
    return frozenset(project.declared_types).union(*(rule.columns for rule in rules))


@dataclass(frozen=True, slots=True)
class Held:
    """What became of each rule of a suite, by its place there.

    Parameters
    ----------
    unread : tuple of Finding
        Rules that the library would drop or misread.
    missing : tuple of Finding
        Rules over columns that are not there.
    outcomes : mapping of int to RuleResult
        Of all others; empty for a table without rows.
    aside : mapping of int to RuleResult
        Breaches whose rows can be put aside, with their positions.
    """

    unread: tuple[Finding, ...]
    missing: tuple[Finding, ...] = ()
    outcomes: Mapping[int, RuleResult] = field(default_factory=dict)
    aside: Mapping[int, RuleResult] = field(default_factory=dict)


def hold(frame: pd.DataFrame, suite: Suite, project: Project) -> Held:
    """Hold a table against the rules of a suite.

    A rule that `kernels` finds kept is not asked of Great Expectations; every other one is.
    """
    kinds = kinds_of(frame)
    unread = [Finding(CHECK, "values", Status.FAIL, one) for one in problems(suite, kinds)]
    lacking = _lacking(suite, frame, project) if len(frame) else ()
    there = {place: rule for place, rule in enumerate(suite.rules) if set(rule.columns) <= set(frame.columns)}
    wanted = {place: _brought(rule, frame, kinds) for place, rule in there.items()}
    wanted = dict(enumerate(suite.rules)) | wanted
    kept = kernels.kept(wanted, frame)
    others = {place: rule for place, rule in enumerate(suite.rules) if not kernels.understands(wanted[place])}
    broken = {place: suite.rules[place] for place in there if place not in kept and place not in others}
    if not len(frame):
        broken = {}
    if kernels.repeats(wanted):
        others |= dict(enumerate(suite.rules))
    outcomes = {place: RuleResult(suite.rules[place], holds=True, figures=one) for place, one in kept.items()}
    if not others and not broken:
        return Held(tuple(unread), lacking, outcomes)
    from .engines import library

    asked, misread = library.read(others | broken, wanted)
    unread += misread
    if library.say_the_same(asked):
        because = "two expectations say the same, so one of them would be dropped"
        unread.append(Finding(CHECK, suite.name, Status.FAIL, because))
    if not len(frame):
        return Held(tuple(unread))
    readable = {place: pair for place, pair in asked.items() if place in there and place not in kept}
    batch = library.batch_of(frame, [rule for rule, _ in readable.values()])
    outcomes |= library.outcomes(batch, readable, library.COUNTS)
    outcomes = {place: outcomes[place] for place in sorted(outcomes)}
    may_go = {place: asked[place] for place in readable if _may_go(outcomes[place], project)}
    return Held(tuple(unread), lacking, outcomes, library.aside(batch, may_go))


def _lacking(suite: Suite, frame: pd.DataFrame, project: Project) -> tuple[Finding, ...]:
    declared = set(project.declared_types)  # `unsaid` names each of these that is not there
    return tuple(
        missing(rule, frame) for rule in suite.rules if set(rule.columns) - set(frame.columns) - declared
    )


def _brought(rule: ContractRule, frame: pd.DataFrame, kinds: Mapping[str, ColumnType]) -> ContractRule:
    """Return the rule in the columns' types, or as it is where its values are none; the library says why."""
    try:
        return brought(rule, frame, kinds)
    except (ValueError, TypeError, KeyError):
        return rule


def _may_go(outcome: RuleResult, project: Project) -> bool:
    """Whether it is a breach in rows that can be put aside."""
    stops = not outcome.holds and outcome.error is None and outcome.rule.status.stops
    return stops and outcome.rule.by_row and project.contract.quarantine is not None
