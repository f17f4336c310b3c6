"""The rules of a contract that can be held batch by batch, and what one batch shows of them.

What the contract says about the outcome, about columns that are only known after it and about the size of the
table is left out: rows that are to be scored have no outcome yet, and a night's rows are no training table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ...decision.costs import IntArray
from ...errors import DataError
from ...findings import Finding, Status
from ...project.project import Project
from .breaches import CHECK, counts_of, positions_of
from .results import RuleResult
from .suite import ContractRule, Suite
from .validation import ContractResult, hold, suite_of

UNIQUE = "expect_column_values_to_be_unique"
_SIZE = ("expect_table_row_count_", "expect_table_column")


@dataclass(frozen=True, slots=True)
class InputRules:
    """What a project's contract says about rows that are to be scored.

    Attributes
    ----------
    project : Project
    by_row : Suite
        Rules that a row keeps or breaks on its own.
    whole : Suite
        Rules about columns as a whole.
    left_out : int
        Rules about the outcome or the size of the table.
    """

    project: Project
    by_row: Suite
    whole: Suite
    left_out: int

    @property
    def needed(self) -> tuple[str, ...]:
        """The id and the columns that the model needs."""
        return (self.project.columns.row_id, *self.project.needed_to_decide)

    def hold(self, frame: pd.DataFrame) -> tuple[HeldBatch, pd.DataFrame]:
        """Hold one batch against the rules, and return the rows of it that are not put aside.

        Raises
        ------
        DataError
            When a row has no id.
        """
        lacking = [name for name in self.needed if name not in frame.columns]
        if not len(frame) or lacking:
            because = "the model needs it and the table does not have it"
            stops = tuple(Finding(CHECK, name, Status.FAIL, because) for name in lacking)
            return HeldBatch(len(frame), stops=stops), frame
        held = hold(frame, self.by_row, self.project)
        aside = positions_of(held.aside.values())
        result = ContractResult((), aside, counts_of(held.aside.values()))
        kept = result.kept(frame)
        stopping = [
            outcome.rule
            for place, outcome in held.outcomes.items()
            if not outcome.holds and outcome.rule.status.stops and place not in held.aside
        ]
        batch = HeldBatch(
            len(frame),
            {name: int(frame[name].notna().sum()) for name in self.needed},
            held.outcomes,
            (*held.unread, *held.missing),
            tuple(place for place, rule in enumerate(self.by_row.rules) if rule in stopping),
            frame.iloc[aside],
            Counter(result.broken_by),
            self._ids(kept),
            self._columns(kept),
        )
        return batch, kept

    def _ids(self, kept: pd.DataFrame) -> IntArray:
        ids = kept[self.project.columns.row_id]
        absent = int(ids.isna().sum())
        if absent:
            remedy = "give each row an id: a score without one belongs to no row"
            raise DataError(f"column '{self.project.columns.row_id}'", f"{absent} rows have no id", remedy)
        return pd.util.hash_array(ids.to_numpy(dtype=object), categorize=False).view(np.int64)

    def _columns(self, kept: pd.DataFrame) -> pd.DataFrame | None:
        """Return the columns that rules about whole columns read; None where there is no such rule."""
        if not self.whole.rules:
            return None
        read = {name for rule in self.whole.rules for name in rule.columns}
        if any(rule.reads_more for rule in self.whole.rules):
            read = set(kept.columns)
        return kept[[name for name in kept.columns if name in read]].copy()


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """What was found in one batch.

    Attributes
    ----------
    rows : int
    filled : mapping of column to int
        Cells that are not missing, of each column that is needed.
    outcomes : mapping of int to RuleResult
        By the place of the rule among those by row.
    stops : tuple of Finding
        What stops by itself.
    broken : tuple of int
        Places of rules whose breach stops.
    put_aside : DataFrame
        Rows that are put aside.
    gone : counter of text
        How many rows are put aside by each rule.
    ids : int array
        Hashes of the ids of the other rows.
    columns : DataFrame, or None
        Of the other rows, what rules about whole columns read.
    """

    rows: int
    filled: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[int, RuleResult] = field(default_factory=dict)
    stops: tuple[Finding, ...] = ()
    broken: tuple[int, ...] = ()
    put_aside: pd.DataFrame = field(default_factory=pd.DataFrame)
    gone: Counter[str] = field(default_factory=Counter)
    ids: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    columns: pd.DataFrame | None = None


def input_rules(project: Project) -> InputRules:
    """Return what a project's contract says about rows that are to be scored.

    Raises
    ------
    ProjectError
        When the suite cannot be read.
    """
    suite = suite_of(project)
    later = {project.outcome.column, *project.columns.known_after_outcome}
    later |= {project.columns.outcome_time} if project.columns.outcome_time else set()
    asked = [rule for rule in suite.rules if not _left_out(rule, later)]
    by_row = tuple(rule for rule in asked if on_its_own(rule, project))
    whole = tuple(rule for rule in asked if not on_its_own(rule, project))
    left_out = len(suite.rules) - len(asked)
    return InputRules(project, replace(suite, rules=by_row), replace(suite, rules=whole), left_out)


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


def on_its_own(rule: ContractRule, project: Project) -> bool:
    """Whether each row keeps or breaks the rule on its own; the ids are compared across batches elsewhere."""
    return rule.by_row and (rule.type != UNIQUE or rule.columns == (project.columns.row_id,))
