"""Comparing two registered versions: the gates of a training, on rows that neither was fitted on."""

from __future__ import annotations

from pathlib import Path

from logitgate.catalogue import Road
from logitgate.checks.case_files import read_cases
from logitgate.data.contract.validation import check_table
from logitgate.data.project_files import load_project
from logitgate.data.table import read_history
from logitgate.environment import home
from logitgate.gates.evidence import Evidence
from logitgate.gates.rejudge import Span, choose_rows, rejudge
from logitgate.gates.verdict.outcome import Outcome
from logitgate.production.release import comparison as comparing
from logitgate.tracking.recording import training_run
from logitgate.tracking.store import open_store
from logitgate_flows.messages.progress import step


def compare_versions(project_file: Path, against: int, judged: int, span: Span) -> Outcome:
    """Judge one version against another on the rows of a span that neither was fitted on."""
    project, store = load_project(project_file), open_store(home())
    pair = comparing.find_pair(store, project, against, judged)
    version, cases = comparing.judgeable(store, pair.judged), read_cases(project)
    with step("read the rows"):
        table = read_history(project)
    with training_run(store, project.name, comparing.opening_note(pair)) as run:
        with step("check contract and choose the rows"):
            contract = check_table(table, project)
            kept = contract.kept(table.frame)
            evidence = Evidence(project, kept, findings=contract.findings, cases=cases, road=Road.COMPARISON)
            evidence, rows = choose_rows(evidence, span)
        if rows is not None:
            with step("judge on the rows that neither was fitted on"):
                opponents = comparing.opponents(store, pair.against, rows)
                evidence = rejudge(evidence, rows, version, opponents)
        with step("record in MLflow"):
            return comparing.record_comparison(run, evidence, pair, version.model.rule, table.digest)
