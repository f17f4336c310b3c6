"""The training flow: from a table to a version, and to production only behind its gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from logitgate.checks.case_files import read_cases
from logitgate.checks.cases import Cases
from logitgate.data.contract.quarantine import keep
from logitgate.data.contract.validation import check_table
from logitgate.data.project_files import load_project
from logitgate.data.table import read_rows
from logitgate.data.typed import Table
from logitgate.environment import home
from logitgate.errors import HeldError, NoAnswerError, UnavailableError
from logitgate.gates.evidence import Evidence
from logitgate.gates.judge import judge_model
from logitgate.gates.training import learn_model, part_rows
from logitgate.gates.verdict.outcome import Outcome
from logitgate.production.release import release
from logitgate.project.project import Golden, Project, parse_as_of
from logitgate.tracking.links import run_page
from logitgate.tracking.runs import Run
from logitgate.tracking.store import Store, open_store
from logitgate_flows.messages.artifacts import show_outcome
from logitgate_flows.messages.awaiting import notify_of_candidate
from logitgate_flows.messages.progress import step
from logitgate_flows.server.watchdog import work


def _may_come_back(_task: object, _run: object, state: State[Any]) -> bool:
    """Return whether it is worth asking again; a silent server or a held lock has been waited for."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, UnavailableError) and not isinstance(failure, (HeldError, NoAnswerError))


_io = task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=1, retry_condition_fn=_may_come_back)
_work = task(cache_policy=NO_CACHE)


@_io
def read(project: Project, as_of: str | None) -> Table:
    """Read the project's rows and identify them by a digest."""
    with step("read the rows"):
        return read_rows(project, parse_as_of(as_of) if as_of else None)


@_work
def check(project: Project, table: Table, cases: Cases | None, as_of: str | None) -> Evidence:
    """Check the contract, split the rows, look for leakage."""
    with step("check contract and leakage"):
        contract = check_table(table, project)
        kept = keep(table.frame, contract, project)
        moment = parse_as_of(as_of) if as_of else None
        evidence = Evidence(project, kept, moment, contract.findings, whole=table.whole, cases=cases)
        return part_rows(evidence)


@_work
def learn(evidence: Evidence) -> Evidence:
    """Search, fit, recalibrate, choose the threshold."""
    with step("search, fit, calibrate, choose the threshold"):
        return learn_model(evidence)


@_io
def judge(evidence: Evidence, store: Store, snapshot: release.Snapshot) -> Evidence:
    """Judge once, on the judged rows, against the baselines and the champion."""
    with step("judge on the judged rows"):
        return judge_model(evidence, release.opponents(store, evidence, snapshot))


@_io
def record(run: Run, evidence: Evidence, snapshot: release.Snapshot) -> Outcome:
    """Keep the evidence in MLflow and register what was fitted, refused or not."""
    with step("record and register in MLflow"):
        return release.record_and_register(run, evidence, snapshot)


@_io
def promote(run: Run, outcome: Outcome, project: Project) -> Outcome:
    """Make a version that passed every gate the champion, or let it await approval and notify people."""
    with step("promote" if not outcome.status.stops else "leave production as it is"):
        outcome = release.promote_if_passed(run, outcome, project)
    notify_of_candidate(outcome)
    show_outcome(outcome, run_page(run.store, run.experiment_id, run.run_id))
    return outcome


@flow(name="train", validate_parameters=False)
@work()
def train(project_file: Path | str, as_of: str | None = None, golden: Golden | None = None) -> Outcome:
    """Train, judge, register and perhaps promote one model; a flow of its own, or a subflow of yours."""
    project, store = load_project(Path(project_file)), open_store(home())
    project = project if golden is None else project.model_copy(update={"golden": golden})
    cases, table = read_cases(project), read(project, as_of)
    snapshot = release.Snapshot.of(project, table.digest, as_of)
    with release.exclusive(store, project, snapshot) as earlier:
        if earlier is not None and earlier.repeated:
            return earlier
        with release.recording(store, project, snapshot, earlier) as run:
            if earlier is not None:
                return promote(run, earlier, project)
            evidence = judge(learn(check(project, table, cases, as_of)), store, snapshot)
            return promote(run, record(run, evidence, snapshot), project)
