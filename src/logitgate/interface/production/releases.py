"""`register` and `compare`: from a training, or a version, to what is kept of it."""

from __future__ import annotations

from datetime import datetime

from ...catalogue import Road
from ...checks.case_files import read_cases
from ...data.contract.validation import check_table
from ...data.table import read_history
from ...environment import home
from ...gates.evidence import Evidence
from ...gates.judge import judge_model
from ...gates.rejudge import Span, choose_rows, rejudge
from ...gates.verdict.outcome import Outcome
from ...production.release import comparison as comparing
from ...production.release import release
from ...tracking.recording import training_run
from ...tracking.store import open_store
from ..project import ProjectSource, load_project, moment_of
from ..training import Training


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
    version, cases, table = (
        comparing.judgeable(store, pair.judged),
        read_cases(project),
        read_history(project),
    )
    with training_run(store, project.name, comparing.opening_note(pair)) as run:
        contract = check_table(table, project)
        kept = contract.kept(table.frame)
        evidence = Evidence(project, kept, findings=contract.findings, cases=cases, road=Road.COMPARISON)
        evidence, rows = choose_rows(evidence, span)
        if rows is not None:
            evidence = rejudge(evidence, rows, version, comparing.opponents(store, pair.against, rows))
        return comparing.record_comparison(run, evidence, pair, version.model.rule, table.digest)
