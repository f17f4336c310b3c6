"""The result of monitoring one window of new rows: its findings and the reaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from ..catalogue import Check, Road, required
from ..errors import DataError, ProjectError
from ..evidence_table import Exhibit
from ..findings import Finding, Verdict
from ..html_tables import html_table
from ..project.operations.reactions import Reactions
from ..project.project import Project
from .reactions.policy import Reaction
from .reactions.reasons import blind, sentences
from .reactions.records import WindowRecord
from .reactions.remedies import Action, Failure, Symptom
from .reactions.symptoms import symptoms_of
from .since_release import SumsByName


@dataclass(frozen=True, slots=True)
class MonitoringWindow:
    """Which rows make the window: from `since` up to, but not with, `until`; labels mature by `as_of`."""

    since: datetime | None
    until: datetime | None
    as_of: datetime

    @property
    def end(self) -> datetime:
        """Where the window ends, as far as it is declared."""
        return _aware(self.until) if self.until is not None else _aware(self.as_of)

    @property
    def begin(self) -> datetime | None:
        """Where the window begins, as far as it is declared."""
        return None if self.since is None else _aware(self.since)

    @property
    def name(self) -> str:
        """What the window is called."""
        start = f"{_aware(self.since):%Y-%m-%d %H:%M}" if self.since is not None else "the beginning"
        return f"{start} to {self.end:%Y-%m-%d %H:%M}"

    @property
    def is_limited(self) -> bool:
        """Whether it is a part of the rows that are given."""
        return self.since is not None or self.until is not None

    def chosen(self, frame: pd.DataFrame, project: Project) -> pd.DataFrame:
        """Return the rows of the window.

        Raises
        ------
        ProjectError
            When there are limits and the project declares no time, or nothing lies between them.
        DataError
            When the table lacks the time.
        """
        if not self.is_limited:
            return frame
        column = project.columns.time
        if column is None:
            rule = "--since and --until need a time, and the project declares none"
            raise ProjectError(project.name, rule, "declare columns.time, or watch the whole table")
        if self.since is not None and _aware(self.since) >= self.end:
            raise ProjectError("--since", "is not before --until", "give an earlier --since")
        if column not in frame:
            raise DataError(column, "the table lacks it", "give the column, or no --since and --until")
        keep = frame[column] < self.end
        if self.since is not None:
            keep &= frame[column] >= _aware(self.since)
        return frame[keep]


@dataclass(frozen=True, slots=True)
class WindowEvidence:
    """The findings and tables of one window, before a reaction is chosen."""

    findings: tuple[Finding, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    versus: frozenset[Symptom] = frozenset()
    """Symptoms from the comparison of champion and previous version."""
    sums: SumsByName = field(default_factory=dict)
    """The champion's errors on the labelled rows."""

    @property
    def symptoms(self) -> frozenset[Symptom]:
        """The symptoms that the reaction policy uses."""
        return symptoms_of(self.findings, self.versus)

    @property
    def has_labels(self) -> bool:
        """Whether any row had a mature outcome."""
        matured = (one.figures.get("matured", 0) for one in self.findings if one.check == Check.LABELS)
        return any(isinstance(count, int) and count > 0 for count in matured)

    @property
    def blind_until(self) -> str | None:
        """When the last label is due, in ISO 8601, while none is mature; else None."""
        moments = (one.figures.get("blind_until") for one in self.findings if one.check == Check.LABELS)
        return next((one for one in moments if isinstance(one, str)), None)

    def plus(self, findings: tuple[Finding, ...], exhibits: tuple[Exhibit, ...] = ()) -> WindowEvidence:
        """Return it with more."""
        return replace(self, findings=(*self.findings, *findings), exhibits=(*self.exhibits, *exhibits))

    @property
    def complete(self) -> WindowEvidence:
        """With a finding for each check that should be there and is not: it is INDETERMINATE."""
        return replace(self, findings=Verdict.of(self.findings, required(Road.MONITORING)).findings)

    @property
    def stops(self) -> bool:
        """Whether the rows broke the contract, so that no other check applies."""
        return any(one.check == Check.CONTRACT and one.status.stops for one in self.findings)


@dataclass(frozen=True, slots=True, repr=False)
class MonitoringResult:
    """One monitored window: its evidence and the reaction."""

    model: str
    window: MonitoringWindow
    n: int
    version: int
    evidence: WindowEvidence
    reaction: Reaction
    run_id: str | None = None
    digest: str = ""
    """Of the files of the monitored version."""
    unit: str = ""
    """Of the costs."""
    row: str = "row"
    """What a row is, in sentences about money."""
    rules: Reactions = field(default_factory=Reactions)
    """Those the reaction was chosen by."""
    done: Action | None = None
    """The action that was carried out; None where that was not asked for, failed, or nothing was wanted."""
    failed: Failure | None = None
    """How carrying it out failed."""
    acted: tuple[str, ...] = field(default=())
    """What was done or failed, in sentences."""

    @property
    def verdict(self) -> Verdict:
        """All findings."""
        return Verdict(self.evidence.findings)

    def finding(self, check: Check) -> Finding:
        """Return the first finding of a check.

        Raises
        ------
        KeyError
            When there is none.
        """
        for one in self.evidence.findings:
            if one.check is check:
                return one
        raise KeyError(check)

    @property
    def wants_action(self) -> bool:
        """Whether rows are quarantined, or production or the model changes."""
        return self.reaction.wanted not in (Action.NONE, Action.INVESTIGATE)

    @property
    def because(self) -> tuple[str, ...]:
        """Why the action is wanted, in sentences."""
        said, until = sentences(self.reaction, self.version, self.rules), self.evidence.blind_until
        return (*said, blind(until)) if until and not self.evidence.has_labels else said

    @property
    def as_record(self) -> WindowRecord:
        """The record of this window for later ones."""
        return WindowRecord(
            self.window.name,
            self.window.end,
            self.version,
            self.evidence.symptoms,
            self.reaction.wanted,
            self.done,
            self.failed,
            self.digest,
            self.evidence.has_labels,
            self.window.begin,
            self.evidence.sums,
        )

    @property
    def exit_code(self) -> int:
        """0 for none or INVESTIGATE, 1 for another action, 3 or 4 for one that failed."""
        if self.failed is not None:
            return 3 if self.failed is Failure.UNAVAILABLE else 4
        return 1 if self.wants_action else 0

    def __repr__(self) -> str:
        """Return the reaction and its reasons, then the verdict and what did not pass."""
        because = "".join(f"\n  {one}" for one in (*self.because, *self.acted))
        return f"<{self._summary()}{because}\n{self.verdict!r}>"

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        reasons = [(one,) for one in (*self.because, *self.acted)]
        return html_table(self._summary(), ("because",), reasons) + self.verdict._repr_html_()

    def _summary(self) -> str:
        action = self.reaction.wanted.value
        return (
            f"Monitoring of {self.model} version {self.version}, {self.window.name}, {self.n} rows: {action}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "model": self.model,
            "window": self.window.name,
            "end": self.window.end.isoformat(),
            "n": self.n,
            "version": self.version,
            "digest": self.digest,
            "run_id": self.run_id,
            "action": self.reaction.wanted.value,
            "wanted": self.reaction.wanted.value,
            "done": None if self.done is None else self.done.value,
            "failed": None if self.failed is None else self.failed.value,
            "symptoms": sorted(self.evidence.symptoms),
            "blind_until": self.evidence.blind_until,
            "because": list(self.because),
            "acted": list(self.acted),
            "findings": [finding.as_json() for finding in self.evidence.findings],
        }


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
