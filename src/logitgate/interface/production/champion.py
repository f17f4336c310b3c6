"""`champion` and `explain`: what the version in production answers, and why."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from ...data.frames import source_of
from ...data.one_row import rows_of_id
from ...data.typed import Table
from ...decision.answering import ANSWER, answer
from ...decision.rule import Decision
from ...environment import home
from ...errors import DataError, RefusedError
from ...gates.verdict.markdown import headline
from ...model.explanation.row import explain_row
from ...model.scored_rows import Stamp, laid_out
from ...production.packaging.model_package import terms_of
from ...production.release import release
from ...production.scoring import champion as serving
from ...production.scoring.champion import Serving
from ...production.scoring.score import ScoringRequest, score_table
from ...project.project import Project
from ...tracking.store import open_store
from ..project import ProjectSource, load_project


@dataclass(frozen=True, slots=True, repr=False)
class Champion:
    """The version in production.

    Parameters
    ----------
    serving : Serving
        The loaded model.
    project : Project, optional
        With it rows are scored as `logitgate score` does it.
    """

    serving: Serving
    project: Project | None = None

    @property
    def name(self) -> str:
        """The registered model's name."""
        return self.serving.version.name

    @property
    def version(self) -> int:
        """Its number in the registry."""
        return self.serving.version.version

    def score(self, table: object) -> pd.DataFrame:
        """Score the rows of a table.

        Parameters
        ----------
        table : pandas or polars DataFrame, or Arrow table, of n rows
            For a champion that was found by its project the rows are typed and checked against the contract;
            found by its name alone, the table is a pandas DataFrame whose index names the rows.

        Returns
        -------
        DataFrame of n rows
            As `logitgate score` writes it: id, probability, threshold, decision, expected costs, version,
            request id and time.

        Raises
        ------
        DataError
            When a row cannot be scored.
        RefusedError
            When the contract refuses the rows; none is scored then.
        """
        if self.project is not None:
            return _scored_by_contract(self.serving, self.project, table)
        if not isinstance(table, pd.DataFrame):
            rule = "is no pandas DataFrame, and without a project no other table can be typed"
            raise DataError("the table", rule, "give a pandas DataFrame, or use lg.champion(project)")
        return _answered(self.serving, table)

    def __repr__(self) -> str:
        """Return name and version."""
        stale = f", not confirmed: {self.serving.because}" if self.serving.because else ""
        return f"<Champion {self.name} version {self.version}{stale}>"


def champion(model: str | Project) -> Champion:
    """Load the version in production, or its last good copy while the registry is away.

    Parameters
    ----------
    model : str or Project
        The name of a registered model, or its project.

    Raises
    ------
    RefusedError
        When no version is in production.
    ConflictError
        When registry and ledger disagree.
    UnavailableError
        When the registry cannot be reached and there is no copy.
    """
    if isinstance(model, Project):
        return Champion(serving.champion(home(), model.name), model)
    return Champion(serving.champion(home(), model))


def explain(project: ProjectSource, row: str, version: int | None = None) -> dict[str, Any]:
    """Explain the decision about the row with this id: its values, and what each adds to the log-odds.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    row : str
        The id of a row of the project's table.
    version : int, optional
        Default: the champion.

    Returns
    -------
    dict
        Plain values; `base` and the contributions add up to `log_odds`. The row's values and its outcome are
        among them.

    Raises
    ------
    DataError
        When no row, or more than one, has this id.
    RefusedError
        When there is no such version.
    """
    project = load_project(project)
    known, package = release.load_version(open_store(home()), project, version)
    means = package.profile.design_means
    explained = explain_row(package.model, means, rows_of_id(project, str(row)), project, str(row))
    return {"version": known.version, **explained}


def _scored_by_contract(found: Serving, project: Project, table: object) -> pd.DataFrame:
    """Score a table through files, as the command does, so that both give the same answers."""
    with tempfile.TemporaryDirectory(prefix="logitgate-score-") as folder:
        rows, out = Path(folder) / "table.parquet", Path(folder) / "scores.parquet"
        frame = table.frame if isinstance(table, Table) else table
        pq.write_table(source_of(frame).cells, rows, write_page_checksum=True)
        outcome = score_table(found, project.in_memory, ScoringRequest(rows, out))
        if outcome.is_refused:
            remedy = "correct the rows; lg.check shows every rule"
            raise RefusedError("the table", headline(outcome.verdict), remedy)
        scored: pd.DataFrame = pq.read_table(out).to_pandas()
        return scored


def _answered(found: Serving, frame: pd.DataFrame) -> pd.DataFrame:
    """Answer rows as the registered model does when MLflow serves it, and lay them out as scores."""
    model, version = found.package.model, found.version
    try:
        answers = answer(model.pipeline, terms_of(found.package), frame)
    except ValueError as error:
        raise DataError("the table", str(error), "see that the features are as in training") from None
    stamp = Stamp(version.version, version.digest, datetime.now(UTC).replace(microsecond=0))
    decision = Decision(*(answers[name].to_numpy() for name in ANSWER))
    return laid_out(pd.Series(frame.index.astype(str)), [""] * len(frame), decision, stamp)
