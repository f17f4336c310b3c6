"""One training of a replayed history: what was known at its date, the version, and what it costs later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ..checks.cases import Cases
from ..data.sampling.row_hashes import FittedRows
from ..data.sampling.sample import Sample
from ..decision.expressions import FloatArray
from ..errors import DataError
from ..findings import Finding
from ..gates.evidence import Evidence
from ..gates.judge import examine_model
from ..gates.training import learn_model, part_rows
from ..model.model import Model
from ..monitoring.profiling import reference_profile
from ..monitoring.reference import ReferenceProfile
from ..project.project import Project


@dataclass(frozen=True, slots=True)
class PlayedHistory:
    """What is played: the rows that kept their contract, and those whose decisions are paid for.

    Parameters
    ----------
    project : Project
    frame : pandas.DataFrame
        All rows that kept the contract.
    contract : tuple of Finding
        What the contract found about the whole table.
    cases : Cases or None
        The project's curated cases.
    rows : Sample of n rows
        From the first date on, in order of time, with mature outcomes: what decisions about them cost is
        known.
    """

    project: Project
    frame: pd.DataFrame
    contract: tuple[Finding, ...]
    cases: Cases | None
    rows: Sample

    def place(self, moment: datetime) -> int:
        """Return the number of `rows` before a moment."""
        assert self.rows.time is not None  # noqa: S101 - a history has a time
        at = np.datetime64(moment.replace(tzinfo=None), "us")  # in UTC, as `dates.aware` makes it
        return int(np.searchsorted(self.rows.time, at, side="left"))


@dataclass(frozen=True, slots=True)
class Version:
    """A model that was fitted at some date, with what the registry would keep of it.

    Parameters
    ----------
    date : datetime
        Of its training.
    model : Model
    fitted_rows : FittedRows
    profile : ReferenceProfile
    cost : array of shape (k,)
        What its decisions cost about each of the last k rows of the history: those from its date on.
    """

    date: datetime
    model: Model
    fitted_rows: FittedRows
    profile: ReferenceProfile
    cost: FloatArray


@dataclass(frozen=True, slots=True)
class Trained:
    """A training at a date: the evidence up to its judgement, and its version where one was fitted."""

    date: datetime
    evidence: Evidence
    version: Version | None = None


def train_at(history: PlayedHistory, date: datetime) -> Trained:
    """Train with what was known at a date; the findings that need no opponent are among the evidence."""
    project, frame = history.project, history.frame
    known = frame[frame[project.columns.time] < date]
    begun = Evidence(project, known, date, history.contract, cases=history.cases)
    evidence = examine_model(learn_model(part_rows(begun)))
    # The rows travel between processes once, as the blocks' sample.
    evidence = replace(evidence, frame=frame.iloc[:0])
    learned = evidence.learned
    if learned is None:
        return Trained(date, evidence)
    shipped = learned.shipped.rows
    profile = reference_profile(shipped, learned.scored, evidence.project, learned.model)
    cost = _later_cost(learned.model, history, date)
    fitted = FittedRows.of([shipped], evidence.project)
    return Trained(date, evidence, Version(date, learned.model, fitted, profile, cost))


def _later_cost(model: Model, history: PlayedHistory, date: datetime) -> FloatArray:
    later = history.rows.take(np.arange(history.place(date), len(history.rows)))
    if not len(later):
        return np.zeros(0)
    try:
        return model.score(later, history.project.costs.matrix).cost
    except DataError as error:
        rule = f"the version of {date:%Y-%m-%d} cannot decide all rows after it: {error.rule}"
        raise DataError(error.subject, rule, error.remedy) from error
