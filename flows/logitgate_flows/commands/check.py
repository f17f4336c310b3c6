"""Checking a table: the contract, and for the project's own rows the search for leaks."""

from __future__ import annotations

from pathlib import Path

from logitgate.checks.case_files import read_cases
from logitgate.data.contract.validation import check_contract
from logitgate.data.project_files import load_project
from logitgate.data.table import read_rows, read_table
from logitgate.findings import Verdict
from logitgate.gates.training import Evidence, part_rows


def run_check(project_file: Path, other: Path | None) -> Verdict:
    """Check a table against the project's contract; the project's own rows for leakage too."""
    project = load_project(project_file)
    table = read_rows(project) if other is None else read_table(other, project)
    contract = check_contract(table.frame, table.absent, project, table.unchecked, table.left_out)
    kept, cases = contract.kept(table.frame), read_cases(project)
    evidence = Evidence(project, kept, findings=contract.findings, cases=cases)
    return Verdict((evidence if other else part_rows(evidence)).findings)
