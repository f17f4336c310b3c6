"""Findings and the verdict: what was checked, what came out, and which one decides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from .catalogue import Check
from .html_tables import html_table

Figure: TypeAlias = float | int | str | bool | None


class Status(StrEnum):
    """What one check found.

    WARN is a breach that was declared harmless; INSUFFICIENT says that the rows are too few to
    tell and that this was foreseen; INDETERMINATE that a gate could not be judged. Only FAIL and
    INDETERMINATE stop a promotion.
    """

    PASS = "PASS"  # noqa: S105 - a status, not a password
    WARN = "WARN"
    INSUFFICIENT = "INSUFFICIENT"
    INDETERMINATE = "INDETERMINATE"
    FAIL = "FAIL"

    @property
    def stops(self) -> bool:
        """Whether a finding of this status stops a promotion."""
        return self not in (Status.PASS, Status.WARN, Status.INSUFFICIENT)


_ORDER = list(Status)
"""From good to worst."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found about one subject, and the figures it rests on."""

    check: Check
    subject: str
    status: Status
    because: str
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return plain values; a figure that is not finite becomes None, as JSON has no NaN."""
        return {
            "check": self.check,
            "code": self.check.code,
            "subject": self.subject,
            "status": self.status.value,
            "because": self.because,
            "figures": {name: finite(value) for name, value in self.figures.items()},
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings of a run; the worst one decides.

    A check that was required and left no finding is INDETERMINATE: what was not looked at does
    not pass.
    """

    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding], required: Iterable[Check]) -> Verdict:
        """Collect findings and add one for each required check that has none."""
        found = tuple(findings)
        present = {finding.check for finding in found}
        absent = tuple(
            Finding(check, "verdict", Status.INDETERMINATE, "this check was required and left no finding")
            for check in sorted(set(required) - present)
        )
        return cls(found + absent)

    @property
    def status(self) -> Status:
        """PASS only when nothing stops; otherwise the worst status found."""
        if not self.findings:
            return Status.INDETERMINATE
        worst = max((finding.status for finding in self.findings), key=_ORDER.index)
        return worst if worst.stops else Status.PASS

    @property
    def checks(self) -> dict[Check, Status]:
        """The worst status of each check, in the order in which the checks were made."""
        worst: dict[Check, Status] = {}
        for finding in self.findings:
            worst[finding.check] = max(
                worst.get(finding.check, Status.PASS), finding.status, key=_ORDER.index
            )
        return worst

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that stop a promotion."""
        return tuple(finding for finding in self.findings if finding.status.stops)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """The findings that are not PASS, the worst first."""
        found = (finding for finding in self.findings if finding.status is not Status.PASS)
        return tuple(sorted(found, key=lambda finding: -_ORDER.index(finding.status)))

    def __repr__(self) -> str:
        """Return the status and the number of findings of each, then what did not pass.

        Examples
        --------
        >>> Verdict((Finding(Check.SLICES, "carrier = UA", Status.FAIL, "costs more"),))
        <Verdict FAIL: 1 FAIL
          FAIL slices of carrier = UA: costs more>
        """
        lines = [f"  {one.status} {one.check} of {one.subject}: {one.because}" for one in self.remarks]
        return "\n".join([f"<Verdict {self._summary()}", *lines]) + ">"

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        head = ("status", "check", "subject", "because")
        rows = [(one.status, one.check, one.subject, one.because) for one in self.remarks]
        return html_table(f"Verdict {self._summary()}", head, rows)

    def _summary(self) -> str:
        counts = Counter(finding.status for finding in self.findings)
        return f"{self.status}: {', '.join(f'{counts[one]} {one}' for one in Status if counts[one])}"


def finite(value: Figure) -> Figure:
    """Return the figure, or None for a NaN or an infinity, which JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
