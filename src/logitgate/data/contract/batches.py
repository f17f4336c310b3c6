"""Holding rows that are to be scored against the contract, batch by batch.

What the contract says about the outcome, about columns that are only known after it and about the size of the
table is left out: rows that are to be scored have no outcome yet, and a night's rows are no training table.
Rules that a row keeps or breaks on its own are evaluated batch by batch and counted together; of the columns
that other rules read all cells are kept, in the end to be held against these rules whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ...decision.costs import IntArray
from ...errors import DataError
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .breaches import (
    CHECK,
    RuleResult,
    breach,
    checked,
    counts_of,
    excess,
    harmless,
    holding,
    positions_of,
    share_of,
)
from .suite import ContractRule, Suite
from .validation import ContractResult, hold, suite_of

_UNIQUE = "expect_column_values_to_be_unique"
_SIZE = ("expect_table_row_count_", "expect_table_column")
_FEWEST = 200
"""From so many rows on, a column that is needed and wholly empty is a feed that is broken, not a chance."""


@dataclass
class InputContract:
    """What was seen of a table so far; see `input_contract`."""

    project: Project
    by_row: Suite
    whole: Suite
    left_out: int
    rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    outcomes: dict[int, RuleResult] = field(default_factory=dict)
    aside: list[ContractResult] = field(default_factory=list)
    put_aside: list[pd.DataFrame] = field(default_factory=list)
    columns: list[pd.DataFrame] = field(default_factory=list)
    ids: list[IntArray] = field(default_factory=list)
    stopped: list[Finding] = field(default_factory=list)

    def take(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Hold one more batch against the contract, and return the rows of it that are not put aside.

        Where `stopped` holds a finding afterwards, the rows must not be scored.

        Raises
        ------
        DataError
            When a row has no id, or an id stands on several rows.
        """
        self.rows += len(frame)
        needed = (self.project.columns.row_id, *self.project.needed_to_decide)
        lacking = [name for name in needed if name not in frame.columns]
        because = "the model needs it and the table does not have it"
        self.stopped += [Finding(CHECK, name, Status.FAIL, because) for name in lacking]
        if not len(frame) or lacking:
            return frame
        self.filled.update({name: int(frame[name].notna().sum()) for name in needed})
        held = hold(frame, self.by_row, self.project)
        self.stopped += [*held.unread, *held.missing]
        for place, outcome in held.outcomes.items():
            known = self.outcomes.get(place)
            self.outcomes[place] = outcome if known is None else _together(known, outcome)
        rows = positions_of(held.aside.values())
        result = ContractResult((), rows, counts_of(held.aside.values()))
        if len(rows):
            self.aside.append(result)
            self.put_aside.append(frame.iloc[rows])
        stopping = [
            outcome
            for place, outcome in held.outcomes.items()
            if not outcome.holds and outcome.rule.status.stops and place not in held.aside
        ]
        self.stopped += [breach(self.outcomes[place]) for place in self._places(stopping)]
        kept = result.kept(frame)
        self._remember(kept)
        if sum(len(part) for part in self.put_aside) > len(frame):
            self.stopped += self._excess()
        return kept

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found; the rules about whole columns are only asked when nothing has stopped."""
        if self.stopped:
            return tuple(self.stopped)
        found = [*self._unsaid(), *self._excess()]
        outcomes = dict(self.outcomes)
        if self.columns and self.whole.rules:
            held = hold(pd.concat(self.columns, ignore_index=True), self.whole, self.project)
            found += [*held.unread, *held.missing]
            outcomes |= {len(outcomes) + place: outcome for place, outcome in held.outcomes.items()}
        all_rules = replace(self.by_row, rules=(*self.by_row.rules, *self.whole.rules))
        found += holding(all_rules, outcomes.values())
        gone = self._gone()
        # A night's rows may hold none of a kind; a condition that no row ever meets is found in training.
        idle = [one for one in outcomes.values() if one.holds and not checked(one).holds]
        found += [replace(breach(checked(one)), status=Status.WARN) for one in idle]
        for outcome in outcomes.values():
            if not outcome.holds:
                told = breach(outcome)
                found.append(harmless(told) if outcome.rule.subject in gone else told)
        because = f"{self.left_out} rules about the outcome or the table's size are left out when scoring"
        left_out = [Finding(CHECK, "left out", Status.PASS, because)] if self.left_out else []
        return (*found, *left_out)

    def broken(self) -> tuple[pd.DataFrame, ContractResult]:
        """Return the rows that are put aside, and how many break which rule."""
        frame = pd.concat(self.put_aside, ignore_index=True) if self.put_aside else pd.DataFrame()
        return frame, ContractResult((), np.arange(len(frame)), self._gone(), self.rows)

    def _places(self, outcomes: Iterable[RuleResult]) -> list[int]:
        rules = [outcome.rule for outcome in outcomes]
        return [place for place, rule in enumerate(self.by_row.rules) if rule in rules]

    def _gone(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for result in self.aside:
            total.update(result.broken_by)
        return total

    def _excess(self) -> list[Finding]:
        found = excess(sum(len(part) for part in self.put_aside), self.rows, self.project)
        return [] if found is None else [found]

    def _unsaid(self) -> list[Finding]:
        empty = [name for name, filled in self.filled.items() if not filled]
        status = Status.FAIL if self.rows >= _FEWEST else Status.WARN
        because = f"every cell of {self.rows:,} rows is empty"
        return [Finding(CHECK, name, status, because, {"rows": self.rows}) for name in empty]

    def _remember(self, kept: pd.DataFrame) -> None:
        ids = kept[self.project.columns.row_id]
        absent = int(ids.isna().sum())
        if absent:
            remedy = "give each row an id: without one nobody can tell whose score it is"
            raise DataError(f"column '{self.project.columns.row_id}'", f"{absent} rows have no id", remedy)
        self.ids.append(pd.util.hash_array(ids.to_numpy(dtype=object)).view(np.int64))
        read = {name for rule in self.whole.rules for name in rule.columns}
        if any(rule.reads_more for rule in self.whole.rules):
            read = set(kept.columns)
        if self.whole.rules:
            self.columns.append(kept[[name for name in kept.columns if name in read]].copy())

    def refuse_repeated_ids(self) -> None:
        """Refuse a table in which an id stands on two rows, by their hashes of 64 bits.

        Raises
        ------
        DataError
            With the number of such rows.
        """
        if not self.ids:
            return
        every = np.concatenate(self.ids)
        repeated = len(every) - len(np.unique(every))
        if repeated:
            rule = f"{repeated} of {len(every)} rows repeat the id of another row"
            raise DataError(
                f"column '{self.project.columns.row_id}'", rule, "score each row once; drop the others"
            )


def input_contract(project: Project) -> InputContract:
    """Begin to hold a table that is to be scored against the project's contract.

    Raises
    ------
    ProjectError
        When the suite cannot be read.
    """
    suite = suite_of(project)
    later = {project.outcome.column, *project.columns.known_after_outcome}
    later |= {project.columns.outcome_time} if project.columns.outcome_time else set()
    asked = [rule for rule in suite.rules if not _left_out(rule, later)]
    by_row = tuple(rule for rule in asked if _on_its_own(rule, project))
    whole = tuple(rule for rule in asked if not _on_its_own(rule, project))
    left_out = len(suite.rules) - len(asked)
    return InputContract(project, replace(suite, rules=by_row), replace(suite, rules=whole), left_out)


def _left_out(rule: ContractRule, later: set[str]) -> bool:
    return rule.type.startswith(_SIZE) or bool(later & _names(rule.kwargs))


def _names(plain: Any) -> set[str]:  # noqa: ANN401 - whatever JSON holds
    """Return every text that stands as a value somewhere: columns, also those of a condition."""
    if isinstance(plain, Mapping):
        return {
            name
            for key, value in plain.items()
            if key not in ("value_set", "regex")
            for name in _names(value)
        }
    if isinstance(plain, (list, tuple)):
        return {name for value in plain for name in _names(value)}
    return {plain} if isinstance(plain, str) else set()


def _on_its_own(rule: ContractRule, project: Project) -> bool:
    """Whether each row keeps or breaks the rule on its own; the ids are compared across batches elsewhere."""
    return rule.by_row and (rule.type != _UNIQUE or rule.columns == (project.columns.row_id,))


def _together(one: RuleResult, other: RuleResult) -> RuleResult:
    figures: dict[str, Figure] = dict(other.figures)
    for name in ("rows", "cells", "unexpected"):
        both = [outcome.figures.get(name) for outcome in (one, other)]
        if all(isinstance(number, int) for number in both):
            figures[name] = sum(number for number in both if isinstance(number, int))
    if "unexpected" in figures:
        figures["unexpected_share"] = share_of(figures)
    return RuleResult(one.rule, one.holds and other.holds, one.error or other.error, figures)
