"""The findings that did not pass, one group a check, the gravest first."""

from __future__ import annotations

from dataclasses import dataclass

from ...catalogue import Check
from ...findings import Finding, Status, Verdict
from .markdown import folded

_ORDER = list(Status)


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """What one check did not pass, the gravest finding first."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """The worst status of the group."""
        return self.findings[0].status


def groups(verdict: Verdict) -> tuple[FindingGroup, ...]:
    """Return one group for each check that has a finding other than PASS, the gravest first."""
    found: dict[Check, list[Finding]] = {}
    for one in Verdict(folded(verdict)).remarks:
        found.setdefault(one.check, []).append(one)
    return tuple(FindingGroup(check, tuple(several)) for check, several in found.items())


def passed(verdict: Verdict) -> int:
    """Return how many findings passed."""
    return sum(one.status is Status.PASS for one in verdict.findings)
