"""Holding rows that are to be scored against the contract, batch by batch.

Rules that a row keeps or breaks on its own are evaluated batch by batch and counted together; of the columns
that other rules read all cells are kept, in the end to be held against these rules whole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...errors import DataError
from ...findings import Finding, Status
from ...project.project import Project
from .batch_rules import UNIQUE, HeldBatch, InputRules, input_rules, on_its_own
from .breaches import (
    CHECK,
    breach,
    checked,
    excess,
    harmless,
    holding,
    positions_of,
)
from .results import RowResults, RuleResult, together
from .suite import Suite
from .validation import ContractResult, hold, suite_of

_FEWEST = 200
"""From so many rows on, a column that is needed and wholly empty is a feed that is broken, not a chance."""


@dataclass(frozen=True, slots=True)
class InputContract:
    """The batches of a table so far, held against the rules; see `input_contract`."""

    rules: InputRules
    batches: tuple[HeldBatch, ...] = ()

    def plus(self, frame: pd.DataFrame) -> tuple[InputContract, pd.DataFrame]:
        """Hold one more batch against the contract, and return the rows of it that are not put aside.

        Where `stopped` holds a finding afterwards, the rows must not be scored.

        Raises
        ------
        DataError
            When a row has no id.
        """
        batch, kept = self.rules.hold(frame)
        return replace(self, batches=(*self.batches, batch)), kept

    @property
    def rows(self) -> int:
        """Rows so far."""
        return sum(batch.rows for batch in self.batches)

    @property
    def stopped(self) -> tuple[Finding, ...]:
        """What stops so far; too many rows put aside stop early only if they are more than a batch."""
        by_themselves = [finding for batch in self.batches for finding in batch.stops]
        broken = sorted({place for batch in self.batches for place in batch.broken})
        outcomes = self._outcomes if broken else {}
        put_aside = sum(len(batch.put_aside) for batch in self.batches)
        excess = self._excess() if self.batches and put_aside > self.batches[-1].rows else []
        return (*by_themselves, *(breach(outcomes[place]) for place in broken), *excess)

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found; the rules about whole columns are only asked when nothing has stopped."""
        if self.stopped:
            return self.stopped
        found, outcomes = [*self._unsaid(), *self._excess()], self._outcomes
        columns = [batch.columns for batch in self.batches if batch.columns is not None]
        rules = self.rules
        if columns:
            held = hold(pd.concat(columns, ignore_index=True), rules.whole, rules.project)
            found += [*held.unread, *held.missing]
            outcomes |= {len(outcomes) + place: outcome for place, outcome in held.outcomes.items()}
        all_rules = replace(rules.by_row, rules=(*rules.by_row.rules, *rules.whole.rules))
        found += holding(all_rules, outcomes.values())
        # A night's rows may hold none of a kind; a condition that no row ever meets is found in training.
        idle = [one for one in outcomes.values() if one.holds and not checked(one).holds]
        found += [replace(breach(checked(one)), status=Status.WARN) for one in idle]
        broken, gone = [one for one in outcomes.values() if not one.holds], self._gone
        found += [harmless(breach(one)) if one.rule.subject in gone else breach(one) for one in broken]
        because = f"{rules.left_out} rules about the outcome or the table's size are left out when scoring"
        left_out = [Finding(CHECK, "left out", Status.PASS, because)] if rules.left_out else []
        return (*found, *left_out)

    def broken(self) -> tuple[pd.DataFrame, ContractResult]:
        """Return the rows that are put aside, and how many break which rule."""
        parts = [batch.put_aside for batch in self.batches if len(batch.put_aside)]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return frame, ContractResult((), np.arange(len(frame)), self._gone, self.rows)

    def refuse_repeated_ids(self) -> None:
        """Refuse a table in which an id stands on two rows, by their hashes of 64 bits.

        Raises
        ------
        DataError
            With the number of such rows.
        """
        every = np.concatenate([np.empty(0, dtype=np.int64), *(batch.ids for batch in self.batches)])
        every.sort()
        repeated = np.count_nonzero(every[1:] == every[:-1])
        if repeated:
            raise DataError(
                f"column '{self.rules.project.columns.row_id}'",
                f"{repeated} of {len(every)} rows repeat the id of another row",
                "score each row once; drop the others",
            )

    @property
    def _outcomes(self) -> dict[int, RuleResult]:
        found: dict[int, RuleResult] = {}
        for batch in self.batches:
            for place, outcome in batch.outcomes.items():
                found[place] = together(found[place], outcome) if place in found else outcome
        return found

    @property
    def _gone(self) -> Counter[str]:
        return sum((batch.gone for batch in self.batches), Counter[str]())

    def _excess(self) -> list[Finding]:
        put_aside = sum(len(batch.put_aside) for batch in self.batches)
        found = excess(put_aside, self.rows, self.rules.project)
        return [] if found is None else [found]

    def _unsaid(self) -> list[Finding]:
        filled: Counter[str] = Counter()
        for batch in self.batches:
            filled.update(batch.filled)
        empty = [name for name, number in filled.items() if not number]
        status = Status.FAIL if self.rows >= _FEWEST else Status.WARN
        because = f"every cell of {self.rows:,} rows is empty"
        return [Finding(CHECK, name, status, because, {"rows": self.rows}) for name in empty]


