"""`register`, `champion`, `compare`, `explain` and `monitor`: work with the stores, as the commands do it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from ..catalogue import Road
from ..checks.case_files import read_cases
from ..data.contract.validation import check_table
from ..data.frames import source_of, typed_frame
from ..data.table import Table, read_rows
from ..decision.pyfunc import ANSWER, answer
from ..decision.rule import Decision
from ..environment import home
from ..errors import DataError, RefusedError
from ..gates.evidence import Evidence
from ..gates.judge import judge_model
from ..gates.rejudge import Span, choose_rows, rejudge
from ..gates.verdict.markdown import headline
from ..gates.verdict.outcome import Outcome
from ..model.explanation.row import explain_row
from ..model.scored_rows import Stamp, laid_out
from ..monitoring.window import MonitoringResult, MonitoringWindow
from ..production import monitoring
from ..production.monitoring import WindowTables
from ..production.packaging.model_package import terms_of
from ..production.release import comparison as comparing
from ..production.release import release
from ..production.scoring import champion as serving
from ..production.scoring.champion import Serving
from ..production.scoring.score import ScoringRequest, score_table
from ..project.gates import Slices
from ..project.project import Project
from ..tracking.history import windows
from ..tracking.recording import training_run
from ..tracking.store import open_store
from .project import ProjectSource, load_project, moment_of
from .training import Training


def register(result: Training) -> Outcome:
    """Judge a trained model against the champion, register it, and promote it if every gate passes.

    Parameters
    ----------
    result : Training
        As `train` returned it.

    Returns
    -------
    Outcome
        With version, verdict and whether it was promoted or awaits approval. The same training is registered
        once: doing it again returns the outcome of the first time.

    Raises
    ------
    ConflictError
        When production changed meanwhile.
    UnavailableError
        When the store cannot be reached.
    """
    project, store = result.evidence.project, open_store(home())
    snapshot = release.Snapshot.of(project, result.digest, result.as_of)
    with release.exclusive(store, project, snapshot) as earlier:
        if earlier is not None and earlier.repeated:
            return earlier
        with release.recording(store, project, snapshot, earlier) as run:
            if earlier is not None:
                return release.promote_if_passed(run, earlier, project)
            evidence = judge_model(result.learned, release.opponents(store, result.learned, snapshot))
            outcome = release.record_and_register(run, evidence, snapshot)
            return release.promote_if_passed(run, outcome, project)


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


def compare(
    project: ProjectSource,
    against: int,
    judged: int,
    *,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
) -> Outcome:
    """Judge a registered version against another one, on rows that neither was fitted on.

    Nothing is promoted.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    against, judged : int
        Numbers of the version in the champion's place, and of the one that is judged.
    since, until : str or datetime, optional
        From this moment on, and before that one.

    Raises
    ------
    RefusedError
        When a version is not in the registry.
    UnavailableError
        When the store cannot be reached.
    """
    project = load_project(project)
    span = Span(moment_of(since, "since"), moment_of(until, "until"))
    store = open_store(home())
    pair = comparing.find_pair(store, project, against, judged)
    version, cases, table = comparing.judgeable(store, pair.judged), read_cases(project), read_rows(project)
    with training_run(store, project.name, comparing.opening_note(pair)) as run:
        contract = check_table(table, project)
        kept = contract.kept(table.frame)
        evidence = Evidence(project, kept, findings=contract.findings, cases=cases, road=Road.COMPARISON)
        evidence, rows = choose_rows(evidence, span)
        if rows is not None:
            evidence = rejudge(evidence, rows, version, comparing.opponents(store, pair.against, rows))
        return comparing.record_comparison(run, evidence, pair, version.model.rule, table.digest)


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
    explained = explain_row(package.model, means, read_rows(project).frame, project, str(row))
    return {"version": known.version, **explained}


def monitor(
    project: ProjectSource,
    table: object,
    *,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    labels: object = None,
) -> MonitoringResult:
    """Compare a window of new rows with the champion's reference, and record the window.

    The reaction is named in `reaction` and not carried out.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table
    since, until : str or datetime, optional
        From this moment on, and before that one.
    labels : table, optional
        Outcomes that came apart from the rows.

    Raises
    ------
    ConflictError
        When nothing is in production, or registry and ledger disagree.
    UnavailableError
        When the store cannot be reached.
    """
    project = load_project(project)
    limits = MonitoringWindow(moment_of(since, "since"), moment_of(until, "until"), datetime.now(UTC))
    store = open_store(home())
    now = monitoring.load_versions(store, project)
    plain = project.model_copy(update={"slices": Slices()})
    apart = None if labels is None else typed_frame(labels, plain)
    with training_run(store, windows.experiment_name(project), windows.opening_note(limits)) as run:
        tables = WindowTables(typed_frame(table, plain), apart, None)
        checked = monitoring.check_window(tables, limits, project)
        evidence = monitoring.assess_window(checked, limits, now, project, tables)
        found = monitoring.monitored(project, limits, now, len(checked[0]), evidence)
        return windows.keep(run, found, project)


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
