"""What came of scoring a table: counts and digests for people, machines and the manifest, never a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...decision.rule import DecisionRule
from ...findings import Finding, Status, Verdict
from ...model.scored_rows import NOTHING, UnusualRows

STALE = "STALE"
"""Status of scores that are sound, but by a champion that the registry did not confirm."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ScoringResult:
    """What came of scoring a table.

    Parameters
    ----------
    model : str
    version : int
    digest : str
        Of the version's files.
    findings : tuple of Finding
        Of the contract.
    read : int
        Rows that were read; when the contract stopped it, up to there.
    unusual : UnusualRows
        Rows that were scored, and counts of values unknown to the model.
    rule : DecisionRule, optional
        By which it decides.
    unit : str
        Of the costs.
    snapshot : str
        Digest of the table; it differs from that of a training, which reads its table whole.
    scored_at, stale_since : datetime, optional
        In UTC; `stale_since` is when the registry last confirmed the champion, where it does not now.
    stale_because : str
    file, sha256 : str
        Name and digest of what was written; empty when nothing was.
    """

    model: str
    version: int
    digest: str
    findings: tuple[Finding, ...]
    read: int
    unusual: UnusualRows = NOTHING
    rule: DecisionRule | None = None
    unit: str = ""
    snapshot: str = ""
    scored_at: datetime | None = None
    stale_since: datetime | None = None
    stale_because: str = ""
    file: str = ""
    sha256: str = ""

    def written(self, file: str, sha256: str) -> ScoringResult:
        """Return the same with the file that was written."""
        return replace(self, file=file, sha256=sha256)

    @property
    def verdict(self) -> Verdict:
        """The verdict of the contract."""
        return Verdict(self.findings)

    @property
    def is_refused(self) -> bool:
        """Whether nothing was written."""
        return any(finding.status.stops for finding in self.findings) or not self.sha256

    @property
    def status(self) -> str:
        """PASS; STALE when the registry did not confirm the champion; else why nothing was written."""
        if self.is_refused:
            worst = self.verdict.status
            return (worst if worst.stops else Status.INDETERMINATE).value
        return STALE if self.stale_because else Status.PASS.value

    def manifest(self) -> dict[str, Any]:
        """Return plain values for the manifest file."""
        return {
            "format": _FORMAT,
            "status": STALE if self.stale_because else Status.PASS.value,
            "model": self.model,
            "model_version": self.version,
            "model_digest": self.digest,
            "rule": self.rule.as_json() if self.rule else None,
            "unit": self.unit,
            "rows": self.unusual.rows,
            "rows_read": self.read,
            "rows_quarantined": self.read - self.unusual.rows,
            "rows_flagged": self.unusual.flagged,
            "missing_cells": dict(self.unusual.missing),
            "unseen_levels": dict(self.unusual.unseen),
            "outside_range": dict(self.unusual.outside),
            "snapshot": self.snapshot,
            "scored_at": self.scored_at.isoformat() if self.scored_at else None,
            "stale_since": self.stale_since.isoformat() if self.stale_since else None,
            "stale_because": self.stale_because or None,
        }

    def as_json(self) -> dict[str, Any]:
        """Return plain values of everything, the findings as well."""
        findings = [finding.as_json() for finding in self.findings]
        named = {"file": self.file or None, "sha256": self.sha256 or None}
        return {**self.manifest(), **named, "status": self.status, "findings": findings}
