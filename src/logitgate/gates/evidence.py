"""The road of one training, or of one comparison, as a value that grows.

Table, contract, blocks, model, judgement: each step takes the evidence and returns more of it. A step without
what it needs returns the evidence as it is, and the verdict says which checks were not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import ParamSpec

import pandas as pd

from ..catalogue import Check, Road, required
from ..checks.cases import Cases
from ..data.sampling.blocks import Blocks
from ..data.sampling.row_hashes import FittedRows
from ..data.sampling.sample import Sample
from ..data.typed import WholeRows
from ..decision.costs import BoolArray
from ..errors import DataError, FitError
from ..evaluation.evaluate import Evaluation, Scored
from ..evaluation.sample_size import Learning
from ..evaluation.slices import SliceEvaluation
from ..evidence_table import Exhibit
from ..findings import Finding, Status, Verdict
from ..model.model import Model
from ..model.recipes.submission import Submission
from ..model.train import Learned
from ..project.project import Project
from .rules.head_to_head import Lane

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Challenger:
    """What is judged: decisions about rows that they were not made from.

    Parameters
    ----------
    rows : Sample of n rows
    scored : Scored of the same rows
    recipe : str
        Key of the recipe; empty for a registered version.
    simpler : mapping of name to Scored
        Simpler recipes on the same rows.
    submission : Submission, optional
        How the challenger was chosen among them.
    last : bool array of shape (n,), optional
        The newest block; None where rows have no order in time.
    learning : Learning, optional
        What there was to learn its coefficients from.
    fitted_on : FittedRows, optional
        Rows that a registered version was fitted on. None for a recipe, whose decisions are out of fold.
    model : Model, optional
        What answers behaviour cases: the shipped model, or the registered version.
    """

    rows: Sample
    scored: Scored
    recipe: str = ""
    simpler: Mapping[str, Scored] = field(default_factory=dict)
    submission: Submission | None = None
    last: BoolArray | None = None
    learning: Learning | None = None
    fitted_on: FittedRows | None = None
    model: Model | None = None

    @property
    def above(self) -> tuple[Scored, ...]:
        """The more complex recipes on the same rows, the most complex one first."""
        names = () if self.submission is None else self.submission.above
        return tuple(self.simpler[name] for name in names)


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures of one judgement; its findings and tables are among the evidence."""

    scored: Scored
    evaluation: Evaluation
    slices: tuple[SliceEvaluation, ...]
    champion_version: int | None
    """The version in production that it was compared with; None for a first release."""
    champion_digest: str = ""
    """Of its files."""
    lane: Lane = Lane.NEW_RECIPE
    champion: Scored | None = None
    """The champion's decisions about the same rows, where it could be scored."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known so far about one training run, or one comparison."""

    project: Project
    """As declared; once rows are cut, with the defaults that fit them, and without features left out."""
    frame: pd.DataFrame
    as_of: datetime | None = None
    findings: tuple[Finding, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    whole: WholeRows | None = None
    """All rows, in Spark, of which the frame's are a sample."""
    cases: Cases | None = None
    """What was read of the project's case file; None where it declares none."""
    blocks: Blocks | None = None
    recipe: str = ""
    """Key of the recipe as declared (`recipe_key`)."""
    learned: Learned | None = None
    challenger: Challenger | None = None
    """What is judged: what was learned, or a registered version."""
    judged: Judged | None = None
    road: Road = Road.TRAINING
    """Decides which checks the verdict requires."""

    @property
    def stops(self) -> bool:
        """Whether a finding so far stops the run."""
        return any(finding.status.stops for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """All findings; a check that was never reached is INDETERMINATE."""
        return Verdict.of(self.findings, required(self.road))

    def plus(self, findings: Iterable[Finding], exhibits: Iterable[Exhibit] = ()) -> Evidence:
        """Return the evidence with more findings, and the tables behind them."""
        more = (*self.exhibits, *exhibits)
        return replace(self, findings=(*self.findings, *findings), exhibits=more)


def refusing(check: Check) -> Callable[[Callable[P, Evidence]], Callable[P, Evidence]]:
    """Turn an error of data or fit that a step raises into a FAIL of this check."""

    def step(stage: Callable[P, Evidence]) -> Callable[P, Evidence]:
        @wraps(stage)
        def refusing(*args: P.args, **kwargs: P.kwargs) -> Evidence:
            try:
                return stage(*args, **kwargs)
            except (DataError, FitError) as error:
                known = args[0]
                assert isinstance(known, Evidence)  # noqa: S101 - each step's first argument
                because = f"{error.rule}; {error.remedy}"
                return known.plus([Finding(check, error.subject, Status.FAIL, because)])

        return refusing

    return step
