"""Checking a table: the contract, and for the project's own rows the search for leaks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from logitgate.checks.case_files import read_cases
from logitgate.data.contract.validation import check_table
from logitgate.data.project_files import load_project
from logitgate.data.table import read_rows, read_table
from logitgate.errors import ProjectError
from logitgate.findings import Verdict
from logitgate.gates.evidence import Evidence
from logitgate.gates.training import part_rows
from logitgate.monitoring.distributions.season import proposed_season


def run_check(project_file: Path, other: Path | None, as_of: datetime | None = None) -> Verdict:
    """Check a table against the project's contract; the project's own rows, as of a date, for leakage too.

    Raises
    ------
    ProjectError
        When a date is given for another table, whose rows are not cut by time.
    """
    if other is not None and as_of is not None:
        rule = "chooses among the project's own rows, and --table names others"
        raise ProjectError("--as-of", rule, "leave one of both out")
    project = load_project(project_file)
    table = read_rows(project) if other is None else read_table(other, project)
    contract = check_table(table, project)
    kept, cases = contract.kept(table.frame), read_cases(project)
    evidence = Evidence(project, kept, as_of, contract.findings, cases=cases)
    if other is not None:
        return Verdict(evidence.findings)
    evidence = part_rows(evidence)
    season = proposed_season(evidence.frame, evidence.project)
    return Verdict((*evidence.findings, *([season] if season else [])))
