"""`check` and `train`: a table against its contract, and a model with the evidence for it.

Both are the stages of the training flow, called one after the other; neither starts Prefect or MLflow, and
nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import pandas as pd
from threadpoolctl import threadpool_limits

from ..checks.case_files import read_cases
from ..data.contract.validation import check_table
from ..data.table import read_rows
from ..errors import RefusedError
from ..evidence_table import Exhibit
from ..findings import Verdict
from ..gates.contest import Opponents
from ..gates.evidence import Evidence
from ..gates.judge import judge_model
from ..gates.training import learn_model, part_rows
from ..html_tables import html_table
from ..model.model import Model
from ..monitoring.distributions.season import proposed_season
from ..project.project import Project, as_of_text
from .project import ProjectSource, load_project, moment_of
from .tables import read_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FigureName: TypeAlias = Literal[
    "roc", "scores", "reliability", "recalibration", "cost", "sensitivity", "slices", "odds", "effects"
]


@dataclass(frozen=True, slots=True, repr=False)
class Training:
    """What a training came to.

    Parameters
    ----------
    learned : Evidence
        All that is known without the judged rows; the judgement can be made again from it.
    evidence : Evidence
        The same and the judgement against the baselines; no champion was asked.
    digest : str
        Of the rows.
    as_of : str, optional
        The date, as it was asked for.
    """

    learned: Evidence
    evidence: Evidence
    digest: str
    as_of: str | None

    @property
    def verdict(self) -> Verdict:
        """All findings; a check that was never reached is INDETERMINATE."""
        return self.evidence.verdict

    @property
    def model(self) -> Model:
        """The model: `model.probability(frame)` and its decision rule, costs and features.

        Raises
        ------
        RefusedError
            When the training ended before there was one.
        """
        if self.evidence.learned is None:
            rule = "no model was fitted, as the rows were refused before"
            raise RefusedError(self.evidence.project.name, rule, "see result.verdict")
        return self.evidence.learned.model

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables of evidence."""
        return tuple(str(one.name) for one in self.evidence.exhibits)

    def exhibit(self, name: str) -> Exhibit:
        """Return a table of evidence with its title and how to read it.

        Raises
        ------
        KeyError
            When there is none of this name; it lists those that there are.
        """
        for one in self.evidence.exhibits:
            if one.name == name:
                return one
        raise KeyError(f"no table {name!r}; there are {', '.join(self.tables) or 'none'}")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of evidence as a data frame, its columns in order.

        Raises
        ------
        KeyError
            As `exhibit`.
        """
        found = self.exhibit(name)
        return pd.DataFrame(list(found.rows), columns=list(found.columns))

    def figure(self, name: FigureName) -> Axes:
        """Draw a figure of the judged rows, the same as is kept with a registered model.

        Parameters
        ----------
        name : str
            "roc", "scores", "reliability", "recalibration", "cost", "sensitivity", "slices", "odds" or
            "effects".

        Returns
        -------
        matplotlib.axes.Axes
            Its `figure` can be saved.

        Raises
        ------
        RefusedError
            When the training ended before the judged rows were judged, or there is nothing of this kind.
        KeyError
            When there is no figure of this name.
        """
        from ..tracking.trainings.drawings import drawn  # noqa: PLC0415 - Matplotlib is loaded when it is asked for

        return drawn(self.evidence, name).axes[0]

    def __repr__(self) -> str:
        """Return the verdict, then what there is to look at."""
        return f"<Training of {self.evidence.project.name}\n{self.verdict!r}\ntables: {self._named()}>"

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        title, note = f"Training of {self.evidence.project.name}", f"Tables: {self._named()}"
        return html_table(title, (), ()) + self.verdict._repr_html_() + html_table(note, (), ())

    def _named(self) -> str:
        return ", ".join(self.tables) or "none"


def check(project: ProjectSource, table: object = None) -> Verdict:
    """Check a table against the project's contract, split it, and look for leakage and abrupt changes.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table, optional
        In place of the rows that the project names; with outcomes.

    Returns
    -------
    Verdict

    Raises
    ------
    DataError
        Naming row and column of what is not as declared.
    ProjectError
        When the contract or the case file cannot be read.
    """
    project = load_project(project)
    evidence = checked(project, table, None)[0]
    season = proposed_season(evidence.frame, evidence.project)
    return Verdict((*evidence.findings, *([season] if season else [])))


def train(project: ProjectSource, table: object = None, as_of: str | datetime | None = None) -> Training:
    """Train a model and judge it on the judged rows against its baselines.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table, optional
        In place of the rows that the project names.
    as_of : str or datetime, optional
        Use only what was known before this moment.

    Returns
    -------
    Training
        Also when a check or a gate refuses: `result.verdict` says which, and why.

    Raises
    ------
    DataError
        Naming row and column of what is not as declared.
    ProjectError
        When `as_of` is no date, or the contract or the case file cannot be read.
    """
    project = load_project(project)
    moment = moment_of(as_of, "as_of")
    evidence, digest = checked(project, table, moment)
    with threadpool_limits(1):  # more BLAS threads wait for each other longer than they save
        learned = learn_model(evidence)
        judged = judge_model(learned, Opponents())
    return Training(learned, judged, digest, as_of_text(moment) if moment else None)


def checked(project: Project, table: object, moment: datetime | None) -> tuple[Evidence, str]:
    """Read the rows, check the contract and cut them into blocks; return evidence and digest."""
    cases = read_cases(project)
    rows = read_rows(project, moment) if table is None else read_table(project, table)
    contract = check_table(rows, project)
    kept = contract.kept(rows.frame)
    evidence = Evidence(project, kept, moment, contract.findings, whole=rows.whole, cases=cases)
    return part_rows(evidence), rows.digest
