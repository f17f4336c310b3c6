"""What a training run ended with: one plain value for people, for `--json` and for the record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from .decision import Rule
from .evaluate import Evaluation
from .findings import Finding, Status, Verdict

_AS_THEY_ARE = ("model", "snapshot", "run_id", "version", "promoted", "champion", "repeated")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One training run: what was judged, how it ended, and what is in production now."""

    model: str
    snapshot: str
    findings: tuple[Finding, ...]
    status: Status
    as_of: datetime | None = None
    run_id: str | None = None
    version: int | None = None
    promoted: bool = False
    champion: int | None = None
    rule: Rule | None = None
    test: dict[str, float] = field(default_factory=dict)
    repeated: bool = False

    @classmethod
    def of(cls, model: str, snapshot: str, verdict: Verdict, as_of: datetime | None) -> Outcome:
        """Begin with a verdict; what follows from it is added by `dataclasses.replace`."""
        return cls(model, snapshot, verdict.findings, verdict.status, as_of)

    def judged(self, rule: Rule, evaluation: Evaluation) -> Outcome:
        """Add the threshold rule and the figures of the test rows."""
        return replace(self, rule=rule, test=evaluation.figures())

    @property
    def verdict(self) -> Verdict:
        """The findings as a verdict."""
        return Verdict(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain values; figures that are not finite become None, as JSON has no NaN."""
        numbers = Finding("", "", Status.PASS, "", self.test).as_json()["figures"]
        return {
            "model": self.model,
            "version": self.version,
            "run_id": self.run_id,
            "status": self.status.value,
            "promoted": self.promoted,
            "champion": self.champion,
            "findings": [finding.as_json() for finding in self.findings],
            "test": numbers,
            "threshold": self.rule.value if self.rule else None,
            "rule": self.rule.name if self.rule else None,
            "snapshot": self.snapshot,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "repeated": self.repeated,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Outcome:
        """Rebuild from what `as_json` returned; a figure that was not finite comes back as NaN."""
        rule = Rule(plain["rule"], plain["threshold"]) if plain["rule"] else None
        found = [{**one, "status": Status(one["status"])} for one in plain["findings"]]
        return cls(
            **{name: plain[name] for name in _AS_THEY_ARE},
            findings=tuple(Finding(**one) for one in found),
            status=Status(plain["status"]),
            as_of=datetime.fromisoformat(plain["as_of"]) if plain["as_of"] else None,
            rule=rule,
            test={name: float("nan") if value is None else value for name, value in plain["test"].items()},
        )
