"""From the table to four parts that may be learned from, or the findings that say why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from .errors import LogitgateError
from .findings import Finding, Status
from .leakage import leakage_findings
from .project import Project
from .sample import observe
from .split import Split, split


@dataclass(frozen=True, slots=True)
class Parts:
    """The split, if there is one, and what was found on the way to it."""

    findings: tuple[Finding, ...]
    split: Split | None = None
    as_of: datetime | None = None

    @property
    def stops(self) -> bool:
        """Whether nothing may be learned from these rows."""
        return self.split is None or any(finding.status.stops for finding in self.findings)


def part(frame: pd.DataFrame, project: Project, as_of: datetime | None) -> Parts:
    """Choose the rows, part them and look for leaks; a refusal becomes a finding."""
    try:
        observed = observe(frame, project, as_of)
        parted = split(observed.sample, project)
    except LogitgateError as error:
        return Parts((refusal("rows", error),), as_of=as_of)
    sizes = {name: len(rows) for name, rows in parted}
    because = ", ".join(f"{number} {name}" for name, number in sizes.items())
    counted = Finding("rows", "sample", Status.PASS, because, {**observed.counts, **sizes})
    return Parts((counted, *leakage_findings(parted, project)), parted, observed.as_of)


def refusal(check: str, error: LogitgateError) -> Finding:
    """Turn an error about the data or the fit into the finding that stops the run."""
    return Finding(check, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")
