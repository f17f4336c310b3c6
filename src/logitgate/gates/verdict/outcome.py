"""What a training run ended with: one plain value for people, for `--json` and for the record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from ...decision.rule import DecisionRule
from ...evaluation.evaluate import Evaluation
from ...findings import Finding, Status, Verdict, finite
from ...html_tables import html_table
from .json_schema import SCHEMA_VERSION, VerdictFile
from .markdown import headline

_AS_THEY_ARE = (
    *("kind", "model", "version", "against", "run_id", "promoted", "champion"),
    *("exhibits", "snapshot", "repeated", "unit", "row", "awaits_approval"),
)


@dataclass(frozen=True, slots=True, repr=False)
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
    rule: DecisionRule | None = None
    test: dict[str, float] = field(default_factory=dict)
    repeated: bool = False
    exhibits: tuple[str, ...] = ()
    against: int | None = None
    kind: Literal["training", "comparison"] = "training"
    unit: str = ""
    """Of the costs; empty in what was kept before it was."""
    awaits_approval: bool = False
    """Whether the version passed every gate and is the candidate until a person approves it."""
    row: str = "row"
    """What a row is, in sentences about money."""

    @classmethod
    def of(cls, model: str, snapshot: str, verdict: Verdict, as_of: datetime | None) -> Outcome:
        """Begin with a verdict; what follows from it is added by `dataclasses.replace`."""
        return cls(model, snapshot, verdict.findings, verdict.status, as_of)

    def judged(self, rule: DecisionRule, evaluation: Evaluation) -> Outcome:
        """Add the threshold rule and the figures of the judged rows."""
        return replace(self, rule=rule, test=evaluation.figures())

    @property
    def verdict(self) -> Verdict:
        """The findings as a verdict."""
        return Verdict(self.findings)

    def __repr__(self) -> str:
        """Return what became of the version, then the verdict and what did not pass."""
        return f"<{self._summary()}\n{self.verdict!r}>"

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        return self.verdict._repr_html_() + html_table(self._summary(), (), ())

    def _summary(self) -> str:
        version = "no version" if self.version is None else f"version {self.version}"
        against = "" if self.against is None else f" against version {self.against}"
        fate = "" if self.kind == "comparison" else f", {self._fate()}"
        return f"Outcome of the {self.kind} of {self.model}: {version}{against}{fate}"

    def _fate(self) -> str:
        waiting = "awaiting approval" if self.awaits_approval else "not promoted"
        return "promoted" if self.promoted else waiting

    def as_json(self) -> dict[str, Any]:
        """Return the plain values of a `VerdictFile`; a figure that is not finite becomes None."""
        written = {
            **{name: getattr(self, name) for name in _AS_THEY_ARE},
            "schema_version": SCHEMA_VERSION,
            "status": self.status,
            "headline": headline(self.verdict),
            "checks": self.verdict.checks,
            "findings": tuple(finding.as_json() for finding in self.findings),
            "test": {name: finite(value) for name, value in self.test.items()},
            "threshold": self.rule.value if self.rule else None,
            "rule": self.rule.name if self.rule else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }
        return VerdictFile.model_validate(written).model_dump(mode="json")

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Outcome:
        """Rebuild from what `as_json` returned; a figure that was not finite comes back as NaN."""
        stored = VerdictFile.model_validate(plain)
        return cls(
            **{name: getattr(stored, name) for name in _AS_THEY_ARE},
            findings=tuple(Finding(**one.model_dump(exclude={"code"})) for one in stored.findings),
            status=stored.status,
            as_of=datetime.fromisoformat(stored.as_of) if stored.as_of else None,
            rule=DecisionRule(stored.rule, stored.threshold) if stored.rule else None,
            test={name: float("nan") if value is None else value for name, value in stored.test.items()},
        )
