"""The lab of a project as typed values; `page` writes it."""

from __future__ import annotations

from dataclasses import dataclass

from ..gates.evidence import Evidence
from .boundary import Plane, planes
from .cost_function import CostFunction, cost_function
from .drill import Drill, drill
from .failures.all_failures import failures
from .failures.failure import FailureShown
from .material import Material
from .order import Broken, order
from .questions import QuestionAnswered, questions
from .score import Score, score


@dataclass(frozen=True, slots=True, repr=False)
class Lab:
    """All that the page shows.

    Parameters
    ----------
    model, purpose, unit : str
        As the project file has them.
    outcome, event : str
        The column, and the value that is an event.
    costs_vary : bool
        Whether costs are expressions over the row's columns.
    rows : int
        Judged rows.
    score : Score
    planes : tuple of Plane
        Empty where the model has fewer than two numbers.
    cost_function : CostFunction, optional
    drill : Drill
    failures : tuple of FailureShown
    order : tuple of Broken
    questions : tuple of QuestionAnswered
    """

    model: str
    purpose: str
    unit: str
    outcome: str
    event: str
    costs_vary: bool
    rows: int
    score: Score
    planes: tuple[Plane, ...]
    cost_function: CostFunction | None
    drill: Drill
    failures: tuple[FailureShown, ...]
    order: tuple[Broken, ...]
    questions: tuple[QuestionAnswered, ...]

    def __repr__(self) -> str:
        """Return what there is to look at, without any row."""
        caught = sum(one.is_caught for one in self.failures)
        refused = f"{caught} of {len(self.failures)} failures refused"
        return f"<Lab of {self.model}: {self.rows:,} judged rows, {refused}>"


def lab_of(evidence: Evidence) -> Lab:
    """Make the lab of what a training has learned.

    Raises
    ------
    RefusedError
        When the training ended before there was a model.
    """
    material = Material.of(evidence)
    project = material.project
    return Lab(
        project.name,
        project.purpose,
        project.costs.unit,
        project.outcome.column,
        str(project.outcome.event),
        not project.costs.matrix.constant,
        len(material.judged),
        score(material),
        planes(material),
        cost_function(material),
        drill(material),
        failures(material),
        order(material),
        questions(material),
    )