def input_contract(project: Project) -> InputContract:
    """Begin to validate a table that is to be scored against the project's contract.

    Raises
    ------
    ProjectError
        When the suite cannot be read.
    """
    return InputContract(input_rules(project))


def rules_by_row(project: Project) -> Suite:
    """Return the rules of a training table that each row keeps or breaks on its own.

    Raises
    ------
    ProjectError
        When the suite cannot be read.
    """
    suite = suite_of(project)
    return replace(suite, rules=tuple(rule for rule in suite.rules if on_its_own(rule, project)))


@dataclass(frozen=True, slots=True)
class RowRules:
    """Rules of a training table that each row keeps or breaks on its own, held against it block by block.

    Attributes
    ----------
    project : Project
    suite : Suite
    places : tuple of int
        Of the rules in the project's own suite.
    """

    project: Project
    suite: Suite
    places: tuple[int, ...]

    @classmethod
    def of(cls, project: Project) -> RowRules:
        """Take a project's rules, but that ids are unique, which blocks cannot say.

        Raises
        ------
        ProjectError
            When the suite cannot be read.
        """
        suite = suite_of(project)
        places = [place for place, rule in enumerate(suite.rules) if rule.by_row and rule.type != UNIQUE]
        return cls(
            project, replace(suite, rules=tuple(suite.rules[place] for place in places)), tuple(places)
        )

    def hold(self, frame: pd.DataFrame) -> RowResults:
        """Hold a block against the rules."""
        held = hold(frame, self.suite, self.project)
        outcomes = {self.places[place]: replace(one, positions=()) for place, one in held.outcomes.items()}
        may_go = frozenset(self.places[place] for place in held.aside)
        return RowResults(len(frame), outcomes, may_go, len(positions_of(held.aside.values())))


def sound_rows(frame: pd.DataFrame, by_row: Suite, project: Project) -> pd.DataFrame:
    """Return the rows of a block of a training table that are not put aside.

    Raises
    ------
    DataError
        When a rule is broken whose breach stops.
    """
    held = hold(frame, by_row, project)
    for place, outcome in held.outcomes.items():
        if not outcome.holds and place not in held.aside and outcome.rule.status.stops:
            found = breach(outcome)
            remedy = "correct the table: this was found among the rows that are not of the sample"
            raise DataError(found.subject, found.because, remedy)
    aside = positions_of(held.aside.values())
    return frame.drop(index=frame.index[aside]) if len(aside) else frame
